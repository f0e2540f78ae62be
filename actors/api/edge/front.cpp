#include "actors/api/edge/front.hpp"

#include "actors/api/edge/state.hpp"
#include "actors/api/http/credentials.hpp"
#include "actors/api/http/mapping.hpp"

#include <algorithm>

namespace troupe::edge {
namespace {

constexpr duration health_deadline = 1s;

http::response plain(int code, std::string text) {
  return {.code = code,
          .fields = {{"Content-Type", "text/plain; charset=utf-8"},
                     {"X-Content-Type-Options", "nosniff"}},
          .body = share(std::move(text)),
          .source = {}};
}

bool in_group(const api::user& who, std::string_view group) {
  return std::find(who.groups.begin(), who.groups.end(), group) != who.groups.end();
}

std::string ready_text(bool verbose, const std::string& warning) {
  if (!verbose)
    return "ok";
  return "[+]ping ok\n[+]store ok\n"
         + (warning.empty() ? "[+]disk ok\n" : "[!]disk " + warning + "\n")
         + "readyz check passed\n";
}

/// Ready: the replica knows a leader, so that it can be read from; a full disk is only told, as
/// long as what is committed finds room in memory.
void serve_ready(pointer self, bool verbose, http::responder to) {
  auto disk = self->state.with.disk ? self->state.with.disk() : disk_condition{};
  if (!disk.ready)
    return to.answer(plain(500, "[-]disk failed: " + disk.warning + "\n"));
  self->ask(self->state.with.replica, storage::get_leadership{}, health_deadline)
    .then([to, verbose, warning = disk.warning](result<storage::leadership> l) {
      if (l && l->leader != member_id{})
        return to.answer(plain(200, ready_text(verbose, warning)));
      to.answer(plain(500, "[-]store failed: "
                             + (l ? std::string{"no leader is known"} : l.error().message) + "\n"));
    });
}

/// False: no page is meant.
bool serve_page_of(const std::vector<page_entry>& pages, const http::request& what,
                   const api::user& who, const http::responder& to) {
  auto path = std::string_view{what.target}.substr(0, what.target.find('?'));
  auto entry = std::find_if(pages.begin(), pages.end(),
                            [&](const page_entry& p) { return path.starts_with(p.prefix); });
  if (entry == pages.end())
    return false;
  if (entry->anonymous || in_group(who, "system:masters") || in_group(who, "system:troupe:masters"))
    entry->serve(what, who, to);
  else if (in_group(who, "system:authenticated"))
    to.answer(
      http::failure_response({.reason = reason::forbidden,
                              .message = "forbidden: User \"" + who.name + "\" cannot "
                                         + what.method + " path \"" + std::string{path} + "\""}));
  else
    to.answer(http::failure_response({.reason = reason::unauthorized, .message = "Unauthorized"}));
  return true;
}

bool serve_health(pointer self, const http::request& what, const http::responder& to) {
  auto path = std::string_view{what.target}.substr(0, what.target.find('?'));
  if (path == "/livez" || path == "/healthz" || path == "/livez/ping") {
    to.answer(plain(200, "ok"));
    return true;
  }
  if (path != "/readyz")
    return false;
  auto asked = http::parse_target(what.target);
  serve_ready(self, asked && asked->has("verbose"), to);
  return true;
}

void serve(pointer self, http::request what, const http::responder& to) {
  auto who = user_of(what.from);
  if (serve_health(self, what, to) || serve_page_of(self->state.with.pages, what, who, to))
    return;
  auto shown = http::credentials_of(what);
  if (!shown)
    return to.answer(http::failure_response(shown.error()));
  auto target = what.target;
  auto mapped = http::to_api(std::move(what));
  if (!mapped)
    return to.answer(http::failure_response(mapped.error()));
  mapped->from = std::move(who);
  mapped->shown = std::move(*shown);
  if (mapped->verb == api::verb::watch)
    return serve_watch(self, std::move(*mapped), to);
  if (mapped->verb == api::verb::get && mapped->resource == "pods" && mapped->subresource == "log")
    return serve_logs(self, std::move(*mapped), target, to);
  self->ask(self->state.worker(), client::call{std::move(*mapped)}, client::call_deadline)
    .then([to](result<client::called> r) {
      to.answer(r ? http::to_http(r->answer) : http::failure_response(r.error()));
    });
}

} // namespace

api::user user_of(const http::peer& from) {
  if (!from.who)
    return {.name = "system:anonymous", .groups = {"system:unauthenticated"}, .uid = {}};
  api::user out{.name = from.who->name, .groups = from.who->groups, .uid = {}};
  out.groups.emplace_back("system:authenticated");
  return out;
}

void serve_pages(const std::vector<page_entry>& pages, const http::request& what,
                 const http::responder& to) {
  if (!serve_page_of(pages, what, user_of(what.from), to))
    to.answer(
      http::failure_response({.reason = reason::not_found,
                              .message = "the server could not find the requested resource"}));
}

front_actor spawn_front(const kernel::place& at, front_dependencies with) {
  return kernel::spawn<front_interface, front_state>(
    at.with_mailbox(65'536),
    [](pointer self, front_dependencies d) -> front_interface::behavior_type {
      self->state.with = std::move(d);
      return {
        [self](const arrived& m) { serve(self, std::move(*m.what), m.to); },
        [self](const drained& m) { go_on(self, m.what); },
      };
    },
    std::move(with));
}

} // namespace troupe::edge
