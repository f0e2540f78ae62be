#include "actors/kubelet/pod/environment.hpp"

#include "config/api/quantity.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>

namespace troupe::kubelet {

namespace {

using json = nlohmann::json;

failure unusable(std::string message) {
  return {.reason = reason::invalid, .message = std::move(message)};
}

std::string kind_of(bool secret) { return secret ? "Secret" : "ConfigMap"; }

failure missing(bool secret, const std::string& name) {
  return unusable((secret ? "secret \"" : "configmap \"") + name + "\" not found");
}

/// Sets or replaces, keeping the first place.
void set(variables& in, const std::string& name, std::string value) {
  auto found = std::find_if(in.begin(), in.end(), [&](const auto& v) { return v.first == name; });
  if (found == in.end())
    in.emplace_back(name, std::move(value));
  else
    found->second = std::move(value);
}

std::string upper(std::string_view name) {
  std::string out;
  for (unsigned char c : name)
    out += c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return out;
}

/// metadata.labels['KEY']: KEY, or nothing.
std::optional<std::string> subscript(std::string_view path, std::string_view field) {
  if (!path.starts_with(field))
    return std::nullopt;
  path.remove_prefix(field.size());
  if (path.size() < 4 || !path.starts_with("['") || !path.ends_with("']"))
    return std::nullopt;
  return std::string(path.substr(2, path.size() - 4));
}

/// A map as a downward API file shows it: key="value" per line.
std::string lines_of(const api::string_map& map) {
  std::string out;
  for (const auto& [key, value] : map) {
    if (!out.empty())
      out += '\n';
    out += key + "=" + json(value).dump();
  }
  return out;
}

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const auto& one : list)
    out += (out.empty() ? "" : ",") + one;
  return out;
}

void add_from(references::key_type ref, const json& source, std::set<reference>& to) {
  if (source.is_object())
    ref.name = source.value(ref.secret && source.contains("secretName") ? "secretName" : "name",
                            std::string());
  if (!ref.name.empty())
    to.insert(std::move(ref));
}

void add_volume(const volume& v, std::set<reference>& to) {
  auto source = json::parse(v.json, nullptr, false);
  if (source.is_discarded())
    return;
  if (v.source == "configMap" || v.source == "secret")
    add_from({v.source == "secret", {}}, source, to);
  if (v.source == "projected" && source.contains("sources"))
    for (const auto& part : source["sources"]) {
      if (part.contains("configMap"))
        add_from({false, {}}, part["configMap"], to);
      if (part.contains("secret"))
        add_from({true, {}}, part["secret"], to);
    }
}

/// Adds all of one service's variables, the old Docker links too.
void add_service(const service& s, variables& out) {
  auto name = upper(s.name);
  const auto& first = s.ports.front();
  out.emplace_back(name + "_SERVICE_HOST", s.address);
  out.emplace_back(name + "_SERVICE_PORT", std::to_string(first.port));
  for (const auto& port : s.ports)
    if (!port.name.empty())
      out.emplace_back(name + "_SERVICE_PORT_" + upper(port.name), std::to_string(port.port));
  auto lower = [](std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
  };
  auto url = [&](const service_port& port) {
    return lower(port.protocol) + "://" + s.address + ":" + std::to_string(port.port);
  };
  out.emplace_back(name + "_PORT", url(first));
  for (const auto& port : s.ports) {
    auto prefix = name + "_PORT_" + std::to_string(port.port) + "_" + upper(port.protocol);
    out.emplace_back(prefix, url(port));
    out.emplace_back(prefix + "_PROTO", lower(port.protocol));
    out.emplace_back(prefix + "_PORT", std::to_string(port.port));
    out.emplace_back(prefix + "_ADDR", s.address);
  }
}

} // namespace

std::set<reference> needed(const pod& p) {
  std::set<reference> out;
  for (const auto* list : {&p.init, &p.containers})
    for (const auto& c : *list) {
      for (const auto& from : c.env_from)
        out.insert({from.secret, from.name});
      for (const auto& v : c.env)
        if (const auto* key = std::get_if<from_key>(&v.value))
          out.insert({key->secret, key->name});
    }
  for (const auto& v : p.volumes)
    add_volume(v, out);
  for (const auto& name : p.pull_secrets)
    out.insert({true, name});
  return out;
}

variables service_variables(const pod& p, const std::vector<service>& services) {
  variables out;
  for (const auto& s : services) {
    auto api = s.ns == "default" && s.name == "kubernetes";
    auto wanted = api || (p.service_links && s.ns == p.meta.ns);
    if (wanted && !s.ports.empty() && !s.address.empty() && s.address != "None")
      add_service(s, out);
  }
  return out;
}

result<std::string> field_of(const pod& p, std::string_view path, const surroundings& around) {
  const std::map<std::string_view, std::string> plain = {
    {"metadata.name", p.meta.name},
    {"metadata.namespace", p.meta.ns},
    {"metadata.uid", p.meta.uid},
    {"metadata.labels", lines_of(p.meta.labels)},
    {"metadata.annotations", lines_of(p.meta.annotations)},
    {"spec.nodeName", around.node},
    {"spec.serviceAccountName", p.service_account},
    {"status.hostIP", around.host_address},
    {"status.hostIPs", around.host_address},
    {"status.podIP", around.addresses.empty() ? std::string() : around.addresses.front()},
    {"status.podIPs", joined(around.addresses)},
  };
  if (auto found = plain.find(path); found != plain.end())
    return found->second;
  for (auto [field, map] : {std::pair{"metadata.labels", &p.meta.labels},
                            std::pair{"metadata.annotations", &p.meta.annotations}})
    if (auto key = subscript(path, field)) {
      auto found = map->find(*key);
      return found == map->end() ? std::string() : found->second;
    }
  return unusable("unsupported fieldPath: " + std::string(path));
}

result<std::string> resource_of(const pod& p, const container& c, const from_resource& what,
                                const surroundings& around) {
  const auto* of = what.container.empty() ? &c : p.find(what.container);
  if (of == nullptr)
    return unusable("container " + what.container + " not found");
  auto limits = what.resource.starts_with("limits.");
  const auto& given = limits ? of->limits : of->requests;
  auto or_node = [&](std::int64_t own, std::int64_t node) {
    return own == 0 && limits ? node : own;
  };
  api::quantity::wide nano = 0;
  constexpr api::quantity::wide unit = 1'000'000'000;
  if (what.resource.ends_with(".cpu"))
    nano = api::quantity::wide{or_node(given.cpu_milli, around.allocatable.cpu_milli)} * 1'000'000;
  else if (what.resource.ends_with(".memory"))
    nano = or_node(given.memory_bytes, around.allocatable.memory_bytes) * unit;
  else if (what.resource.ends_with(".ephemeral-storage"))
    nano = or_node(given.ephemeral_bytes, around.allocatable.ephemeral_bytes) * unit;
  else
    return unusable("unsupported container resource: " + what.resource);
  OR_RETURN(auto divisor, api::quantity::parse(what.divisor.empty() ? "1" : what.divisor));
  auto by = divisor.zero() ? unit : divisor.nano();
  return std::to_string(static_cast<std::int64_t>((nano + by - 1) / by));
}

namespace {

/// The value of one variable; nothing when it is optional and not there.
result<std::optional<std::string>> value_of(const pod& p, const container& c, const env_var& v,
                                            const references& known, const surroundings& around) {
  if (const auto* field = std::get_if<from_field>(&v.value)) {
    OR_RETURN(auto text, field_of(p, field->path, around));
    return std::optional(std::move(text));
  }
  if (const auto* amount = std::get_if<from_resource>(&v.value)) {
    OR_RETURN(auto text, resource_of(p, c, *amount, around));
    return std::optional(std::move(text));
  }
  const auto& key = std::get<from_key>(v.value);
  auto object = known.find({key.secret, key.name});
  if (object == known.end()) {
    if (key.optional)
      return std::optional<std::string>();
    return missing(key.secret, key.name);
  }
  auto found = object->second.find(key.key);
  if (found != object->second.end())
    return std::optional(found->second);
  if (key.optional)
    return std::optional<std::string>();
  return unusable("couldn't find key " + key.key + " in " + kind_of(key.secret) + " " + p.meta.ns
                  + "/" + key.name);
}

} // namespace

result<variables> environment_of(const pod& p, const container& c, const references& known,
                                 const std::vector<service>& services, const surroundings& around) {
  variables out;
  for (const auto& from : c.env_from) {
    auto object = known.find({from.secret, from.name});
    if (object == known.end()) {
      if (from.optional)
        continue;
      return missing(from.secret, from.name);
    }
    for (const auto& [key, value] : object->second)
      set(out, from.prefix + key, value);
  }
  auto service_env = service_variables(p, services);
  for (const auto& v : c.env) {
    if (const auto* literal = std::get_if<std::string>(&v.value)) {
      auto all = service_env; // variables of the pod's own hide them
      for (const auto& [name, value] : out)
        set(all, name, value);
      set(out, v.name, expand(*literal, all));
      continue;
    }
    OR_RETURN(auto value, value_of(p, c, v, known, around));
    if (value)
      set(out, v.name, *std::move(value));
  }
  for (auto& [name, value] : service_env)
    if (std::none_of(out.begin(), out.end(), [&](const auto& v) { return v.first == name; }))
      out.emplace_back(name, std::move(value));
  return out;
}

std::string expand(std::string_view text, const variables& known) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    auto next = text[i + 1];
    if (next == '$') {
      out += '$';
      ++i;
      continue;
    }
    auto end = next == '(' ? text.find(')', i) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += '$';
      continue;
    }
    auto name = text.substr(i + 2, end - i - 2);
    auto found =
      std::find_if(known.begin(), known.end(), [&](const auto& v) { return v.first == name; });
    if (found == known.end())
      out += text.substr(i, end - i + 1);
    else
      out += found->second;
    i = end;
  }
  return out;
}

} // namespace troupe::kubelet
