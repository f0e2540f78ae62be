#include "actors/main/members.hpp"

#include "actors/api/http/mapping.hpp"
#include "actors/kernel/actor.hpp"

#include <nlohmann/json.hpp>

namespace troupe::program {
namespace {

using nlohmann::json;

constexpr auto list_path = "/troupe/members";
constexpr auto remove_path = "/troupe/member/remove";
constexpr duration list_within = 3s;
constexpr duration remove_within = 15s;

struct page_state {
  page_state() = default;
  storage::peer_actor replica;
};
using pointer = kernel::self_ptr<members_page_actor, page_state>;

void answer(const http::responder& to, const json& tree) {
  to.answer({.code = 200,
             .fields = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
             .body = share(tree.dump() + "\n"),
             .source = {}});
}

json to_json(const storage::members_listed& all) {
  json rows = json::array();
  for (const auto& m : all.members) {
    json row = {
      {"name", m.name}, {"address", m.address}, {"role", m.role}, {"index", raw(m.index)}};
    row["last_contact_ms"] = m.silent_ms < 0 ? json{} : json(m.silent_ms);
    rows.push_back(std::move(row));
  }
  return {{"leader", all.leader}, {"term", raw(all.term)}, {"members", rows}};
}

void list(pointer self, const http::responder& to) {
  self->ask(self->state.replica, storage::list_members{}, list_within)
    .then([to](const result<storage::members_listed>& all) {
      if (!all)
        return to.answer(http::failure_response(all.error()));
      answer(to, to_json(*all));
    });
}

void remove(pointer self, const std::string& name, const http::responder& to) {
  self->ask(self->state.replica, storage::remove_member{name, false}, remove_within)
    .then([to, name](const result<storage::member_removed>& done) {
      if (!done)
        return to.answer(http::failure_response(done.error()));
      answer(to, {{"removed", name}, {"voter", done->was_voter}});
    });
}

void serve(pointer self, const members_asked& m) {
  auto asked = http::parse_target(m.what->target);
  if (!asked)
    return m.to.answer(http::failure_response(asked.error()));
  bool lists = asked->path == list_path;
  if (!lists && asked->path != remove_path)
    return m.to.answer(
      http::failure_response({.reason = reason::not_found,
                              .message = "the server could not find the requested resource"}));
  if (m.what->method != (lists ? "GET" : "POST"))
    return m.to.answer(http::failure_response(
      {.reason = reason::method_not_allowed,
       .message = "the server does not allow this method on the requested resource"}));
  if (lists)
    return list(self, m.to);
  std::string name{asked->option("name")};
  if (name.empty())
    return m.to.answer(http::failure_response(
      {.reason = reason::bad_request, .message = "remove a master: name it with ?name=NAME"}));
  remove(self, name, m.to);
}

} // namespace

members_page_actor spawn_members_page(const kernel::place& at, storage::peer_actor replica) {
  return kernel::spawn<members_page_actor, page_state>(
    at,
    [](pointer self, storage::peer_actor r) -> members_page_actor::behavior_type {
      self->state.replica = std::move(r);
      return {[self](const members_asked& m) { serve(self, m); }};
    },
    std::move(replica));
}

std::vector<edge::page_entry> members_pages(const members_page_actor& by) {
  auto pass = [by](const http::request& what, const api::user&, const http::responder& to) {
    kernel::tell(by, members_asked{std::make_shared<const http::request>(what), to});
  };
  return {{.prefix = list_path, .anonymous = false, .serve = pass},
          {.prefix = remove_path, .anonymous = false, .serve = pass}};
}

} // namespace troupe::program
