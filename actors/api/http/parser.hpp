// Bytes to requests and answers: Boost.Beast's parsers behind a plain interface, because they cost
// ten seconds to compile.
#pragma once

#include "actors/api/http/message.hpp"

#include <memory>
#include <span>
#include <string>

namespace troupe::http::detail {

enum class parsed : std::uint8_t {
  need_more,
  complete,
  too_large,        // 413
  header_too_large, // 431
  malformed,        // 400
};

/// Reads requests one after the other. Holds nothing between requests.
class request_parser {
public:
  struct limits {
    std::size_t header;
    std::size_t body;
  };
  explicit request_parser(limits with);
  ~request_parser();
  request_parser(request_parser&&) noexcept;
  request_parser& operator=(request_parser&&) noexcept;

  /// Takes all bytes; those beyond the request are kept for the next one.
  parsed feed(std::string_view bytes);
  /// Keeps bytes for the next request without parsing them.
  void keep(std::string_view bytes) { kept_.append(bytes); }
  /// Bytes kept back that are not parsed yet.
  std::size_t kept() const { return kept_.size(); }
  /// A request has begun and is not complete.
  bool in_request() const { return at_ != nullptr || !kept_.empty(); }
  bool header_done() const;
  /// The client waits for "100 Continue"; true once per request.
  bool take_expectation();

  // of a complete request
  bool keep_alive() const;
  bool is_http10() const;
  /// Requires that feed() said complete; the next request may be fed afterwards.
  request take();
  /// What arrived beyond a complete request, for an upgrade.
  std::string take_rest() { return std::exchange(kept_, {}); }

private:
  struct state;
  limits limits_;
  std::unique_ptr<state> at_;
  std::string kept_;
};

/// Reads one answer; its body is handed on piece by piece.
class response_parser {
public:
  /// `no_body`: of a HEAD request.
  explicit response_parser(bool no_body);
  ~response_parser();
  response_parser(response_parser&&) noexcept;
  response_parser& operator=(response_parser&&) noexcept;

  /// Takes all bytes. Body bytes are appended to body().
  parsed feed(std::string_view bytes);
  /// The connection ended: complete if the answer ends that way.
  parsed end();
  bool header_done() const;
  bool keep_alive() const;
  int code() const;
  fields head() const; // requires header_done()
  /// The body's bytes since the last call.
  std::string take_body();
  std::string take_rest() { return std::exchange(kept_, {}); }

private:
  struct state;
  std::unique_ptr<state> at_;
  std::string kept_;
};

} // namespace troupe::http::detail
