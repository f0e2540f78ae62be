#include "config/api/views/reader.hpp"

namespace troupe::views {

result<reader> reader::of(std::string_view json) {
  thread_local simdjson::dom::parser parser; // keeps its buffers from object to object
  simdjson::dom::element root;
  if (auto error = parser.parse(json.data(), json.size()).get(root); error != simdjson::SUCCESS)
    return failure{.reason = reason::internal,
                   .message =
                     std::string{"reading a stored object: "} + simdjson::error_message(error)};
  return reader{root};
}

reader reader::operator[](std::string_view key) const {
  simdjson::dom::element found;
  if (!present_ || at_[key].get(found) != simdjson::SUCCESS)
    return {};
  return reader{found};
}

std::string_view reader::view(std::string_view absent) const {
  std::string_view text;
  if (!present_ || at_.get(text) != simdjson::SUCCESS)
    return absent;
  return text;
}

std::int64_t reader::number(std::int64_t absent) const {
  if (!present_)
    return absent;
  std::int64_t whole = 0;
  if (at_.get(whole) == simdjson::SUCCESS)
    return whole;
  double real = 0;
  return at_.get(real) == simdjson::SUCCESS ? static_cast<std::int64_t>(real) : absent;
}

bool reader::flag(bool absent) const {
  bool value = absent;
  return present_ && at_.get(value) == simdjson::SUCCESS ? value : absent;
}

std::optional<instant> reader::time() const {
  auto text = view();
  if (text.empty())
    return std::nullopt;
  auto parsed = api::parse_time(text);
  return parsed ? std::optional{*parsed} : std::nullopt;
}

api::string_map reader::strings() const {
  api::string_map out;
  fields([&](std::string_view key, reader value) { out.emplace(key, value.text()); });
  return out;
}

std::vector<std::string> reader::texts() const {
  std::vector<std::string> out;
  each([&](reader value) { out.push_back(value.text()); });
  return out;
}

std::string reader::raw() const {
  return present_ ? std::string{simdjson::minify(at_)} : std::string{};
}

} // namespace troupe::views
