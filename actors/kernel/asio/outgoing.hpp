// Bytes on their way out of a connection, in order, without copying long pieces before they are
// sent.
#pragma once

#include "config/base/bytes.hpp"

#include <span>
#include <string>
#include <vector>

namespace troupe::io {

class outgoing {
public:
  /// `credit`: reported by consume() once the piece is out.
  void add(std::string bytes, std::size_t credit = 0);
  void add(shared_bytes bytes, std::size_t credit = 0);
  /// The piece as a chunk (RFC 9112 7.1), reported as its size.
  void add_chunk(shared_bytes piece);
  void add_last_chunk() { add("0\r\n\r\n"); }

  bool empty() const { return first_ == parts_.size(); }
  std::size_t bytes() const { return bytes_; }
  /// The first bytes: in place if the first piece is long, else gathered in `scratch`.
  std::span<const char> front(std::span<char> scratch) const;
  /// So many are out; the sum of the credits of the pieces that are out now.
  std::size_t consume(std::size_t count);

private:
  struct part {
    std::string own;
    shared_bytes shared;
    std::size_t credit = 0;
    std::string_view view() const {
      return shared ? std::string_view{*shared} : std::string_view{own};
    }
  };
  std::vector<part> parts_;
  std::size_t first_ = 0;
  std::size_t at_ = 0; // in the first part
  std::size_t bytes_ = 0;
};

} // namespace troupe::io
