// What kubectl apply relies on: a strategic patch made of a difference leads exactly to the wanted
// object.
#include "actors/api/patch/patch.hpp"
#include "config/base/random.hpp"
#include "config/schema/schema.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::patch {
namespace {

using json = nlohmann::json;
using schema::patch_strategy;

const json* entry_like(const json& list, const json& entry, const std::string& key) {
  auto found =
    std::find_if(list.begin(), list.end(), [&](const json& e) { return e[key] == entry[key]; });
  return found == list.end() ? nullptr : &*found;
}

json difference(const json& from, const json& to, const schema::type* of);

void difference_of_objects(json& patch, const std::string& name, const json& from, const json& to,
                           const std::string& key, const schema::type* element) {
  auto list = json::array();
  auto order = json::array();
  for (const auto& entry : to) {
    order.push_back({{key, entry[key]}});
    const auto* before = entry_like(from, entry, key);
    auto change = before ? difference(*before, entry, element) : entry;
    if (before && !change.empty())
      change[key] = entry[key];
    if (!change.empty())
      list.push_back(std::move(change));
  }
  for (const auto& entry : from)
    if (!entry_like(to, entry, key))
      list.push_back({{"$patch", "delete"}, {key, entry[key]}});
  if (!list.empty())
    patch[name] = list;
  patch["$setElementOrder/" + name] = order;
}

void difference_of_texts(json& patch, const std::string& name, const json& from, const json& to) {
  auto has = [](const json& list, const json& e) {
    return std::find(list.begin(), list.end(), e) != list.end();
  };
  for (const auto& e : to)
    if (!has(from, e))
      patch[name].push_back(e);
  for (const auto& e : from)
    if (!has(to, e))
      patch["$deleteFromPrimitiveList/" + name].push_back(e);
  patch["$setElementOrder/" + name] = to;
}

/// As kubectl computes it from the last applied object and the wanted one.
json difference(const json& from, const json& to, const schema::type* of) {
  auto patch = json::object();
  for (const auto& [name, value] : to.items()) {
    auto before = from.find(name);
    if (before != from.end() && *before == value)
      continue;
    const auto* f = of && of->what == schema::shape::object ? of->find(name) : nullptr;
    auto merges =
      f
      && (f->strategy == patch_strategy::merge || f->strategy == patch_strategy::merge_retain_keys);
    if (before == from.end() || before->type() != value.type())
      patch[name] = value;
    else if (value.is_object())
      patch[name] = difference(*before, value, f ? f->of : nullptr);
    else if (value.is_array() && merges && !f->merge_key.empty())
      difference_of_objects(patch, name, *before, value, std::string{f->merge_key}, f->of->element);
    else if (value.is_array() && merges)
      difference_of_texts(patch, name, *before, value);
    else
      patch[name] = value;
  }
  for (const auto& [name, value] : from.items())
    if (!to.contains(name))
      patch[name] = nullptr;
  return patch;
}

/// Some of `names`, in random order.
std::vector<std::string> some(random_source& random, std::vector<std::string> names) {
  for (auto i = names.size(); i > 1; --i)
    std::swap(names[i - 1], names[random.below(i)]);
  names.resize(random.below(names.size() + 1));
  return names;
}

json random_container(random_source& random, const std::string& name) {
  json out{{"name", name}, {"image", "i:" + std::to_string(random.below(3))}};
  for (const auto& env : some(random, {"A", "B", "C", "D"}))
    out["env"].push_back({{"name", env}, {"value", std::to_string(random.below(3))}});
  for (const auto& port : some(random, {"80", "81", "82"}))
    out["ports"].push_back({{"containerPort", std::stoi(port)}, {"protocol", "TCP"}});
  for (const auto& arg : some(random, {"x", "y", "z"}))
    out["args"].push_back(arg);
  if (random.chance(1, 2))
    out["resources"] = {{"limits", {{"cpu", std::to_string(random.below(3))}}}};
  return out;
}

json random_deployment(random_source& random) {
  json out{{"metadata", {{"name", "a"}}}, {"spec", {{"replicas", random.below(3)}}}};
  for (const auto& f : some(random, {"f/1", "f/2", "f/3"}))
    out["metadata"]["finalizers"].push_back(f);
  for (const auto& label : some(random, {"a", "b", "c"}))
    out["metadata"]["labels"][label] = std::to_string(random.below(2));
  auto& pod = out["spec"]["template"]["spec"];
  pod["containers"] = json::array();
  for (const auto& name : some(random, {"c1", "c2", "c3", "c4"}))
    pod["containers"].push_back(random_container(random, name));
  for (const auto& key : some(random, {"t1", "t2"}))
    pod["tolerations"].push_back({{"key", key}, {"operator", "Exists"}});
  return out;
}

const schema::type& deployment() {
  static auto catalog = schema::built_in();
  return *catalog->find("apps", "v1", "deployments")->of;
}

TEST_CASE("apply: the patch of a difference leads from one object exactly to the other") {
  random_source random{99};
  for (int i = 0; i < 3'000; ++i) {
    auto from = random_deployment(random);
    auto to = random_deployment(random);
    auto patch = difference(from, to, &deployment());
    auto out = apply_strategic(from, patch, deployment());
    REQUIRE_MESSAGE(out, out.error().message);
    REQUIRE_MESSAGE(*out == to, patch.dump());
    CHECK(*apply_strategic(*out, difference(*out, to, &deployment()), deployment()) == to);
  }
}

TEST_CASE("apply: what others added to the live object stays, what was applied before goes") {
  random_source random{101};
  for (int i = 0; i < 2'000; ++i) {
    auto last = random_deployment(random);
    auto wanted = random_deployment(random);
    auto live = last;
    json foreign{{"name", "injected"}, {"image", "proxy"}};
    auto& containers = live["spec"]["template"]["spec"]["containers"];
    containers.insert(containers.begin()
                        + static_cast<std::ptrdiff_t>(random.below(containers.size() + 1)),
                      foreign);
    live["metadata"]["annotations"]["by"] = "a controller";
    auto out = apply_strategic(live, difference(last, wanted, &deployment()), deployment());
    REQUIRE_MESSAGE(out, out.error().message);
    auto& after = (*out)["spec"]["template"]["spec"]["containers"];
    CHECK(entry_like(after, foreign, "name"));
    CHECK((*out)["metadata"]["annotations"]["by"] == "a controller");
    after.erase(std::remove(after.begin(), after.end(), foreign), after.end());
    (*out)["metadata"].erase("annotations");
    REQUIRE(*out == wanted);
  }
}

} // namespace
} // namespace troupe::patch
