// What one controller knows of the cluster: the objects of the kinds it reads, as its informers
// told it, with the indexes that plans ask for. Views of objects are parsed once per version.
#pragma once

#include "actors/controllers/action.hpp"

#include <functional>
#include <memory>
#include <set>

namespace troupe::control {

class cache {
public:
  explicit cache(std::vector<resource> reads);

  /// What became of one object. Null `now`: it is gone; null `before`: it is new.
  using change = std::function<void(const resource& of, const api::object_ptr& now,
                                    const api::object_ptr& before)>;

  /// All objects of a kind; those that are missing are gone.
  void whole(const resource& of, const std::vector<api::object_ptr>& all, const change& tell);
  void put(const resource& of, const api::object_ptr& o, const change& tell);
  void gone(const resource& of, const std::string& ns, const std::string& name, const change& tell);

  /// Every kind was told of at least once.
  bool complete() const;
  bool reads(const resource& of) const { return kinds_.contains(of); }

  /// Null when there is none.
  api::object_ptr get(const resource& of, const std::string& ns, const std::string& name) const;
  std::vector<api::object_ptr> all(const resource& of) const;
  std::vector<api::object_ptr> in(const resource& of, const std::string& ns) const;
  /// Controlled by the owner with this uid.
  std::vector<api::object_ptr> owned(const resource& of, const std::string& uid) const;
  /// Controlled by nobody: who might be adopted.
  std::vector<api::object_ptr> orphans(const resource& of, const std::string& ns) const;

  /// The view of one object; nullopt: the object is unreadable.
  template <class View>
  std::optional<View> view(const resource& of, const api::object_ptr& o) const {
    if (!o)
      return std::nullopt;
    auto* known = memo_of(of, *o);
    if (known != nullptr && *known)
      return *static_cast<const View*>(known->get());
    auto parsed = View::from(*o);
    if (!parsed)
      return std::nullopt;
    if (known != nullptr)
      *known = std::make_shared<const View>(*parsed);
    return std::move(*parsed);
  }
  template <class View>
  std::vector<View> views(const resource& of, const std::vector<api::object_ptr>& objects) const {
    std::vector<View> out;
    out.reserve(objects.size());
    for (const auto& o : objects)
      if (auto v = view<View>(of, o))
        out.push_back(std::move(*v));
    return out;
  }

private:
  using memo_ptr = std::shared_ptr<const void>; // of one View type per kind
  struct entry {
    api::object_ptr object;
    mutable memo_ptr view;
  };
  struct kind {
    bool told = false;
    std::map<std::string, entry> objects;                 // "namespace/name"
    std::map<std::string, std::set<std::string>> owned;   // by controller's uid
    std::map<std::string, std::set<std::string>> orphans; // by namespace
  };

  memo_ptr* memo_of(const resource& of, const api::object& o) const;
  void index(kind& k, const std::string& key, const api::object& o, bool in);
  static std::vector<api::object_ptr> pick(const kind& k,
                                           const std::map<std::string, std::set<std::string>>& by,
                                           const std::string& what);

  std::map<resource, kind> kinds_;
};

inline std::string key_of(const std::string& ns, const std::string& name) {
  return ns + '/' + name;
}
inline std::string key_of(const api::metadata& m) { return key_of(m.ns, m.name); }
/// "namespace/name" apart again.
std::pair<std::string, std::string> parts_of(const std::string& key);

} // namespace troupe::control
