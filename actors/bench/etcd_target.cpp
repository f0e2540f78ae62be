#include "actors/bench/store_target.hpp"
#include "store/etcd/client.hpp"

#include <mutex>

namespace troupe::bench {
namespace {

constexpr duration deadline = 10s;

/// One watcher: a stream of its own, as an API server has.
class watcher : public std::enable_shared_from_this<watcher> {
public:
  watcher(std::size_t number, std::shared_ptr<watch_listener> to)
      : number_(number), to_(std::move(to)) {}

  void start(etcd::client& by, std::size_t lane, const etcd::watch_question& what, finish started) {
    watch_ = by.follow(lane, what);
    started_ = std::move(started);
    next();
  }
  void stop() {
    std::unique_lock lock{mutex_};
    auto gone = std::move(watch_);
    lock.unlock(); // its end may be told at once
  }

private:
  void next() {
    std::lock_guard lock{mutex_};
    if (watch_)
      watch_->next([me = shared_from_this()](const result<etcd::news>& r) { me->take(r); });
  }
  void take(const result<etcd::news>& r) {
    if (auto started = std::exchange(started_, {})) // the first news: the stream is alive
      started(r.has_value());
    if (!r)
      return ended(r.error().message);
    for (const auto& e : r->events)
      to_->on_change(number_, e.now.modified, e.now.value);
    next();
  }
  void ended(const std::string& why) {
    std::lock_guard lock{mutex_};
    if (watch_)
      to_->on_end(why);
  }

  const std::size_t number_;
  const std::shared_ptr<watch_listener> to_;
  finish started_;
  std::mutex mutex_;
  std::unique_ptr<etcd::watch> watch_;
};

class etcd_target final : public store_target {
public:
  explicit etcd_target(std::unique_ptr<etcd::client> by) : etcd_(std::move(by)) {}
  ~etcd_target() override { unwatch(); }

  void put(std::size_t turn, std::string key, std::string value, finish to) override {
    etcd_->put(turn, {.key = std::move(key), .value = std::move(value)}, deadline,
               [to = std::move(to)](const result<etcd::written>& r) { to(r.has_value()); });
  }
  void get(std::size_t turn, std::string key, std::size_t size, reading how, finish to) override {
    etcd_->range(
      turn, {.from = std::move(key), .to = {}, .linearizable = how == reading::linearizable},
      deadline, [to = std::move(to), size](const result<etcd::answer>& r) {
        to(r.has_value() && r->records.size() == 1 && r->records.front().value.size() == size);
      });
  }
  void list(std::size_t turn, std::string prefix, std::string from, std::uint32_t limit,
            finish to) override {
    etcd_->range(
      turn, {.from = std::move(from), .to = etcd::end_of_prefix(std::move(prefix)), .limit = limit},
      deadline, [to = std::move(to), limit](const result<etcd::answer>& r) {
        to(r.has_value() && r->records.size() == limit);
      });
  }
  void watch(std::size_t turn, watch_order what, finish to) override {
    struct gathering {
      std::atomic<std::size_t> left;
      std::atomic<bool> good{true};
      finish to;
    };
    auto all = std::make_shared<gathering>();
    all->left = what.count;
    all->to = std::move(to);
    for (std::size_t i = 0; i < what.count; ++i) {
      auto made = std::make_shared<watcher>(what.first + i, what.to);
      watchers_.push_back(made);
      constexpr std::size_t members = 3; // lanes go over the members first
      made->start(*etcd_, turn + members * i,
                  {.from = what.prefix, .to = etcd::end_of_prefix(what.prefix)}, [all](bool good) {
                    if (!good)
                      all->good = false;
                    if (--all->left == 0)
                      all->to(all->good);
                  });
    }
  }
  void unwatch() override {
    for (auto& w : watchers_)
      w->stop();
    watchers_.clear();
  }

private:
  std::unique_ptr<etcd::client> etcd_;
  std::vector<std::shared_ptr<watcher>> watchers_; // of one thread: who calls watch and unwatch
};

} // namespace

result<std::unique_ptr<store_target>> reach_etcd(const members& of, std::uint32_t connections) {
  etcd::client_settings with{.ca_pem = of.ca_pem,
                             .certificate_pem = of.client.cert.to_pem(),
                             .key_pem = of.client.secret.private_pem(),
                             .connections = connections};
  for (const auto& m : of.all)
    with.endpoints.push_back("127.0.0.1:" + std::to_string(m.client_port));
  OR_RETURN(auto made, etcd::client::open(std::move(with)));
  return std::unique_ptr<store_target>{std::make_unique<etcd_target>(std::move(made))};
}

} // namespace troupe::bench
