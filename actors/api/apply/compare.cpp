// Fields of an object, and the difference of two objects as fields.
#include "actors/api/apply/atoms.hpp"
#include "actors/api/apply/typed.hpp"

#include <algorithm>
#include <array>

namespace troupe::apply {
namespace {

/// What is found at one place and below it.
struct part {
  bool changed = false;
  bool removed = false;
  difference below;
};

void note(difference& into, step at, part found) {
  if (found.removed || !found.below.removed.empty())
    into.removed.add(at, found.removed, std::move(found.below.removed));
  into.changed.add(std::move(at), found.changed, std::move(found.below.changed));
}

/// Whether the objects of a built-in kind always have this member, though it be empty.
bool is_made_empty(const schema::field& f) {
  constexpr std::array<std::string_view, 7> always{
    "metadata", "spec", "status", "template", "jobTemplate", "strategy", "updateStrategy"};
  if (f.of->what == schema::shape::array)
    return f.required;
  return f.of->what == schema::shape::object && !f.of->atomic
         && (f.required || std::find(always.begin(), always.end(), f.name) != always.end());
}

bool is_built_in(const schema::type& of) { return of.name.substr(0, 7) == "io.k8s."; }

class comparison {
public:
  /// Null: not there. `made`: what is there when the object is, and so neither comes nor goes.
  part values(const schema::type* of, const json* before, const json* after, bool made = false) {
    part out;
    auto kind = after ? atom_of(of, *after) : atom_of(of, *before);
    if (before && after && atom_of(of, *before) != kind) {
      out.changed = true; // another kind of thing: all that it had goes
      out.below.removed = values(of, before, nullptr).below.removed;
      return out;
    }
    auto none = (!before || before->empty()) && (!after || after->empty());
    if (kind == atom::leaf || none) {
      out.changed = after && (before ? *before != *after : !(made && none));
      out.removed = !after;
      return out;
    }
    if (kind == atom::fields)
      members(of, before, after, made, out.below);
    else
      entries(*of, before, after, out.below);
    out.changed = !before && !made;
    out.removed = !after && !made;
    return out;
  }

private:
  void members(const schema::type* of, const json* before, const json* after, bool made,
               difference& out) {
    static const json nothing = json::object();
    const auto& left = before && before->is_object() ? *before : nothing;
    const auto& right = after && after->is_object() ? *after : nothing;
    auto l = left.begin();
    auto r = right.begin();
    while (l != left.end() || r != right.end()) {
      auto only_left = r == right.end() || (l != left.end() && l.key() < r.key());
      auto only_right = !only_left && (l == left.end() || r.key() < l.key());
      const auto& name = only_right ? r.key() : l.key();
      const json* was = only_right ? nullptr : &*l;
      const json* is = only_left ? nullptr : &*r;
      if (!was || !is || *was != *is) {
        auto m = member_of(of, name);
        auto kept = made && m.declared && is_made_empty(*m.declared);
        note(out, {step::kind::field, name}, values(m.of, was, is, kept));
      }
      if (!only_right)
        ++l;
      if (!only_left)
        ++r;
    }
  }

  struct entry {
    std::vector<const json*> before; // more than one: they stand for each other
    std::vector<const json*> after;
  };

  void entries(const schema::type& list, const json* before, const json* after, difference& out) {
    std::vector<std::pair<step, entry>> all;
    auto slot = [&](const json& e) -> entry& {
      auto at = entry_step(list, e);
      auto known = std::find_if(all.begin(), all.end(), [&](auto& a) { return a.first == at; });
      if (known != all.end())
        return known->second;
      return all.emplace_back(std::move(at), entry{}).second;
    };
    if (before && before->is_array())
      for (const auto& e : *before)
        slot(e).before.push_back(&e);
    if (after && after->is_array())
      for (const auto& e : *after)
        slot(e).after.push_back(&e);
    for (auto& [at, e] : all)
      note(out, std::move(at), compare_entry(list, e));
  }

  /// Entries that stand twice are one thing: changed, added or removed as a whole.
  part compare_entry(const schema::type& list, const entry& e) {
    auto many_before = e.before.size() > 1;
    auto many_after = e.after.size() > 1;
    auto first = [](const std::vector<const json*>& of) { return of.empty() ? nullptr : of[0]; };
    if (!many_before && !many_after) {
      if (first(e.before) && first(e.after) && *e.before[0] == *e.after[0])
        return {};
      return values(list.element, first(e.before), first(e.after));
    }
    part out;
    if (many_before && many_after) {
      out.changed = !std::equal(e.before.begin(), e.before.end(), e.after.begin(), e.after.end(),
                                [](auto* a, auto* b) { return *a == *b; });
      return out;
    }
    if (many_before) {
      if (first(e.after))
        out = values(list.element, nullptr, first(e.after));
      out.removed = !first(e.after);
      return out;
    }
    if (first(e.before))
      out = values(list.element, first(e.before), nullptr);
    out.removed = false;
    out.changed = true;
    return out;
  }
};

/// Whether the value itself is stated, and what it states below.
struct stated {
  bool self = false;
  path_set below;
};

stated state(const schema::type* of, const json& value);

void state_members(const schema::type* of, const json& value, path_set& out) {
  for (const auto& [name, part] : value.items()) {
    auto m = member_of(of, name);
    auto s = state(m.of, part);
    auto bare = part.is_null() || (part.is_object() && part.empty());
    out.add({step::kind::field, name}, s.self || bare || !m.declared, std::move(s.below));
  }
}

void state_entries(const schema::type& list, const json& value, path_set& out) {
  std::vector<step> seen;
  std::vector<step> twice;
  for (const auto& e : value) {
    auto at = entry_step(list, e);
    auto known = std::find(seen.begin(), seen.end(), at) != seen.end();
    (known ? twice : seen).push_back(std::move(at));
  }
  for (const auto& e : value) {
    auto at = entry_step(list, e);
    auto doubled = std::find(twice.begin(), twice.end(), at) != twice.end();
    auto below = doubled ? path_set{} : state(list.element, e).below;
    out.add(std::move(at), true, std::move(below));
  }
}

stated state(const schema::type* of, const json& value) {
  stated out;
  switch (atom_of(of, value)) {
  case atom::leaf: out.self = true; break;
  case atom::fields:
    if (value.is_object())
      state_members(of, value, out.below);
    break;
  case atom::set:
  case atom::keyed:
    if (value.is_array())
      state_entries(*of, value, out.below);
    break;
  }
  return out;
}

} // namespace

path_set fields_of(const schema::type& of, const json& tree) { return state(&of, tree).below; }

difference compare(const schema::type& of, const json& before, const json& after) {
  if (before == after)
    return {};
  return comparison{}.values(&of, &before, &after, is_built_in(of)).below;
}

difference compare_with_nothing(const schema::type& of, const json& tree) {
  return comparison{}.values(&of, nullptr, &tree, is_built_in(of)).below;
}

} // namespace troupe::apply
