#include "config/settings/settings.hpp"

#include "config/settings/values.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>
#include <yaml-cpp/yaml.h>

extern "C" char** environ; // NOLINT: POSIX names it so

namespace troupe::settings {
namespace {

/// A key's name in the environment: nodeMonitorPeriod is TROUPE_NODE_MONITOR_PERIOD.
std::string environment_name(std::string_view key) {
  std::string out = "TROUPE_";
  auto upper = [&](std::size_t i) { return i < key.size() && std::isupper(key[i]) != 0; };
  auto lower = [&](std::size_t i) { return i < key.size() && std::islower(key[i]) != 0; };
  for (std::size_t i = 0; i < key.size(); ++i) {
    auto plural = i + 2 == key.size() && key[i + 1] == 's'; // CIDRs is one word
    if (i > 0 && upper(i) && (lower(i - 1) || (upper(i - 1) && lower(i + 1) && !plural)))
      out += '_';
    out += static_cast<char>(std::toupper(key[i]));
  }
  return out;
}

/// Levenshtein's distance, without regard to case.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto corner = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      auto same = std::tolower(a[i - 1]) == std::tolower(b[j - 1]);
      auto best = std::min({row[j] + 1, row[j - 1] + 1, corner + (same ? 0 : 1)});
      corner = std::exchange(row[j], best);
    }
  }
  return row.back();
}

/// Calls visit(key, field, comment) for each key; those of templates have their prefix.
template <class T, class Visit> void visit_all(T& what, Visit&& visit) {
  if constexpr (std::is_same_v<std::remove_const_t<T>, up>) {
    visit_own_fields(what, visit);
    visit_fields(what.master, [&](std::string_view key, auto&& field, std::string_view comment) {
      visit("master." + std::string{key}, field, comment);
    });
    visit_fields(what.node, [&](std::string_view key, auto&& field, std::string_view comment) {
      visit("node." + std::string{key}, field, comment);
    });
  } else {
    visit_fields(what, visit);
  }
}

template <class T> failure unknown_key(T& what, std::string_view key) {
  std::string nearest;
  auto best = std::max<std::size_t>(2, key.size() / 4) + 1;
  visit_all(what, [&](std::string_view known, auto&&, std::string_view) {
    auto plain = known.substr(known.find('.') + 1); // npos + 1 is 0
    for (auto candidate : {known, plain})
      if (auto d = distance(key, candidate); d < best) {
        best = d;
        nearest = candidate;
      }
  });
  auto text = "unknown key \"" + std::string{key} + "\"";
  if (!nearest.empty())
    text += ", did you mean \"" + nearest + "\"?";
  return {.reason = reason::invalid,
          .message = text,
          .causes = {{std::string{key}, "FieldValueNotSupported", text}}};
}

/// Sets the field that `key` names; in `up`, a key without prefix goes to `up` itself or to every
/// template that knows it.
template <class T> result<void> assign(T& what, std::string_view key, const written& value) {
  bool found = false;
  result<void> outcome;
  auto take = [&](auto&& field) {
    found = true;
    if (auto read_it = read(field, value); !read_it)
      outcome = std::move(read_it);
  };
  bool own = false;
  if constexpr (std::is_same_v<T, up>)
    visit_own_fields(what,
                     [&](std::string_view name, auto&&, std::string_view) { own |= name == key; });
  visit_all(what, [&](std::string_view name, auto&& field, std::string_view) {
    auto dot = name.find('.');
    if (name == key || (!own && dot != std::string_view::npos && name.substr(dot + 1) == key))
      take(field);
  });
  if (!found)
    return unknown_key(what, key);
  if (!outcome) {
    auto text = std::string{key} + ": " + outcome.error().message;
    return failure{.reason = reason::invalid,
                   .message = text,
                   .causes = {{std::string{key}, "FieldValueInvalid", outcome.error().message}}};
  }
  return outcome;
}

/// Failures of several keys as one.
class collector {
public:
  void add(result<void> outcome) {
    if (outcome)
      return;
    auto why = std::move(outcome).error();
    all_.message += (all_.message.empty() ? "" : "; ") + why.message;
    all_.causes.insert(all_.causes.end(), why.causes.begin(), why.causes.end());
  }
  result<void> outcome(std::string_view where) && {
    if (all_.message.empty())
      return {};
    all_.reason = reason::invalid;
    all_.message = std::string{where} + ": " + all_.message;
    return std::move(all_);
  }

private:
  failure all_;
};

written from_yaml(const YAML::Node& node) {
  written out{.items = {}, .is_list = !node.IsScalar() && !node.IsNull()};
  if (node.IsScalar())
    out.items = {node.Scalar()};
  else if (node.IsSequence())
    for (const auto& item : node)
      out.items.push_back(item.IsScalar() ? item.Scalar() : std::string{});
  else if (node.IsMap())
    for (const auto& item : node)
      out.items.push_back(item.first.Scalar() + "="
                          + (item.second.IsScalar() ? item.second.Scalar() : std::string{}));
  return out;
}

template <class T>
void assign_map(T& what, const YAML::Node& from, const std::string& prefix, collector& into) {
  for (const auto& entry : from) {
    auto key = prefix + entry.first.Scalar();
    if (std::is_same_v<T, up> && prefix.empty() && (key == "master" || key == "node")
        && entry.second.IsMap())
      assign_map(what, entry.second, key + ".", into);
    else
      into.add(assign(what, key, from_yaml(entry.second)));
  }
}

template <class T>
result<void> merge_yaml(T& what, const std::string& text, const std::string& where) {
  try {
    auto root = YAML::Load(text);
    if (root.IsNull())
      return {};
    if (!root.IsMap())
      return failure{.reason = reason::invalid, .message = where + ": expected KEY: VALUE lines"};
    collector all;
    assign_map(what, root, "", all);
    return std::move(all).outcome(where);
  } catch (const YAML::Exception& why) {
    return failure{.reason = reason::invalid, .message = where + ": " + why.what()};
  }
}

template <class T>
result<void> merge_environment(T& what, const std::map<std::string, std::string>& from) {
  collector all;
  std::vector<std::pair<std::string, std::string>> named;
  visit_all(what, [&](std::string_view key, auto&&, std::string_view) {
    auto plain = key.substr(key.find('.') + 1);
    if (auto found = from.find(environment_name(plain)); found != from.end())
      named.emplace_back(plain, found->second);
  });
  for (const auto& [key, value] : named)
    all.add(assign(what, key, written_text(value)));
  return std::move(all).outcome("the environment");
}

result<std::string> read_all(const std::string& file) {
  std::ifstream in{file};
  std::ostringstream out;
  if (!in || !(out << in.rdbuf()))
    return failure{.reason = reason::not_found,
                   .message = "reading the settings file " + file + " failed"};
  return out.str();
}

} // namespace

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> out;
  for (auto** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    std::string_view text{*entry};
    auto at = text.find('=');
    if (text.starts_with("TROUPE_") && at != std::string_view::npos)
      out.emplace(text.substr(0, at), text.substr(at + 1));
  }
  return out;
}

template <class T> result<void> set(T& what, std::string_view key, std::string_view value) {
  return assign(what, key, written_text(value));
}

template <class T> result<T> load(const sources& from) {
  T out;
  if (!from.given.empty())
    CHECK_RETURN(merge_yaml(out, from.given, "the given settings"));
  if (!from.file.empty()) {
    OR_RETURN(auto text, read_all(from.file));
    CHECK_RETURN(merge_yaml(out, text, from.file));
  }
  CHECK_RETURN(merge_environment(out, from.environment));
  collector sets;
  for (const auto& one : from.sets) {
    auto at = one.find('=');
    if (at == std::string::npos || at == 0)
      sets.add(failure{.reason = reason::invalid, .message = "\"" + one + "\" is not KEY=VALUE"});
    else
      sets.add(set(out, one.substr(0, at), one.substr(at + 1)));
  }
  CHECK_RETURN(std::move(sets).outcome("--set"));
  CHECK_RETURN(check(out));
  return out;
}

template <class T> result<T> parse(const std::string& yaml) {
  T out;
  CHECK_RETURN(merge_yaml(out, yaml, "the settings"));
  CHECK_RETURN(check(out));
  return out;
}

template <class T> std::string dump(const T& what) {
  std::string out;
  std::string section;
  visit_all(what, [&](std::string_view key, const auto& field, std::string_view comment) {
    auto dot = key.find('.');
    auto nested = dot != std::string_view::npos;
    if (nested && key.substr(0, dot) != section)
      out += std::string{section = key.substr(0, dot)} + ":\n";
    out +=
      (nested ? "  " : "") + std::string{nested ? key.substr(dot + 1) : key} + ": " + show(field);
    out += comment.empty() ? "\n" : " # " + std::string{comment} + "\n";
  });
  return out;
}

std::string shared_with_masters(const master& what) {
  // A machine's own: names, addresses, files, how much of it is used.
  constexpr std::string_view own =
    " name dataDir pkiDir bindAddress advertiseAddress linkPort masters etcdCAFile "
    "etcdCertFile etcdKeyFile ioThreads actorThreads maxConnections maxRequestsInflight "
    "maxMutatingRequestsInflight auditLogPath auditPolicyFile encryptionProviderConfig oidcCAFile "
    "traceBufferSize otlpEndpoint consolePort ";
  std::string out;
  visit_fields(what, [&](std::string_view key, const auto& field, std::string_view) {
    if (own.find(" " + std::string{key} + " ") == std::string_view::npos)
      out += std::string{key} + ": " + show(field) + "\n";
  });
  return out;
}

std::string shared_with_nodes(const master& what) {
  std::string out = "clusterName: " + show(what.cluster) + "\n";
  auto take = [&](std::string_view key, const auto& field, std::string_view) {
    out += std::string{key} + ": " + show(field) + "\n";
  };
  visit_networks(what.net, take);
  visit_links(what.link, take);
  return out;
}

template result<void> set(master&, std::string_view, std::string_view);
template result<void> set(node&, std::string_view, std::string_view);
template result<void> set(up&, std::string_view, std::string_view);
template result<master> load(const sources&);
template result<node> load(const sources&);
template result<up> load(const sources&);
template result<master> parse(const std::string&);
template result<node> parse(const std::string&);
template result<up> parse(const std::string&);
template std::string dump(const master&);
template std::string dump(const node&);
template std::string dump(const up&);

} // namespace troupe::settings
