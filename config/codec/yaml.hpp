// YAML as Kubernetes' clients write and read it.
//
// Plain scalars are resolved as sigs.k8s.io/yaml does (YAML 1.1: yes, no, on, off are booleans,
// 0644 is octal; timestamps stay text); a quoted scalar is always text. Merge keys (<<) work.
#pragma once

#include "config/base/result.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace troupe::codec {

/// Exactly one document. As read_json: the same limits, the same treatment of keys that stand
/// twice.
result<nlohmann::json> read_yaml(std::string_view text,
                                 std::vector<std::string>* duplicates = nullptr);
/// All documents that are not empty.
result<std::vector<nlohmann::json>>
read_yaml_documents(std::string_view text, std::vector<std::string>* duplicates = nullptr);

/// One document, as kubectl prints it: keys sorted, two spaces, lists not indented, a line feed at
/// the end.
std::string write_yaml(const nlohmann::json& tree);

} // namespace troupe::codec
