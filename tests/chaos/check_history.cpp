// check-history FILE: is the history in FILE (JSON lines; - is the standard input) linearizable?
// Exit code 0: it is; 1: it is not, and the shortest history that shows it; 2: it cannot be read.
#include "tests/chaos/history.hpp"

#include <fstream>
#include <iostream>

namespace {

constexpr std::size_t lines_shown = 40;

int run(std::istream& in) {
  auto history = troupe::chaos::read_history(in);
  if (!history) {
    std::cerr << "check-history: " << history.error().message << std::endl;
    return 2;
  }
  auto judged = troupe::chaos::judge(*history);
  std::cout << judged.operations << " operations on " << judged.keys << " keys, " << judged.unknown
            << " of unknown outcome: ";
  if (judged.good()) {
    std::cout << "linearizable" << std::endl;
    return 0;
  }
  std::cout << (judged.decided ? "NOT linearizable" : "not decided: the search was given up")
            << "\n"
            << judged.offending.size() << " keys are bad, the smallest is "
            << judged.offending.front() << "; no order of these explains them all:\n"
            << troupe::chaos::show(judged.shortest, lines_shown) << std::flush;
  return 1;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: check-history FILE (- is the standard input)" << std::endl;
    return 2;
  }
  std::string file = argv[1];
  if (file == "-")
    return run(std::cin);
  std::ifstream in(file);
  if (!in) {
    std::cerr << "check-history: cannot open " << file << ": name a file with a history"
              << std::endl;
    return 2;
  }
  return run(in);
}
