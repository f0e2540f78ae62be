#include "actors/api/http/parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <utility> // Boost 1.74 needs it before Asio

namespace troupe::http::detail {
namespace {

namespace beast = boost::beast::http;

std::string text(boost::beast::string_view view) { return {view.data(), view.size()}; }

fields copy_fields(const beast::fields& from) {
  fields out;
  for (const auto& field : from)
    out.add(text(field.name_string()), text(field.value()));
  return out;
}

parsed explain(const boost::system::error_code& error) {
  if (error == beast::error::need_more)
    return parsed::need_more;
  if (error == beast::error::body_limit)
    return parsed::too_large;
  if (error == beast::error::header_limit)
    return parsed::header_too_large;
  return parsed::malformed;
}

/// Feeds what is kept and what is new; what the parser leaves is kept.
template <class Parser>
parsed feed_parser(Parser& parser, std::string& kept, std::string_view bytes) {
  if (!kept.empty()) {
    kept.append(bytes);
    bytes = kept;
  }
  std::size_t used = 0;
  auto state = parsed::need_more;
  while (used < bytes.size() && !parser.is_done()) {
    boost::system::error_code error;
    auto n = parser.put(boost::asio::buffer(bytes.data() + used, bytes.size() - used), error);
    used += n;
    if (error) {
      state = explain(error);
      break;
    }
    if (n == 0)
      break;
  }
  std::string rest{bytes.substr(used)};
  kept = std::move(rest);
  return parser.is_done() ? parsed::complete : state;
}

/// Collects the body in a string that its reader empties between calls.
struct piecewise_body {
  using value_type = std::string;
  class reader {
  public:
    template <bool IsRequest, class Fields>
    reader(beast::header<IsRequest, Fields>&, value_type& into) : into_(into) {}
    void init(const boost::optional<std::uint64_t>&, boost::system::error_code& error) {
      error = {};
    }
    template <class Buffers>
    std::size_t put(const Buffers& from, boost::system::error_code& error) {
      error = {};
      std::size_t size = 0;
      for (auto at = boost::asio::buffer_sequence_begin(from);
           at != boost::asio::buffer_sequence_end(from); ++at) {
        boost::asio::const_buffer one{*at};
        into_.append(static_cast<const char*>(one.data()), one.size());
        size += one.size();
      }
      return size;
    }
    void finish(boost::system::error_code& error) { error = {}; }

  private:
    value_type& into_;
  };
};

constexpr std::uint32_t answer_header_limit = 256U << 10;

} // namespace

struct request_parser::state {
  beast::request_parser<beast::string_body> parser;
  bool expectation_taken = false;
};

request_parser::request_parser(limits with) : limits_(with) {}
request_parser::~request_parser() = default;
request_parser::request_parser(request_parser&&) noexcept = default;
request_parser& request_parser::operator=(request_parser&&) noexcept = default;

parsed request_parser::feed(std::string_view bytes) {
  if (!at_) {
    auto blank = [](std::string_view text) {
      return std::min(text.find_first_not_of("\r\n"), text.size());
    };
    kept_.erase(0, blank(kept_)); // empty lines before a request are ignored (RFC 9112 2.2)
    if (kept_.empty())
      bytes.remove_prefix(blank(bytes));
    if (bytes.empty() && kept_.empty())
      return parsed::need_more;
    at_ = std::make_unique<state>();
    at_->parser.eager(true);
    at_->parser.header_limit(static_cast<std::uint32_t>(limits_.header));
    at_->parser.body_limit(limits_.body);
  }
  return feed_parser(at_->parser, kept_, bytes);
}

bool request_parser::header_done() const { return at_ && at_->parser.is_header_done(); }

bool request_parser::take_expectation() {
  if (!header_done() || at_->expectation_taken)
    return false;
  at_->expectation_taken = true;
  return has_token(text(at_->parser.get()[beast::field::expect]), "100-continue");
}

bool request_parser::keep_alive() const { return at_->parser.get().keep_alive(); }

bool request_parser::is_http10() const { return at_->parser.get().version() < 11; }

request request_parser::take() {
  auto whole = at_->parser.release();
  at_.reset();
  return {.method = text(whole.method_string()),
          .target = text(whole.target()),
          .fields = copy_fields(whole),
          .body = std::move(whole.body()),
          .from = {}};
}

struct response_parser::state {
  beast::response_parser<piecewise_body> parser;
};

response_parser::response_parser(bool no_body) : at_(std::make_unique<state>()) {
  at_->parser.eager(true);
  at_->parser.skip(no_body);
  at_->parser.header_limit(answer_header_limit);
  at_->parser.body_limit(boost::none); // the caller counts
}
response_parser::~response_parser() = default;
response_parser::response_parser(response_parser&&) noexcept = default;
response_parser& response_parser::operator=(response_parser&&) noexcept = default;

parsed response_parser::feed(std::string_view bytes) {
  return feed_parser(at_->parser, kept_, bytes);
}

parsed response_parser::end() {
  boost::system::error_code error;
  if (at_->parser.got_some())
    at_->parser.put_eof(error);
  return !error && at_->parser.is_done() ? parsed::complete : parsed::malformed;
}

bool response_parser::header_done() const { return at_->parser.is_header_done(); }

bool response_parser::keep_alive() const {
  return at_->parser.keep_alive() && !at_->parser.need_eof();
}

int response_parser::code() const { return static_cast<int>(at_->parser.get().result_int()); }

fields response_parser::head() const { return copy_fields(at_->parser.get()); }

std::string response_parser::take_body() { return std::exchange(at_->parser.get().body(), {}); }

} // namespace troupe::http::detail
