// Who owns whom, across all resources, kept up to date from the informers' news. Only ids: what a
// decision needs of an object is looked up when it is made.
#pragma once

#include "actors/controllers/action.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <unordered_map>

namespace troupe::collector {

/// Where an object is.
struct identity {
  control::resource of;
  std::string ns;
  std::string name;
  std::string uid;
  auto operator<=>(const identity&) const = default;
};

struct kind_info {
  control::resource of;
  bool namespaced = false;
};
/// How kinds in owner references map to resources; nullopt: nobody serves that kind (yet).
using kind_map =
  std::function<std::optional<kind_info>(std::string_view api_version, std::string_view kind)>;

enum class owner_state : std::uint8_t {
  solid,   // exists, and its deletion waits for nobody
  waiting, // is being deleted in the foreground: waits for its dependents
  absent,  // does not exist, or is not where it could own this object
  unknown, // not seen yet: `questions` names it
};

class graph {
public:
  explicit graph(kind_map kinds) : kinds_(std::move(kinds)) {}

  // -- news -------------------------------------------------------------------
  void put(const control::resource& of, const api::metadata& meta);
  void gone(const std::string& uid);
  /// The answer to a question: a linearizable get did not find this uid.
  void absent(const std::string& uid);

  // -- what to do -------------------------------------------------------------
  /// An object whose plan may have changed; each is named once per change.
  std::optional<identity> next();
  /// Owners that were named but not seen: ask the API for each, once.
  std::vector<identity> questions();

  // -- what a plan reads ------------------------------------------------------
  owner_state state_of(const api::metadata& dependent, const api::owner& owner) const;
  std::vector<identity> dependents(const std::string& uid) const;
  /// A dependent that exists and holds up the owner's foreground deletion.
  bool blocked(const std::string& uid) const;
  /// A dependent waits for its own dependents: perhaps a circle.
  bool dependent_waits(const std::string& uid) const;
  std::size_t size() const { return by_uid_.size(); }

private:
  using id = std::uint32_t;
  struct edge {
    id owner = 0;
    bool blocks = false;
    bool operator==(const edge&) const = default;
  };
  struct entry {
    identity who;
    std::vector<edge> owners;
    std::vector<id> dependents;
    bool seen = false;   // some informer shows it
    bool absent = false; // asked for and not found, or gone
    bool deleting = false;
    bool foreground = false;
    bool orphans = false;
    bool dirty = false;
    bool asked = false;
  };

  id find(const std::string& uid);
  void touch(id n);
  void touch_dependents(id n);
  void link(id n, std::vector<edge> owners);
  void drop_if_unused(id n);

  kind_map kinds_;
  std::unordered_map<std::string, id> by_uid_;
  std::deque<entry> nodes_;
  std::vector<id> free_;
  std::deque<id> dirty_;
  std::vector<id> unseen_; // to be asked for
};

} // namespace troupe::collector
