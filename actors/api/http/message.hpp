// HTTP requests and answers as values; shared by the server and the client.
#pragma once

#include "config/base/bytes.hpp"
#include "config/pki/certificate.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::http {

/// Header fields in the order of their arrival; names compare without regard to case.
class fields {
public:
  using entry = std::pair<std::string, std::string>;

  fields() = default;
  fields(std::initializer_list<entry> entries) : entries_(entries) {}

  void add(std::string name, std::string value);
  /// The first value of that name; empty if there is none.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  /// Every value of that name, in order.
  std::vector<std::string_view> all(std::string_view name) const;
  void remove(std::string_view name);
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  std::size_t size() const { return entries_.size(); }
  bool operator==(const fields&) const = default;

private:
  std::vector<entry> entries_;
};

/// Whether a comma-separated field (Connection, Accept-Encoding) names `token`, without regard to
/// case.
bool has_token(std::string_view list, std::string_view token);
bool same_name(std::string_view a, std::string_view b);

/// Where a request came from.
struct peer {
  std::string address;
  std::uint16_t port = 0;
  std::optional<pki::identity> who; // of the verified client certificate; none: it gave none
};

struct request {
  std::string method = "GET";
  std::string target = "/"; // path and query as sent, percent-encoded
  http::fields fields;
  std::string body;
  peer from; // filled in by the server
};

/// Gives the next piece of a body, or null at its end. Called on an I/O thread whenever the socket
/// can take more; must not block.
using body_source = std::function<shared_bytes()>;

struct response {
  int code = 200;
  http::fields fields;
  shared_bytes body;  // null: none
  body_source source; // if set, follows `body` (chunked): a long answer need not exist as a whole
};

std::string_view reason_phrase(int code);

} // namespace troupe::http
