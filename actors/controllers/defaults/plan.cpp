#include "actors/controllers/defaults/plan.hpp"

#include <nlohmann/json.hpp>

namespace troupe::defaults {

using nlohmann::json;

control::actions plan(const observed& o) {
  control::actions out;
  if (o.ns.meta.deleted || o.ns.phase == "Terminating")
    return out;
  const auto& ns = o.ns.meta.name;
  if (!o.has_account)
    out.push_back(
      control::create{.of = control::of::service_accounts,
                      .ns = ns,
                      .name = account_name,
                      .body = json{{"apiVersion", "v1"},
                                   {"kind", "ServiceAccount"},
                                   {"metadata", {{"name", account_name}, {"namespace", ns}}}}
                                .dump()});
  if (o.ca.empty())
    return out;
  if (!o.root_ca)
    out.push_back(control::create{
      .of = control::of::config_maps,
      .ns = ns,
      .name = root_ca_name,
      .body = json{{"apiVersion", "v1"},
                   {"kind", "ConfigMap"},
                   {"metadata",
                    {{"name", root_ca_name},
                     {"namespace", ns},
                     {"annotations",
                      {{"kubernetes.io/description",
                        "Contains a CA bundle that can be used to verify the kube-apiserver when "
                        "using internal endpoints such as the internal service IP or "
                        "kubernetes.default.svc. No other usage is guaranteed across "
                        "distributions of Kubernetes clusters."}}}}},
                   {"data", {{"ca.crt", o.ca}}}}
                .dump()});
  else if (o.root_ca_text != o.ca)
    out.push_back(control::patch{.at = control::at(control::of::config_maps, *o.root_ca),
                                 .body = json{{"data", {{"ca.crt", o.ca}}}}.dump()});
  return out;
}

} // namespace troupe::defaults
