#include "actors/api/patch/element_order.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

namespace troupe::patch {
namespace {

using json = nlohmann::json;

constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

std::size_t index_in(const json& list, const json& entry, std::string_view key) {
  if (!list.is_array())
    return nowhere;
  for (std::size_t i = 0; i < list.size(); ++i)
    if (same_entry(list[i], entry, key))
      return i;
  return nowhere;
}

struct placed {
  json entry;
  std::size_t wanted;
  std::size_t live;
};

} // namespace

bool same_entry(const json& a, const json& b, std::string_view key) {
  if (key.empty() || !a.is_object() || !b.is_object())
    return a == b;
  auto left = a.find(key);
  auto right = b.find(key);
  return left != a.end() && right != b.end() && *left == *right;
}

json in_order(json merged, const json& wanted, const json& live, std::string_view key) {
  std::vector<placed> named;
  std::vector<placed> others;
  for (auto& entry : merged) {
    auto at = index_in(wanted, entry, key);
    auto was = index_in(live, entry, key);
    (at == nowhere ? others : named).push_back({std::move(entry), at, was});
  }
  std::stable_sort(named.begin(), named.end(),
                   [](const placed& a, const placed& b) { return a.wanted < b.wanted; });
  std::stable_sort(others.begin(), others.end(),
                   [](const placed& a, const placed& b) { return a.live < b.live; });
  auto out = json::array();
  auto other = others.begin();
  for (auto& n : named) {
    for (; other != others.end() && n.live != nowhere && other->live < n.live; ++other)
      out.push_back(std::move(other->entry));
    out.push_back(std::move(n.entry));
  }
  for (; other != others.end(); ++other)
    out.push_back(std::move(other->entry));
  return out;
}

bool follows_order(const json& list, const json& order, std::string_view key) {
  std::size_t last = 0;
  for (const auto& entry : list) {
    if (entry.is_object() && entry.contains("$patch"))
      continue;
    auto at = index_in(order, entry, key);
    if (at == nowhere || at < last)
      return false;
    last = at;
  }
  return true;
}

} // namespace troupe::patch
