// How the kubelet's actors speak: the manager, one worker per pod, the recorder of events, the
// node.
#pragma once

#include "actors/client/informer.hpp"
#include "actors/client/protocol.hpp"
#include "actors/kernel/protocol.hpp"
#include "actors/kubelet/engine/protocol.hpp"
#include "config/api/object.hpp"

#include <caf/typed_actor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::kubelet {

// ---- recorder ----

/// Something worth telling happened to an object: becomes an Event.
struct happened {
  using local_only = void;
  std::string kind; // Pod, Node
  std::string ns;
  std::string name;
  std::string uid;
  std::string field; // spec.containers{a}; may be empty
  bool warning = false;
  std::string reason;
  std::string message;
};
std::string traced_object(const happened& m);

using recorder_actor = caf::typed_actor<proto::tell<happened>>;

// ---- worker ----

/// The pod as the API has it.
struct pod_is {
  using local_only = void;
  api::object_ptr of;
};
/// The API has forgotten the pod: end and remove what is left.
struct pod_is_gone {
  using local_only = void;
};
/// The runtime reported something of this pod.
struct look_again {
  using local_only = void;
};
/// The kubelet will not run this pod, or no longer.
struct end_pod {
  using local_only = void;
  std::string reason;
  std::string message;
};
std::string traced_object(const pod_is& m);

/// The worker's own: time has come for something.
struct pod_timer {
  using local_only = void;
  std::uint64_t number = 0; // an older one is void
};
struct probe_due {
  using local_only = void;
  std::string container_id;
  std::uint8_t kind = 0; // probe_kind
};
struct contents_due {
  using local_only = void;
};
struct resumed { // after a pause within a hook
  using local_only = void;
  std::function<void()> run;
};

using worker_actor = caf::typed_actor< //
  proto::tell<pod_is>,                 //
  proto::tell<pod_is_gone>,            //
  proto::tell<look_again>,             //
  proto::tell<end_pod>,                //
  proto::tell<pod_timer>,              //
  proto::tell<probe_due>,              //
  proto::tell<contents_due>,           //
  proto::tell<resumed>>;

// ---- manager ----

/// An incarnation of a worker is there and knows nothing yet.
struct worker_started {
  using local_only = void;
  std::string uid;
};
/// Nothing of the pod is left on this node.
struct pod_finished {
  using local_only = void;
  std::string uid;
};
/// Pods of this node, as the API has them.
struct find_pods {
  using local_only = void;
  std::string ns;   // empty: all
  std::string name; // empty: all
};
struct found_pods {
  using local_only = void;
  std::vector<api::object_ptr> all;
};
/// The workers' supervisor is new and has none: it needs them all again.
struct workers_lost {
  using local_only = void;
};
struct housekeeping { // the manager's own
  using local_only = void;
};

using manager_actor = caf::typed_actor< //
  proto::tell<client::informed>,        // of pods and of services
  proto::tell<engine::pod_changed>,     // the runtime has news of one
  proto::tell<worker_started>,          //
  proto::tell<pod_finished>,            //
  proto::tell<workers_lost>,            //
  proto::ask<find_pods, found_pods>,    //
  proto::tell<housekeeping>>;

} // namespace troupe::kubelet
