#include "actors/api/auth/rule.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::authz {
namespace {

using nlohmann::json;
using texts = std::vector<std::string>;

bool has(const texts& in, std::string_view one) {
  return std::find(in.begin(), in.end(), one) != in.end();
}
bool has_or_all(const texts& in, std::string_view one) { return has(in, one) || has(in, "*"); }

/// "*/scale" stands for the scale of everything.
bool of_any(std::string_view resource, std::string_view subresource) {
  return !subresource.empty() && resource.substr(0, 2) == "*/" && resource.substr(2) == subresource;
}

bool url_covers(std::string_view holds, std::string_view path) {
  if (holds == "*" || holds == path)
    return true;
  return !holds.empty() && holds.back() == '*'
         && path.substr(0, holds.size() - 1) == holds.substr(0, holds.size() - 1);
}

bool url_in(const texts& urls, std::string_view path) {
  return std::any_of(urls.begin(), urls.end(),
                     [&](const std::string& u) { return url_covers(u, path); });
}

texts read_texts(const json& tree, const char* key) {
  texts out;
  auto at = tree.find(key);
  if (at != tree.end() && at->is_array())
    for (const auto& e : *at)
      if (e.is_string())
        out.push_back(e.get<std::string>());
  return out;
}

/// One verb on one thing: the smallest that can be held or not.
rules parts_of(const rule& r) {
  rules out;
  for (const auto& verb : r.verbs) {
    for (const auto& group : r.groups)
      for (const auto& resource : r.resources) {
        rule one{.verbs = {verb}, .groups = {group}, .resources = {resource}};
        if (r.names.empty())
          out.push_back(one);
        for (const auto& name : r.names) {
          one.names = {name};
          out.push_back(one);
        }
      }
    for (const auto& url : r.urls)
      out.push_back({.verbs = {verb}, .urls = {url}});
  }
  return out;
}

bool resource_covers(const texts& held, std::string_view wanted) {
  if (has_or_all(held, wanted))
    return true;
  auto slash = wanted.find('/');
  return slash != wanted.npos && has(held, "*" + std::string{wanted.substr(slash)});
}

/// Whether `held` grants the whole of `part`, which is one of parts_of().
bool covers(const rule& held, const rule& part) {
  if (!has_or_all(held.verbs, part.verbs[0]))
    return false;
  if (!part.urls.empty())
    return url_in(held.urls, part.urls[0]);
  if (!has_or_all(held.groups, part.groups[0])
      || !resource_covers(held.resources, part.resources[0]))
    return false;
  return held.names.empty() || (!part.names.empty() && has(held.names, part.names[0]));
}

std::string quoted(const texts& list) {
  std::string out;
  for (const auto& t : list)
    out += (out.empty() ? "\"" : " \"") + t + "\"";
  return "[" + out + "]";
}

} // namespace

bool rule::allows(const attributes& a) const {
  if (!has_or_all(verbs, a.verb))
    return false;
  if (!a.resource)
    return url_in(urls, a.path);
  if (!has_or_all(groups, a.group))
    return false;
  auto full = a.full_resource();
  auto meant = std::any_of(resources.begin(), resources.end(), [&](const std::string& r) {
    return r == "*" || r == full || of_any(r, a.subresource);
  });
  return meant && (names.empty() || (!a.name.empty() && has(names, a.name)));
}

rules read_rules(const json& list) {
  rules out;
  if (!list.is_array())
    return out;
  for (const auto& r : list)
    if (r.is_object())
      out.push_back({.verbs = read_texts(r, "verbs"),
                     .groups = read_texts(r, "apiGroups"),
                     .resources = read_texts(r, "resources"),
                     .names = read_texts(r, "resourceNames"),
                     .urls = read_texts(r, "nonResourceURLs")});
  return out;
}

json to_json(const rule& r) {
  json out{{"verbs", r.verbs}};
  if (!r.groups.empty())
    out["apiGroups"] = r.groups;
  if (!r.resources.empty())
    out["resources"] = r.resources;
  if (!r.names.empty())
    out["resourceNames"] = r.names;
  if (!r.urls.empty())
    out["nonResourceURLs"] = r.urls;
  return out;
}

rules missing(const rules& held, const rules& wanted) {
  rules out;
  for (const auto& w : wanted)
    for (auto& part : parts_of(w))
      if (std::none_of(held.begin(), held.end(), [&](const rule& h) { return covers(h, part); }))
        out.push_back(std::move(part));
  return compacted(out);
}

rules compacted(const rules& list) {
  rules out;
  for (const auto& r : list) {
    auto simple = r.groups.size() == 1 && r.resources.size() == 1 && r.urls.empty();
    auto same = std::find_if(out.begin(), out.end(), [&](const rule& o) {
      return o.groups == r.groups && o.resources == r.resources && o.names == r.names
             && o.urls.empty();
    });
    if (!simple || same == out.end()) {
      out.push_back(r);
      continue;
    }
    for (const auto& verb : r.verbs)
      if (!has(same->verbs, verb))
        same->verbs.push_back(verb);
  }
  return out;
}

std::string described(const rule& r) {
  std::string out;
  auto add = [&](const char* name, const texts& list) {
    if (!list.empty())
      out += (out.empty() ? "" : ", ") + std::string{name} + ":" + quoted(list);
  };
  add("APIGroups", r.groups);
  add("Resources", r.resources);
  add("NonResourceURLs", r.urls);
  add("ResourceNames", r.names);
  add("Verbs", r.verbs);
  return "{" + out + "}";
}

} // namespace troupe::authz
