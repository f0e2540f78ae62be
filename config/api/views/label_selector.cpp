#include "config/api/views/parts.hpp"

#include <algorithm>

namespace troupe::views {
namespace {

using test = api::label_requirement::test;

std::optional<test> test_of(std::string_view name) {
  if (name == "In")
    return test::in;
  if (name == "NotIn")
    return test::not_in;
  if (name == "Exists")
    return test::exists;
  if (name == "DoesNotExist")
    return test::absent;
  if (name == "Gt")
    return test::greater;
  if (name == "Lt")
    return test::less;
  return std::nullopt;
}

} // namespace

std::vector<api::label_requirement> read_requirements(reader at) {
  std::vector<api::label_requirement> out;
  at.each([&](reader e) {
    // An operator that nobody knows must not widen the selection: In of nothing never matches.
    auto what = test_of(e["operator"].view());
    auto values = what ? e["values"].texts() : std::vector<std::string>{};
    std::sort(values.begin(), values.end());
    out.push_back(
      {.key = e["key"].text(), .what = what.value_or(test::in), .values = std::move(values)});
  });
  return out;
}

api::label_selector selector_of(const api::string_map& labels) {
  api::label_selector out{.all = {}, .nothing = labels.empty()};
  for (const auto& [key, value] : labels)
    out.all.push_back({.key = key, .what = test::in, .values = {value}});
  return out;
}

api::label_selector read_selector(reader at) {
  if (!at)
    return {.all = {}, .nothing = true};
  auto out = selector_of(at["matchLabels"].strings());
  out.nothing = false;
  auto more = read_requirements(at["matchExpressions"]);
  out.all.insert(out.all.end(), more.begin(), more.end());
  return out;
}

} // namespace troupe::views
