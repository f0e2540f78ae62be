#include "actors/kubelet/server/tunnel.hpp"

#include <memory>
#include <string>

namespace troupe::kubelet {

namespace {

/// Sends what `to` did not take before, then lets `from` go on.
void push_again(const http::duplex& from, const http::duplex& to, const shared_bytes& bytes) {
  switch (to.write(bytes)) {
  case http::push::queued: from.resume(); break;
  case http::push::full: to.on_drain([from, to, bytes] { push_again(from, to, bytes); }); break;
  case http::push::gone: from.close(); break;
  }
}

void pass(const http::duplex& from, const http::duplex& to) {
  from.on_data([from, to](std::string_view piece) {
    if (piece.empty()) { // its end
      to.close();
      return false;
    }
    auto bytes = share(std::string(piece));
    switch (to.write(bytes)) {
    case http::push::queued: return true;
    case http::push::full:
      to.on_drain([from, to, bytes] { push_again(from, to, bytes); });
      return false;
    default: from.close(); return false;
    }
  });
}

} // namespace

void join(const http::duplex& a, const http::duplex& b) {
  pass(a, b);
  pass(b, a);
}

} // namespace troupe::kubelet
