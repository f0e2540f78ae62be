#include "actors/kernel/asio/outgoing.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace troupe::io {

void outgoing::add(std::string bytes, std::size_t credit) {
  if (bytes.empty())
    return;
  bytes_ += bytes.size();
  parts_.push_back({.own = std::move(bytes), .shared = {}, .credit = credit});
}

void outgoing::add(shared_bytes bytes, std::size_t credit) {
  if (!bytes || bytes->empty())
    return;
  bytes_ += bytes->size();
  parts_.push_back({.own = {}, .shared = std::move(bytes), .credit = credit});
}

void outgoing::add_chunk(shared_bytes piece) {
  if (!piece || piece->empty())
    return; // an empty chunk would end the body
  std::array<char, 20> size;
  auto [end, error] = std::to_chars(size.data(), size.data() + size.size(), piece->size(), 16);
  std::string head{size.data(), end};
  add(head + "\r\n");
  auto credit = piece->size();
  add(std::move(piece), credit);
  add("\r\n");
}

std::span<const char> outgoing::front(std::span<char> scratch) const {
  auto head = parts_[first_].view().substr(at_);
  if (head.size() >= scratch.size() || first_ + 1 == parts_.size())
    return std::span{head}.first(std::min(head.size(), scratch.size()));
  std::size_t used = 0;
  for (auto i = first_; i < parts_.size() && used < scratch.size(); ++i) {
    auto view = i == first_ ? head : parts_[i].view();
    auto n = std::min(view.size(), scratch.size() - used);
    std::copy_n(view.data(), n, scratch.data() + used);
    used += n;
  }
  return scratch.first(used);
}

std::size_t outgoing::consume(std::size_t count) {
  std::size_t credit = 0;
  bytes_ -= count;
  while (count > 0) {
    auto& head = parts_[first_];
    auto left = head.view().size() - at_;
    if (count < left) {
      at_ += count;
      break;
    }
    count -= left;
    credit += head.credit;
    head = {};
    at_ = 0;
    ++first_;
  }
  if (first_ == parts_.size()) {
    parts_ = {}; // an idle connection holds nothing
    first_ = 0;
  } else if (first_ >= 64 && first_ * 2 >= parts_.size()) {
    parts_.erase(parts_.begin(), parts_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
  return credit;
}

} // namespace troupe::io
