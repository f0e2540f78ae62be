// A watch over HTTP: events pulled from the API worker, written as chunks at the client's pace.
//
// A client that does not read fills its connection's buffer and is pulled for no more; its place in
// the hub's window falls behind meanwhile, and when the window has passed it the next thing it
// reads behind what is buffered is 410. It keeps nobody waiting, and this is all it keeps in
// memory: the buffer and one answer of the worker.
#include "actors/api/pipeline/watch.hpp"

#include "actors/api/edge/state.hpp"
#include "actors/api/http/mapping.hpp"

namespace troupe::edge {

struct watching {
  client::api_actor worker;
  std::uint64_t stream = 0;
  http::stream out;
  pipeline::watch_plan form; // only what encoding an event needs
  client::events news;       // from `next` on not yet encoded
  std::size_t next = 0;
  shared_bytes piece; // encoded, found no room; null: none
};

namespace {

constexpr std::size_t piece_bytes = 64U << 10;

void pull(pointer self, const watching_ptr& w);

void close(pointer self, const watching_ptr& w) {
  self->tell(w->worker, client::close_watch{w->stream});
}

/// Hands events over until there is no room. False: there is none, or nobody.
bool hand_over(pointer self, const watching_ptr& w) {
  while (w->piece || w->next < w->news.list.size()) {
    std::string text;
    while (!w->piece && w->next < w->news.list.size() && text.size() < piece_bytes)
      text += pipeline::encode_event(w->news.list[w->next++], w->form);
    if (!w->piece)
      w->piece = share(std::move(text));
    switch (w->out.write(w->piece)) {
    case http::push::queued: w->piece = nullptr; break;
    case http::push::full:
      w->out.on_drain(
        [me = caf::actor_cast<front_interface>(self), w] { kernel::tell(me, drained{w}); });
      return false;
    case http::push::gone: close(self, w); return false;
    }
  }
  return true;
}

void pull(pointer self, const watching_ptr& w) {
  if (w->out.gone())
    return close(self, w);
  self->ask(w->worker, client::next_events{w->stream}, client::heartbeat + client::call_deadline)
    .then([self, w](result<client::events> news) {
      if (!news)
        return w->out.end(); // the client watches again from the last version it saw
      w->news = std::move(*news);
      w->next = 0;
      go_on(self, w);
    });
}

} // namespace

void go_on(pointer self, const watching_ptr& w) {
  if (!hand_over(self, w))
    return;
  if (!w->news.ended)
    return pull(self, w);
  w->out.end();
  close(self, w);
}

void serve_watch(pointer self, api::request what, http::responder to) {
  auto worker = self->state.worker();
  auto answer = what.answer;
  const auto* of = self->state.with.catalog->find(what.group, what.version, what.resource);
  auto about = what;
  self->ask(worker, client::open_watch{std::move(what)}, client::call_deadline)
    .then([self, to, worker, answer, of, about](result<client::watch_opened> opened) {
      if (!opened)
        return to.answer(http::to_http(api::status_of(opened.error(), about)));
      auto w = std::make_shared<watching>(watching{.worker = worker,
                                                   .stream = opened->stream,
                                                   .out = to.begin(200, http::watch_head(answer)),
                                                   .form = {},
                                                   .news = {},
                                                   .piece = {}});
      w->form.of = of;
      w->form.answer = answer;
      w->out.on_gone(
        [worker, stream = w->stream] { kernel::tell(worker, client::close_watch{stream}); });
      pull(self, w);
    });
}

} // namespace troupe::edge
