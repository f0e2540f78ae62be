#include "actors/controllers/shell/cache.hpp"

#include <algorithm>

namespace troupe::control {

cache::cache(std::vector<resource> reads) {
  for (auto& r : reads)
    kinds_.try_emplace(std::move(r));
}

std::pair<std::string, std::string> parts_of(const std::string& key) {
  auto slash = key.find('/');
  return {key.substr(0, slash), key.substr(slash + 1)};
}

void cache::index(kind& k, const std::string& key, const api::object& o, bool in) {
  const auto* owner = o.meta.controller();
  auto& by = owner == nullptr ? k.orphans : k.owned;
  const auto& of = owner == nullptr ? o.meta.ns : owner->uid;
  if (in) {
    by[of].insert(key);
    return;
  }
  auto at = by.find(of);
  if (at == by.end())
    return;
  at->second.erase(key);
  if (at->second.empty())
    by.erase(at);
}

void cache::put(const resource& of, const api::object_ptr& o, const change& tell) {
  auto k = kinds_.find(of);
  if (k == kinds_.end())
    return;
  auto key = key_of(o->meta);
  auto& e = k->second.objects[key];
  if (e.object && e.object->meta.version >= o->meta.version && e.object->meta.uid == o->meta.uid)
    return; // told again
  auto before = std::exchange(e.object, o);
  e.view = nullptr;
  if (before)
    index(k->second, key, *before, false);
  index(k->second, key, *o, true);
  tell(of, o, before);
}

void cache::gone(const resource& of, const std::string& ns, const std::string& name,
                 const change& tell) {
  auto k = kinds_.find(of);
  if (k == kinds_.end())
    return;
  auto at = k->second.objects.find(key_of(ns, name));
  if (at == k->second.objects.end())
    return;
  auto before = at->second.object;
  index(k->second, at->first, *before, false);
  k->second.objects.erase(at);
  tell(of, nullptr, before);
}

void cache::whole(const resource& of, const std::vector<api::object_ptr>& all, const change& tell) {
  auto k = kinds_.find(of);
  if (k == kinds_.end())
    return;
  std::set<std::string> there;
  for (const auto& o : all)
    there.insert(key_of(o->meta));
  std::vector<std::string> missing;
  for (const auto& [key, e] : k->second.objects)
    if (!there.contains(key))
      missing.push_back(key);
  for (const auto& key : missing) {
    auto [ns, name] = parts_of(key);
    gone(of, ns, name, tell);
  }
  k->second.told = true;
  for (const auto& o : all)
    put(of, o, tell);
}

bool cache::complete() const {
  return std::all_of(kinds_.begin(), kinds_.end(), [](const auto& k) { return k.second.told; });
}

api::object_ptr cache::get(const resource& of, const std::string& ns,
                           const std::string& name) const {
  auto k = kinds_.find(of);
  if (k == kinds_.end())
    return nullptr;
  auto at = k->second.objects.find(key_of(ns, name));
  return at == k->second.objects.end() ? nullptr : at->second.object;
}

std::vector<api::object_ptr> cache::all(const resource& of) const {
  std::vector<api::object_ptr> out;
  if (auto k = kinds_.find(of); k != kinds_.end())
    for (const auto& [key, e] : k->second.objects)
      out.push_back(e.object);
  return out;
}

std::vector<api::object_ptr> cache::in(const resource& of, const std::string& ns) const {
  std::vector<api::object_ptr> out;
  auto k = kinds_.find(of);
  if (k == kinds_.end())
    return out;
  auto prefix = ns + '/';
  for (auto at = k->second.objects.lower_bound(prefix);
       at != k->second.objects.end() && at->first.starts_with(prefix); ++at)
    out.push_back(at->second.object);
  return out;
}

std::vector<api::object_ptr> cache::pick(const kind& k,
                                         const std::map<std::string, std::set<std::string>>& by,
                                         const std::string& what) {
  std::vector<api::object_ptr> out;
  if (auto at = by.find(what); at != by.end())
    for (const auto& key : at->second)
      out.push_back(k.objects.at(key).object);
  return out;
}

std::vector<api::object_ptr> cache::owned(const resource& of, const std::string& uid) const {
  auto k = kinds_.find(of);
  return k == kinds_.end() ? std::vector<api::object_ptr>{} : pick(k->second, k->second.owned, uid);
}

std::vector<api::object_ptr> cache::orphans(const resource& of, const std::string& ns) const {
  auto k = kinds_.find(of);
  return k == kinds_.end() ? std::vector<api::object_ptr>{}
                           : pick(k->second, k->second.orphans, ns);
}

cache::memo_ptr* cache::memo_of(const resource& of, const api::object& o) const {
  auto k = kinds_.find(of);
  if (k == kinds_.end())
    return nullptr;
  auto at = k->second.objects.find(key_of(o.meta));
  return at == k->second.objects.end() || at->second.object.get() != &o ? nullptr
                                                                        : &at->second.view;
}

} // namespace troupe::control
