#include "actors/scheduler/scheduler.hpp"

#include "actors/kernel/actor.hpp"

namespace troupe::scheduler {
namespace {

constexpr duration wait_most = 1s; // a decide is answered after this, decisions or not

struct scheduler_state {
  scheduler_state() = default;
  scheduler_settings with;
  std::unique_ptr<scheduler::core> core;
  std::map<std::string, api::object_ptr> nodes; // by namespace/name, to feed a fresh picture
  std::map<std::string, api::object_ptr> pods;
  std::map<std::string, api::object_ptr> namespaces;
  std::optional<kernel::promise<decided>> asker;
  std::size_t most = 0;
  instant asked{};
  revision nodes_told{}, pods_told{}, namespaces_told{};
  bool nodes_whole = false, pods_whole = false;
  instant subscribed{};
  std::optional<instant> armed;
};
using pointer = kernel::self_ptr<scheduler_actor, scheduler_state>;

std::string key_of(const api::object& o) { return o.meta.ns + '/' + o.meta.name; }

// -- news -----------------------------------------------------------------------

void put_node(pointer self, const api::object& o) {
  if (auto n = views::node_supply::from(o))
    self->state.core->put_node(*n, self->now());
}
void put_pod(pointer self, const api::object& o) {
  if (auto p = views::pod_demand::from(o))
    self->state.core->put_pod(*p, self->now());
}
void put_namespace(pointer self, const api::object& o) {
  self->state.core->put_namespace(o.meta.name, o.meta.labels, self->now());
}
void drop_node(pointer self, const api::object& o) { self->state.core->drop_node(o.meta.name); }
void drop_pod(pointer self, const api::object& o) {
  self->state.core->drop_pod(o.meta.uid, self->now());
}
void drop_namespace(pointer, const api::object&) {}

using handler = void (*)(pointer, const api::object&);

/// Keeps `known` and hands on what differs.
void take(pointer self, std::map<std::string, api::object_ptr>& known,
          const client::informed::news& news, handler put, handler drop) {
  if (news.whole) {
    std::map<std::string, api::object_ptr> now;
    for (const auto& e : news.events)
      now.emplace(key_of(*e.of), e.of);
    for (const auto& [key, o] : known)
      if (auto at = now.find(key); at == now.end() || at->second->meta.uid != o->meta.uid)
        drop(self, *o);
    known = std::move(now);
    for (const auto& [key, o] : known)
      put(self, *o);
    return;
  }
  for (const auto& e : news.events) {
    auto key = key_of(*e.of);
    auto at = known.find(key);
    if (e.what == api::event::kind::deleted) {
      if (at != known.end()) {
        drop(self, *at->second);
        known.erase(at);
      }
      continue;
    }
    if (at != known.end() && at->second->meta.uid != e.of->meta.uid)
      drop(self, *at->second);
    known[key] = e.of;
    put(self, *e.of);
  }
}

void make_core(pointer self) {
  auto& s = self->state;
  s.core = std::make_unique<scheduler::core>(
    scheduler::core::settings{.seed = self->process().random("scheduler")(), .name = s.with.name});
}

/// The picture has interned much that no longer exists: a fresh one.
void renew(pointer self) {
  auto& s = self->state;
  make_core(self);
  for (const auto& [key, o] : s.namespaces)
    put_namespace(self, *o);
  for (const auto& [key, o] : s.nodes)
    put_node(self, *o);
  for (const auto& [key, o] : s.pods)
    put_pod(self, *o);
}

// -- decisions ------------------------------------------------------------------

void answer_if_any(pointer self) {
  auto& s = self->state;
  if (!s.asker)
    return;
  std::vector<decision> all;
  if (s.nodes_whole && s.pods_whole)
    all = s.core->decide(s.most, self->now());
  if (all.empty() && self->now() - s.asked < wait_most)
    return;
  auto to = std::move(*s.asker);
  s.asker.reset();
  to.answer(decided{std::move(all)});
}

void arm(pointer self) {
  auto& s = self->state;
  auto now = self->now();
  auto at = now + wait_most;
  if (auto next = s.core->next(); next && s.asker)
    at = std::min(at, std::max(*next, now + 1ms));
  if (s.armed && *s.armed > now && *s.armed <= at)
    return;
  s.armed = at;
  self->after(at - now, look{});
}

void learn(pointer self, const client::informed::news& news) {
  auto& s = self->state;
  if (news.resource == "nodes") {
    take(self, s.nodes, news, put_node, drop_node);
    s.nodes_told = news.upto;
    s.nodes_whole = s.nodes_whole || news.whole;
  } else if (news.resource == "pods") {
    take(self, s.pods, news, put_pod, drop_pod);
    s.pods_told = news.upto;
    s.pods_whole = s.pods_whole || news.whole;
  } else if (news.resource == "namespaces") {
    take(self, s.namespaces, news, put_namespace, drop_namespace);
    s.namespaces_told = news.upto;
  }
  answer_if_any(self);
  arm(self);
}

void subscribe(pointer self) {
  auto& s = self->state;
  s.subscribed = self->now();
  self->tell(s.with.nodes, client::inform{self, s.nodes_told});
  self->tell(s.with.pods, client::inform{self, s.pods_told});
  self->tell(s.with.namespaces, client::inform{self, s.namespaces_told});
}

reasons_by_node_answer reasons_of(pointer self, const std::string& uid) {
  reasons_by_node_answer out;
  for (auto& [node, reasons] : self->state.core->why(uid))
    out.nodes.push_back({std::move(node), std::move(reasons)});
  return out;
}

scheduler_actor::behavior_type behave(pointer self, scheduler_settings with) {
  self->state.with = std::move(with);
  make_core(self);
  subscribe(self);
  arm(self);
  return {
    [self](const client::informed& m) { learn(self, *m.what); },
    [self](const begin&) -> kernel::reply<kernel::done> {
      self->state.asker.reset();
      self->state.core->forget_assumed(self->now());
      return kernel::done{};
    },
    [self](const decide& m) -> kernel::reply<decided> {
      auto& s = self->state;
      auto later = self->promise<decided>();
      s.asker = later;
      s.most = m.most;
      s.asked = self->now();
      if (s.core->worn_out())
        renew(self);
      answer_if_any(self);
      arm(self);
      return later;
    },
    [self](const unbound& m) {
      for (const auto& uid : m.uids)
        self->state.core->bind_failed(uid, self->now());
      arm(self);
    },
    [self](const why_not& m) -> kernel::reply<reasons_by_node_answer> {
      return reasons_of(self, m.uid);
    },
    [self](const look&) {
      self->state.armed.reset();
      if (self->now() - self->state.subscribed >= client::inform_every)
        subscribe(self);
      answer_if_any(self);
      arm(self);
    },
  };
}

} // namespace

scheduler_actor spawn_scheduler(const kernel::place& at, scheduler_settings with) {
  return kernel::spawn<scheduler_actor, scheduler_state>(at.with_mailbox(8192), behave,
                                                         std::move(with));
}

} // namespace troupe::scheduler
