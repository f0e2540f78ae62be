// Protobuf's wire: varints, keys and fields of bytes. For config/codec and documents in protobuf.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::codec::wire {

enum class form : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

void put_varint(std::string& out, std::uint64_t value);
void put_key(std::string& out, std::uint32_t number, form how);
void put_number(std::string& out, std::uint32_t number, std::uint64_t value);
void put_bytes(std::string& out, std::uint32_t number, std::string_view bytes);

/// One field of a message.
struct entry {
  std::uint32_t number = 0;
  form how = form::varint;
  std::uint64_t value = 0; // of varint, fixed64, fixed32
  std::string_view bytes;  // of bytes
};

/// Takes the fields off a message one by one.
class reader {
public:
  explicit reader(std::string_view message) : rest_(message) {}
  /// Nothing at the end or at a fault.
  std::optional<entry> next();
  /// Whether it ended at a fault (cut off, group, number 0).
  bool broken() const { return broken_; }
  /// A bare varint, as in packed lists.
  std::optional<std::uint64_t> varint();
  /// Bytes not taken yet.
  std::size_t left() const { return rest_.size(); }

private:
  std::optional<std::uint64_t> fixed(std::size_t bytes);
  std::string_view rest_;
  bool broken_ = false;
};

} // namespace troupe::codec::wire
