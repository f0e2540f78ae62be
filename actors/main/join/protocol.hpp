// What is said at POST /troupe/join, as values and as JSON; who is let in, and as what. Pure.
#pragma once

#include "actors/main/join/token.hpp"
#include "config/pki/cluster.hpp"

#include <map>
#include <string>
#include <vector>

namespace troupe::join {

inline constexpr auto path = "/troupe/join";

/// A machine asks to be let in. It keeps its key; `certificate_request` is signed by it.
struct request {
  join::role role = role::node;
  std::string name;
  std::string address;             // where it is reached: IPv4 or IPv6
  std::uint16_t link_port = 0;     // of a master
  std::string certificate_request; // PEM
  bool operator==(const request&) const = default;
};

/// What it gets. Masters get what makes a master, by its file name ("ca.key"), nodes nothing.
struct answer {
  std::string certificate;          // PEM
  std::string ca;                   // PEM
  std::string settings;             // YAML
  std::vector<std::string> masters; // NAME=HOST:LINKPORT
  std::map<std::string, std::string> secrets;
  bool operator==(const answer&) const = default;
};

std::string encode(const request& r);
std::string encode(const answer& a);
/// Fails with bad_request: malformed, a name that is no DNS label, an address that is none.
result<request> read_request(std::string_view body);
result<answer> read_answer(std::string_view body);

/// Somebody who is in already.
struct known_member {
  std::string name;
  bool voter = false;  // a master whose log others count on
  bool linked = false; // its process is there now
};

/// Fails with already_exists when the name is another's: one that is there now, or a master's that
/// the cluster still counts on.
result<void> check_name(const request& r, const std::vector<known_member>& known);

/// What its certificate is for, whatever the request asks for.
pki::subject subject_of(const request& r);
/// The certificate for the request. Fails with bad_request when it is unreadable, or asks for
/// another identity.
result<pki::certificate> certify(const pki::authority& ca, const request& r, instant now);

/// Shared secrets to and from the answer's form.
std::map<std::string, std::string> to_files(const pki::shared_secrets& shared);
result<pki::shared_secrets> from_files(const answer& a);

} // namespace troupe::join
