// Cells that any kind may have, and those of rights, certificates and policies.
#include "config/codec/cells.hpp"
#include "config/codec/table.hpp"

#include <algorithm>

namespace troupe::codec {

namespace {

void name(const cell_input& in, std::string& out) {
  put_text(out, text_at(in.object, "metadata.name"));
}

void age(const cell_input& in, std::string& out) {
  put_text(out, since(text_at(in.object, "metadata.creationTimestamp"), in.now));
}

void since_or_none(const cell_input& in, std::string& out) {
  auto time = text_at(in.object, in.argument);
  put_text(out, time.empty() ? "<none>" : since(time, in.now));
}

void count(const cell_input& in, std::string& out) {
  put_number(out, static_cast<std::int64_t>(count_at(in.object, in.argument)));
}

void boolean(const cell_input& in, std::string& out) {
  put_flag(out, flag_at(in.object, in.argument));
}

void boolean_or_true(const cell_input& in, std::string& out) {
  put_flag(out, flag_at(in.object, in.argument, true));
}

void boolean_text(const cell_input& in, std::string& out) {
  auto found = find_path(in.object, in.argument);
  put_text(out, !found ? "<unset>" : flag_at(in.object, in.argument) ? "True" : "False");
}

void put_joined(const cell_input& in, std::string& out, std::string_view none) {
  std::vector<std::string> parts;
  for (auto one : list_at(in.object, in.argument))
    parts.push_back(plain(one));
  put_text(out, parts.empty() ? std::string(none) : join(parts));
}

void joined(const cell_input& in, std::string& out) { put_joined(in, out, "<none>"); }
void joined_or_empty(const cell_input& in, std::string& out) { put_joined(in, out, ""); }

void trimmed(const cell_input& in, std::string& out) {
  constexpr std::string_view space = " \t\r\n";
  auto text = text_at(in.object, in.argument);
  auto first = text.find_first_not_of(space);
  put_text(out, first == std::string_view::npos
                  ? std::string_view()
                  : text.substr(first, text.find_last_not_of(space) + 1 - first));
}

void labels(const cell_input& in, std::string& out) {
  put_text(out, labels_text(find_path(in.object, in.argument)));
}

void selector(const cell_input& in, std::string& out) {
  auto text = selector_text(find_path(in.object, in.argument));
  put_text(out, text.empty() ? "<none>" : text);
}

void selector_or_empty(const cell_input& in, std::string& out) {
  put_text(out, selector_text(find_path(in.object, in.argument)));
}

void put_of_containers(const cell_input& in, std::string& out, std::string_view field) {
  std::vector<std::string> parts;
  for (auto container : list_at(in.object, in.argument))
    parts.emplace_back(text_at(container, field));
  put_text(out, join(parts));
}

void containers(const cell_input& in, std::string& out) { put_of_containers(in, out, "name"); }
void images(const cell_input& in, std::string& out) { put_of_containers(in, out, "image"); }

/// The column of a custom kind: a date becomes an age, anything else is what it is.
void custom(const cell_input& in, std::string& out) {
  auto found = find_path(in.object, in.argument);
  if (!found)
    out += "null";
  else if (in.type == "date")
    put_text(out, since(plain(*found), in.now));
  else if (in.type == "string")
    put_text(out, plain(*found));
  else
    out += std::string(simdjson::minify(*found));
}

void role_reference(const cell_input& in, std::string& out) {
  put_text(out, std::string(text_at(in.object, "roleRef.kind")) + "/"
                  + std::string(text_at(in.object, "roleRef.name")));
}

void put_subjects(const cell_input& in, std::string& out, std::string_view kind) {
  std::vector<std::string> parts;
  for (auto subject : list_at(in.object, "subjects")) {
    if (text_at(subject, "kind") != kind)
      continue;
    std::string text(text_at(subject, "name"));
    if (kind == "ServiceAccount")
      text = std::string(text_at(subject, "namespace")) + "/" + text;
    parts.push_back(std::move(text));
  }
  put_text(out, join(parts, ", "));
}

void subjects_users(const cell_input& in, std::string& out) { put_subjects(in, out, "User"); }
void subjects_groups(const cell_input& in, std::string& out) { put_subjects(in, out, "Group"); }
void subjects_accounts(const cell_input& in, std::string& out) {
  put_subjects(in, out, "ServiceAccount");
}

void certificate_duration(const cell_input& in, std::string& out) {
  if (!find_path(in.object, "spec.expirationSeconds"))
    return put_text(out, "<none>");
  auto seconds = number_at(in.object, "spec.expirationSeconds");
  put_text(out, human_duration(std::chrono::seconds(seconds)));
}

void certificate_condition(const cell_input& in, std::string& out) {
  auto has = [&](std::string_view type) {
    return condition_of(in.object, "status.conditions", type).has_value();
  };
  std::string text = has("Denied") ? "Denied" : has("Approved") ? "Approved" : "Pending";
  if (has("Failed"))
    text += ",Failed";
  if (!text_at(in.object, "status.certificate").empty())
    text += ",Issued";
  put_text(out, text);
}

void api_service_target(const cell_input& in, std::string& out) {
  auto service = find_path(in.object, "spec.service");
  put_text(out, service ? std::string(text_at(*service, "namespace")) + "/"
                            + std::string(text_at(*service, "name"))
                        : "Local");
}

void api_service_available(const cell_input& in, std::string& out) {
  auto available = condition_of(in.object, "status.conditions", "Available");
  if (!available)
    return put_text(out, "Unknown");
  std::string text(text_at(*available, "status"));
  if (text != "True")
    text.append(" (").append(text_at(*available, "reason")).append(")");
  put_text(out, text);
}

void policy_param_kind(const cell_input& in, std::string& out) {
  auto kind = find_path(in.object, "spec.paramKind");
  put_text(out, kind ? std::string(text_at(*kind, "apiVersion")) + "/"
                         + std::string(text_at(*kind, "kind"))
                     : "<unset>");
}

void policy_param_ref(const cell_input& in, std::string& out) {
  auto ref = find_path(in.object, "spec.paramRef");
  if (!ref)
    return put_text(out, "<unset>");
  if (auto named = text_at(*ref, "name"); !named.empty())
    return put_text(out, std::string(text_at(*ref, "namespace", "*")) + "/" + std::string(named));
  auto text = selector_text(find_path(*ref, "selector"));
  put_text(out, text.empty() ? "<unset>" : text);
}

void flow_schema_dangling(const cell_input& in, std::string& out) {
  auto dangling = condition_of(in.object, "status.conditions", "Dangling");
  put_text(out, dangling ? text_at(*dangling, "status") : "?");
}

} // namespace

std::span<const cell_entry> general_cells() {
  static constexpr cell_entry entries[] = {{"name", name},
                                           {"age", age},
                                           {"since_or_none", since_or_none},
                                           {"count", count},
                                           {"boolean", boolean},
                                           {"boolean_or_true", boolean_or_true},
                                           {"boolean_text", boolean_text},
                                           {"joined", joined},
                                           {"joined_or_empty", joined_or_empty},
                                           {"trimmed", trimmed},
                                           {"labels", labels},
                                           {"selector", selector},
                                           {"selector_or_empty", selector_or_empty},
                                           {"containers", containers},
                                           {"images", images},
                                           {"custom", custom},
                                           {"role_reference", role_reference},
                                           {"subjects_users", subjects_users},
                                           {"subjects_groups", subjects_groups},
                                           {"subjects_accounts", subjects_accounts},
                                           {"certificate_duration", certificate_duration},
                                           {"certificate_condition", certificate_condition},
                                           {"api_service_target", api_service_target},
                                           {"api_service_available", api_service_available},
                                           {"policy_param_kind", policy_param_kind},
                                           {"policy_param_ref", policy_param_ref},
                                           {"flow_schema_dangling", flow_schema_dangling}};
  return entries;
}

} // namespace troupe::codec
