// CRC-32C (Castagnoli, RFC 3720 appendix B.4): by the processor's instruction where there is one.
#pragma once

#include <cstdint>
#include <string_view>

namespace troupe::wal {

/// Of `bytes`; `seed` is the value for the bytes in front of them.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

/// The same by table, for comparison in tests and for other processors.
std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t seed = 0);

} // namespace troupe::wal
