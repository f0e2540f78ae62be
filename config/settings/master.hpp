// Settings of a master, with Kubernetes' names and defaults where it has them (the key is in the
// comment).
#pragma once

#include "config/settings/common.hpp"

#include <optional>

namespace troupe::settings {

struct master {
  std::string name = "master-1";  // name
  std::string cluster = "troupe"; // clusterName
  std::string data_dir;           // dataDir: store, certificates, logs; required
  std::string pki_dir;            // pkiDir; empty: dataDir/pki

  // addresses
  std::string bind_address = "127.0.0.1"; // bindAddress
  std::string advertise_address;          // advertiseAddress; empty: bindAddress
  std::uint16_t api_port = 6443;          // securePort
  std::uint16_t link_port = 7443;         // linkPort: actor links from masters and nodes
  std::vector<peer> masters;              // masters: NAME=HOST:LINKPORT; itself too if it founds
  std::string public_endpoint; // publicEndpoint: HOST:PORT of the balancer; empty: this API

  networks net;
  links link;

  // store
  duration election_timeout = 200ms;       // electionTimeout: a follower waits one to two of it
  duration raft_heartbeat = 50ms;          // raftHeartbeatInterval
  duration compact_after = 5min;           // compactionInterval: older versions are dropped
  std::uint64_t store_reserve = 64U << 20; // storeReserve: bytes free on its disk; less: read-only
  std::uint64_t snapshot_entries = 100000; // snapshotEntries: log entries between snapshots
  std::vector<std::string> etcd_servers;   // etcdServers; not empty: etcd is the store
  std::string etcd_ca_file;                // etcdCAFile
  std::string etcd_cert_file;              // etcdCertFile
  std::string etcd_key_file;               // etcdKeyFile
  std::string etcd_prefix = "/troupe";     // etcdPrefix: our keys begin with it
  duration etcd_lease = 5s;                // etcdLeaseDuration: of the leading master
  bool etcd_compaction = true;             // etcdCompaction: the leader compacts etcd's history

  // API
  std::uint32_t io_threads = 2;          // ioThreads
  std::uint32_t actor_threads = 2;       // actorThreads
  std::uint32_t max_connections = 20000; // maxConnections
  std::uint32_t max_requests = 400;      // maxRequestsInflight
  std::uint32_t max_mutating = 200;      // maxMutatingRequestsInflight
  duration request_timeout = 60s;        // requestTimeout
  bool anonymous = true;                 // anonymousAuth: for health and version only
  std::vector<std::string> api_audiences = {
    "https://kubernetes.default.svc.cluster.local"};                         // apiAudiences
  std::string token_issuer = "https://kubernetes.default.svc.cluster.local"; // serviceAccountIssuer
  std::string audit_log;                      // auditLogPath; empty: none
  std::string audit_policy;                   // auditPolicyFile
  std::string encryption_config;              // encryptionProviderConfig
  std::string oidc_issuer;                    // oidcIssuerURL
  std::string oidc_client;                    // oidcClientID
  std::string oidc_user_claim = "sub";        // oidcUsernameClaim
  std::string oidc_groups_claim;              // oidcGroupsClaim
  std::string oidc_ca_file;                   // oidcCAFile
  std::vector<std::string> enable_admission;  // enableAdmissionPlugins: beside the default chain
  std::vector<std::string> disable_admission; // disableAdmissionPlugins

  // controllers
  duration node_monitor_period = 5s; // nodeMonitorPeriod
  duration node_monitor_grace = 40s; // nodeMonitorGracePeriod
  duration toleration = 300s;        // tolerationSeconds: put on pods for not-ready, unreachable
  std::uint32_t terminated_pods = 12500;        // terminatedPodGCThreshold
  duration hpa_period = 15s;                    // horizontalPodAutoscalerSyncPeriod
  duration hpa_downscale = 300s;                // horizontalPodAutoscalerDownscaleStabilization
  duration binder_period = 15s;                 // pvclaimbinderSyncPeriod
  duration event_ttl = 1h;                      // eventTTL
  duration signing_duration = 8760h;            // clusterSigningDuration
  std::uint32_t concurrent_syncs = 5;           // concurrentSyncs: of each controller
  bool allocate_node_cidrs = true;              // allocateNodeCIDRs
  std::vector<std::string> controllers = {"*"}; // controllers: "*", "NAME", "-NAME"

  // scheduler
  std::uint32_t hard_affinity_weight = 1; // hardPodAffinityWeight
  std::uint32_t score_percentage = 0;     // percentageOfNodesToScore; 0: by cluster size
  duration backoff_initial = 1s;          // podInitialBackoffSeconds
  duration backoff_max = 10s;             // podMaxBackoffSeconds

  // tracing
  std::uint64_t trace_bytes = 8U << 20; // traceBufferSize, per process
  std::string otlp_endpoint;            // otlpEndpoint; empty: none
  std::uint16_t console_port = 0;       // consolePort; 0: served on the API port only

  bool operator==(const master&) const = default;

  std::string reached_at() const {
    return advertise_address.empty() ? bind_address : advertise_address;
  }
};

} // namespace troupe::settings
