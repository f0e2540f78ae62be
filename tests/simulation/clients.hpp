// Clients that read, write and compare-and-swap shared keys through any master, and what they saw.
#pragma once

#include "tests/simulation/cluster.hpp"
#include "tests/support/linearizability.hpp"

namespace troupe::sim {

/// A write that was answered: must stand in the history for ever.
struct acknowledged {
  std::string key;
  std::string value; // empty: an erase
  revision at{};
};

class clients {
public:
  explicit clients(cluster& c);
  clients(const clients&) = delete;
  clients& operator=(const clients&) = delete;

  /// No new operations; those under way end.
  void stop() { stopped_ = true; }
  bool idle() const { return open_ == 0; }
  std::uint64_t succeeded() const { return succeeded_; }
  std::uint64_t started() const { return history_.size(); }

  /// All operations that may have happened, for the checker.
  std::vector<check::operation> history() const;
  const std::vector<acknowledged>& writes() const { return writes_; }
  /// Values of writes that were answered with "nothing was done".
  const std::vector<std::string>& refused() const { return refused_; }

private:
  struct client {
    std::string name;
    std::size_t at = 0; // which master it talks to
  };
  struct noted {
    check::operation what;
    bool never = false; // certainly not done
  };

  void later(std::size_t who);
  void next(std::size_t who);
  void read(std::size_t who, const std::string& key);
  void write(std::size_t who, const std::string& key, bool erase);
  void swap(std::size_t who, const std::string& key);
  void look(std::size_t who);
  void transact(std::size_t who, std::size_t op, store::transaction what);
  void wrote(std::size_t who, std::size_t op, const store::transaction& what,
             const result<storage::transacted>& r, bool died);
  void done(std::size_t who);
  void check_answer(const store::transaction& what, const storage::transacted& r);
  std::size_t begin(std::size_t who, check::operation op);
  std::size_t master_of(std::size_t who);
  std::string some_key();

  cluster& c_;
  std::vector<client> clients_;
  std::vector<noted> history_;
  std::vector<acknowledged> writes_;
  std::vector<std::string> refused_;
  std::uint64_t sequence_ = 0;
  std::uint64_t next_value_ = 1;
  std::uint64_t succeeded_ = 0;
  std::size_t open_ = 0;
  revision newest_seen_{};
  bool stopped_ = false;
};

} // namespace troupe::sim
