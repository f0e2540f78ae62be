// The part of the picture that turns what a pod asks for into ids.
#include "actors/scheduler/picture/picture.hpp"

#include <charconv>

namespace troupe::scheduler {
namespace {

scheduler::effect effect_of(std::string_view text) {
  return text == "NoExecute"          ? effect::no_execute
         : text == "PreferNoSchedule" ? effect::prefer_no_schedule
                                      : effect::no_schedule;
}

void write(std::string& out, const api::label_selector& s) {
  out += s.nothing ? "-" : "+";
  for (const auto& r : s.all) {
    out.append(r.key).push_back('\0');
    out += static_cast<char>('0' + static_cast<int>(r.what));
    for (const auto& v : r.values)
      out.append(v).push_back('\0');
    out += '\1';
  }
  out += '\2';
}

} // namespace

node_requirement picture::compile(const api::label_requirement& r) {
  node_requirement out{.key = names_.id(r.key), .what = r.what, .values = {}, .bound = 0};
  using test = api::label_requirement::test;
  if (r.what == test::greater || r.what == test::less) {
    const auto text = r.values.size() == 1 ? std::string_view{r.values[0]} : std::string_view{};
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.bound);
    if (error != std::errc{} || end != text.data() + text.size())
      out.what = test::in; // of nothing: never holds
    return out;
  }
  for (const auto& v : r.values)
    out.values.push_back(names_.id(v));
  return out;
}

node_term picture::compile(const views::node_term& t) {
  node_term out;
  for (const auto& r : t.labels)
    out.labels.push_back(compile(r));
  for (const auto& r : t.fields)
    out.names.push_back(compile(r));
  return out;
}

term_id picture::term_for(const views::pod_term& t, const std::string& own_namespace) {
  scheduler::term out{.every_namespace = t.namespace_selector.everything(),
                      .namespaces = {},
                      .namespace_selector = t.namespace_selector,
                      .selector = t.selector,
                      .owner_group = 0,
                      .where = topology_for(t.topology)};
  for (const auto& n : t.namespaces)
    out.namespaces.push_back(names_.id(n));
  if (t.namespaces.empty() && t.namespace_selector.nothing)
    out.namespaces.push_back(names_.id(own_namespace));
  std::sort(out.namespaces.begin(), out.namespaces.end());
  std::string key = t.topology + '\3';
  for (auto n : out.namespaces)
    key += std::to_string(n) + ',';
  write(key, t.namespace_selector);
  write(key, t.selector);
  return term_for(std::move(out), key);
}

std::uint32_t picture::owner_for(const views::pod_demand& d) {
  const auto* owner = d.meta.controller();
  if (owner == nullptr)
    return 0;
  auto made = static_cast<std::uint32_t>(owner_terms_.size());
  auto [at, fresh] = owner_ids_.try_emplace(owner->uid, made);
  if (fresh) {
    scheduler::term t{.every_namespace = false,
                      .namespaces = {},
                      .namespace_selector = {.all = {}, .nothing = true},
                      .selector = {.all = {}, .nothing = true},
                      .owner_group = made,
                      .where = topology_for(""),
                      .graded = true};
    owner_terms_.push_back(term_for(std::move(t), "owner " + owner->uid));
  }
  return at->second;
}

std::uint32_t picture::set_for(const views::pod_demand& d, std::uint32_t owner) {
  auto key = d.meta.ns + '\0' + std::to_string(owner) + '\0';
  for (const auto& [name, value] : d.meta.labels)
    key += name + '\0' + value + '\0';
  auto made = static_cast<std::uint32_t>(sets_.size());
  auto [at, fresh] = set_ids_.try_emplace(std::move(key), made);
  if (!fresh)
    return at->second;
  sets_.push_back(
    {.ns = names_.id(d.meta.ns), .owner_group = owner, .labels = d.meta.labels, .matched = {}});
  auto& set = sets_.back();
  if (owner != 0)
    set.matched.push_back(owner_terms_[owner]);
  for (auto t : selector_terms_)
    if (matches(terms_[t], set))
      set.matched.push_back(t);
  return made;
}

void picture::compile_terms(const views::pod_demand& d, shape& s) {
  const auto& own = d.meta.ns;
  auto matches_self = [&](term_id t) { return matches(terms_[t], sets_[s.label_set]); };
  for (const auto& t : d.affinity) {
    s.affinity.push_back(term_for(t, own));
    s.affinity_matches_self.push_back(matches_self(s.affinity.back()));
  }
  for (const auto& t : d.anti_affinity)
    s.anti_affinity.push_back(term_for(t, own));
  for (const auto& t : d.preferred_affinity)
    s.preferred.push_back({term_for(t, own), static_cast<std::int32_t>(t.weight)});
  for (const auto& t : d.preferred_anti_affinity)
    s.preferred.push_back({term_for(t, own), -static_cast<std::int32_t>(t.weight)});
  for (const auto& p : s.preferred)
    terms_[p.term].graded = true;
  for (const auto& r : d.spread) {
    auto id = term_for({.selector = r.selector,
                        .topology = r.topology,
                        .namespaces = {},
                        .namespace_selector = {.all = {}, .nothing = true},
                        .weight = 0},
                       own);
    terms_[id].graded = true;
    s.spread.push_back({.term = id,
                        .max_skew = static_cast<std::int32_t>(r.max_skew),
                        .min_domains = static_cast<std::int32_t>(r.min_domains),
                        .required = r.required,
                        .matches_self = matches_self(id)});
  }
}

shape picture::compile(const views::pod_demand& d) {
  shape s;
  for (const auto& [name, amount] : d.requests) {
    if (name == "cpu")
      s.cpu = amount;
    else if (name == "memory")
      s.memory = amount;
    else if (name == "ephemeral-storage")
      s.storage = amount;
    else if (amount > 0)
      s.extended.emplace_back(names_.id(name), amount);
  }
  s.scored_cpu = std::max(s.cpu, d.cpu_or_default);
  s.scored_memory = std::max(s.memory, d.memory_or_default);
  for (const auto& p : d.host_ports)
    s.ports.push_back({p.ip.empty() || p.ip == "0.0.0.0" ? 0 : names_.id(p.ip),
                       names_.id(p.protocol), static_cast<std::int32_t>(p.port)});
  for (const auto& [key, value] : d.node_selector)
    s.selector.push_back({.key = names_.id(key),
                          .what = api::label_requirement::test::in,
                          .values = {names_.id(value)},
                          .bound = 0});
  s.has_node_terms = d.has_node_terms;
  s.names_nodes = d.has_node_terms && !d.node_terms.empty();
  for (const auto& t : d.node_terms) {
    s.node_terms.push_back(compile(t));
    const auto& names = s.node_terms.back().names;
    bool named = names.size() == 1 && names[0].what == api::label_requirement::test::in;
    s.names_nodes = s.names_nodes && named;
    if (named)
      s.only_nodes.insert(s.only_nodes.end(), names[0].values.begin(), names[0].values.end());
  }
  for (const auto& t : d.preferred_nodes)
    s.preferred_nodes.emplace_back(static_cast<std::int32_t>(t.weight), compile(t.term));
  for (const auto& t : d.tolerations)
    s.tolerations.push_back({.key = names_.id(t.key),
                             .value = names_.id(t.value),
                             .exists = t.exists,
                             .any_effect = t.effect.empty(),
                             .effect = effect_of(t.effect)});
  for (const auto& i : d.images)
    s.images.push_back(names_.id(i));
  s.owner = owner_for(d);
  s.label_set = set_for(d, s.owner);
  compile_terms(d, s);
  return s;
}

} // namespace troupe::scheduler
