#include "actors/kernel/process.hpp"

#include "actors/kernel/actor_inside.hpp"
#include "actors/kernel/process_registry.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/exit_reason.hpp>
#include <caf/system_messages.hpp>

#include <cstdio>
#include <cstdlib>

namespace troupe::kernel {
namespace {

/// FNV-1a.
std::uint64_t hash_of(std::string_view text, std::uint64_t seed) {
  auto h = 0xcbf29ce484222325U ^ seed;
  for (unsigned char c : text)
    h = (h ^ c) * 0x100000001b3U;
  return h;
}

std::uint32_t tag_of(const process_options& o, instant start) {
  auto h = hash_of(o.who.name, static_cast<std::uint64_t>(start.time_since_epoch().count()));
  auto tag = static_cast<std::uint32_t>((h ^ (h >> 24) ^ (h >> 48)) & 0xff'ffff);
  return tag == 0 ? 1 : tag; // so that no cause_id is 0
}

void end(const caf::weak_actor_ptr& address) {
  if (auto strong = address.lock())
    strong->enqueue(caf::make_mailbox_element(nullptr,
                                              caf::make_message_id(caf::message_priority::high), {},
                                              caf::exit_msg{{}, caf::exit_reason::kill}),
                    nullptr);
}

} // namespace

void process::registry::enter(const actor_core& core, caf::weak_actor_ptr address) {
  std::lock_guard lock{mutex};
  actors.emplace(core.path(), entry{&core, std::move(address)});
}

void process::registry::leave(const actor_core& core) {
  std::lock_guard lock{mutex};
  auto [from, to] = actors.equal_range(core.path());
  for (auto it = from; it != to; ++it)
    if (it->second.core == &core) {
      actors.erase(it);
      return;
    }
}

bool process::registry::end_below(const std::string& path) {
  auto prefix = path.empty() ? path : path + '/';
  std::vector<caf::weak_actor_ptr> all;
  {
    std::lock_guard lock{mutex};
    for (auto it = actors.upper_bound(prefix); it != actors.end() && it->first.starts_with(prefix);
         ++it)
      all.push_back(it->second.address);
  }
  for (const auto& address : all)
    end(address);
  return !all.empty();
}

process_ptr process::make(caf::actor_system& system, process_options options,
                          std::unique_ptr<kernel::clock> clock) {
  return process_ptr{new process(system, std::move(options), std::move(clock))}; // NOLINT: private
}

process::process(caf::actor_system& system, process_options options,
                 std::unique_ptr<kernel::clock> clock)
    : system_(system)
    , options_(std::move(options))
    , clock_(std::move(clock))
    , tracer_(options_.who.name, tag_of(options_, clock_->now()), options_.trace_bytes)
    , registry_(std::make_unique<registry>()) {}

process::~process() = default;

random_source process::random(std::string_view purpose) {
  auto nth = draws_.fetch_add(1, std::memory_order_relaxed);
  return random_source{hash_of(purpose, options_.seed) + nth};
}

std::vector<actor_status> process::actors() const {
  std::vector<actor_status> out;
  std::lock_guard lock{registry_->mutex};
  out.reserve(registry_->actors.size());
  for (const auto& [path, entry] : registry_->actors)
    out.push_back(registry_->status(entry));
  return out;
}

actor_status process::registry::status(const entry& of) {
  const auto& at = of.core->place();
  return {.path = at.path,
          .incarnation = at.incarnation,
          .restarts = at.incarnation - 1,
          .mailbox = of.core->inside_->waiting.load(std::memory_order_relaxed),
          .messages = of.core->inside_->handled.load(std::memory_order_relaxed),
          .last_death = at.last_death};
}

result<void> process::kill(std::string_view path) {
  caf::weak_actor_ptr victim;
  {
    std::lock_guard lock{registry_->mutex};
    auto found = registry_->actors.find(std::string{path});
    if (found == registry_->actors.end())
      return failure{.reason = reason::not_found,
                     .message = "there is no actor " + std::string{path} + " in " + name()};
    victim = found->second.address;
  }
  end(victim);
  return {};
}

void process::on_fatal(std::function<void(const std::string&, const failure&)> callback) {
  on_fatal_ = std::move(callback);
}

void process::fatal(const std::string& path, const failure& why) {
  if (on_fatal_)
    return on_fatal_(path, why);
  std::fprintf(stderr, "troupe: %s: actor %s failed and the process must end: %s\n", name().c_str(),
               path.c_str(), why.message.c_str());
  std::fflush(stderr);
  std::_Exit(1);
}

void process::crash() {
  alive_.store(false, std::memory_order_release);
  std::vector<caf::weak_actor_ptr> all;
  {
    std::lock_guard lock{registry_->mutex};
    for (const auto& [path, entry] : registry_->actors)
      all.push_back(entry.address);
  }
  for (const auto& address : all)
    end(address);
}

void configure(caf::actor_system_config& config, std::size_t workers) {
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads", workers);
  config.set("scheduler.max-throughput", std::size_t{50});
}

} // namespace troupe::kernel
