// Encryption at rest: values of chosen keys are sealed before they are proposed and opened when
// they are read, so that logs, state machines, snapshots and backups hold ciphertext only, the same
// bytes on every replica.
//
//   sealed = magic, the key's name, a synthetic nonce 12, ciphertext, tag 16      (AES-256-GCM)
//
// Each record has data keys of its own, drawn by HMAC-SHA-256 from the secret and the record's key,
// which is authenticated too: a value that was moved to another key does not open. The nonce is an
// HMAC of the plaintext. Therefore the same value of the same record under the same key is the same
// bytes, an update that changes nothing still writes nothing, and all that the ciphertext tells is
// its length and whether a record has again a value that it had before.
#pragma once

#include "config/base/result.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::seal {

struct secret {
  std::string name;  // at most 64 bytes
  std::string bytes; // 16, 24 or 32
};

/// What is written for the keys that start with one of these prefixes.
struct rule {
  std::vector<std::string> prefixes;
  std::vector<secret> secrets; // all of them open
  bool writes_plain = false;   // else the first one seals
};

/// Never changes; any thread.
class keyring {
public:
  /// The first rule that a key matches counts. Fails with invalid on secrets of a wrong size, and
  /// on two of one name.
  static result<std::shared_ptr<const keyring>> make(std::vector<rule> rules);

  /// What is to be stored; the value itself where no rule wants it sealed.
  std::string seal(std::string_view key, std::string value) const;
  /// The value. Fails with forbidden when no secret of its name is there, or that one does not open
  /// it.
  result<std::string> open(std::string_view key, std::string_view stored) const;

private:
  explicit keyring(std::vector<rule> rules) : rules_(std::move(rules)) {}
  const secret* writer_of(std::string_view key) const;

  std::vector<rule> rules_;
  std::map<std::string, std::string, std::less<>> secrets_; // by name
};
using keyring_ptr = std::shared_ptr<const keyring>;

/// Whether these bytes were sealed.
bool is_sealed(std::string_view stored);
/// As keyring::open; a null keyring opens what is not sealed.
result<std::string> open(const keyring_ptr& keys, std::string_view key, std::string_view stored);

} // namespace troupe::seal
