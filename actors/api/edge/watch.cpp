// A watch over HTTP: events pulled from the API worker, written as chunks at the client's pace.
#include "actors/api/pipeline/watch.hpp"

#include "actors/api/edge/state.hpp"
#include "actors/api/http/mapping.hpp"

namespace troupe::edge {
namespace {

struct watching {
  client::api_actor worker;
  std::uint64_t stream = 0;
  http::stream out;
  pipeline::watch_plan form; // only what encoding an event needs
};
using watching_ptr = std::shared_ptr<watching>;

void pull(pointer self, const watching_ptr& w);

void close(pointer self, const watching_ptr& w) {
  self->tell(w->worker, client::close_watch{w->stream});
}

void write(pointer self, const watching_ptr& w, const client::events& news) {
  std::string text;
  for (const auto& e : news.list)
    text += pipeline::encode_event(e, w->form);
  if (!text.empty() && w->out.write(share(std::move(text))) != http::push::queued) {
    // Gone, or a whole buffer behind: a watcher that cannot follow starts again.
    w->out.abort();
    return close(self, w);
  }
  if (news.ended) {
    w->out.end();
    return close(self, w);
  }
  pull(self, w);
}

void pull(pointer self, const watching_ptr& w) {
  if (w->out.gone())
    return close(self, w);
  self->ask(w->worker, client::next_events{w->stream}, client::heartbeat + client::call_deadline)
    .then([self, w](result<client::events> news) {
      if (news)
        return write(self, w, *news);
      w->out.end(); // the client watches again from the last version it saw
    });
}

} // namespace

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
                                                   .form = {}});
      w->form.of = of;
      w->form.answer = answer;
      pull(self, w);
    });
}

} // namespace troupe::edge
