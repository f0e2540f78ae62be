#include "actors/bench/row.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

namespace troupe::bench {
namespace {

template <class T> T median(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  auto n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

template <class T> T median(const std::vector<row>& of, T row::*figure) {
  std::vector<T> values;
  values.reserve(of.size());
  for (const auto& r : of)
    values.push_back(r.*figure);
  return median(std::move(values));
}

double rounded(double value) { return std::round(value * 1000) / 1000; }

nlohmann::ordered_json tree_of(const row& r) {
  nlohmann::ordered_json out = {{"bench", r.bench},
                                {"case", r.name},
                                {"clients", r.clients},
                                {"system", r.system},
                                {"ops_per_s", rounded(r.ops_per_s)},
                                {"p50_ms", rounded(r.p50_ms)},
                                {"p99_ms", rounded(r.p99_ms)},
                                {"max_ms", rounded(r.max_ms)},
                                {"rss_bytes", r.rss_bytes},
                                {"pss_bytes", r.pss_bytes},
                                {"cpu_s", rounded(r.cpu_s)},
                                {"client_cpu_s", rounded(r.client_cpu_s)},
                                {"seconds", rounded(r.seconds)},
                                {"errors", r.errors}};
  out["runs"] = nlohmann::ordered_json::array();
  for (auto ops : r.runs)
    out["runs"].push_back(rounded(ops));
  for (const auto& [name, figure] : r.more)
    out[name] = rounded(figure);
  if (!r.members.empty())
    out["members"] = nlohmann::ordered_json::array();
  for (const auto& m : r.members)
    out["members"].push_back(
      {{"name", m.name}, {"rss_bytes", m.rss_bytes}, {"pss_bytes", m.pss_bytes}});
  return out;
}

std::string mebibytes(std::uint64_t bytes) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(1) << static_cast<double>(bytes) / (1 << 20);
  return out.str();
}

void print_more(std::ostream& out, const row& r) {
  for (const auto& [name, figure] : r.more)
    out << "  " << name << " " << std::fixed << std::setprecision(2) << figure;
  out << "\n";
}

void print_load(std::ostream& out, const row& r) {
  auto per_op = [&](double cpu) {
    auto ops = r.ops_per_s * r.seconds;
    return ops > 0 ? cpu * 1e6 / ops : 0.0;
  };
  out << std::left << std::setw(22) << r.name << std::right << std::setw(8) << r.clients << "  "
      << std::left << std::setw(8) << r.system << std::right << std::fixed << std::setprecision(0)
      << std::setw(9) << r.ops_per_s << std::setprecision(2) << std::setw(10) << r.p50_ms
      << std::setw(10) << r.p99_ms << std::setw(10) << r.max_ms << std::setprecision(0)
      << std::setw(13) << per_op(r.cpu_s) << std::setw(13) << per_op(r.client_cpu_s)
      << std::setw(10) << mebibytes(r.pss_bytes);
  if (r.errors != 0)
    out << "  " << r.errors << " errors";
  print_more(out, r);
}

void print_memory(std::ostream& out, const row& r) {
  out << std::left << std::setw(32) << r.name << std::setw(8) << r.system << " PSS MiB:";
  for (const auto& m : r.members)
    out << "  " << m.name << " " << mebibytes(m.pss_bytes);
  print_more(out, r);
}

} // namespace

row median_of(const std::vector<row>& of) {
  auto out = of.back();
  out.ops_per_s = median(of, &row::ops_per_s);
  out.p50_ms = median(of, &row::p50_ms);
  out.p99_ms = median(of, &row::p99_ms);
  out.rss_bytes = median(of, &row::rss_bytes);
  out.pss_bytes = median(of, &row::pss_bytes);
  out.cpu_s = median(of, &row::cpu_s);
  out.client_cpu_s = median(of, &row::client_cpu_s);
  out.seconds = median(of, &row::seconds);
  for (std::size_t i = 0; i < out.more.size(); ++i) {
    std::vector<double> values;
    for (const auto& r : of)
      values.push_back(r.more[i].second);
    out.more[i].second = median(std::move(values));
  }
  out.errors = 0;
  out.runs.clear();
  for (const auto& r : of) {
    out.max_ms = std::max(out.max_ms, r.max_ms);
    out.errors += r.errors;
    out.runs.push_back(r.ops_per_s);
  }
  return out;
}

std::string to_json(const std::vector<row>& rows) {
  std::string out = "[";
  for (const auto& r : rows)
    out += (out.size() > 1 ? ",\n " : "\n ") + tree_of(r).dump();
  return out + "\n]";
}

std::string to_text(const std::vector<row>& rows) {
  std::ostringstream out;
  out
    << "CASE                   CLIENTS  SYSTEM      OPS/S    P50 MS    P99 MS    MAX MS  CPU US/OP"
       "  CLIENT US/OP  PSS MIB\n";
  for (const auto& r : rows)
    if (r.members.empty() || r.ops_per_s > 0)
      print_load(out, r);
    else
      print_memory(out, r);
  return out.str();
}

} // namespace troupe::bench
