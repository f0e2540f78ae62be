#include "tests/chaos/history.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <map>

namespace troupe::chaos {
namespace {

using check::operation;
using nlohmann::json;
using kind = operation::kind;

operation operation_of(const json& line) {
  static const std::map<std::string, kind> kinds = {
    {"read", kind::read}, {"write", kind::write}, {"swap", kind::swap}};
  operation op{.what = kinds.at(line.at("op")),
               .key = line.at("key"),
               .start = line.at("start"),
               .client = line.value("client", "")};
  if (!line.at("end").is_null())
    op.end = line.at("end").get<std::uint64_t>();
  if (op.what == kind::read) {
    if (op.end)
      op.result = line.at("value");
    return op;
  }
  op.argument = line.at("value");
  if (op.what == kind::swap) {
    op.expected = line.at("expected");
    op.succeeded = !op.end || line.at("done").get<bool>();
  }
  return op;
}

/// What was known at `time`: what had started, and the ends until then.
std::vector<operation> until(const std::vector<operation>& ops, std::uint64_t time) {
  std::vector<operation> out;
  for (auto op : ops) {
    if (op.start > time)
      continue;
    if (op.end && *op.end > time)
      op.end.reset();
    out.push_back(std::move(op));
  }
  return out;
}

/// A history that cannot be saved stays so whatever follows: the shortest such beginning.
std::vector<operation> shortest_bad(const std::vector<operation>& ops) {
  std::vector<std::uint64_t> ends;
  for (const auto& op : ops)
    if (op.end)
      ends.push_back(*op.end);
  std::sort(ends.begin(), ends.end());
  auto first_bad = std::partition_point(ends.begin(), ends.end(), [&](std::uint64_t t) {
    return check::linearizable(until(ops, t)).linearizable;
  });
  return first_bad == ends.end() ? ops : until(ops, *first_bad);
}

} // namespace

result<std::vector<operation>> read_history(std::istream& in) {
  std::vector<operation> out;
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty())
      continue;
    try {
      out.push_back(operation_of(json::parse(line)));
    } catch (const std::exception& why) {
      return failure{.reason = reason::invalid,
                     .message =
                       "read line " + std::to_string(number) + " of the history: " + why.what()};
    }
  }
  return out;
}

judgement judge(const std::vector<operation>& history) {
  std::map<std::string, std::vector<operation>> keys;
  judgement out{.operations = history.size()};
  for (const auto& op : history) {
    keys[op.key].push_back(op);
    out.unknown += op.what != kind::read && !op.end ? 1 : 0;
  }
  out.keys = keys.size();
  for (const auto& [key, ops] : keys) {
    auto verdict = check::linearizable(ops);
    out.decided = out.decided && verdict.decided;
    if (!verdict.linearizable)
      out.offending.push_back(key);
  }
  std::stable_sort(out.offending.begin(), out.offending.end(),
                   [&](const auto& a, const auto& b) { return keys[a].size() < keys[b].size(); });
  if (!out.offending.empty())
    out.shortest = shortest_bad(keys[out.offending.front()]);
  return out;
}

std::string show(const std::vector<operation>& ops, std::size_t lines) {
  auto sorted = ops;
  auto end_of = [](const operation& op) {
    return op.end.value_or(std::numeric_limits<std::uint64_t>::max());
  };
  std::stable_sort(sorted.begin(), sorted.end(), [&](const operation& a, const operation& b) {
    return std::pair{end_of(a), a.start} < std::pair{end_of(b), b.start};
  });
  std::string out;
  auto skipped = sorted.size() > lines ? sorted.size() - lines : 0;
  if (skipped > 0)
    out += "(" + std::to_string(skipped) + " before)\n";
  for (auto i = skipped; i < sorted.size(); ++i)
    out += check::describe(sorted[i]) + "\n";
  return out;
}

} // namespace troupe::chaos
