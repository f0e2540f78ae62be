// All endpoints as one: where the next question goes, and what is asked again elsewhere.
#include "store/etcd/client.hpp"

#include <atomic>

namespace troupe::etcd {
namespace {

constexpr duration attempt = 2s; // of a read; the next endpoint may be well

using steady = std::chrono::steady_clock;

/// Which endpoint the next question goes to.
class turn {
public:
  explicit turn(std::size_t count) : count_(count) {}
  std::size_t now() const { return now_.load(); }
  /// What was asked at `lane` has failed there: the next questions go elsewhere.
  void avoid(std::size_t lane) { now_.compare_exchange_strong(lane, (lane + 1) % count_); }
  std::size_t count() const { return count_; }

private:
  std::size_t count_;
  std::atomic<std::size_t> now_{0};
};

/// Notes where a stream broke.
class noted_watch final : public watch {
public:
  noted_watch(std::unique_ptr<watch> of, std::shared_ptr<turn> turns, std::size_t lane)
      : turns_(std::move(turns)), lane_(lane), of_(std::move(of)) {}
  void next(then<news> to) override {
    of_->next([turns = turns_, lane = lane_, to = std::move(to)](result<news> r) {
      if (!r && r.error().reason != reason::expired)
        turns->avoid(lane);
      to(std::move(r));
    });
  }

private:
  std::shared_ptr<turn> turns_;
  std::size_t lane_;
  std::unique_ptr<watch> of_;
};

class endpoints final : public cluster {
public:
  endpoints(std::unique_ptr<client> by, std::size_t count)
      : turns_(std::make_shared<turn>(count)), by_(std::move(by)) {}
  endpoints(const endpoints&) = delete;
  endpoints& operator=(const endpoints&) = delete;
  ~endpoints() override { closing_ = true; }

  void range(question what, duration deadline, then<answer> to) override {
    ask<answer>(
      [what = std::move(what)](client& by, std::size_t lane, duration within,
                               then<answer> then_to) {
        by.range(lane, what, std::min(within, attempt), std::move(then_to));
      },
      repeat::always, deadline, std::move(to));
  }
  void commit(txn what, duration deadline, then<committed> to) override {
    ask<committed>(
      [what = std::move(what)](client& by, std::size_t lane, duration within,
                               then<committed> then_to) {
        by.commit(lane, what, within, std::move(then_to));
      },
      repeat::if_not_done, deadline, std::move(to));
  }
  void grant(duration ttl, duration deadline, then<lease> to) override {
    ask<lease>([ttl](client& by, std::size_t lane, duration within,
                     then<lease> then_to) { by.grant(lane, ttl, within, std::move(then_to)); },
               repeat::if_not_done, deadline, std::move(to));
  }
  void keep_alive(std::int64_t id, duration deadline, then<lease> to) override {
    ask<lease>([id](client& by, std::size_t lane, duration within,
                    then<lease> then_to) { by.keep_alive(lane, id, within, std::move(then_to)); },
               repeat::if_not_done, deadline, std::move(to));
  }
  void revoke(std::int64_t id, duration deadline, then<written> to) override {
    ask<written>([id](client& by, std::size_t lane, duration within,
                      then<written> then_to) { by.revoke(lane, id, within, std::move(then_to)); },
                 repeat::if_not_done, deadline, std::move(to));
  }
  void compact(revision at, duration deadline, then<written> to) override {
    ask<written>([at](client& by, std::size_t lane, duration within,
                      then<written> then_to) { by.compact(lane, at, within, std::move(then_to)); },
                 repeat::if_not_done, deadline, std::move(to));
  }
  std::unique_ptr<watch> follow(watch_question what) override {
    auto lane = turns_->now();
    return std::make_unique<noted_watch>(by_->follow(lane, what), turns_, lane);
  }

private:
  enum class repeat : std::uint8_t { always, if_not_done };
  template <class T>
  using call = std::function<void(client&, std::size_t lane, duration within, then<T>)>;

  template <class T> struct asking {
    call<T> what;
    repeat again;
    steady::time_point end;
    std::size_t tried = 0;
    then<T> to;
  };

  template <class T> void ask(call<T> what, repeat again, duration deadline, then<T> to) {
    auto a = std::make_shared<asking<T>>();
    a->what = std::move(what);
    a->again = again;
    a->end = steady::now() + deadline;
    a->to = std::move(to);
    try_next(a);
  }

  template <class T> void try_next(const std::shared_ptr<asking<T>>& a) {
    auto lane = turns_->now();
    ++a->tried;
    auto left = std::max<duration>(a->end - steady::now(), 1ms);
    a->what(*by_, lane, left, [this, a, lane](result<T> r) {
      if (r)
        return a->to(std::move(r));
      auto why = r.error().reason;
      bool certain = why == reason::unavailable;
      if (certain || why == reason::timeout)
        turns_->avoid(lane);
      bool may = certain || (why == reason::timeout && a->again == repeat::always);
      if (may && a->tried < 2 * turns_->count() && steady::now() < a->end && !closing_)
        return try_next(a);
      a->to(std::move(r));
    });
  }

  std::shared_ptr<turn> turns_;
  std::atomic<bool> closing_{false};
  std::unique_ptr<client> by_; // last: its end waits for the calls, which use the rest
};

} // namespace

result<std::unique_ptr<cluster>> connect(client_settings with) {
  auto count = with.endpoints.size();
  OR_RETURN(auto by, client::open(std::move(with)));
  return std::unique_ptr<cluster>{std::make_unique<endpoints>(std::move(by), count)};
}

} // namespace troupe::etcd
