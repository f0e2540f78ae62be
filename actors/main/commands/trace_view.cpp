#include "actors/main/commands/trace_view.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <map>
#include <set>
#include <sstream>

namespace troupe::program {
namespace {

using nlohmann::json;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// "Deployments" and "deployment" are one kind to a reader.
std::string kind_of(const std::string& word) {
  auto k = lower(word);
  if (k.ends_with("ies"))
    return k.substr(0, k.size() - 3) + "y";
  if (k.ends_with("sses"))
    return k.substr(0, k.size() - 2);
  if (k.ends_with("s") && !k.ends_with("ss"))
    k.pop_back();
  return k;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  std::stringstream in{text};
  for (std::string part; std::getline(in, part, '/');)
    out.push_back(part);
  return out;
}

std::uint64_t id_of(const json& e) { return e.value("id", std::uint64_t{0}); }

std::int64_t time_of(const json& e) { return e.value("enqueued", std::int64_t{0}); }

std::string actor_of(const json& e, const char* which) {
  auto path = e.value(which, "");
  return path.empty() ? "outside" : path;
}

std::string clock_text(std::int64_t ns) {
  auto seconds = static_cast<std::time_t>(ns / 1'000'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::snprintf(text, sizeof(text), "%02d:%02d:%02d.%06d", parts.tm_hour, parts.tm_min,
                parts.tm_sec, static_cast<int>(ns % 1'000'000'000 / 1000));
  return text;
}

std::string hex(std::uint64_t id, int digits) {
  char text[40];
  std::snprintf(text, sizeof(text), "%0*llx", digits, static_cast<unsigned long long>(id));
  return text;
}

} // namespace

bool concerns(const json& event, const std::string& object) {
  auto wanted = split(object);
  auto has = split(event.value("object", ""));
  if (wanted.size() < 2 || has.size() < 2 || kind_of(wanted.front()) != kind_of(has.front())
      || wanted.back() != has.back())
    return false;
  return wanted.size() == 2 || (has.size() == 3 && wanted[1] == has[1]);
}

trace_events causal_chain(const trace_events& all, const std::string& object) {
  std::map<std::uint64_t, const json*> by_id;
  for (const auto& e : all)
    by_id[id_of(e)] = &e;
  std::set<std::uint64_t> wanted;
  std::vector<std::uint64_t> open;
  for (const auto& e : all)
    if (object.empty() || concerns(e, object))
      open.push_back(id_of(e));
  while (!open.empty()) {
    auto id = open.back();
    open.pop_back();
    auto found = by_id.find(id);
    if (found == by_id.end() || !wanted.insert(id).second)
      continue;
    for (const auto& c : found->second->value("causes", json::array()))
      open.push_back(c.get<std::uint64_t>());
  }
  trace_events out;
  for (auto id : wanted)
    out.push_back(*by_id[id]);
  std::stable_sort(out.begin(), out.end(),
                   [](const json& a, const json& b) { return time_of(a) < time_of(b); });
  return out;
}

std::string as_text(const trace_events& chain) {
  std::string out;
  for (const auto& e : chain) {
    auto took = (e.value("ended", std::int64_t{0}) - e.value("started", std::int64_t{0})) / 1000;
    out += clock_text(time_of(e)) + "  " + e.value("process", "") + "  " + actor_of(e, "sender")
           + " -> " + actor_of(e, "receiver") + "  " + e.value("type", "");
    if (auto object = e.value("object", ""); !object.empty())
      out += "  " + object;
    out += "  (" + std::to_string(took) + " us";
    if (auto outcome = e.value("outcome", ""); outcome != "handled")
      out += ", " + outcome;
    out += ")\n";
  }
  return out;
}

std::string as_mermaid(const trace_events& chain) {
  std::string out = "sequenceDiagram\n";
  for (const auto& e : chain)
    out += "  " + actor_of(e, "sender") + "->>" + e.value("process", "") + "."
           + actor_of(e, "receiver") + ": " + e.value("type", "") + " " + e.value("object", "")
           + "\n";
  return out;
}

json as_otlp(const trace_events& chain) {
  std::map<std::string, json> spans;
  for (const auto& e : chain) {
    auto causes = e.value("causes", json::array());
    auto root = causes.empty() ? id_of(e) : causes.front().get<std::uint64_t>();
    json links = json::array();
    for (const auto& c : causes)
      links.push_back({{"traceId", hex(c.get<std::uint64_t>(), 32)},
                       {"spanId", hex(c.get<std::uint64_t>(), 16)}});
    json span = {
      {"traceId", hex(root, 32)},
      {"spanId", hex(id_of(e), 16)},
      {"name", e.value("type", "")},
      {"kind", 5},
      {"startTimeUnixNano", std::to_string(e.value("started", std::int64_t{0}))},
      {"endTimeUnixNano", std::to_string(e.value("ended", std::int64_t{0}))},
      {"links", links},
      {"attributes",
       json::array({{{"key", "receiver"}, {"value", {{"stringValue", e.value("receiver", "")}}}},
                    {{"key", "sender"}, {"value", {{"stringValue", e.value("sender", "")}}}},
                    {{"key", "object"}, {"value", {{"stringValue", e.value("object", "")}}}}})}};
    if (!causes.empty())
      span["parentSpanId"] = hex(root, 16);
    spans[e.value("process", "")].push_back(std::move(span));
  }
  json resources = json::array();
  for (auto& [process, list] : spans)
    resources.push_back(
      {{"resource",
        {{"attributes",
          json::array({{{"key", "service.name"}, {"value", {{"stringValue", process}}}}})}}},
       {"scopeSpans", json::array({{{"scope", {{"name", "troupe"}}}, {"spans", list}}})}});
  return {{"resourceSpans", resources}};
}

} // namespace troupe::program
