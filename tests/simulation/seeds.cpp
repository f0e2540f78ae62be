#include "tests/simulation/seeds.hpp"

#include <ctime>
#include <iostream>

namespace troupe::sim {
namespace {

constexpr std::uint64_t first_of_soak = 1'000'000;

struct orders {
  std::uint64_t first = 1;
  std::uint64_t last = 1;
  bool twice = false;
  bool quiet = false; // of what is clean
  std::string show;
  std::optional<story> about; // only seeds with this story
  sim::bug bug = sim::bug::none;
};

std::optional<orders> parse(const std::vector<std::string>& args) {
  orders out;
  for (std::size_t i = 0; i < args.size(); ++i) {
    bool more = i + 1 < args.size();
    if (args[i] == "--twice") {
      out.twice = true;
    } else if (args[i] == "--show" && more) {
      out.show = args[++i];
    } else if (args[i] == "--about" && more && story_of(args[i + 1])) {
      out.about = story_of(args[++i]);
    } else if (args[i] == "--seed" && more) {
      out.first = out.last = std::stoull(args[++i]);
    } else if (args[i] == "--soak" && more) {
      out.first = first_of_soak;
      out.last = first_of_soak + std::stoull(args[++i]) - 1;
      out.quiet = true;
    } else if (args[i] == "--seeds" && more) {
      const auto& range = args[++i];
      auto dots = range.find("..");
      out.first = dots == std::string::npos ? 1 : std::stoull(range.substr(0, dots));
      out.last = std::stoull(dots == std::string::npos ? range : range.substr(dots + 2));
    } else if (args[i] == "--bug" && more && bug_of(args[i + 1])) {
      out.bug = *bug_of(args[++i]);
    } else {
      return std::nullopt;
    }
  }
  return out;
}

/// Runs one seed; what it found is in the report.
report run(const kind_of_run& kind, const options& drawn, const orders& o) {
  if (!o.quiet)
    std::cout << describe(drawn) << std::endl; // at once: the run may not come back
  auto out = kind.run(drawn);
  if (o.quiet && !out.clean())
    std::cout << describe(drawn) << std::endl;
  if (o.twice && out.clean())
    if (auto again = kind.run(drawn); again.hash != out.hash)
      out.violation("a second run went another way: trace hash " + std::to_string(out.hash)
                    + " and " + std::to_string(again.hash));
  for (const auto& v : out.deaths)
    std::cout << "  DEATH " << v << "\n";
  for (const auto& v : out.violations)
    std::cout << "  VIOLATION " << v << "\n";
  if (!out.clean())
    std::cout << "  repeat it: " << kind.program << " --seed " << drawn.seed
              << (o.twice ? " --twice" : "") << " --bug " << name_of(o.bug) << std::endl;
  return out;
}

} // namespace

int run_seeds(const kind_of_run& kind, const std::vector<std::string>& args) {
  auto o = parse(args);
  if (!o || (o->bug != bug::none && !kind.has(o->bug))) {
    std::cerr << "usage: " << kind.program
              << " --seed N | --seeds A..B | --soak N [--about STORY] [--twice] [--bug NAME]"
                 " [--show KEY]\n";
    return 2;
  }
  std::map<std::string, std::uint64_t> total;
  double virtual_seconds = 0;
  std::uint64_t bad = 0;
  std::uint64_t seeds = 0;
  for (auto seed = o->first; seed <= o->last; ++seed) {
    auto drawn = kind.draw(seed, o->bug);
    if (o->about && drawn.story != *o->about)
      continue;
    ++seeds;
    drawn.show = o->show;
    auto r = run(kind, drawn, *o);
    virtual_seconds += r.virtual_seconds * (o->twice ? 2 : 1);
    for (const auto& [what, n] : r.count)
      total[what] += n;
    bad += r.clean() ? 0 : 1;
    if (o->bug != bug::none && !r.clean()) { // by a fact of the domain, or an invariant
      std::cout << "the bug " << name_of(o->bug) << " is found by seed " << seed << "\n";
      return 0;
    }
  }
  auto cpu = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  std::cout << seeds << " seeds, " << bad << " bad; " << virtual_seconds / 3600
            << " simulated hours, " << virtual_seconds / cpu << " per CPU hour\n";
  for (const auto& [what, n] : total)
    std::cout << "  " << n << " " << what << "\n";
  if (o->bug != bug::none) {
    std::cout << "the bug " << name_of(o->bug) << " was not found\n";
    return 1;
  }
  if (seeds >= 20 && !o->about)
    for (const auto& fault : kind.faults)
      if (total[fault] == 0) {
        std::cout << "no " << fault << ": this run proves nothing about them\n";
        ++bad;
      }
  return bad == 0 ? 0 : 1;
}

} // namespace troupe::sim
