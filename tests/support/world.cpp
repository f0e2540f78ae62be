#include "tests/support/world.hpp"

#include <algorithm>

namespace troupe::tests {

using nlohmann::json;

namespace {

failure why(reason r, std::string message) { return {.reason = r, .message = std::move(message)}; }

/// Strategic merge of the lists that controllers patch by key; everything else as a merge patch.
void merge_by_key(json& to, const json& change) {
  if (!change.is_object() || !to.is_object()) {
    to.merge_patch(change);
    return;
  }
  for (const auto& [name, value] : change.items()) {
    if (name == "conditions" && to.contains(name) && to[name].is_array()) {
      for (const auto& c : value) {
        auto same = [&](const json& o) { return o["type"] == c["type"]; };
        auto at = std::find_if(to[name].begin(), to[name].end(), same);
        if (at == to[name].end())
          to[name].push_back(c);
        else
          at->merge_patch(c);
      }
    } else if (value.is_null()) {
      to.erase(name);
    } else if (value.is_object() && to.contains(name)) {
      merge_by_key(to[name], value);
    } else {
      to[name] = value;
    }
  }
}

} // namespace

const json& world::put(const control::resource& of, const char* body) {
  return put(of, json::parse(body));
}

const json& world::put(const control::resource& of, json tree) {
  auto& meta = tree["metadata"];
  key k{of, meta.value("namespace", ""), meta.at("name")};
  auto before = objects_.find(k);
  if (before == objects_.end()) {
    if (!meta.contains("uid"))
      meta["uid"] = "uid-" + std::to_string(++uids_);
    if (!meta.contains("creationTimestamp"))
      meta["creationTimestamp"] = api::format_time(now);
    meta["generation"] = 1;
    if (!tree.contains("kind"))
      tree["kind"] = of.plural;
    if (!tree.contains("apiVersion"))
      tree["apiVersion"] = of.group.empty() ? of.version : of.group + "/" + of.version;
    store(k, {}, std::move(tree));
  } else {
    auto after = before->second; // as kubectl apply: what others wrote into metadata stays
    after["metadata"].merge_patch(tree["metadata"]);
    after["spec"] = tree.value("spec", json::object());
    store(k, before->second, std::move(after));
  }
  return objects_.at(k);
}

void world::change(const control::resource& of, const std::string& ns, const std::string& name,
                   const std::function<void(json&)>& how) {
  key k{of, ns, name};
  auto after = objects_.at(k);
  how(after);
  store(k, objects_.at(k), std::move(after));
  finish(k);
}

void world::erase(const control::resource& of, const std::string& ns, const std::string& name) {
  ++revision_;
  objects_.erase(key{of, ns, name});
}

bool world::has(const control::resource& of, const std::string& ns, const std::string& name) const {
  return objects_.contains(key{of, ns, name});
}

const json& world::tree(const control::resource& of, const std::string& ns,
                        const std::string& name) const {
  return objects_.at(key{of, ns, name});
}

namespace {

api::object object_of(const json& tree) {
  auto version =
    static_cast<revision>(std::stoull(tree["metadata"]["resourceVersion"].get<std::string>()));
  return api::parse_object(share(api::encode(tree)), version).value();
}

} // namespace

std::vector<api::object> world::list(const control::resource& of, const std::string& ns) const {
  std::vector<api::object> out;
  for (const auto& [k, tree] : objects_)
    if (std::get<0>(k) == of && (ns.empty() || std::get<1>(k) == ns))
      out.push_back(object_of(tree));
  return out;
}

api::object world::get(const control::resource& of, const std::string& ns,
                       const std::string& name) const {
  return object_of(objects_.at(key{of, ns, name}));
}

void world::each(
  const std::function<void(const control::resource&, const api::object&)>& visit) const {
  for (const auto& [k, tree] : objects_)
    visit(std::get<0>(k), object_of(tree));
}

void world::store(const key& k, const json& before, json after) {
  auto& meta = after["metadata"];
  if (before.is_object() && before.value("spec", json{}) != after.value("spec", json{}))
    meta["generation"] = before["metadata"].value("generation", 1) + 1;
  if (before.is_object() && before == after)
    return;
  meta["resourceVersion"] = std::to_string(++revision_);
  objects_[k] = std::move(after);
}

/// An object that is being deleted goes with its last finalizer.
void world::finish(const key& k) {
  const auto& meta = objects_.at(k)["metadata"];
  bool held = meta.contains("finalizers") && !meta["finalizers"].empty();
  bool graceful = meta.value("deletionGracePeriodSeconds", 0) > 0;
  bool spec_held = std::get<0>(k) == control::of::namespaces
                   && !objects_.at(k).value("/spec/finalizers"_json_pointer, json::array()).empty();
  if (meta.contains("deletionTimestamp") && !held && !graceful && !spec_held) {
    ++revision_;
    objects_.erase(k);
  }
}

std::optional<failure> world::perform(const control::actions& plan) {
  woken.reset();
  for (const auto& a : plan)
    if (auto failed = write(a))
      return failed;
  return std::nullopt;
}

std::optional<failure> world::write(const control::action& a) {
  if (refuse)
    if (auto failed = refuse(a))
      return failed;
  auto failed = std::visit([&](const auto& what) { return on(what); }, a);
  check();
  return failed;
}

std::optional<failure> world::find(const control::target& at, json*& out) {
  auto found = objects_.find(key{at.of, at.ns, at.name});
  if (found == objects_.end())
    return why(reason::not_found, at.of.plural + " " + at.name + " not found");
  out = &found->second;
  const auto& meta = (*out)["metadata"];
  if (!at.uid.empty() && meta["uid"] != at.uid)
    return why(reason::conflict, at.name + " is another object");
  if (at.version && meta["resourceVersion"] != to_string(*at.version))
    return why(reason::conflict, at.name + " was changed");
  return std::nullopt;
}

std::optional<failure> world::on(const control::create& c) {
  if (has(c.of, c.ns, c.name))
    return why(reason::already_exists, c.of.plural + " " + c.name + " already exists");
  auto tree = json::parse(c.body);
  if (!c.ns.empty())
    tree["metadata"]["namespace"] = c.ns;
  put(c.of, std::move(tree));
  return std::nullopt;
}

std::optional<failure> world::on(const control::patch& p) {
  json* tree = nullptr;
  if (auto failed = find(p.at, tree))
    return failed;
  auto after = *tree;
  auto change = json::parse(p.body);
  if (p.how == api::patch_type::json)
    after = after.patch(change);
  else if (p.how == api::patch_type::strategic)
    merge_by_key(after, change);
  else
    after.merge_patch(change);
  key k{p.at.of, p.at.ns, p.at.name};
  store(k, *tree, std::move(after));
  finish(k);
  return std::nullopt;
}

std::optional<failure> world::on(const control::replace& r) {
  json* tree = nullptr;
  if (auto failed = find(r.at, tree))
    return failed;
  auto after = *tree;
  after["spec"] = json::parse(r.body)["spec"];
  key k{r.at.of, r.at.ns, r.at.name};
  store(k, *tree, std::move(after));
  finish(k);
  return std::nullopt;
}

std::optional<failure> world::on(const control::remove& r) {
  json* tree = nullptr;
  if (auto failed = find(r.at, tree))
    return failed;
  auto after = *tree;
  auto& meta = after["metadata"];
  auto finalizers = meta.value("finalizers", json::array());
  auto hold = [&](const char* name) {
    if (std::find(finalizers.begin(), finalizers.end(), name) == finalizers.end())
      finalizers.push_back(name);
  };
  if (r.propagate == api::propagation::foreground)
    hold("foregroundDeletion");
  if (r.propagate == api::propagation::orphan)
    hold("orphan");
  if (!finalizers.empty())
    meta["finalizers"] = finalizers;
  bool bound = r.at.of == control::of::pods && after.contains("/spec/nodeName"_json_pointer);
  if (!meta.contains("deletionTimestamp"))
    meta["deletionTimestamp"] = api::format_time(now);
  meta["deletionGracePeriodSeconds"] = r.grace.value_or(bound ? 30 : 0);
  key k{r.at.of, r.at.ns, r.at.name};
  store(k, *tree, std::move(after));
  finish(k);
  return std::nullopt;
}

std::optional<failure> world::on(const control::remove_all& r) {
  std::vector<std::string> names;
  for (const auto& [k, tree] : objects_)
    if (std::get<0>(k) == r.of && std::get<1>(k) == r.ns)
      names.push_back(std::get<2>(k));
  for (const auto& name : names)
    on(control::remove{.at = {.of = r.of, .ns = r.ns, .name = name}});
  return std::nullopt;
}

std::optional<failure> world::on(const control::emit& e) {
  events.push_back(e);
  return std::nullopt;
}

std::optional<failure> world::on(const control::again& a) {
  woken = woken ? std::min(*woken, a.after) : a.after;
  return std::nullopt;
}

int settle(world& w, const std::function<control::actions()>& plan, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    auto orders = plan();
    std::erase_if(orders, [](const auto& a) {
      return std::holds_alternative<control::again>(a) || std::holds_alternative<control::emit>(a);
    });
    if (orders.empty())
      return i;
    w.perform(orders);
  }
  return rounds + 1;
}

} // namespace troupe::tests
