// The client against a server of this process that says what the test wants.
#include "etcd.grpc.pb.h"
#include "store/etcd/client.hpp"

#include <doctest/doctest.h>
#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <deque>
#include <mutex>

using namespace troupe;
namespace pb = etcdserverpb;

namespace {

/// Waits for one answer.
template <class T> class answer_of {
public:
  etcd::then<T> to() {
    return [held = held_](result<T> r) {
      std::lock_guard lock{held->mutex};
      held->answers.push_back(std::move(r));
      held->came.notify_all();
    };
  }
  result<T> get() {
    std::unique_lock lock{held_->mutex};
    REQUIRE(held_->came.wait_for(lock, 20s, [&] { return !held_->answers.empty(); }));
    auto out = std::move(held_->answers.front());
    held_->answers.pop_front();
    return out;
  }

private:
  struct held {
    std::mutex mutex;
    std::condition_variable came;
    std::deque<result<T>> answers;
  };
  std::shared_ptr<held> held_ = std::make_shared<held>();
};

/// Answers watches with a script, keeps leases of even number alive, knows one key.
class scripted_server final : public pb::KV::Service,
                              public pb::Watch::Service,
                              public pb::Lease::Service {
public:
  scripted_server() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(static_cast<pb::KV::Service*>(this));
    builder.RegisterService(static_cast<pb::Watch::Service*>(this));
    builder.RegisterService(static_cast<pb::Lease::Service*>(this));
    server_ = builder.BuildAndStart();
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  void stop() { server_->Shutdown(std::chrono::system_clock::now()); }

  std::vector<pb::WatchResponse> script;
  grpc::Status commits{};
  std::atomic<int> asked{0};

private:
  grpc::Status Range(grpc::ServerContext* context, const pb::RangeRequest*,
                     pb::RangeResponse* out) override {
    ++asked;
    auto leader = context->client_metadata().find("hasleader");
    if (leader == context->client_metadata().end())
      return {grpc::StatusCode::INVALID_ARGUMENT, "the member may be alone"};
    out->mutable_header()->set_revision(5);
    out->add_kvs()->set_key("k");
    return {};
  }
  grpc::Status Txn(grpc::ServerContext*, const pb::TxnRequest*, pb::TxnResponse* out) override {
    ++asked;
    out->set_succeeded(true);
    return commits;
  }
  grpc::Status Watch(grpc::ServerContext* context,
                     grpc::ServerReaderWriter<pb::WatchResponse, pb::WatchRequest>* on) override {
    pb::WatchRequest request;
    if (!on->Read(&request))
      return {};
    for (const auto& r : script)
      on->Write(r);
    while (on->Read(&request) && !context->IsCancelled()) {
    }
    return {};
  }
  grpc::Status LeaseKeepAlive(
    grpc::ServerContext*,
    grpc::ServerReaderWriter<pb::LeaseKeepAliveResponse, pb::LeaseKeepAliveRequest>* on) override {
    pb::LeaseKeepAliveRequest request;
    while (on->Read(&request)) {
      pb::LeaseKeepAliveResponse answer;
      answer.set_id(request.id());
      answer.set_ttl(request.id() % 2 == 0 ? 5 : 0);
      on->Write(answer);
    }
    return {};
  }

  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

std::unique_ptr<etcd::cluster> reach(std::vector<std::string> endpoints) {
  auto made = etcd::connect({.endpoints = std::move(endpoints)});
  REQUIRE(made);
  return std::move(*made);
}

pb::WatchResponse events(std::initializer_list<const char*> keys, std::int64_t at, bool fragment) {
  pb::WatchResponse out;
  out.mutable_header()->set_revision(at);
  out.set_fragment(fragment);
  for (const auto* key : keys) {
    auto* kv = out.add_events()->mutable_kv();
    kv->set_key(key);
    kv->set_mod_revision(at);
  }
  return out;
}

etcd::watch_question all() { return {.from = "a", .to = "z", .start = revision{3}}; }

} // namespace

TEST_CASE("etcd client: fragments of a revision come as one") {
  scripted_server server;
  pb::WatchResponse created;
  created.set_created(true);
  server.script = {created, events({"a", "b"}, 7, true), events({"c"}, 7, false),
                   events({"d"}, 8, false)};
  auto by = reach({server.address()});
  auto watch = by->follow(all());
  answer_of<etcd::news> answers;
  watch->next(answers.to());
  CHECK(answers.get()->events.empty()); // it stands
  watch->next(answers.to());
  auto first = answers.get();
  REQUIRE(first);
  CHECK(first->events.size() == 3);
  watch->next(answers.to());
  auto second = answers.get();
  REQUIRE(second);
  REQUIRE(second->events.size() == 1);
  CHECK(second->events[0].now.key == "d");
}

TEST_CASE("etcd client: a watch of what is compacted is expired, another end unavailable") {
  scripted_server server;
  pb::WatchResponse canceled;
  canceled.set_canceled(true);
  canceled.set_compact_revision(90);
  server.script = {canceled};
  auto by = reach({server.address()});
  answer_of<etcd::news> answers;
  auto watch = by->follow(all());
  watch->next(answers.to());
  CHECK(answers.get().error().reason == reason::expired);
  watch->next(answers.to());
  CHECK(answers.get().error().reason == reason::expired); // and stays so
  server.script.front().set_compact_revision(0);
  auto other = by->follow(all());
  other->next(answers.to());
  CHECK(answers.get().error().reason == reason::unavailable);
}

TEST_CASE(
  "etcd client: a question of a watch that ends is answered, and a server that ends says so") {
  scripted_server server;
  auto by = reach({server.address()});
  answer_of<etcd::news> ended;
  auto watch = by->follow(all());
  watch->next(ended.to());
  watch.reset();
  CHECK(!ended.get());
  auto other = by->follow(all());
  answer_of<etcd::news> broken;
  other->next(broken.to());
  server.stop();
  auto why = broken.get();
  REQUIRE(!why);
  CHECK(why.error().reason == reason::unavailable);
}

TEST_CASE("etcd client: a refused endpoint is left for the next, a leader is asked for") {
  scripted_server server;
  auto by = reach({"127.0.0.1:1", server.address()});
  answer_of<etcd::answer> read;
  by->range({.from = "k", .to = {}}, 5s, read.to());
  auto got = read.get();
  REQUIRE(got);
  CHECK(got->at == revision{5});
  answer_of<etcd::committed> done;
  by->commit({}, 5s, done.to());
  CHECK(done.get()->done);
}

TEST_CASE("etcd client: a transaction of unknown outcome is not sent again") {
  scripted_server first;
  scripted_server second;
  first.commits = {grpc::StatusCode::UNAVAILABLE, "etcdserver: request timed out"};
  auto by = reach({first.address(), second.address()});
  answer_of<etcd::committed> done;
  by->commit({}, 5s, done.to());
  CHECK(done.get().error().reason == reason::timeout);
  CHECK(first.asked + second.asked == 1);
  by->commit({}, 5s, done.to()); // the next one goes elsewhere
  CHECK(done.get()->done);
  first.commits = {grpc::StatusCode::UNAVAILABLE, "etcdserver: no leader"};
  auto other = reach({first.address(), second.address()});
  other->commit({}, 5s, done.to()); // nothing was done: it is
  CHECK(done.get()->done);
}

TEST_CASE("etcd client: a lease that has ended is not kept alive") {
  scripted_server server;
  auto by = reach({server.address()});
  answer_of<etcd::lease> kept;
  by->keep_alive(4, 5s, kept.to());
  CHECK(kept.get()->ttl == 5s);
  by->keep_alive(5, 5s, kept.to());
  CHECK(kept.get().error().reason == reason::not_found);
}

TEST_CASE("etcd client: what is under way when it ends is answered") {
  scripted_server server;
  auto by = reach({server.address()});
  answer_of<etcd::news> ended;
  auto watch = by->follow(all());
  watch->next(ended.to());
  by.reset();
  CHECK(!ended.get());
}
