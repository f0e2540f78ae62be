#include "actors/api/http/outbox.hpp"

#include <utility>

namespace troupe::http::detail {

outbox::outbox(std::size_t limit, std::function<void()> wake)
    : limit_(limit), wake_(std::move(wake)) {}

void outbox::wake_locked() {
  if (!std::exchange(woken_, true))
    wake_();
}

bool outbox::open(response head, kind how) {
  std::lock_guard lock{mutex_};
  if (opened_ || gone_)
    return false;
  opened_ = true;
  ended_ = how == kind::whole;
  how_ = how;
  next_.head = std::move(head);
  next_.how = how;
  wake_locked();
  return true;
}

std::shared_ptr<inbox> outbox::open_tunnel(response head) {
  auto in = std::make_shared<inbox>();
  {
    std::lock_guard lock{mutex_};
    next_.in = in;
  }
  if (!open(std::move(head), kind::tunnelled))
    return nullptr;
  return in;
}

void outbox::abandoned() {
  bool unanswered = false;
  {
    std::lock_guard lock{mutex_};
    unanswered = !opened_;
    if (how_ == kind::tunnelled)
      return; // the tunnel goes on
  }
  if (unanswered)
    open({.code = 500, .fields = {}, .body = share("the request was not answered\n"), .source = {}},
         kind::whole);
  else
    end(ending::aborted);
}

push outbox::write(shared_bytes piece) {
  if (!piece || piece->empty())
    return gone() ? push::gone : push::queued; // an empty chunk would end the stream
  std::lock_guard lock{mutex_};
  if (gone_ || ended_ || !opened_)
    return push::gone;
  if (queued_ > 0 && queued_ + piece->size() > limit_)
    return push::full;
  queued_ += piece->size();
  next_.pieces.push_back(std::move(piece));
  wake_locked();
  return push::queued;
}

void outbox::end(ending how) {
  std::lock_guard lock{mutex_};
  if (gone_ || ended_ || !opened_)
    return;
  ended_ = true;
  next_.end = how;
  wake_locked();
}

void outbox::ask_resume() {
  std::lock_guard lock{mutex_};
  if (gone_)
    return;
  next_.resumed = true;
  wake_locked();
}

bool outbox::gone() const {
  std::lock_guard lock{mutex_};
  return gone_;
}

std::size_t outbox::queued() const {
  std::lock_guard lock{mutex_};
  return queued_;
}

void outbox::on_drain(std::function<void()> then) {
  std::lock_guard lock{mutex_};
  if (gone_)
    return;
  on_drain_ = std::move(then);
  wake_locked(); // there may be room already: the loop's next sent() says so
}

void outbox::on_gone(std::function<void()> then) {
  {
    std::lock_guard lock{mutex_};
    if (!gone_) {
      on_gone_.push_back(std::move(then));
      return;
    }
    if (!broke_)
      return;
  }
  then();
}

outbox::batch outbox::take() {
  std::lock_guard lock{mutex_};
  woken_ = false;
  return std::exchange(next_, {});
}

void outbox::sent(std::size_t bytes) {
  std::function<void()> then;
  {
    std::lock_guard lock{mutex_};
    queued_ -= bytes;
    if (queued_ <= limit_ / 2)
      then = std::exchange(on_drain_, nullptr);
  }
  if (then)
    then();
}

void outbox::lost(bool quietly) {
  std::vector<std::function<void()>> then;
  std::function<void()> drain;
  batch dropped;
  {
    std::lock_guard lock{mutex_};
    if (gone_)
      return;
    gone_ = true;
    broke_ = !quietly;
    then = std::exchange(on_gone_, {});
    drain = std::exchange(on_drain_, nullptr); // its captures go outside of the lock
    dropped = std::exchange(next_, {});
    wake_ = nullptr;
  }
  if (!quietly)
    for (auto& call : then)
      call();
}

exchange::~exchange() { box_->abandoned(); }

tunnel::~tunnel() { out_->end(outbox::ending::finished); }

} // namespace troupe::http::detail

namespace troupe::http {

using detail::outbox;

push stream::write(shared_bytes piece) const { return to_->box()->write(std::move(piece)); }
void stream::end() const { to_->box()->end(outbox::ending::finished); }
void stream::abort() const { to_->box()->end(outbox::ending::aborted); }
bool stream::gone() const { return to_->box()->gone(); }
std::size_t stream::queued_bytes() const { return to_->box()->queued(); }
void stream::on_drain(std::function<void()> then) const { to_->box()->on_drain(std::move(then)); }
void stream::on_gone(std::function<void()> then) const { to_->box()->on_gone(std::move(then)); }

void responder::answer(response with) const {
  to_->box()->open(std::move(with), outbox::kind::whole);
}

stream responder::begin(int code, fields with) const {
  to_->box()->open({.code = code, .fields = std::move(with), .body = {}, .source = {}},
                   outbox::kind::streamed);
  return stream{to_};
}

duplex responder::upgrade(fields with) const {
  auto in =
    to_->box()->open_tunnel({.code = 101, .fields = std::move(with), .body = {}, .source = {}});
  if (!in)
    in = std::make_shared<detail::inbox>(); // of a connection that is gone: never called
  return duplex{std::make_shared<detail::tunnel>(to_->box(), std::move(in))};
}

bool responder::gone() const { return to_->box()->gone(); }
void responder::on_gone(std::function<void()> then) const { to_->box()->on_gone(std::move(then)); }

push duplex::write(shared_bytes bytes) const { return over_->out().write(std::move(bytes)); }

void duplex::on_data(std::function<bool(std::string_view)> take) const {
  {
    std::lock_guard lock{over_->in().mutex};
    over_->in().take = std::move(take);
  }
  if (!gone()) {
    resume();
    return;
  }
  std::unique_lock lock{over_->in().mutex}; // whoever comes second tells the end
  auto last = std::exchange(over_->in().take, nullptr);
  lock.unlock();
  if (last)
    last({});
}

void duplex::resume() const { over_->out().ask_resume(); }
void duplex::on_drain(std::function<void()> then) const { over_->out().on_drain(std::move(then)); }
void duplex::close() const { over_->out().end(outbox::ending::finished); }
bool duplex::gone() const { return over_->out().gone(); }

} // namespace troupe::http
