// Users who create, scale, roll and delete Deployments, pods and Services through the API of any
// master, and remember what they were promised.
#pragma once

#include "tests/simulation/whole/facts.hpp"
#include "tests/simulation/whole/master.hpp"

namespace troupe::sim {

class users {
public:
  users(cluster& c, const facts& known, std::size_t how_many);
  users(const users&) = delete;
  users& operator=(const users&) = delete;

  /// No new requests; those under way end.
  void stop() { stopped_ = true; }
  bool idle() const { return open_ == 0; }
  std::uint64_t started() const { return started_; }
  std::uint64_t succeeded() const { return succeeded_; }
  /// At rest everything is as it was last promised.
  void check_promises() const;

private:
  /// What one of a user's names stands for, as far as the answers told.
  struct thing {
    enum class kind : std::uint8_t { deployment, pod, service } what = kind::deployment;
    std::string name;
    bool sure = true; // false: something without outcome was asked since
    bool exists = false;
    std::int64_t replicas = 0;
    std::uint64_t rolls = 0;
  };
  struct user {
    std::vector<thing> things;
    std::size_t at = 0; // which master it talks to
  };
  using outcome = std::function<void(thing&)>; // what holds once it is done

  void later(std::size_t who);
  void next(std::size_t who);
  void make(std::size_t who, std::size_t which);
  void change(std::size_t who, std::size_t which);
  void scale(std::size_t who, std::size_t which);
  void roll(std::size_t who, std::size_t which);
  void remove(std::size_t who, std::size_t which);
  void remove_any_pod(std::size_t who);
  void ask_api(std::size_t who, api::request what, std::size_t which, outcome then);
  api::request about(const thing& t, api::verb verb) const;

  cluster& c_;
  const facts& known_;
  std::vector<user> users_;
  std::uint64_t started_ = 0;
  std::uint64_t succeeded_ = 0;
  std::size_t open_ = 0;
  bool stopped_ = false;
};

} // namespace troupe::sim
