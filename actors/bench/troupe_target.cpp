// Troupe's store, over links to the masters' portal "store".
#include "actors/bench/store_target.hpp"
#include "actors/kernel/asio/transport.hpp"
#include "actors/kernel/clock.hpp"
#include "actors/kernel/links.hpp"
#include "actors/kernel/outside.hpp"
#include "actors/kernel/process.hpp"
#include "actors/storage/peer.hpp"
#include "actors/storage/raw.hpp"
#include "store/machine/command.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

namespace troupe::bench {
namespace {

struct configuration : caf::actor_system_config {
  configuration() { kernel::configure(*this, 1); }
};

kernel::message_types types() {
  kernel::message_types out;
  storage::register_types(out);
  return out;
}

/// A process of Troupe without actors: its questions are asked and answered on the links' thread.
class linked_target final : public store_target {
public:
  explicit linked_target(const members& of)
      : system_(configuration_)
      , process_(kernel::process::make(
          system_, {.who = {own_name, kernel::role::master}, .seed = 1, .trace_bytes = 1 << 20},
          kernel::make_system_clock()))
      , links_(std::make_unique<kernel::links>(
          process_, types(),
          kernel::make_asio_transport({.credential = of.client, .ca_pem = of.ca_pem}))) {
    process_->tracer().set_recording(false);
  }
  ~linked_target() override {
    links_->stop();
    links_.reset();
    process_->crash();
  }

  result<void> start(const members& of) {
    CHECK_RETURN(links_->start(std::nullopt));
    for (const auto& m : of.all) {
      links_->dial({m.name, kernel::role::master}, {"127.0.0.1", m.peer_port});
      masters_.push_back(caf::actor_cast<caf::strong_actor_ptr>(
        links_->import <storage::raw_actor>(m.name, storage::raw_portal)));
    }
    return {};
  }

  void put(std::size_t turn, std::string key, std::string value, finish to) override {
    store::transaction what;
    what.then.push_back({store::operation::kind::put, std::move(key), std::move(value)});
    ask<storage::raw_committed>(turn, storage::commit_raw{store::encode(what)},
                                [to = std::move(to)](const storage::raw_committed* answer) {
                                  to(answer != nullptr
                                     && answer->status == store::outcome::status::applied);
                                });
  }
  void get(std::size_t turn, std::string key, std::size_t size, finish to) override {
    ask<storage::raw_read>(turn, storage::read_raw{.key = std::move(key), .linearizable = true},
                           [to = std::move(to), size](const storage::raw_read* answer) {
                             to(answer != nullptr && answer->there && answer->value.size() == size);
                           });
  }
  void list(std::size_t turn, std::string prefix, std::string from, std::uint32_t limit,
            finish to) override {
    ask<storage::raw_listed>(
      turn,
      storage::list_raw{
        .prefix = std::move(prefix), .from = std::move(from), .limit = limit, .linearizable = true},
      [to = std::move(to), limit](const storage::raw_listed* answer) {
        to(answer != nullptr && answer->records.size() == limit);
      });
  }

private:
  /// `then` gets the answer, or null.
  template <class A, class Q, class Then> void ask(std::size_t turn, Q question, Then then) {
    kernel::ask_outside(
      system_, masters_[turn % masters_.size()], caf::make_message(std::move(question)),
      [then = std::move(then)](caf::type_erased_tuple* content, const failure&) {
        bool fits = content != nullptr && content->size() == 1 && content->match_element<A>(0);
        then(fits ? &content->get_as<A>(0) : nullptr);
      });
  }

  configuration configuration_;
  caf::actor_system system_;
  kernel::process_ptr process_;
  std::unique_ptr<kernel::links> links_;
  std::vector<caf::strong_actor_ptr> masters_;
};

} // namespace

result<std::unique_ptr<store_target>> reach_store(const members& of) {
  auto out = std::make_unique<linked_target>(of);
  CHECK_RETURN(out->start(of));
  return std::unique_ptr<store_target>{std::move(out)};
}

} // namespace troupe::bench
