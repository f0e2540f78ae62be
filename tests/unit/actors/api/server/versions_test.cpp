// The table of resourceVersion x resourceVersionMatch x verb x lag of the replica that is asked:
// what Kubernetes' page "API concepts" says under "Resource versions", and what ours adds to it: a
// version that has not come here is waited for 3 s (design: lists, gets and watches alike).
#include "versions_world.hpp"

#include <doctest/doctest.h>

#include <array>
#include <map>

namespace troupe::api_server {
namespace {

// The versions that are asked for: the object c says in data.v which of them it is of.
//   compacted < past < old < newest < future; a replica that lags has `old` and gets `newest` later
constexpr std::array<const char*, 7> columns = {"unset",  "0",         "past",   "newest",
                                                "future", "compacted", "garbage"};
constexpr std::array<const char*, 4> lags = {"none", "1 s", "4 s", "for ever"};

struct row {
  const char* verb;
  const char* match;                // resourceVersionMatch
  std::array<const char*, 7> means; // by column
};

// recent: linearizable. any: what is here. least: not older than. exact: that very version.
// page: the token's version. from: the changes after it. state...: first the objects.
// none...: sendInitialEvents=false. 400, 422: refused at once.
// clang-format off
const row meanings[] = {
  // verb          match           unset           "0"          past      newest    future    compacted garbage
  {"get",          "",             {"recent",      "any",       "least",  "least",  "least",  "least",  "400"}},
  {"get",          "NotOlderThan", {"recent",      "any",       "least",  "least",  "least",  "least",  "400"}},
  {"get",          "Exact",        {"recent",      "any",       "least",  "least",  "least",  "least",  "400"}},
  {"get",          "Wrong",        {"recent",      "any",       "least",  "least",  "least",  "least",  "400"}},
  {"list",         "",             {"recent",      "any",       "least",  "least",  "least",  "least",  "400"}},
  {"list",         "NotOlderThan", {"422",         "any",       "least",  "least",  "least",  "least",  "400"}},
  {"list",         "Exact",        {"422",         "422",       "exact",  "exact",  "exact",  "exact",  "400"}},
  {"list",         "Wrong",        {"422",         "422",       "422",    "422",    "422",    "422",    "422"}},
  {"list limit",   "",             {"recent",      "any",       "exact",  "exact",  "exact",  "exact",  "400"}},
  {"list limit",   "NotOlderThan", {"422",         "any",       "least",  "least",  "least",  "least",  "400"}},
  {"list limit",   "Exact",        {"422",         "422",       "exact",  "exact",  "exact",  "exact",  "400"}},
  {"list limit",   "Wrong",        {"422",         "422",       "422",    "422",    "422",    "422",    "422"}},
  {"list go on",   "",             {"page",        "page",      "400",    "400",    "400",    "400",    "400"}},
  {"list go on",   "NotOlderThan", {"422",         "422",       "422",    "422",    "422",    "422",    "422"}},
  {"list go on",   "Exact",        {"422",         "422",       "422",    "422",    "422",    "422",    "422"}},
  {"list go on",   "Wrong",        {"422",         "422",       "422",    "422",    "422",    "422",    "422"}},
  {"watch",        "",             {"state recent","state any", "from",   "from",   "from",   "from",   "400"}},
  {"watch",        "NotOlderThan", {"422",         "422",       "422",    "422",    "422",    "422",    "422"}},
  {"watch",        "Exact",        {"422",         "422",       "422",    "422",    "422",    "422",    "422"}},
  {"watch",        "Wrong",        {"422",         "422",       "422",    "422",    "422",    "422",    "422"}},
  {"watch initial","",             {"422",         "422",       "422",    "422",    "422",    "422",    "422"}},
  {"watch initial","NotOlderThan", {"state recent","state any", "state",  "state",  "state",  "state",  "400"}},
  {"watch initial","Exact",        {"422",         "422",       "422",    "422",    "422",    "422",    "422"}},
  {"watch initial","Wrong",        {"422",         "422",       "422",    "422",    "422",    "422",    "422"}},
  {"watch without","",             {"422",         "422",       "422",    "422",    "422",    "422",    "422"}},
  {"watch without","NotOlderThan", {"none recent", "none any",  "from",   "from",   "from",   "from",   "400"}},
  {"watch without","Exact",        {"422",         "422",       "422",    "422",    "422",    "422",    "422"}},
  {"watch without","Wrong",        {"422",         "422",       "422",    "422",    "422",    "422",    "422"}},
};

// What a meaning comes to, by lag, and after how many seconds: the version read, the events of c, or a code.
const std::map<std::string, std::array<const char*, 4>> outcomes = {
  // meaning            lag: none          1 s                    4 s                     for ever
  {"recent",               {"newest",      "newest 1s",           "newest 4s",            "503 9s"}},
  {"any",                  {"newest",      "old",                 "old",                  "old"}},
  {"least past",           {"newest",      "old",                 "old",                  "old"}},
  {"least newest",         {"newest",      "newest 1s",           "504 3s",               "504 3s"}},
  {"least future",         {"504 3s",      "504 3s",              "504 3s",               "504 3s"}},
  {"least compacted",      {"newest",      "old",                 "old",                  "old"}},
  {"exact past",           {"past",        "past",                "past",                 "past"}},
  {"exact newest",         {"newest",      "newest 1s",           "504 3s",               "504 3s"}},
  {"exact future",         {"504 3s",      "504 3s",              "504 3s",               "504 3s"}},
  {"exact compacted",      {"410",         "410",                 "410",                  "410"}},
  {"page",                 {"past",        "past",                "past",                 "past"}},
  {"state recent",         {"+newest",     "+newest 1s",          "+newest 4s",           "503 9s"}},
  {"state any",            {"+newest",     "+old ~newest",        "+old ~newest",         "+old"}},
  {"state past",           {"+newest",     "+old ~newest",        "+old ~newest",         "+old"}},
  {"state newest",         {"+newest",     "+newest 1s",          "504 3s",               "504 3s"}},
  {"state future",         {"504 3s",      "504 3s",              "504 3s",               "504 3s"}},
  {"state compacted",      {"+newest",     "+old ~newest",        "+old ~newest",         "+old"}},
  {"none recent",          {"",            "1s",                  "4s",                   "503 9s"}},
  {"none any",             {"",            "~newest",             "~newest",              ""}},
  {"from past",            {"~old ~newest","~old ~newest",        "~old ~newest",         "~old"}},
  {"from newest",          {"",            "1s",                  "504 3s",               "504 3s"}},
  {"from future",          {"504 3s",      "504 3s",              "504 3s",               "504 3s"}},
  {"from compacted",       {"!410",        "!410",                "!410",                 "!410"}},
};
// clang-format on

/// Three objects; c changes from version to version.
struct versions : lagging_master {
  std::map<std::string, revision> at;
  std::string next_page; // of a list of `past`, one object a page

  explicit versions(const std::string& lag) {
    at["compacted"] = state.compacted - 1;
    for (const char* name : {"c", "d", "e"})
      make(name, "past");
    at["past"] = world.store.at();
    arrive();
    auto first = get("/api/v1/namespaces/default/configmaps?limit=1");
    next_page = first.body.at("metadata").at("continue");
    write("old");
    arrive();
    write("newest");
    at["future"] = at["newest"] + 100;
    if (lag == "none")
      arrive();
    else if (lag != "for ever")
      actors.world.after(lag == "1 s" ? 1s : 4s, [this] { arrive(); });
    actors.settle();
  }

  void make(const std::string& name, const std::string& v) {
    support::json body{{"metadata", {{"name", name}}}, {"data", {{"v", v}}}};
    REQUIRE(world.post("", "v1", "configmaps", "default", body).code == 201);
  }
  void write(const std::string& v) {
    support::json body{{"data", {{"v", v}}}};
    auto done = world.patch("", "v1", "configmaps", "default", "c", api::patch_type::merge, body);
    REQUIRE(done.code == 200);
    at[v] = world.store.at();
  }
  std::string name_of(revision version) const {
    for (const auto& [name, is] : at)
      if (is == version)
        return name;
    return "another";
  }

  std::string target(const row& r, const std::string& column) const {
    std::string verb = r.verb;
    std::string out = "/api/v1/namespaces/default/configmaps";
    out += verb == "get" ? "/c?" : "?";
    if (verb == "list limit")
      out += "&limit=1";
    if (verb == "list go on")
      out += "&limit=1&continue=" + next_page;
    if (verb.starts_with("watch"))
      out += "&watch=true";
    if (verb == "watch initial")
      out += "&sendInitialEvents=true";
    if (verb == "watch without")
      out += "&sendInitialEvents=false";
    if (*r.match != '\0')
      out += std::string{"&resourceVersionMatch="} + r.match;
    if (column != "unset")
      out += "&resourceVersion="
             + (column == "0"         ? "0"
                : column == "garbage" ? "x1"
                                      : to_string(at.at(column)));
    return out;
  }

  std::string took(instant since) const {
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(actors.now() - since).count();
    return seconds == 0 ? "" : " " + std::to_string(seconds) + "s";
  }

  std::string read(const std::string& what) {
    auto since = actors.now();
    auto got = get(what);
    auto after = took(since);
    if (got.code != 200)
      return std::to_string(got.code) + after;
    if (!got.body.contains("items"))
      return got.body.at("data").at("v").get<std::string>() + after;
    auto version = name_of(
      revision{std::stoull(got.body.at("metadata").at("resourceVersion").get<std::string>())});
    const auto& first = got.body.at("items").at(0);
    if (first.at("metadata").at("name") == "c")
      CHECK(first.at("data").at("v") == version);
    return version + after;
  }

  static std::string show(const api::event& e) {
    using kind = api::event::kind;
    if (e.what == kind::error)
      return "!" + std::to_string(http_code(e.why.reason));
    auto v = support::json::parse(*e.of->body).at("data").at("v").get<std::string>();
    return (e.what == kind::added ? "+" : e.what == kind::modified ? "~" : "-") + v;
  }

  std::string watch(const std::string& what) {
    auto since = actors.now();
    auto stream = open_watch(what);
    auto after = took(since);
    if (!stream)
      return std::to_string(http_code(stream.error().reason)) + after;
    std::string out;
    for (const auto& e : events(*stream, since + 6s))
      if (!e.of || e.of->meta.name == "c")
        out += (out.empty() ? "" : " ") + show(e);
    if (out.empty())
      return after.empty() ? "" : after.substr(1);
    return out + after;
  }

  std::string ask(const row& r, const std::string& column) {
    auto what = target(r, column);
    return std::string{r.verb}.starts_with("watch") ? watch(what) : read(what);
  }
};

std::string expected(const std::string& means, const std::string& column, std::size_t lag) {
  if (means == "400" || means == "422")
    return means;
  auto with_version = means + " " + column;
  auto found = outcomes.find(outcomes.contains(means) ? means : with_version);
  REQUIRE_MESSAGE(found != outcomes.end(), with_version);
  return found->second.at(lag);
}

TEST_CASE("versions: every cell of resourceVersion x resourceVersionMatch x verb x lag") {
  std::size_t cells = 0;
  for (std::size_t lag = 0; lag < lags.size(); ++lag)
    for (const auto& r : meanings)
      for (std::size_t column = 0; column < columns.size(); ++column) {
        versions m{lags.at(lag)};
        INFO(r.verb, ", resourceVersionMatch=", r.match, ", resourceVersion ", columns.at(column),
             ", lag ", lags.at(lag));
        CHECK(m.ask(r, columns.at(column))
              == expected(r.means.at(column), columns.at(column), lag));
        ++cells;
      }
  CHECK(cells == 28 * 7 * 4);
}

} // namespace
} // namespace troupe::api_server
