// What every namespace has from the start: the ServiceAccount `default` and the cluster's CA.
#pragma once

#include "actors/controllers/action.hpp"
#include "config/api/views/namespace.hpp"

namespace troupe::defaults {

struct observed {
  views::name_space ns;
  bool has_account = false;
  std::optional<api::metadata> root_ca{}; // of the ConfigMap kube-root-ca.crt
  std::string root_ca_text{};             // its data["ca.crt"]
  std::string ca;                         // what it should be; empty: not known yet
};

inline constexpr const char* account_name = "default";
inline constexpr const char* root_ca_name = "kube-root-ca.crt";

[[nodiscard]] control::actions plan(const observed& o);

} // namespace troupe::defaults
