// The messages of many processes as one story: which belong to an object, and how they are shown.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace troupe::program {

/// Events as the processes give them (`trace -o json`).
using trace_events = std::vector<nlohmann::json>;

/// Whether an event concerns what the user named: KIND/NAME, KIND/NAMESPACE/NAME; the kind
/// singular, plural or CamelCase.
bool concerns(const nlohmann::json& event, const std::string& object);

/// The events that concern the object and everything that caused them, in order of time. An empty
/// object means everything.
trace_events causal_chain(const trace_events& all, const std::string& object);

std::string as_text(const trace_events& chain);
std::string as_mermaid(const trace_events& chain);
/// OTLP in JSON: one ResourceSpans per process.
nlohmann::json as_otlp(const trace_events& chain);

} // namespace troupe::program
