// Walks the JSON of a stored object without building a tree: what is absent reads as empty.
//
//   OR_RETURN(auto root, reader::of(o));
//   auto node = root["spec"]["nodeName"].text();
//   root["status"]["conditions"].each([&](reader c) { ... });
//
// Included by the .cpp files of views only. A reader is valid until the thread's next reader::of.
#pragma once

#include "config/api/object.hpp"

#include <simdjson.h>

namespace troupe::views {

class reader {
public:
  reader() = default;
  explicit reader(simdjson::dom::element at) : at_(at), present_(!at.is_null()) {}

  /// Fails only on bytes that are not JSON; never on a body that the API stored.
  static result<reader> of(const api::object& o) { return of(*o.body); }
  static result<reader> of(std::string_view json);

  /// False when absent or null.
  explicit operator bool() const { return present_; }
  reader operator[](std::string_view key) const;

  std::string_view view(std::string_view absent = {}) const;
  std::string text(std::string_view absent = {}) const { return std::string{view(absent)}; }
  std::int64_t number(std::int64_t absent = 0) const;
  bool flag(bool absent = false) const;
  bool is_text() const { return present_ && at_.is_string(); }
  /// An RFC 3339 time; nullopt when absent or malformed.
  std::optional<instant> time() const;
  api::string_map strings() const;
  std::vector<std::string> texts() const;
  /// The compact JSON of this value; empty when absent.
  std::string raw() const;

  /// Calls `visit(reader)` for each element of an array.
  template <class F> void each(F visit) const {
    simdjson::dom::array elements;
    if (present_ && at_.get(elements) == simdjson::SUCCESS)
      for (auto element : elements)
        visit(reader{element});
  }
  /// Calls `visit(key, reader)` for each field of an object.
  template <class F> void fields(F visit) const {
    simdjson::dom::object members;
    if (present_ && at_.get(members) == simdjson::SUCCESS)
      for (auto member : members)
        visit(member.key, reader{member.value});
  }

private:
  simdjson::dom::element at_;
  bool present_ = false;
};

} // namespace troupe::views
