// Compression of long answers, piece by piece, so that one answer does not hold up its I/O thread.
#pragma once

#include "actors/api/http/message.hpp"

namespace troupe::http::detail {

/// Whether an Accept-Encoding field allows gzip.
bool accepts_gzip(std::string_view accept_encoding);

/// Gives the compressed pieces of `body` and then of `source` (either may be empty).
body_source gzip(shared_bytes body, body_source source);

/// For clients and tests. Fails on what is not gzip or grows beyond `limit` bytes.
result<std::string> gunzip(std::string_view compressed, std::size_t limit);

} // namespace troupe::http::detail
