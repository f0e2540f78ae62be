#include "actors/api/pipeline/change.hpp"

#include "actors/api/rules/rules.hpp"
#include "config/schema/walk.hpp"
#include "config/versions/versions.hpp"

#include <algorithm>
#include <array>

namespace troupe::pipeline {
namespace {

using names = std::pair<std::string_view, std::string_view>;

// Kinds of Kubernetes whose strategy sets metadata.generation.
constexpr std::array<names, 27> counted{
  {{"", "pods"},
   {"", "podtemplates"},
   {"", "replicationcontrollers"},
   {"admissionregistration.k8s.io", "mutatingwebhookconfigurations"},
   {"admissionregistration.k8s.io", "validatingadmissionpolicies"},
   {"admissionregistration.k8s.io", "validatingadmissionpolicybindings"},
   {"admissionregistration.k8s.io", "mutatingadmissionpolicies"},
   {"admissionregistration.k8s.io", "mutatingadmissionpolicybindings"},
   {"admissionregistration.k8s.io", "validatingwebhookconfigurations"},
   {"admissionregistration.k8s.io", "initializerconfigurations"},
   {"apiextensions.k8s.io", "customresourcedefinitions"},
   {"apps", "daemonsets"},
   {"apps", "deployments"},
   {"apps", "replicasets"},
   {"apps", "statefulsets"},
   {"autoscaling", "horizontalpodautoscalers"},
   {"batch", "cronjobs"},
   {"batch", "jobs"},
   {"discovery.k8s.io", "endpointslices"},
   {"flowcontrol.apiserver.k8s.io", "flowschemas"},
   {"flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"},
   {"networking.k8s.io", "ingressclasses"},
   {"networking.k8s.io", "ingresses"},
   {"networking.k8s.io", "networkpolicies"},
   {"policy", "poddisruptionbudgets"},
   {"scheduling.k8s.io", "priorityclasses"},
   {"resource.k8s.io", "resourceslices"}}};

constexpr std::string_view name_alphabet = "bcdfghjklmnpqrstvwxz2456789";
constexpr std::size_t longest_base = 63 - 5;

rules::field_errors check_rules(const context& c, const schema::resource& of, const json& tree,
                                const json* old) {
  auto sub = c.sub ? c.sub->name : std::string_view{};
  return old ? rules::validate_update(of, tree, *old, sub) : rules::validate(of, tree);
}

/// The rules are written for the stored version; Events have theirs in both groups.
rules::field_errors check_rules(const context& c, const json& tree, const json* old) {
  if (speaks_stored(c) || c.of.group != c.stored.group)
    return check_rules(c, c.of, tree, old);
  auto before = old ? as_stored(c, *old) : json();
  return check_rules(c, c.stored, as_stored(c, tree), old ? &before : nullptr);
}

result<void> run(context& c, const std::vector<admission_step>& steps, admission& a) {
  (void)c;
  for (const auto& step : steps)
    CHECK_RETURN(step.run(a));
  return {};
}

} // namespace

bool counts_generation(const schema::resource& of) {
  auto custom = !of.of || of.of->name.substr(0, 7) != "io.k8s.";
  return custom
         || std::find(counted.begin(), counted.end(), names{of.group, of.plural}) != counted.end();
}

bool spec_differs(const json& a, const json& b) {
  auto rest = [](const json& tree) {
    std::vector<std::pair<std::string_view, const json*>> out;
    for (auto at = tree.begin(); at != tree.end(); ++at)
      if (at.key() != "metadata" && at.key() != "status")
        out.emplace_back(at.key(), &*at);
    return out;
  };
  auto left = rest(a);
  auto right = rest(b);
  return !std::equal(left.begin(), left.end(), right.begin(), right.end(),
                     [](auto& x, auto& y) { return x.first == y.first && *x.second == *y.second; });
}

std::string make_uid(random_source& random) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::uint64_t words[2] = {random(), random()};
  words[0] = (words[0] & ~0xf000ULL) | 0x4000ULL;                 // version 4
  words[1] = (words[1] & ~(0xc000ULL << 48)) | (0x8000ULL << 48); // RFC 4122's variant
  std::string out;
  out.reserve(36);
  for (int i = 0; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20)
      out += '-';
    out += digits[(words[i / 16] >> (60 - 4 * (i % 16))) & 0xf];
  }
  return out;
}

std::string make_name(std::string_view base, random_source& random) {
  std::string out{base.substr(0, longest_base)};
  for (int i = 0; i < 5; ++i)
    out += name_alphabet[random.below(name_alphabet.size())];
  return out;
}

void fill_in(const context& c, json& tree) {
  // a built-in kind's defaults are stated once, for the stored version
  auto other = c.built_in() && !speaks_stored(c);
  const auto& in = other ? c.stored : c.of;
  if (other)
    versions::convert(tree, in);
  schema::apply_defaults(*in.of, tree);
  rules::set_defaults(in, tree);
  if (other)
    versions::convert(tree, c.of);
}

result<void> mutate(context& c, admission::operation what, json& tree, const json* old,
                    store::transaction& tx) {
  admission a{.what = what,
              .request = c.request,
              .of = c.of,
              .view = c.view,
              .env = c.env,
              .object = &tree,
              .old = old,
              .write = tx,
              .warnings = c.warnings};
  CHECK_RETURN(run(c, c.env.admission.mutating, a));
  if (a.default_again)
    fill_in(c, tree);
  return {};
}

result<void> validate_admission(context& c, admission::operation what, json* tree, const json* old,
                                store::transaction& tx) {
  admission a{.what = what,
              .request = c.request,
              .of = c.of,
              .view = c.view,
              .env = c.env,
              .object = tree,
              .old = old,
              .write = tx,
              .warnings = c.warnings};
  return run(c, c.env.admission.validating, a);
}

bool spec_changed(const context& c, const json& tree, const json& old) {
  return speaks_stored(c) ? spec_differs(tree, old)
                          : spec_differs(as_stored(c, tree), as_stored(c, old));
}

result<void> validate(const context& c, const json& tree, const json* old) {
  rules::field_errors errors;
  for (auto& wrong : schema::check_values(*c.of.of, tree))
    errors.add(std::move(wrong));
  auto more = check_rules(c, tree, old);
  for (const auto& wrong : more.causes())
    if (std::none_of(errors.causes().begin(), errors.causes().end(), [&](const cause& e) {
          return e.field == wrong.field && e.type == wrong.type;
        }))
      errors.add(wrong);
  if (errors.empty())
    return {};
  return rules::invalid(c.of, tree.at("metadata").value("name", ""), errors);
}

} // namespace troupe::pipeline
