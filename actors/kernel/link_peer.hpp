// Inside of the links: one peer, as seen from this process - what is open with it and what may be
// said to it. Thread-safe; calls nobody but the transport while it holds its lock.
#pragma once

#include "actors/kernel/frame.hpp"
#include "actors/kernel/links.hpp"

#include <caf/actor_clock.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message_id.hpp>

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace troupe::kernel {

using time_point = caf::actor_clock::time_point;

class link_peer {
public:
  link_peer(identity who, link_transport& transport, std::shared_ptr<const message_types> types,
            const link_settings& settings)
      : who_(std::move(who))
      , transport_(transport)
      , types_(std::move(types))
      , settings_(settings) {}

  /// Its role is what its certificate said last.
  identity who() const;

  // -- the link's life --

  /// A link that stands. What was open on an earlier one must have been ended with down().
  void up(const identity& who, link_id link, instant now, time_point tick);
  /// An ask of ours whose answer will not come.
  struct unanswered {
    caf::strong_actor_ptr asker;
    caf::message_id response;
    time_point asked{};
  };
  /// Forgets everything that was open. Empty when the link was not up.
  std::vector<unanswered> down(instant now);
  link_id link() const;
  link_status status() const;

  // -- outwards --

  void tell(std::string_view portal, const caf::type_erased_tuple& content, cause_id cause);
  /// Null: sent, an answer or its failure will come. Else why not.
  std::optional<failure> ask(std::string_view portal, const caf::type_erased_tuple& content,
                             cause_id cause, unanswered asker);
  /// `generation`: of the link on which the ask came; answers for an earlier one are dropped.
  void answer(std::uint64_t generation, std::uint64_t correlation,
              const caf::type_erased_tuple& content, cause_id cause);
  void fail(std::uint64_t generation, std::uint64_t correlation, const failure& why);
  void writable(lane on);
  /// Sends a ping if nothing was sent for a heartbeat. True: nothing was heard for too long.
  bool beat(time_point tick);

  // -- inwards --

  std::uint64_t generation() const;
  void heard(time_point tick);
  void refused();
  void granted(std::string_view portal, std::uint64_t tells);
  std::optional<unanswered> answered(std::uint64_t correlation);
  /// A tell came in; false: the peer had no credit for it.
  bool take_tell(const std::string& portal);
  /// A tell of this portal was handled: grants more when it is time.
  void handled(std::uint64_t generation, const std::string& portal, lane on, std::size_t bytes);
  /// An ask was taken in or answered; false: too many are open.
  bool take_ask();
  void settle_ask();

private:
  struct kept {
    lane on;
    std::string bytes;
  };
  struct stream { // tells to one portal
    std::uint64_t credit = tell_window;
    std::deque<kept> waiting;
  };

  // With the lock held:
  bool send_now(lane on, std::string&& bytes);
  void flush(stream& s);
  void grant(const std::string& portal, std::uint32_t& handled);

  identity who_;
  link_transport& transport_; // outlives every link: used only while link_ is not 0
  std::shared_ptr<const message_types> types_;
  link_settings settings_;

  mutable std::mutex mutex_;
  link_id link_{}; // 0: down
  std::uint64_t generation_ = 0;
  instant since_{};
  time_point last_heard_{};
  time_point last_sent_{};
  time_point now_{}; // of the last beat
  std::uint64_t next_correlation_ = 1;
  std::unordered_map<std::uint64_t, unanswered> asks_;
  std::map<std::string, stream, std::less<>> streams_;
  struct intake {              // tells of one portal
    std::uint32_t waiting = 0; // not handled yet
    std::uint32_t handled = 0; // not granted again yet
  };
  std::map<std::string, intake, std::less<>> intakes_;
  std::uint64_t asks_in_ = 0;
  link_status counts_; // only its counters
};

} // namespace troupe::kernel
