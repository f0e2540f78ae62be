#include "config/api/peek.hpp"
#include "config/api/selector.hpp"

#include <algorithm>
#include <array>

namespace troupe::api {
namespace {

using text = std::string_view;

failure bad(std::string message) {
  return {.reason = reason::bad_request, .message = std::move(message)};
}

/// The fields of one kind beyond metadata.name and metadata.namespace.
struct kind_fields {
  text group;
  text plural;
  std::span<const text> fields;
};

constexpr std::array<text, 9> pod_fields{
  "spec.nodeName",           "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
  "spec.hostNetwork",        "status.phase",       "status.podIP",       "status.podIPs",
  "status.nominatedNodeName"};
constexpr std::array<text, 11> event_fields{"involvedObject.kind",
                                            "involvedObject.namespace",
                                            "involvedObject.name",
                                            "involvedObject.uid",
                                            "involvedObject.apiVersion",
                                            "involvedObject.resourceVersion",
                                            "involvedObject.fieldPath",
                                            "reason",
                                            "reportingComponent",
                                            "source",
                                            "type"};
constexpr std::array<text, 11> new_event_fields{"regarding.kind",
                                                "regarding.namespace",
                                                "regarding.name",
                                                "regarding.uid",
                                                "regarding.apiVersion",
                                                "regarding.resourceVersion",
                                                "regarding.fieldPath",
                                                "reason",
                                                "reportingController",
                                                "deprecatedSource",
                                                "type"};
constexpr std::array<text, 1> node_fields{"spec.unschedulable"};
constexpr std::array<text, 2> namespace_fields{"status.phase", "name"};
constexpr std::array<text, 1> secret_fields{"type"};
constexpr std::array<text, 1> replica_fields{"status.replicas"};
constexpr std::array<text, 1> job_fields{"status.successful"};
constexpr std::array<text, 2> service_fields{"spec.clusterIP", "spec.type"};
constexpr std::array<text, 1> signer_fields{"spec.signerName"};
constexpr std::array<text, 3> pod_certificate_fields{"spec.signerName", "spec.podName",
                                                     "spec.nodeName"};
constexpr std::array<text, 2> slice_fields{"spec.nodeName", "spec.driver"};

constexpr std::array<kind_fields, 14> table{{
  {"", "pods", pod_fields},
  {"", "events", event_fields},
  {"events.k8s.io", "events", new_event_fields},
  {"", "nodes", node_fields},
  {"", "namespaces", namespace_fields},
  {"", "secrets", secret_fields},
  {"", "services", service_fields},
  {"", "replicationcontrollers", replica_fields},
  {"apps", "replicasets", replica_fields},
  {"batch", "jobs", job_fields},
  {"certificates.k8s.io", "certificatesigningrequests", signer_fields},
  {"certificates.k8s.io", "clustertrustbundles", signer_fields},
  {"certificates.k8s.io", "podcertificaterequests", pod_certificate_fields},
  {"resource.k8s.io", "resourceslices", slice_fields},
}};

std::span<const text> fields_of(text group, text plural) {
  for (const auto& k : table)
    if (k.group == group && k.plural == plural)
      return k.fields;
  return {};
}

bool selectable(text group, text plural, text field) {
  if (field == "metadata.name" || field == "metadata.namespace")
    return true;
  auto fields = fields_of(group, plural);
  return std::find(fields.begin(), fields.end(), field) != fields.end();
}

/// Fields whose text is not simply the value at their path.
std::optional<std::string> special(text body, text field) {
  auto or_default = [](std::string value, text other) {
    return value.empty() ? std::string{other} : value;
  };
  if (field == "name")
    return peek_text(body, {"metadata", "name"});
  if (field == "spec.unschedulable" || field == "spec.hostNetwork")
    return or_default(peek_text(body, {"spec", field.substr(5)}), "false");
  if (field == "status.replicas")
    return or_default(peek_text(body, {"status", "replicas"}), "0");
  if (field == "status.successful")
    return or_default(peek_text(body, {"status", "succeeded"}), "0");
  if (field == "source" || field == "deprecatedSource")
    return or_default(
      peek_text(body, {field, "component"}),
      peek_text(body, {field == "source" ? "reportingComponent" : "reportingController"}));
  if (field == "status.podIPs") {
    std::string out;
    auto raw = peek_raw(body, {"status", "podIPs"});
    for (std::size_t at = 1; raw && at < raw->size() && (*raw)[at] == '{'; ++at) {
      auto end = skip_value(*raw, at);
      out += (out.empty() ? "" : ",") + peek_text(raw->substr(at, end - at), {"ip"});
      at = end;
    }
    return out;
  }
  return std::nullopt;
}

/// Text up to an unescaped comma.
std::vector<std::string> split_terms(text selector) {
  std::vector<std::string> out{{}};
  for (std::size_t i = 0; i < selector.size(); ++i) {
    if (selector[i] == '\\' && i + 1 < selector.size()) {
      out.back() += selector[i];
      out.back() += selector[++i];
    } else if (selector[i] == ',') {
      out.emplace_back();
    } else {
      out.back() += selector[i];
    }
  }
  std::erase(out, "");
  return out;
}

result<std::string> unescape(text value) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == ',' || value[i] == '=')
      return bad("invalid field selector: unescaped character in value: " + std::string{value[i]});
    if (value[i] == '\\') {
      if (i + 1 == value.size()
          || (value[i + 1] != '\\' && value[i + 1] != ',' && value[i + 1] != '='))
        return bad("invalid field selector: invalid escape sequence: "
                   + std::string{value.substr(i, 2)});
      ++i;
    }
    out += value[i];
  }
  return out;
}

} // namespace

bool field_selector::matches(const field_reader& value_of) const {
  return std::all_of(all.begin(), all.end(), [&](const field_requirement& r) {
    return (value_of(r.field) == r.value) == r.equal;
  });
}

bool field_selector::matches(text body, text group, text plural) const {
  return std::all_of(all.begin(), all.end(), [&](const field_requirement& r) {
    return (field_value(body, group, plural, r.field) == r.value) == r.equal;
  });
}

const std::string* field_selector::required(text field) const {
  for (const auto& r : all)
    if (r.equal && r.field == field)
      return &r.value;
  return nullptr;
}

result<field_selector> parse_field_selector(text selector) {
  field_selector out;
  for (const auto& term : split_terms(selector)) {
    // the operator that stands first: !=, == or =
    std::size_t at = 0;
    while (at < term.size() && term[at] != '=' && !(term[at] == '!' && term.substr(at, 2) == "!="))
      at += term[at] == '\\' ? 2 : 1;
    if (at >= term.size())
      return bad("invalid selector: '" + std::string{selector} + "'; can't understand '" + term
                 + "'");
    auto equal = term[at] == '=';
    auto behind = at + (equal && term.substr(at, 2) != "==" ? 1 : 2);
    OR_RETURN(auto value, unescape(text{term}.substr(behind)));
    out.all.push_back({term.substr(0, at), std::move(value), equal});
  }
  return out;
}

result<void> check_fields(const field_selector& s, text group, text plural) {
  for (const auto& r : s.all) {
    if (selectable(group, plural, r.field))
      continue;
    if (!fields_of(group, plural).empty())
      return bad("field label not supported: " + r.field);
    return bad("\"" + r.field
               + "\" is not a known field selector: only \"metadata.name\", "
                 "\"metadata.namespace\"");
  }
  return {};
}

std::string field_value(text body, text group, text plural, text field) {
  if (!selectable(group, plural, field))
    return {};
  if (auto value = special(body, field))
    return *value;
  auto dot = field.find('.');
  return dot == field.npos ? peek_text(body, {field})
                           : peek_text(body, {field.substr(0, dot), field.substr(dot + 1)});
}

} // namespace troupe::api
