#include "store/etcd/keys.hpp"

#include "store/etcd/values.hpp"

#include <array>
#include <cstdio>

namespace troupe::etcd {
namespace {

constexpr std::string_view data_part = "/data";
constexpr std::string_view election_part = "/election/";
constexpr std::string_view masters_part = "/masters/";
constexpr std::string_view format_version = "troupe store 1 ";

std::string joined(std::string_view a, std::string_view b, std::string_view c) {
  std::string out{a};
  out.append(b).append(c);
  return out;
}

} // namespace

std::string key_space::end() const { return end_of_prefix(first()); }

std::string key_space::election(std::int64_t lease) const {
  std::array<char, 24> text{};
  auto size =
    std::snprintf(text.data(), text.size(), "%llx", static_cast<unsigned long long>(lease));
  return joined(prefix_, election_part, {text.data(), static_cast<std::size_t>(size)});
}

std::string key_space::master(std::string_view name) const {
  return joined(prefix_, masters_part, name);
}

std::string key_space::data(std::string_view key) const { return joined(prefix_, data_part, key); }

key_space::place key_space::parse(std::string_view key) const {
  if (!key.starts_with(prefix_))
    return {};
  key.remove_prefix(prefix_.size());
  if (key == "/head")
    return {kind::head, {}};
  if (key == "/compacted")
    return {kind::compacted, {}};
  if (key.starts_with(election_part))
    return {kind::election, key.substr(election_part.size())};
  if (key.starts_with(masters_part))
    return {kind::master, key.substr(masters_part.size())};
  if (key.starts_with(data_part))
    return {kind::data, key.substr(data_part.size())};
  return {};
}

std::string format_text(std::string_view cluster) { return joined(format_version, cluster, ""); }

result<void> check_format(std::string_view text, std::string_view cluster,
                          const std::string& prefix) {
  if (text == format_text(cluster))
    return {};
  auto why = text.starts_with(format_version)
               ? "belongs to the cluster '" + std::string{text.substr(format_version.size())}
                   + "', not to '" + std::string{cluster} + "'; name another etcdPrefix"
               : "is written in a format that this program does not know ('" + std::string{text}
                   + "'); use the program that wrote it";
  return failure{.reason = reason::conflict,
                 .message = "use the prefix " + prefix + " of etcd: it " + why};
}

bool is_prefix(std::string_view text) {
  return text.size() >= 2 && text.front() == '/' && text.back() != '/'
         && text.find("//") == std::string_view::npos;
}

} // namespace troupe::etcd
