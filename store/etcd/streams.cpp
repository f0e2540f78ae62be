// The two calls of etcd that are streams: watching, and keeping a lease alive.
#include "store/etcd/calls.hpp"
#include "store/etcd/convert.hpp"

namespace troupe::etcd {
namespace {

/// A watch under way. At most one of starting, writing, reading and finishing is under way at a
/// time, and each holds the stream alive.
class stream : public std::enable_shared_from_this<stream> {
public:
  stream(client_calls& calls, const watch_question& what) : calls_(calls), request_(to_wire(what)) {
    require_leader(context_);
  }

  void start(std::size_t lane) {
    std::lock_guard lock{mutex_};
    if (!calls_.enter(&context_)) {
      now_ = phase::over;
      why_ = shut_down("watch");
      return;
    }
    by_ = calls_.at(lane).watch.PrepareAsyncWatch(&context_, calls_.queue());
    by_->StartCall(tag(&stream::started));
  }

  void next(then<news> to) {
    std::unique_lock lock{mutex_};
    if (now_ == phase::over) {
      auto why = *why_;
      lock.unlock();
      return to(std::move(why));
    }
    asked_ = std::move(to);
    if (now_ == phase::idle)
      read();
  }

  void cancel() {
    std::lock_guard lock{mutex_};
    if (now_ == phase::over)
      return;
    context_.TryCancel();
    if (now_ == phase::idle)
      finish();
  }

private:
  enum class phase : std::uint8_t { busy, idle, over };
  using step = void (stream::*)(bool ok);

  class stage final : public completion {
  public:
    stage(std::shared_ptr<stream> of, step what) : of_(std::move(of)), what_(what) {}
    void done(bool ok) override {
      std::unique_ptr<stage> self{this};
      (of_.get()->*what_)(ok);
    }

  private:
    std::shared_ptr<stream> of_;
    step what_;
  };
  void* tag(step what) { return static_cast<completion*>(new stage{shared_from_this(), what}); }

  void started(bool ok) {
    std::lock_guard lock{mutex_};
    if (!ok)
      return finish();
    by_->Write(request_, tag(&stream::wrote));
  }
  void wrote(bool ok) {
    std::lock_guard lock{mutex_};
    if (!ok)
      return finish();
    now_ = phase::idle;
    if (asked_)
      read();
  }
  void read() {
    now_ = phase::busy;
    by_->Read(&wire_, tag(&stream::was_read));
  }
  void was_read(bool ok) {
    std::unique_lock lock{mutex_};
    if (!ok)
      return finish();
    if (wire_.canceled()) {
      why_ = wire_.compact_revision() > 0
               ? failure{.reason = reason::expired,
                         .message = "watch etcd: its history starts at revision "
                                    + std::to_string(wire_.compact_revision())}
               : failure{.reason = reason::unavailable,
                         .message = "watch etcd: " + wire_.cancel_reason()};
      context_.TryCancel();
      return finish();
    }
    for (auto& e : *wire_.mutable_events())
      gathered_.events.push_back(from_wire(std::move(e)));
    if (wire_.fragment())
      return read();
    gathered_.at = revision{static_cast<std::uint64_t>(wire_.header().revision())};
    now_ = phase::idle;
    auto to = std::exchange(asked_, nullptr);
    auto out = std::exchange(gathered_, {});
    lock.unlock();
    to(std::move(out)); // may ask for the next
  }
  void finish() {
    now_ = phase::busy;
    by_->Finish(&status_, tag(&stream::finished));
  }
  void finished(bool) {
    std::unique_lock lock{mutex_};
    now_ = phase::over;
    if (!why_)
      why_ = failure_of(status_, "watch");
    if (why_->reason == reason::timeout) // a watch changes nothing
      why_->reason = reason::unavailable;
    auto to = std::exchange(asked_, nullptr);
    auto why = *why_;
    lock.unlock();
    if (to)
      to(std::move(why));
    calls_.leave(&context_);
  }

  client_calls& calls_;
  grpc::ClientContext context_;
  pb::WatchRequest request_;
  std::mutex mutex_;
  phase now_ = phase::busy;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<pb::WatchRequest, pb::WatchResponse>> by_;
  pb::WatchResponse wire_;
  news gathered_; // of the fragments that came
  then<news> asked_;
  grpc::Status status_;
  std::optional<failure> why_; // there will be none any more
};

class stream_handle final : public watch {
public:
  explicit stream_handle(std::shared_ptr<stream> of) : of_(std::move(of)) {}
  stream_handle(const stream_handle&) = delete;
  stream_handle& operator=(const stream_handle&) = delete;
  ~stream_handle() override { of_->cancel(); }
  void next(then<news> to) override { of_->next(std::move(to)); }

private:
  std::shared_ptr<stream> of_;
};

/// One sign of life of a lease and its answer. One step is under way at a time.
class keep_alive final : public completion {
public:
  keep_alive(client_calls& calls, std::int64_t id, then<lease> to)
      : calls_(calls), to_(std::move(to)) {
    request_.set_id(id);
    require_leader(context);
  }

  void start(std::size_t lane) {
    by_ = calls_.at(lane).lease.PrepareAsyncLeaseKeepAlive(&context, calls_.queue());
    by_->StartCall(tag());
  }

  void done(bool ok) override {
    if (!ok && now_ != step::finishing) {
      now_ = step::finishing;
      return by_->Finish(&status_, tag());
    }
    switch (now_) {
    case step::starting: now_ = step::writing; return by_->WriteLast(request_, {}, tag());
    case step::writing: now_ = step::reading; return by_->Read(&answer_, tag());
    case step::reading:
      answered_ = true;
      now_ = step::finishing;
      return by_->Finish(&status_, tag());
    case step::finishing: end();
    }
  }

  grpc::ClientContext context;

private:
  enum class step : std::uint8_t { starting, writing, reading, finishing };
  void* tag() { return static_cast<completion*>(this); }

  void end() {
    std::unique_ptr<keep_alive> self{this};
    if (!answered_)
      to_(failure_of(status_, "keep a lease of"));
    else if (answer_.ttl() <= 0)
      to_(failure{.reason = reason::not_found, .message = "keep a lease of etcd: it has ended"});
    else
      to_(lease{.id = answer_.id(), .ttl = std::chrono::seconds{answer_.ttl()}});
    calls_.leave(&context);
  }

  client_calls& calls_;
  then<lease> to_;
  step now_ = step::starting;
  bool answered_ = false;
  pb::LeaseKeepAliveRequest request_;
  pb::LeaseKeepAliveResponse answer_;
  std::unique_ptr<
    grpc::ClientAsyncReaderWriter<pb::LeaseKeepAliveRequest, pb::LeaseKeepAliveResponse>>
    by_;
  grpc::Status status_;
};

} // namespace

std::unique_ptr<watch> start_watch(client_calls& calls, std::size_t lane,
                                   const watch_question& what) {
  auto made = std::make_shared<stream>(calls, what);
  made->start(lane);
  return std::make_unique<stream_handle>(std::move(made));
}

void start_keep_alive(client_calls& calls, std::size_t lane, std::int64_t id, duration deadline,
                      then<lease> to) {
  auto made = std::make_unique<keep_alive>(calls, id, to);
  set_deadline(made->context, deadline);
  if (!calls.enter(&made->context))
    return to(shut_down("keep a lease of"));
  made.release()->start(lane);
}

} // namespace troupe::etcd
