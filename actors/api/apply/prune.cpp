// Removes what a manager applied the last time and nobody owns any more.
#include "actors/api/apply/atoms.hpp"
#include "actors/api/apply/typed.hpp"

namespace troupe::apply {
namespace {

/// A named field counts as owned when anything below it is.
bool owns(const path_set::node* n, bool named_field) {
  return n && (n->member || (named_field && !n->below.empty()));
}

class pruning {
public:
  void value(const schema::type* of, json& tree, const path_set& last, const path_set& owned) {
    switch (atom_of(of, tree)) {
    case atom::leaf: return;
    case atom::fields: return members(of, tree, last, owned);
    case atom::set:
    case atom::keyed: return entries(*of, tree, last, owned);
    }
  }

private:
  /// True: the part goes as a whole.
  bool visit(const schema::type* of, json& part, const step& at, bool named, const path_set& last,
             const path_set& owned) {
    static const path_set nothing;
    const auto* was = last.find(at);
    if (!was)
      return false;
    const auto* is = owned.find(at);
    if (owns(was, named) && !owns(is, named))
      return true;
    if (!was->below.empty())
      value(of, part, was->below, is ? is->below : nothing);
    return false;
  }

  void members(const schema::type* of, json& tree, const path_set& last, const path_set& owned) {
    for (auto at = tree.begin(); at != tree.end();) {
      auto m = member_of(of, at.key());
      auto had = !at->empty();
      auto goes =
        visit(m.of, *at, {step::kind::field, at.key()}, m.declared != nullptr, last, owned);
      goes = goes || (had && at->is_structured() && at->empty()); // emptied: nothing is left to say
      at = goes ? tree.erase(at) : std::next(at);
    }
  }

  void entries(const schema::type& list, json& tree, const path_set& last, const path_set& owned) {
    for (auto at = tree.begin(); at != tree.end();) {
      auto goes = visit(list.element, *at, entry_step(list, *at), false, last, owned);
      at = goes ? tree.erase(at) : std::next(at);
    }
  }
};

} // namespace

void prune(const schema::type& of, json& tree, const path_set& last, const path_set& owned) {
  pruning{}.value(&of, tree, last, owned);
}

} // namespace troupe::apply
