// Probes as a pure book: what is due when, what its results mean.
#pragma once

#include "actors/kubelet/pod/plan.hpp"

#include <map>
#include <string>
#include <vector>

namespace troupe::kubelet {

enum class probe_kind : std::uint8_t { startup, liveness, readiness };

/// One probe of one running container.
struct probe_record {
  std::int32_t in_a_row = 0;
  bool last = false; // the last result
  bool verdict = false;
  bool decided = false;
  bool operator==(const probe_record&) const = default;
};

/// A probe to run at a time.
struct due_probe {
  std::string container_id;
  probe_kind kind = probe_kind::startup;
  duration in{};
  bool operator==(const due_probe&) const = default;
};

class probe_book {
public:
  /// Compares with what runs: probes of new containers become due, those of ended ones are dropped.
  /// Liveness and readiness begin once the startup probe has succeeded.
  std::vector<due_probe> arrange(const pod& p, const runtime::pod_state& seen, const memory& known,
                                 instant now);
  /// Notes a result. True when the verdict changed: it is written to `known`.
  bool note(const probe& what, const std::string& container_id, probe_kind kind, bool ok,
            memory& known);
  bool watches(const std::string& container_id, probe_kind kind) const {
    return records_.contains({container_id, kind});
  }

private:
  std::map<std::pair<std::string, probe_kind>, probe_record> records_;
};

const std::optional<probe>& probe_of(const container& c, probe_kind kind);
std::string_view to_string(probe_kind kind); // Liveness, ...

/// The number of a port given as a number or a name; 0: there is none.
std::uint16_t port_of(const container& c, const std::string& port);

} // namespace troupe::kubelet
