// The cells of volumes, claims, quotas and what else is stored or reserved.
#include "config/codec/cells.hpp"

#include <algorithm>

namespace troupe::codec {

namespace {

std::string modes_text(element object, std::string_view path) {
  static constexpr std::pair<std::string_view, std::string_view> names[] = {
    {"ReadWriteOnce", "RWO"},
    {"ReadOnlyMany", "ROX"},
    {"ReadWriteMany", "RWX"},
    {"ReadWriteOncePod", "RWOP"}};
  auto given = list_at(object, path);
  std::vector<std::string> parts;
  for (const auto& [name, short_name] : names)
    if (std::ranges::any_of(given, [&](element mode) { return plain(mode) == name; }))
      parts.emplace_back(short_name);
  return join(parts);
}

void access_modes(const cell_input& in, std::string& out) {
  put_text(out, modes_text(in.object, in.argument));
}

void claim_access_modes(const cell_input& in, std::string& out) {
  bool bound = !text_at(in.object, "spec.volumeName").empty();
  put_text(out, bound ? modes_text(in.object, "status.accessModes") : "");
}

void claim_capacity(const cell_input& in, std::string& out) {
  bool bound = !text_at(in.object, "spec.volumeName").empty();
  put_text(out, bound ? plain_at(in.object, "status.capacity.storage", "0") : "");
}

void phase_or_terminating(const cell_input& in, std::string& out) {
  bool deleted = !text_at(in.object, "metadata.deletionTimestamp").empty();
  put_text(out, deleted ? "Terminating" : text_at(in.object, "status.phase"));
}

void volume_claim(const cell_input& in, std::string& out) {
  auto claim = find_path(in.object, "spec.claimRef");
  put_text(out, claim ? std::string(text_at(*claim, "namespace")) + "/"
                          + std::string(text_at(*claim, "name"))
                      : "");
}

void volume_class(const cell_input& in, std::string& out) {
  put_text(out,
           text_at(in.object, "metadata.annotations['volume.beta.kubernetes.io/storage-class']",
                   text_at(in.object, "spec.storageClassName")));
}

void name_and_default(const cell_input& in, std::string& out) {
  std::string name(text_at(in.object, "metadata.name"));
  auto annotation = "metadata.annotations['" + std::string(in.argument) + "']";
  if (text_at(in.object, annotation) == "true")
    name += " (default)";
  put_text(out, name);
}

/// `cpu: 1/2, pods: 3/10` of the quotas that are limits or that are not.
void put_quota(const cell_input& in, std::string& out, bool limits) {
  std::vector<std::string> parts;
  simdjson::dom::object hard;
  if (auto found = find_path(in.object, "status.hard");
      found && found->get(hard) == simdjson::SUCCESS) {
    for (auto [key, value] : hard) {
      if (key.starts_with("limits.") != limits)
        continue;
      auto used = plain_at(in.object, "status.used['" + std::string(key) + "']", "0");
      parts.push_back(std::string(key) + ": " + used + "/" + plain(value));
    }
  }
  std::ranges::sort(parts);
  put_text(out, join(parts, ", "));
}

void quota_requests(const cell_input& in, std::string& out) { put_quota(in, out, false); }
void quota_limits(const cell_input& in, std::string& out) { put_quota(in, out, true); }

void driver_audiences(const cell_input& in, std::string& out) {
  if (!find_path(in.object, "spec.tokenRequests"))
    return put_text(out, "<unset>");
  std::vector<std::string> parts;
  for (auto one : list_at(in.object, "spec.tokenRequests"))
    parts.emplace_back(text_at(one, "audience"));
  put_text(out, join(parts));
}

void resource_claim_state(const cell_input& in, std::string& out) {
  std::vector<std::string> states;
  bool deleted = !text_at(in.object, "metadata.deletionTimestamp").empty();
  if (deleted)
    states.emplace_back("deleted");
  if (find_path(in.object, "status.allocation")) {
    states.emplace_back("allocated");
    if (count_at(in.object, "status.reservedFor") > 0)
      states.emplace_back("reserved");
  } else if (!deleted) {
    states.emplace_back("pending");
  }
  put_text(out, join(states));
}

void storage_versions(const cell_input& in, std::string& out) {
  std::vector<std::string> all;
  for (auto one : list_at(in.object, "status.storageVersions"))
    all.push_back(std::string(text_at(one, "apiServerID")) + "="
                  + std::string(text_at(one, "encodingVersion")));
  put_text(out, some_of(all, 3, "<unset>"));
}

void migration_resource(const cell_input& in, std::string& out) {
  std::string text(text_at(in.object, "spec.resource.resource"));
  if (auto group = text_at(in.object, "spec.resource.group"); !group.empty())
    text.append(".").append(group);
  put_text(out, text);
}

void config_map_count(const cell_input& in, std::string& out) {
  put_number(out, static_cast<std::int64_t>(count_at(in.object, "data")
                                            + count_at(in.object, "binaryData")));
}

} // namespace

std::span<const cell_entry> storage_cells() {
  static constexpr cell_entry entries[] = {{"access_modes", access_modes},
                                           {"claim_access_modes", claim_access_modes},
                                           {"claim_capacity", claim_capacity},
                                           {"phase_or_terminating", phase_or_terminating},
                                           {"volume_claim", volume_claim},
                                           {"volume_class", volume_class},
                                           {"name_and_default", name_and_default},
                                           {"quota_requests", quota_requests},
                                           {"quota_limits", quota_limits},
                                           {"driver_audiences", driver_audiences},
                                           {"resource_claim_state", resource_claim_state},
                                           {"storage_versions", storage_versions},
                                           {"migration_resource", migration_resource},
                                           {"config_map_count", config_map_count}};
  return entries;
}

} // namespace troupe::codec
