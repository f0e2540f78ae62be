#include "actors/controllers/defaults/plan.hpp"
#include "actors/controllers/registrations.hpp"
#include "config/api/peek.hpp"

namespace troupe::control {

registration defaults_controller(std::string ca) {
  registration out;
  out.name = "namespace-defaults";
  out.component = "namespace-defaults-controller";
  out.reads = {of::namespaces, of::service_accounts, of::config_maps};
  out.concerns = [](const cache&, const resource& of, const api::object_ptr& now,
                    const api::object_ptr& before, keys& due) {
    const auto& o = now ? *now : *before;
    if (of == of::namespaces)
      due.insert(o.meta.name);
    else if (o.meta.name == defaults::account_name || o.meta.name == defaults::root_ca_name)
      due.insert(o.meta.ns);
  };
  out.plan = [ca = std::move(ca)](const cache& c, const std::string& ns, const moment&) -> actions {
    auto found = c.view<views::name_space>(of::namespaces, c.get(of::namespaces, "", ns));
    if (!found)
      return {};
    defaults::observed o{.ns = std::move(*found),
                         .has_account =
                           c.get(of::service_accounts, ns, defaults::account_name) != nullptr,
                         .ca = ca};
    if (auto map = c.get(of::config_maps, ns, defaults::root_ca_name)) {
      o.root_ca = map->meta;
      o.root_ca_text = api::peek_text(*map->body, {"data", "ca.crt"});
    }
    return defaults::plan(o);
  };
  return out;
}

} // namespace troupe::control
