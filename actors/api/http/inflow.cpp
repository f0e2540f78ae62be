#include "actors/api/http/inflow.hpp"

#include <utility>

namespace troupe::http::detail {

void inflow::begin(std::shared_ptr<inbox> to, std::string early) {
  to_ = std::move(to);
  early_ = std::move(early);
}

bool inflow::give(std::string_view bytes) {
  std::function<bool(std::string_view)> take;
  {
    std::lock_guard lock{to_->mutex};
    take = bytes.empty() ? std::exchange(to_->take, nullptr) : to_->take;
  }
  if (!take)
    return false;
  return take(bytes);
}

void inflow::deliver(std::string_view bytes) {
  if (paused_ || !early_.empty())
    early_.append(bytes);
  else
    paused_ = !give(bytes);
}

void inflow::resume() {
  if (!to_)
    return;
  paused_ = false;
  if (auto early = std::exchange(early_, {}); !early.empty())
    paused_ = !give(early);
  if (ended_)
    end();
}

void inflow::end() {
  ended_ = true;
  if (!to_ || told_ || paused_)
    return;
  told_ = true;
  give({});
}

void inflow::close() {
  if (!to_ || told_)
    return;
  told_ = true;
  if (auto early = std::exchange(early_, {}); !early.empty())
    give(early);
  give({});
}

} // namespace troupe::http::detail
