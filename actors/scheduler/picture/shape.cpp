#include "actors/scheduler/picture/shape.hpp"

namespace troupe::scheduler {
namespace {

/// Appends with separators that no name contains.
class writer {
public:
  void text(std::string_view t) { out_.append(t).push_back('\0'); }
  void number(std::int64_t n) {
    out_.append(reinterpret_cast<const char*>(&n), sizeof n); // NOLINT: bytes, never read back
  }
  void requirements(const std::vector<api::label_requirement>& all) {
    number(static_cast<std::int64_t>(all.size()));
    for (const auto& r : all) {
      text(r.key);
      number(static_cast<std::int64_t>(r.what));
      number(static_cast<std::int64_t>(r.values.size()));
      for (const auto& v : r.values)
        text(v);
    }
  }
  void selector(const api::label_selector& s) {
    number(s.nothing ? 1 : 0);
    requirements(s.all);
  }
  void term(const views::node_term& t) {
    requirements(t.labels);
    requirements(t.fields);
  }
  void terms(const std::vector<views::pod_term>& all) {
    number(static_cast<std::int64_t>(all.size()));
    for (const auto& t : all) {
      selector(t.selector);
      text(t.topology);
      number(static_cast<std::int64_t>(t.namespaces.size()));
      for (const auto& n : t.namespaces)
        text(n);
      selector(t.namespace_selector);
      number(t.weight);
    }
  }
  std::string take() { return std::move(out_); }

private:
  std::string out_;
};

} // namespace

std::string shape_key(const views::pod_demand& d) {
  writer w;
  w.text(d.meta.ns);
  for (const auto& [key, value] : d.meta.labels) {
    w.text(key);
    w.text(value);
  }
  const auto* owner = d.meta.controller();
  w.text(owner == nullptr ? std::string_view{} : std::string_view{owner->uid});
  for (const auto& [name, n] : d.requests) {
    w.text(name);
    w.number(n);
  }
  w.number(d.cpu_or_default);
  w.number(d.memory_or_default);
  for (const auto& [key, value] : d.node_selector) {
    w.text(key);
    w.text(value);
  }
  w.number(d.has_node_terms ? 1 : 0);
  for (const auto& t : d.node_terms)
    w.term(t);
  w.number(-1);
  for (const auto& t : d.preferred_nodes) {
    w.number(t.weight);
    w.term(t.term);
  }
  w.terms(d.affinity);
  w.terms(d.anti_affinity);
  w.terms(d.preferred_affinity);
  w.terms(d.preferred_anti_affinity);
  for (const auto& t : d.tolerations) {
    w.text(t.key);
    w.text(t.value);
    w.text(t.effect);
    w.number(t.exists ? 1 : 0);
  }
  w.number(-1);
  for (const auto& s : d.spread) {
    w.number(s.max_skew);
    w.text(s.topology);
    w.number(s.required ? 1 : 0);
    w.number(s.min_domains);
    w.selector(s.selector);
  }
  w.number(-1);
  for (const auto& p : d.host_ports) {
    w.text(p.ip);
    w.text(p.protocol);
    w.number(p.port);
  }
  for (const auto& i : d.images)
    w.text(i);
  return w.take();
}

} // namespace troupe::scheduler
