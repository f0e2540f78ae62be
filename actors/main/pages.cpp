#include "actors/main/pages.hpp"

#include "actors/api/http/mapping.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <unistd.h>

namespace troupe::program {
namespace {

using nlohmann::json;

http::response json_answer(const json& tree, int code = 200) {
  return {.code = code,
          .fields = {{"Content-Type", "application/json"}},
          .body = share(tree.dump() + "\n"),
          .source = {}};
}

std::int64_t ns(instant t) { return t.time_since_epoch().count(); }

json actors_of(const kernel::process& process) {
  json out = json::array();
  for (const auto& a : process.actors())
    out.push_back({{"path", a.path},
                   {"process", process.name()},
                   {"incarnation", a.incarnation},
                   {"restarts", a.restarts},
                   {"mailbox", a.mailbox},
                   {"messages", a.messages},
                   {"last_death", a.last_death}});
  return out;
}

http::response status_page(const kernel::process_ptr& process,
                           const std::function<void(json&)>& more) {
  auto memory = memory_of_this_process();
  json tree = {{"name", process->name()},
               {"pid", getpid()},
               {"rss_bytes", memory.rss},
               {"pss_bytes", memory.pss},
               {"actors", actors_of(*process)}};
  if (more)
    more(tree);
  return json_answer(tree);
}

http::response trace_page(const kernel::process_ptr& process, const http::target& asked) {
  kernel::trace::filter which;
  which.object = asked.option("object");
  which.path = asked.option("path");
  if (auto id = asked.option("id"); !id.empty())
    which.id = cause_id{std::strtoull(std::string{id}.c_str(), nullptr, 10)};
  auto after = std::strtoull(std::string{asked.option("after")}.c_str(), nullptr, 10);
  auto found = process->tracer().follow(after, which);
  json events = json::array();
  for (const auto& e : found.events)
    events.push_back(to_json(e));
  return json_answer({{"events", events}, {"next", found.next}, {"lost", found.lost}});
}

http::response kill_page(const kernel::process_ptr& process, const http::target& asked) {
  auto done = process->kill(asked.option("actor"));
  if (!done)
    return http::failure_response(done.error());
  return json_answer({{"ok", true}});
}

/// Prometheus' text format.
http::response metrics_page(const kernel::process_ptr& process,
                            const std::function<std::string()>& more) {
  auto memory = memory_of_this_process();
  std::string out = "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes "
                    + std::to_string(memory.rss) + "\n";
  out += "# TYPE troupe_trace_events_total counter\ntroupe_trace_events_total "
         + std::to_string(process->tracer().recorded()) + "\n";
  std::string messages = "# TYPE troupe_actor_messages_total counter\n";
  std::string restarts = "# TYPE troupe_actor_restarts_total counter\n";
  std::string mailbox = "# TYPE troupe_actor_mailbox gauge\n";
  for (const auto& a : process->actors()) {
    auto label = "{actor=\"" + a.path + "\"} ";
    messages += "troupe_actor_messages_total" + label + std::to_string(a.messages) + "\n";
    restarts += "troupe_actor_restarts_total" + label + std::to_string(a.restarts) + "\n";
    mailbox += "troupe_actor_mailbox" + label + std::to_string(a.mailbox) + "\n";
  }
  return {.code = 200,
          .fields = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}},
          .body = share(out + messages + restarts + mailbox + (more ? more() : std::string{})),
          .source = {}};
}

http::response serve(const kernel::process_ptr& process, const std::function<void(json&)>& more,
                     const std::function<std::string()>& metrics, const http::request& what) {
  auto asked = http::parse_target(what.target);
  if (!asked)
    return http::failure_response(asked.error());
  if (asked->path == "/troupe/status")
    return status_page(process, more);
  if (asked->path == "/troupe/trace")
    return trace_page(process, *asked);
  if (asked->path == "/troupe/kill" && what.method == "POST")
    return kill_page(process, *asked);
  if (asked->path == "/troupe/record" && what.method == "POST") {
    process->tracer().set_recording(asked->option("on") != "false");
    process->tracer().lose_causes_into(std::string{asked->option("lose-causes-into")});
    return json_answer({{"ok", true}});
  }
  if (asked->path == "/metrics")
    return metrics_page(process, metrics);
  return http::failure_response(
    {.reason = reason::not_found, .message = "the server could not find the requested resource"});
}

} // namespace

json to_json(const kernel::trace::event& e) {
  json causes = json::array();
  for (auto c : e.causes)
    causes.push_back(raw(c));
  return {{"id", raw(e.id)},
          {"causes", causes},
          {"process", e.process},
          {"sender", e.sender},
          {"receiver", e.receiver},
          {"type", e.type},
          {"object", e.object},
          {"enqueued", ns(e.enqueued)},
          {"started", ns(e.started)},
          {"ended", ns(e.ended)},
          {"outcome", kernel::trace::name_of(e.outcome)}};
}

memory_use memory_of_this_process() {
  memory_use out;
  std::ifstream in("/proc/self/smaps_rollup");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("Rss:"))
      out.rss = std::strtoull(line.c_str() + 4, nullptr, 10) * 1024;
    if (line.starts_with("Pss:"))
      out.pss = std::strtoull(line.c_str() + 4, nullptr, 10) * 1024;
  }
  return out;
}

std::vector<edge::page_entry> process_pages(kernel::process_ptr process,
                                            std::function<void(json&)> more,
                                            std::function<std::string()> metrics) {
  auto page = [process = std::move(process), more = std::move(more), metrics = std::move(metrics)](
                const http::request& what, const api::user&, const http::responder& to) {
    to.answer(serve(process, more, metrics, what));
  };
  return {{.prefix = "/troupe/", .anonymous = false, .serve = page},
          {.prefix = "/metrics", .anonymous = false, .serve = page}};
}

} // namespace troupe::program
