// simulation --seed N | --seeds A..B  [--twice] [--bug NAME] [--whole [--show KEY]]
//
// Exit code 0: clean (with --bug: the bug was found). A failure prints a command that repeats it.
#include "tests/simulation/faults.hpp"
#include "tests/simulation/scenario.hpp"
#include "tests/simulation/whole/scenario.hpp"

#include <ctime>
#include <iostream>

using namespace troupe;

namespace {

struct orders {
  std::uint64_t first = 1;
  std::uint64_t last = 1;
  bool twice = false;
  bool whole = false; // masters with all they run, and nodes
  std::string show;
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
    } else if (args[i] == "--whole") {
      out.whole = true;
    } else if (args[i] == "--seed" && more) {
      out.first = out.last = std::stoull(args[++i]);
    } else if (args[i] == "--seeds" && more) {
      const auto& range = args[++i];
      auto dots = range.find("..");
      out.first = dots == std::string::npos ? 1 : std::stoull(range.substr(0, dots));
      out.last = std::stoull(dots == std::string::npos ? range : range.substr(dots + 2));
    } else if (args[i] == "--bug" && more && sim::bug_of(args[i + 1])) {
      out.bug = *sim::bug_of(args[++i]);
    } else {
      return std::nullopt;
    }
  }
  if (out.whole && out.bug == sim::bug::drop_event_on_leader_change)
    return std::nullopt; // the hub of a whole master has none
  return out;
}

/// Runs one seed; what it found is in the report.
sim::report run(std::uint64_t seed, const orders& o) {
  auto drawn = o.whole ? sim::draw_whole(seed, o.bug) : sim::draw(seed, o.bug);
  drawn.show = o.show;
  auto go = [&] { return o.whole ? sim::run_whole(drawn) : sim::run(drawn); };
  std::cout << sim::describe(drawn) << std::endl; // at once: the run may not come back
  auto out = go();
  if (o.twice && out.clean())
    if (auto again = go(); again.hash != out.hash)
      out.violation("a second run went another way: trace hash " + std::to_string(out.hash)
                    + " and " + std::to_string(again.hash));
  for (const auto& v : out.deaths)
    std::cout << "  DEATH " << v << "\n";
  for (const auto& v : out.violations)
    std::cout << "  VIOLATION " << v << "\n";
  if (!out.clean())
    std::cout << "  repeat it: simulation --seed " << seed << (o.twice ? " --twice" : "")
              << (o.whole ? " --whole" : "") << " --bug " << sim::name_of(o.bug) << std::endl;
  return out;
}

} // namespace

int main(int argc, char** argv) {
  auto o = parse({argv + 1, argv + argc});
  if (!o) {
    std::cerr << "usage: simulation --seed N | --seeds A..B [--twice] [--bug NAME] [--whole "
                 "[--show KEY]]\n";
    return 2;
  }
  std::map<std::string, std::uint64_t> total;
  double virtual_seconds = 0;
  std::uint64_t bad = 0;
  for (auto seed = o->first; seed <= o->last; ++seed) {
    auto r = run(seed, *o);
    virtual_seconds += r.virtual_seconds * (o->twice ? 2 : 1);
    for (const auto& [kind, n] : r.count)
      total[kind] += n;
    bad += r.clean() ? 0 : 1;
    if (o->bug != sim::bug::none && !r.violations.empty()) { // by a fact of the domain
      std::cout << "the bug " << sim::name_of(o->bug) << " is found by seed " << seed << "\n";
      return 0;
    }
  }
  auto cpu = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  auto seeds = o->last - o->first + 1;
  std::cout << seeds << " seeds, " << bad << " bad; " << virtual_seconds << " virtual seconds, "
            << virtual_seconds / cpu << " per CPU second\n";
  for (const auto& [kind, n] : total)
    std::cout << "  " << n << " " << kind << "\n";
  if (o->bug != sim::bug::none) {
    std::cout << "the bug " << sim::name_of(o->bug) << " was not found\n";
    return 1;
  }
  if (seeds >= 20)
    for (const auto& kind : o->whole ? sim::whole_fault_kinds() : sim::fault_kinds())
      if (total[kind] == 0) {
        std::cout << "no " << kind << ": this run proves nothing about them\n";
        ++bad;
      }
  return bad == 0 ? 0 : 1;
}
