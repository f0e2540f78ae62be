#include "actors/kernel/clock.hpp"

namespace troupe::kernel {
namespace {

class system_clock final : public clock {
public:
  instant now() const override { return std::chrono::system_clock::now(); }
};

} // namespace

std::unique_ptr<clock> make_system_clock() { return std::make_unique<system_clock>(); }

} // namespace troupe::kernel
