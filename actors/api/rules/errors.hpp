// Field errors in Kubernetes' words, collected while a tree is checked.
#pragma once

#include "config/base/failure.hpp"

#include <nlohmann/json_fwd.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::rules {

/// A path into an object: `spec.containers[0].name`, `metadata.annotations[a/b]`.
class field_path {
public:
  explicit field_path(std::string_view start = {}) : text_(start) {}
  field_path operator/(std::string_view member) const;
  field_path operator[](std::size_t index) const;
  field_path key(std::string_view name) const; // of a map: [name]
  const std::string& text() const { return text_; }

private:
  std::string text_;
};

class field_errors {
public:
  void required(const field_path& at, std::string_view detail = {});
  void invalid(const field_path& at, const nlohmann::json& value, std::string_view detail);
  void not_supported(const field_path& at, const nlohmann::json& value,
                     std::span<const std::string_view> supported);
  void duplicate(const field_path& at, const nlohmann::json& value);
  void forbidden(const field_path& at, std::string_view detail);
  void too_long(const field_path& at, std::size_t most_bytes);
  void too_many(const field_path& at, std::size_t actual, std::size_t most);
  void not_found(const field_path& at, const nlohmann::json& value);
  void type_invalid(const field_path& at, const nlohmann::json& value, std::string_view detail);
  void add(cause c) { causes_.push_back(std::move(c)); }

  bool empty() const { return causes_.empty(); }
  const std::vector<cause>& causes() const { return causes_; }

private:
  std::vector<cause> causes_;
};

} // namespace troupe::rules
