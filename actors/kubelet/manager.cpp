#include "actors/kubelet/manager.hpp"

#include "actors/kernel/actor.hpp"
#include "config/api/peek.hpp"
#include "config/api/views/service.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace troupe::kubelet {

namespace {

constexpr auto list_deadline = 10s;
constexpr std::uint32_t orphan_rounds = 15; // of housekeeping between looks for orphans

/// One pod of this node.
struct entry {
  kernel::stable<worker_actor> worker;
  api::object_ptr object; // null: an orphan
  pod view;               // for admission
  bool gone = false;      // the API has forgotten it
  std::optional<refusal> refused;
};

struct manager_state {
  manager_state() = default;
  manager_settings with;
  std::map<std::string, entry> pods; // by uid
  std::map<std::string, service> services;
  revision pods_told{};
  revision services_told{};
  bool pods_known = false;
  bool services_known = false;
  std::uint32_t rounds = 0;            // of housekeeping
  std::vector<client::informed> early; // news of pods from before the services were known
};
using pointer = kernel::self_ptr<manager_actor, manager_state>;

std::string child_name(const std::string& uid, const api::object_ptr& of) {
  return of ? of->meta.ns + "." + of->meta.name + "." + uid : "orphan." + uid;
}

bool is_over(const api::object& of) {
  auto phase = api::peek_text(*of.body, {"status", "phase"});
  return phase == "Succeeded" || phase == "Failed";
}

void add_worker(pointer self, const std::string& uid, const entry& e) {
  auto with = self->state.with.workers;
  auto orphan = !e.object;
  self->tell(self->state.with.pods,
             kernel::add_child{
               {.name = child_name(uid, e.object),
                .restart = kernel::restart::on_failure,
                .spawn = [with, uid, orphan](
                           const kernel::place& at) { return spawn_worker(at, with, uid, orphan); },
                .slot = e.worker.slot()}});
}

/// All there is to tell a worker; said again to each incarnation.
void brief(pointer self, const entry& e) {
  if (!e.object)
    return;
  if (e.refused)
    self->tell(e.worker.handle(), end_pod{e.refused->reason, e.refused->message});
  self->tell(e.worker.handle(), pod_is{e.object});
  if (e.gone)
    self->tell(e.worker.handle(), pod_is_gone{});
}

std::optional<refusal> admit(pointer self, const entry& asked, const api::object& of) {
  auto started = !api::peek_text(*of.body, {"status", "startTime"}).empty();
  if (started || of.meta.deleted || is_over(of))
    return std::nullopt; // it was admitted before this kubelet's time
  std::vector<const pod*> others;
  for (const auto& [uid, e] : self->state.pods)
    if (&e != &asked && e.object && !e.gone && !e.refused && !is_over(*e.object))
      others.push_back(&e.view);
  const auto& with = self->state.with;
  return refuse(asked.view, others, with.allocatable, with.max_pods, with.labels);
}

void take(pointer self, const api::object_ptr& of) {
  auto& s = self->state;
  auto [at, fresh] =
    s.pods.try_emplace(of->meta.uid, entry{kernel::stable<worker_actor>(self->place().process)});
  auto& e = at->second;
  e.object = of;
  if (auto view = read_pod(*of))
    e.view = std::move(*view);
  if (!fresh) {
    self->tell(e.worker.handle(), pod_is{of});
    return;
  }
  e.refused = admit(self, e, *of);
  add_worker(self, of->meta.uid, e);
}

void drop(pointer self, const std::string& uid) {
  auto found = self->state.pods.find(uid);
  if (found == self->state.pods.end() || found->second.gone)
    return;
  found->second.gone = true;
  self->tell(found->second.worker.handle(), pod_is_gone{});
}

/// What runs of pods that nobody knows: gets a worker that ends it.
void look_for_orphans(pointer self) {
  self->ask(self->state.with.workers->engine, engine::list{}, list_deadline)
    .then([self](const result<engine::listed>& r) {
      auto& s = self->state;
      if (!r || !s.pods_known)
        return;
      std::set<std::string> uids;
      for (const auto& sandbox : r->all.sandboxes)
        uids.insert(sandbox.pod.uid);
      for (const auto& container : r->all.containers)
        uids.insert(container.pod_uid);
      for (const auto& uid : uids) {
        auto [at, fresh] =
          s.pods.try_emplace(uid, entry{kernel::stable<worker_actor>(self->place().process)});
        if (!fresh)
          continue;
        at->second.gone = true;
        add_worker(self, uid, at->second);
      }
    });
}

void learn_pods(pointer self, const client::informed::news& news) {
  auto& s = self->state;
  std::set<std::string> present;
  for (const auto& event : news.events) {
    if (event.what == api::event::kind::deleted) {
      drop(self, event.of->meta.uid);
    } else if (event.what == api::event::kind::added || event.what == api::event::kind::modified) {
      present.insert(event.of->meta.uid);
      take(self, event.of);
    }
  }
  s.pods_told = news.upto;
  if (!news.whole)
    return;
  std::vector<std::string> vanished;
  for (const auto& [uid, e] : s.pods)
    if (e.object && !present.contains(uid))
      vanished.push_back(uid);
  for (const auto& uid : vanished)
    drop(self, uid);
  auto first = !std::exchange(s.pods_known, true);
  if (first)
    look_for_orphans(self);
}

std::optional<service> service_of(const api::object& of) {
  auto view = views::service::from(of);
  if (!view)
    return std::nullopt;
  service out{of.meta.ns, of.meta.name, view->cluster_ip, {}};
  for (const auto& port : view->ports)
    out.ports.push_back({port.name, port.protocol, static_cast<std::int32_t>(port.port)});
  return out;
}

void learn_services(pointer self, const client::informed::news& news) {
  auto& s = self->state;
  if (news.whole)
    s.services.clear();
  for (const auto& event : news.events) {
    if (!event.of)
      continue;
    auto key = event.of->meta.ns + "/" + event.of->meta.name;
    auto made = event.what == api::event::kind::deleted ? std::nullopt : service_of(*event.of);
    if (made)
      s.services[key] = std::move(*made);
    else
      s.services.erase(key);
  }
  s.services_told = news.upto;
  auto list = std::make_shared<std::vector<service>>();
  for (const auto& [key, one] : s.services)
    list->push_back(one);
  s.with.workers->services->write(std::move(list));
  if (std::exchange(s.services_known, true))
    return;
  for (const auto& early : std::exchange(s.early, {}))
    learn_pods(self, *early.what);
}

void learn(pointer self, const client::informed& m) {
  auto& s = self->state;
  if (m.what->resource == "services")
    learn_services(self, *m.what);
  else if (s.services_known)
    learn_pods(self, *m.what);
  else if (m.what->whole)
    s.early = {m};
  else
    s.early.push_back(m);
}

void subscribe(pointer self) {
  auto& s = self->state;
  self->tell(s.with.pod_informer, client::inform{self, s.pods_told});
  if (s.with.service_informer)
    self->tell(s.with.service_informer, client::inform{self, s.services_told});
  self->tell(s.with.workers->engine, engine::listen{self});
}

manager_actor::behavior_type manager(pointer self, const manager_settings& with) {
  self->state.with = with;
  self->state.services_known = !with.service_informer;
  subscribe(self);
  self->after(client::inform_every, housekeeping{});
  return {
    [self](const client::informed& m) { learn(self, m); },
    [self](const engine::pod_changed& m) {
      for (auto& [uid, e] : self->state.pods)
        if (m.uid.empty() || m.uid == uid)
          self->tell(e.worker.handle(), look_again{});
    },
    [self](const worker_started& m) {
      auto found = self->state.pods.find(m.uid);
      if (found != self->state.pods.end())
        brief(self, found->second);
    },
    [self](const pod_finished& m) {
      auto found = self->state.pods.find(m.uid);
      if (found == self->state.pods.end())
        return;
      auto name = child_name(m.uid, found->second.object);
      self->tell(self->state.with.pods, kernel::remove_child{name});
      self->state.pods.erase(found);
    },
    [self](const find_pods& m) -> kernel::reply<found_pods> {
      found_pods out;
      for (const auto& [uid, e] : self->state.pods)
        if (e.object && (m.ns.empty() || m.ns == e.object->meta.ns)
            && (m.name.empty() || m.name == e.object->meta.name))
          out.all.push_back(e.object);
      return out;
    },
    [self](const workers_lost&) {
      for (const auto& [uid, e] : self->state.pods)
        add_worker(self, uid, e);
    },
    [self](const housekeeping&) {
      subscribe(self);
      if (self->state.pods_known && ++self->state.rounds % orphan_rounds == 0)
        look_for_orphans(self);
      self->after(client::inform_every, housekeeping{});
    },
  };
}

} // namespace

sentinel_actor spawn_sentinel(const kernel::place& at, const manager_actor& of) {
  return kernel::spawn<sentinel_actor, kernel::stateless>(
    at, [of](kernel::self_ptr<sentinel_actor, kernel::stateless> self) {
      self->tell(of, workers_lost{});
      return sentinel_actor::behavior_type{[](const workers_lost&) {}};
    });
}

manager_actor spawn_manager(const kernel::place& at, manager_settings with) {
  return kernel::spawn<manager_actor, manager_state>(at, manager, std::move(with));
}

} // namespace troupe::kubelet
