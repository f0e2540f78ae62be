// What the core alone costs: commands per second that three cores commit and hand out when disk and
// network cost nothing, in one thread, with letters encoded and decoded as on the wire.
#include "store/raft/core.hpp"
#include "store/raft/wire.hpp"

#include <chrono>
#include <iomanip>
#include <iostream>
#include <map>

using namespace troupe;

namespace {

class group {
public:
  group() {
    raft::configuration members;
    for (std::uint64_t i = 1; i <= 3; ++i)
      members.members.push_back({member_id{i}, raft::member_role::voter, ""});
    for (std::uint64_t i = 1; i <= 3; ++i) {
      raft::recovered none{
        .ballot = {}, .log = raft::entry_log{{{}, members}}, .applied = {}, .snapshot = {}};
      cores_.emplace(member_id{i}, raft::core{{.self = member_id{i}, .seed = i}, std::move(none)});
    }
    step(member_id{1}, raft::campaign{});
    settle();
  }

  void propose(std::uint64_t count, const shared_bytes& command) {
    step(member_id{1}, raft::proposal{raft::ticket{1}, std::vector<shared_bytes>(count, command)});
    settle();
  }

  std::uint64_t applied = 0;
  std::uint64_t letters = 0;
  std::uint64_t bytes = 0;

private:
  void step(member_id id, const raft::event& e) {
    auto out = cores_.at(id).step(e);
    for (auto* queue : {&out.send_now, &out.send_after_sync}) {
      for (const auto& l : *queue)
        network_.push_back(raft::encode(l));
    }
    if (out.writes())
      step(id, raft::write_finished{out.write});
    if (!out.apply.empty()) {
      applied += id == member_id{1} ? out.apply.size() : 0;
      step(id, raft::applied{out.apply.back().index});
    }
  }
  void settle() {
    while (!network_.empty()) {
      auto l = raft::decode(network_.front());
      ++letters;
      bytes += network_.front().size();
      network_.pop_front();
      step(l->to, raft::received{*std::move(l)});
    }
  }

  std::map<member_id, raft::core> cores_;
  std::deque<std::string> network_;
};

} // namespace

int main() {
  const auto command = share(std::string(512, 'x'));
  std::cout << std::fixed << std::setprecision(0) << "per proposal    commands/s     letters/s\n";
  for (std::uint64_t batch : {1, 10, 100}) {
    group g;
    auto begin = std::chrono::steady_clock::now();
    auto done = [&] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    while (done() < 2)
      g.propose(batch, command);
    std::cout << std::setw(12) << batch << std::setw(14) << static_cast<double>(g.applied) / done()
              << std::setw(14) << static_cast<double>(g.letters) / done() << '\n';
  }
}
