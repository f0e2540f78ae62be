// Sets of paths into an object. Who owns what is said in them.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::apply {

/// One step of a path.
struct step {
  enum class kind : std::uint8_t { field, index, key, value }; // by their letters: f, i, k, v
  kind what = kind::field;
  /// The field's name; the index; the keys of a list's entry as canonical JSON ({"name":"a"}); the
  /// entry of a set as JSON.
  std::string text;
  auto operator<=>(const step&) const = default;
};
using path = std::vector<step>;

/// As conflicts name it: `.spec.containers[name="web"].image`, `.metadata.finalizers[="a/b"]`.
std::string to_text(const path& p);
std::string to_text(const step& s);

/// A set of paths as a tree: sorted, and without branches that hold no member.
class path_set {
public:
  struct node;

  bool empty() const { return nodes_.empty(); }
  const std::vector<node>& nodes() const { return nodes_; }
  bool operator==(const path_set& other) const;

  /// The path of this one step, when it is a member, and all of `below` behind it.
  void add(step at, bool member, path_set below);
  void insert(const path& p);
  bool has(const path& p) const;
  const node* find(const step& at) const;

  void unite(const path_set& other);
  /// Takes the members of `other` out; what is below them stays.
  void subtract(const path_set& other);
  path_set intersection(const path_set& other) const;
  /// Takes everything out whose first step does not please.
  void keep_roots(const std::function<bool(const step&)>& pleases);

  /// Every member, in order.
  void each(const std::function<void(const path&)>& visit) const;

private:
  std::vector<node> nodes_;
};

struct path_set::node {
  step at;
  bool member = false;
  path_set below;

  bool says_something() const { return member || !below.empty(); }
  bool operator==(const node&) const = default;
};

} // namespace troupe::apply
