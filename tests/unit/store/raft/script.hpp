// Runs a script of a protocol story: each line a command, the trace indented below it.
//
//   # comments and blank lines stay as they are
//   group 1 2 3                 three voters; also `learners 4`, `election 10`, `in-flight 2`,
//   `keep 5` log 1 of terms 1 1 4        what member 1 has on its disk, before it is started by any
//   other command campaign 1 | tick 1 5 | propose 1 a b | read 1 | transfer 1 to 2 | reset 2 from 1
//   add 1 learner 4 | promote 1 voter 4 | remove 1 member 2
//   sync 1 [n]                  the disk of 1 finishes all its writes, or the next n
//   deliver 2 [from 1] [n]      letters reach 2; likewise `drop`
//   host 1                      the host of 1 applies, loads and handles snapshots
//   settle [1 2]                all of that, until nothing happens any more (letters to others
//   stay) crash 1 | restart 1 | flush 1 (the state machine becomes durable; the log may be cut)
//   status | letters
//   quietly COMMAND             without the trace
#pragma once

#include "fake_disk.hpp"
#include "store/raft/core.hpp"

#include <map>
#include <memory>

namespace troupe::raft {

class script {
public:
  /// The script with the traces as they are now. Throws std::runtime_error on a line it does not
  /// understand.
  std::string run(const std::string& text);

private:
  struct host {
    std::unique_ptr<core> alive;
    fake_disk disk;
    std::deque<entry> to_apply;
    std::deque<load_entries> loads;
    std::deque<snapshot_order> orders;
    log_position applied;
    log_position durable;
    std::optional<snapshot_mark> installed;
    std::uint64_t incoming = 0; // bytes
    int starts = 0;
  };
  using words = std::vector<std::string>;

  void command(words w);
  void group(const words& w);
  void prepared_log(const words& w);
  bool change(const words& w);
  bool network(const words& w);
  bool hardware(const words& w);

  host& at(member_id id);
  void step(member_id id, const event& e, bool with_sends = true);
  bool sync(member_id id, std::uint64_t count, bool with_sends = true);
  bool deliver(member_id to, member_id from, std::uint64_t count, bool with_sends = true);
  bool host_work(member_id id, bool with_sends = true);
  void perform(member_id id, const snapshot_order& o, bool with_sends);
  void settle(const std::vector<member_id>& who);
  void start(member_id id);
  void show_status();
  void say(const std::string& line) { trace_ += "  " + line + "\n"; }

  std::map<member_id, host> hosts_;
  configuration first_;
  options options_;
  std::deque<letter> letters_;
  std::uint64_t tickets_ = 0;
  std::uint64_t snapshots_ = 0;
  std::string trace_;
};

} // namespace troupe::raft
