// What lies where under our prefix of an etcd cluster. One function each way.
//
//   /troupe/format            whose it is and how it is written; made once, in an empty prefix
//   /troupe/head              put with every transaction: its revision is the last one's
//   /troupe/compacted         the revision that history is kept from
//   /troupe/election/LEASE    a master that would lead: the oldest of them does
//   /troupe/masters/NAME      HOST:PORT of a master
//   /troupe/data/registry/... the keys of the store
#pragma once

#include "config/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::etcd {

class key_space {
public:
  /// `prefix` without a slash at its end.
  explicit key_space(std::string prefix) : prefix_(std::move(prefix)) {}

  const std::string& prefix() const { return prefix_; }
  /// All of it: from `first` to before `end`.
  std::string first() const { return prefix_ + "/"; }
  std::string end() const;

  std::string format() const { return prefix_ + "/format"; }
  std::string head() const { return prefix_ + "/head"; }
  std::string compacted() const { return prefix_ + "/compacted"; }
  std::string election(std::int64_t lease) const;
  std::string master(std::string_view name) const;
  std::string data(std::string_view key) const;

  enum class kind : std::uint8_t { data, head, election, master, compacted, other };
  struct place {
    kind what = kind::other;
    std::string_view name; // the store's key, the master's name, the lease
  };
  /// Views into `key`.
  place parse(std::string_view key) const;

private:
  std::string prefix_;
};

/// The value of the format key: this program's version of it, for one cluster.
std::string format_text(std::string_view cluster);
/// Fails with `conflict` when it says anything else.
result<void> check_format(std::string_view text, std::string_view cluster,
                          const std::string& prefix);

/// What `prefix` must be: a path that starts with '/' and does not end with one.
bool is_prefix(std::string_view text);

} // namespace troupe::etcd
