#include "actors/api/http/gzip.hpp"

#include <algorithm>
#include <array>
#include <zlib.h>

namespace troupe::http::detail {
namespace {

constexpr int level = 1; // Kubernetes uses 4; the network is rarely slower than the processor
constexpr int gzip_format = 15 + 16; // zlib's way to say it
constexpr std::size_t slice = 64U << 10;

Bytef* bytes_of(const char* text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text)); // zlib does not change its input
}

class compressor {
public:
  compressor(shared_bytes body, body_source source)
      : body_(std::move(body)), source_(std::move(source)) {
    invariant(deflateInit2(&zip_, level, Z_DEFLATED, gzip_format, 8, Z_DEFAULT_STRATEGY) == Z_OK,
              "a compressor must fit into memory");
  }
  ~compressor() { deflateEnd(&zip_); }
  compressor(const compressor&) = delete;
  compressor& operator=(const compressor&) = delete;

  /// Null at the end; else not empty.
  shared_bytes next() {
    std::string out;
    while (out.empty() && !ended_) {
      if (!body_ && source_)
        refill();
      auto left = body_ ? body_->size() - at_ : 0;
      auto size = std::min(left, slice);
      auto last = !source_ && size == left;
      deflate_slice(body_ ? body_->data() + at_ : nullptr, size, last, out);
      at_ += size;
      ended_ = last;
      if (size == left)
        drop_body();
    }
    return out.empty() ? nullptr : share(std::move(out));
  }

private:
  void refill() {
    body_ = source_();
    if (!body_)
      source_ = nullptr;
  }
  void drop_body() {
    body_ = nullptr;
    at_ = 0;
  }
  void deflate_slice(const char* from, std::size_t size, bool last, std::string& out) {
    std::array<char, 16384> buffer;
    zip_.next_in = bytes_of(from);
    zip_.avail_in = static_cast<uInt>(size);
    do {
      zip_.next_out = bytes_of(buffer.data());
      zip_.avail_out = buffer.size();
      deflate(&zip_, last ? Z_FINISH : Z_NO_FLUSH);
      out.append(buffer.data(), buffer.size() - zip_.avail_out);
    } while (zip_.avail_out == 0);
  }

  z_stream zip_{};
  shared_bytes body_;
  body_source source_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

} // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  if (!has_token(accept_encoding, "gzip"))
    return false;
  auto at = accept_encoding.find("gzip");
  if (at == std::string_view::npos)
    return true;
  auto rest = accept_encoding.substr(at + 4);
  rest = rest.substr(0, rest.find(','));
  std::string weight;
  std::copy_if(rest.begin(), rest.end(), std::back_inserter(weight),
               [](char c) { return c != ' '; });
  return weight != ";q=0" && weight != ";q=0.0" && weight != ";q=0.00" && weight != ";q=0.000";
}

body_source gzip(shared_bytes body, body_source source) {
  auto running = std::make_shared<compressor>(std::move(body), std::move(source));
  return [running] { return running->next(); };
}

result<std::string> gunzip(std::string_view compressed, std::size_t limit) {
  z_stream zip{};
  if (inflateInit2(&zip, gzip_format) != Z_OK)
    return failure{.message = "unpacking gzip: no memory"};
  std::string out;
  std::array<char, 16384> buffer;
  zip.next_in = bytes_of(compressed.data());
  zip.avail_in = static_cast<uInt>(compressed.size());
  int state = Z_OK;
  while (state == Z_OK && out.size() <= limit) {
    zip.next_out = bytes_of(buffer.data());
    zip.avail_out = buffer.size();
    state = inflate(&zip, Z_NO_FLUSH);
    out.append(buffer.data(), buffer.size() - zip.avail_out);
  }
  inflateEnd(&zip);
  if (state != Z_STREAM_END || out.size() > limit)
    return failure{.reason = out.size() > limit ? reason::too_large : reason::bad_request,
                   .message = "unpacking gzip failed"};
  return out;
}

} // namespace troupe::http::detail
