// The steps that creating and changing an object share: system fields, admission, checks, side
// effects.
#pragma once

#include "actors/api/pipeline/context.hpp"

namespace troupe::pipeline {

/// Whether a kind counts its spec's changes in metadata.generation.
bool counts_generation(const schema::resource& of);
/// Whether anything but metadata and status differs.
bool spec_differs(const json& a, const json& b);
/// The same of two trees of the request's version, seen in the stored one.
bool spec_changed(const context& c, const json& tree, const json& old);

/// A random UUID (version 4).
std::string make_uid(random_source& random);
/// `base`, cut to fit, and five characters of Kubernetes' alphabet without vowels.
std::string make_name(std::string_view base, random_source& random);

/// Schema defaults, the kind's conditional ones, canonical quantities.
void fill_in(const context& c, json& tree);

/// Runs the mutating steps, defaults again when a step asks for it.
result<void> mutate(context& c, admission::operation what, json& tree, const json* old,
                    store::transaction& tx);
result<void> validate_admission(context& c, admission::operation what, json* tree, const json* old,
                                store::transaction& tx);

/// All of Kubernetes' validation. Fails with invalid.
result<void> validate(const context& c, const json& tree, const json* old);

/// What a changed Service keeps of its addresses and ports when the client did not repeat them.
void keep_allocations(const context& c, json& tree, const json& old);

/// Addresses and ports of a Service: taken, given back, checked. Null: there is no such object.
/// Sets fields of `tree`; adds operations and predicates. Fails with invalid.
result<void> allocate(context& c, json* tree, const json* old, store::transaction& tx);

} // namespace troupe::pipeline
