// Troupe's store, over links to the masters' portal "store".
#include "actors/bench/linked.hpp"
#include "actors/bench/store_target.hpp"
#include "actors/bench/troupe_watch.hpp"
#include "actors/storage/raw.hpp"
#include "store/machine/command.hpp"

#include <mutex>

namespace troupe::bench {
namespace {

class linked_target final : public store_target {
public:
  explicit linked_target(const members& of) : by_(of) {}
  ~linked_target() override { unwatch(); }

  result<void> start(const members& of) {
    CHECK_RETURN(by_.start(of));
    for (std::size_t i = 0; i < of.all.size(); ++i)
      masters_.push_back(by_.import <storage::raw_actor>(i, storage::raw_portal));
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
  void get(std::size_t turn, std::string key, std::size_t size, reading how, finish to) override {
    ask<storage::raw_read>(
      turn, storage::read_raw{.key = std::move(key), .linearizable = how == reading::linearizable},
      [to = std::move(to), size](const storage::raw_read* answer) {
        to(answer != nullptr && answer->there && answer->value.size() == size);
      });
  }
  void list(std::size_t turn, std::string prefix, std::string from, std::uint32_t limit,
            finish to) override {
    list_on(turn, {.prefix = std::move(prefix), .from = std::move(from), .limit = limit, .at = {}},
            std::move(to));
  }

  void watch(std::size_t turn, watch_order what, finish to) override {
    auto on = by_.import <storage::raw_watch_actor>(turn, storage::raw_watch_portal);
    auto made = std::make_shared<watch_stream>(by_, std::move(on), std::move(what));
    {
      std::lock_guard lock{mutex_};
      streams_.push_back(made);
    }
    made->start(std::move(to));
  }
  void unwatch() override {
    std::lock_guard lock{mutex_};
    for (auto& s : streams_)
      s->stop();
    streams_.clear();
  }

private:
  /// Page by page, all of the first one's revision; the records are made, as any user would.
  void list_on(std::size_t turn, storage::list_raw what, finish to) {
    ask<storage::raw_listed>(
      turn, what, [this, turn, what, to = std::move(to)](const storage::raw_listed* answer) {
        auto records = answer ? storage::read_records(*answer)
                              : result<std::vector<storage::raw_record>>{failure{}};
        if (!records || records->size() > what.limit)
          return to(false);
        auto left = what.limit - static_cast<std::uint32_t>(records->size());
        if (left == 0 || !answer->more || records->empty())
          return to(left == 0);
        auto next = what;
        next.from = records->back().key + '\0';
        next.limit = left;
        next.at = answer->at;
        list_on(turn, std::move(next), to);
      });
  }
  /// `then` gets the answer, or null.
  template <class A, class Q, class Then> void ask(std::size_t turn, Q question, Then then) {
    by_.ask<A>(masters_[turn % masters_.size()], std::move(question), std::move(then));
  }

  linked by_;
  std::vector<storage::raw_actor> masters_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<watch_stream>> streams_;
};

} // namespace

result<std::unique_ptr<store_target>> reach_store(const members& of) {
  auto out = std::make_unique<linked_target>(of);
  CHECK_RETURN(out->start(of));
  return std::unique_ptr<store_target>{std::move(out)};
}

} // namespace troupe::bench
