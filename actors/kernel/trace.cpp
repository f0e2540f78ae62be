#include "actors/kernel/trace.hpp"

#include "actors/kernel/trace_ring.hpp"

#include <algorithm>

namespace troupe::kernel::trace {
namespace {

instant to_instant(std::int64_t ns) { return instant{duration{ns}}; }

bool below(std::string_view path, std::string_view root) {
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

bool matches(const event& e, const filter& which) {
  if (which.id && e.id != *which.id)
    return false;
  if (!which.type.empty() && e.type != which.type)
    return false;
  if (!which.object.empty() && e.object != which.object.substr(0, object_bytes))
    return false;
  return which.path.empty() || below(e.sender, which.path) || below(e.receiver, which.path);
}

/// Builds events from records. Names of types and paths are looked up once per call.
class reader {
public:
  reader(const recorder::ring& from, const filter& which);
  void add(const record& r);
  std::vector<event> take() { return std::move(events_); }
  std::size_t size() const { return events_.size(); }

private:
  const recorder::ring& from_;
  const filter& which_;
  std::vector<event> events_;
  std::unordered_map<path_id, std::string> paths_;
  std::unordered_map<const std::type_info*, std::string> types_;

  const std::string& path(path_id id) {
    auto [it, fresh] = paths_.try_emplace(id);
    if (fresh)
      it->second = from_.path(id);
    return it->second;
  }
  std::string type(const type_mark& mark) {
    if (!mark.rtti)
      return name_of(mark);
    auto [it, fresh] = types_.try_emplace(mark.rtti);
    if (fresh)
      it->second = name_of(mark);
    return it->second;
  }
};

reader::reader(const recorder::ring& from, const filter& which) : from_(from), which_(which) {}

void reader::add(const record& r) {
  if (r.what == record::kind::also) { // written right after its message
    for (auto e = events_.rbegin(); e != events_.rend() && e - events_.rbegin() < 64; ++e)
      if (e->id == r.id) {
        e->causes.push_back(r.cause);
        return;
      }
    return;
  }
  event e{.id = r.id,
          .process = from_.process,
          .sender = path(r.sender),
          .receiver = path(r.receiver),
          .type = type(r.type),
          .object = std::string{r.object.data(), r.object_length},
          .enqueued = to_instant(r.enqueued),
          .started = to_instant(r.started),
          .ended = to_instant(r.ended),
          .outcome = r.outcome};
  if (raw(r.cause) != 0)
    e.causes.push_back(r.cause);
  if (matches(e, which_))
    events_.push_back(std::move(e));
}

} // namespace

std::string_view name_of(outcome o) {
  constexpr std::string_view names[] = {"handled", "error", "skipped", "dropped"};
  return names[static_cast<std::size_t>(o)];
}

cause_id current_cause() { return this_thread().cause; }

void about(std::string_view object) {
  if (auto* f = this_thread().handling; f && f->writing)
    f->writing->name_object(object);
}

void also_caused_by(cause_id cause) {
  if (auto* f = this_thread().handling; f && f->writing && raw(cause) != 0)
    f->also.push_back(cause);
}

scope::scope(cause_id cause) : before_(this_thread().cause) { this_thread().cause = cause; }

scope::~scope() { this_thread().cause = before_; }

recorder::recorder(std::string process, std::uint32_t tag, std::size_t bytes)
    : ring_(std::make_unique<ring>(std::move(process), tag, bytes)) {
  set_recording(ring_->slots != 0);
}

recorder::~recorder() = default;

void recorder::lose_causes_into(std::string path) {
  if (loses_.load(std::memory_order_relaxed))
    return;
  lose_into_ = std::move(path);
  loses_.store(!lose_into_.empty(), std::memory_order_release);
}

std::vector<event> recorder::snapshot(const filter& which, std::size_t limit) const {
  auto all = follow(0, which, std::max(limit, ring_->slots));
  if (all.events.size() > limit)
    all.events.erase(all.events.begin(), all.events.end() - static_cast<std::ptrdiff_t>(limit));
  return std::move(all.events);
}

recorder::followed recorder::follow(std::uint64_t position, const filter& which,
                                    std::size_t limit) const {
  followed out;
  auto end = ring_->end();
  auto begin = std::max(position, ring_->begin());
  out.lost = position == 0 ? 0 : begin - position;
  reader building{*ring_, which};
  auto at = begin;
  for (trace::record r; at < end && building.size() < limit; ++at)
    if (ring_->slots != 0 && ring_->read(at, r))
      building.add(r);
  out.next = at;
  out.events = building.take();
  return out;
}

std::uint64_t recorder::recorded() const { return ring_->end(); }

std::uint64_t recorder::missed() const { return ring_->missed.load(std::memory_order_relaxed); }

} // namespace troupe::kernel::trace
