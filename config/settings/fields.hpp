// The keys of each aggregate, in the order in which they are dumped: the one list that reading,
// dumping,
// --set and the environment share. Only for the .cpp files of this folder.
#pragma once

#include "config/settings/master.hpp"
#include "config/settings/node.hpp"
#include "config/settings/up.hpp"

namespace troupe::settings {

/// Two fields that one key sets: "30000-32767".
template <class Number> struct port_range {
  Number& first;
  Number& last;
};
template <class Number> port_range(Number&, Number&) -> port_range<Number>;

// Calls visit(key, field, comment) for each key. T may be const.

template <class T, class Visit> void visit_networks(T& net, Visit&& visit) {
  visit("clusterCIDR", net.pod_cidr, "addresses of pods");
  visit("nodeCIDRMaskSize", net.node_mask, "bits of a node's part of it");
  visit("serviceClusterIPRange", net.service_cidr, "addresses of services");
  visit("serviceNodePortRange", port_range{net.node_port_first, net.node_port_last},
        "of node ports");
  visit("clusterDomain", net.dns_domain, "DNS domain of the cluster");
  visit("clusterDNS", net.dns_address, "address of the cluster's DNS");
}

template <class T, class Visit> void visit_links(T& link, Visit&& visit) {
  visit("linkHeartbeatInterval", link.heartbeat, "between signs of life on a link");
  visit("linkDeadAfter", link.dead_after, "without a sign of life a link is dead");
}

template <class T, class Visit> void visit_store(T& m, Visit&& visit) {
  visit("electionTimeout", m.election_timeout, "a follower waits one to two of it");
  visit("raftHeartbeatInterval", m.raft_heartbeat, "of a leader");
  visit("compactionInterval", m.compact_after, "older versions are dropped");
  visit("storeReserve", m.store_reserve,
        "bytes that stay free on the store's disk: with less it is read-only; 0: all may be used");
  visit("snapshotEntries", m.snapshot_entries, "log entries between snapshots");
  visit("etcdServers", m.etcd_servers, "HOST:PORT; not empty: etcd is the store");
  visit("etcdCAFile", m.etcd_ca_file, "empty: no TLS");
  visit("etcdCertFile", m.etcd_cert_file, "of this master as etcd's client");
  visit("etcdKeyFile", m.etcd_key_file, "");
  visit("etcdPrefix", m.etcd_prefix, "our keys begin with it; it holds nothing else");
  visit("etcdLeaseDuration", m.etcd_lease, "a dead master leads no more after it");
  visit("etcdCompaction", m.etcd_compaction, "the leader compacts etcd's history");
}

template <class T, class Visit> void visit_api(T& m, Visit&& visit) {
  visit("ioThreads", m.io_threads, "of HTTP and links");
  visit("actorThreads", m.actor_threads, "of the actors");
  visit("maxConnections", m.max_connections, "open at once");
  visit("maxRequestsInflight", m.max_requests, "reading, at once; more are 429");
  visit("maxMutatingRequestsInflight", m.max_mutating, "writing, at once; more are 429");
  visit("requestTimeout", m.request_timeout, "of all but watches and streams");
  visit("anonymousAuth", m.anonymous, "for health and version only");
  visit("apiAudiences", m.api_audiences, "of service-account tokens");
  visit("serviceAccountIssuer", m.token_issuer, "of service-account tokens");
  visit("auditLogPath", m.audit_log, "empty: none");
  visit("auditPolicyFile", m.audit_policy, "");
  visit("encryptionProviderConfig", m.encryption_config, "of encryption at rest");
  visit("oidcIssuerURL", m.oidc_issuer, "");
  visit("oidcClientID", m.oidc_client, "");
  visit("oidcUsernameClaim", m.oidc_user_claim, "");
  visit("oidcGroupsClaim", m.oidc_groups_claim, "");
  visit("oidcCAFile", m.oidc_ca_file, "");
  visit("enableAdmissionPlugins", m.enable_admission, "beside the default chain");
  visit("disableAdmissionPlugins", m.disable_admission, "of the default chain");
}

template <class T, class Visit> void visit_controllers(T& m, Visit&& visit) {
  visit("nodeMonitorPeriod", m.node_monitor_period, "the lease monitor looks so often");
  visit("nodeMonitorGracePeriod", m.node_monitor_grace, "a silent node becomes Unknown");
  visit("tolerationSeconds", m.toleration, "pods leave a lost node after it");
  visit("terminatedPodGCThreshold", m.terminated_pods, "finished pods that are kept");
  visit("horizontalPodAutoscalerSyncPeriod", m.hpa_period, "");
  visit("horizontalPodAutoscalerDownscaleStabilization", m.hpa_downscale, "");
  visit("pvclaimbinderSyncPeriod", m.binder_period, "");
  visit("eventTTL", m.event_ttl, "Events are dropped after it");
  visit("clusterSigningDuration", m.signing_duration, "life of signed certificates");
  visit("concurrentSyncs", m.concurrent_syncs, "of each controller");
  visit("allocateNodeCIDRs", m.allocate_node_cidrs, "");
  visit("controllers", m.controllers, "\"*\", \"NAME\", \"-NAME\"");
  visit("hardPodAffinityWeight", m.hard_affinity_weight,
        "of required affinity's symmetry, 0 to 100");
  visit("percentageOfNodesToScore", m.score_percentage, "0: by the cluster's size");
  visit("podInitialBackoffSeconds", m.backoff_initial, "of a pod that did not fit");
  visit("podMaxBackoffSeconds", m.backoff_max, "");
}

template <class Visit, class T>
requires std::is_same_v<std::remove_const_t<T>, master>
void visit_fields(T& m, Visit&& visit) {
  visit("name", m.name, "of this master");
  visit("clusterName", m.cluster, "");
  visit("dataDir", m.data_dir, "store, certificates, logs");
  visit("pkiDir", m.pki_dir, "empty: dataDir/pki");
  visit("bindAddress", m.bind_address, "of the API and of links");
  visit("advertiseAddress", m.advertise_address, "empty: bindAddress");
  visit("securePort", m.api_port, "of the API");
  visit("linkPort", m.link_port, "of links from masters and nodes");
  visit("masters", m.masters, "NAME=HOST:LINKPORT of the founders; if not itself too, it joins");
  visit("publicEndpoint", m.public_endpoint, "HOST:PORT of the balancer; empty: this API");
  visit_networks(m.net, visit);
  visit_links(m.link, visit);
  visit_store(m, visit);
  visit_api(m, visit);
  visit_controllers(m, visit);
  visit("traceBufferSize", m.trace_bytes, "bytes, per process");
  visit("otlpEndpoint", m.otlp_endpoint, "HOST:PORT; empty: none");
  visit("consolePort", m.console_port, "0: on the API's port only");
}

template <class T, class Visit> void visit_runtime(T& n, Visit&& visit) {
  visit("runtime", n.runtime, "containerd or simulated");
  visit("containerRuntimeEndpoint", n.runtime_endpoint, "unix:///...; empty: an own containerd");
  visit("ociRuntime", n.oci_runtime, "runc or crun");
  visit("podInfraContainerImage", n.sandbox_image, "");
  visit("cgroupRoot", n.cgroup_root, "empty: /troupe/CLUSTER/NODE");
  visit("runtimeRequestTimeout", n.runtime_timeout, "");
  visit("imagePullProgressDeadline", n.image_progress, "");
  visit("serializeImagePulls", n.serialize_pulls, "");
}

template <class T, class Visit> void visit_pods(T& n, Visit&& visit) {
  visit("maxPods", n.max_pods, "");
  visit("staticPodPath", n.static_pods, "directory of manifests; empty: none");
  visit("fileCheckFrequency", n.file_check, "of that directory, beside inotify");
  visit("syncFrequency", n.sync_frequency, "of a running pod");
  visit("volumeSyncFrequency", n.volume_sync, "of ConfigMap and Secret volumes");
  visit("nodeStatusUpdateFrequency", n.status_update, "the lease is renewed so often");
  visit("nodeStatusReportFrequency", n.status_report, "when nothing changed");
  visit("nodeLeaseDurationSeconds", n.lease_duration, "");
  visit("failSwapOn", n.fail_swap_on, "");
  visit("resolvConf", n.resolv_conf, "");
  visit("systemReserved", n.system_reserved, "RESOURCE=QUANTITY");
  visit("kubeReserved", n.kube_reserved, "RESOURCE=QUANTITY");
  visit("evictionHard", n.eviction_hard, "SIGNAL=THRESHOLD");
  visit("imageGCHighThresholdPercent", n.image_gc_high, "");
  visit("imageGCLowThresholdPercent", n.image_gc_low, "");
  visit("containerLogMaxSize", n.log_max_bytes, "bytes");
  visit("containerLogMaxFiles", n.log_max_files, "");
  visit("anonymousAuth", n.anonymous, "of the kubelet's API");
}

template <class Visit, class T>
requires std::is_same_v<std::remove_const_t<T>, node>
void visit_fields(T& n, Visit&& visit) {
  visit("name", n.name, "of this node");
  visit("clusterName", n.cluster, "");
  visit("dataDir", n.data_dir, "");
  visit("pkiDir", n.pki_dir, "empty: dataDir/pki");
  visit("nodeIP", n.address, "empty: that of the default route");
  visit("port", n.port, "of the kubelet's API");
  visit("bindAddress", n.bind_address, "of the kubelet's API");
  visit("masters", n.masters, "NAME=HOST:LINKPORT");
  visit("apiEndpoint", n.api_endpoint, "HOST:PORT of the API or its balancer");
  visit("balancerAddress", n.balancer, "HOST:PORT of this node's balancer; empty: none");
  visit("nodeLabels", n.labels, "KEY=VALUE");
  visit("registerWithTaints", n.taints, "KEY=VALUE:EFFECT");
  visit("token", n.join_token, "ID.SECRET of a bootstrap token");
  visit("discoveryTokenCACertHash", n.join_ca_hash, "sha256:HEX");
  visit_networks(n.net, visit);
  visit_links(n.link, visit);
  visit_runtime(n, visit);
  visit_pods(n, visit);
  visit("hollowNodes", n.hollow, "simulated nodes in this process; 0: one");
  visit("simulatedStartLatency", n.simulated_start, "of a container");
  visit("podNetwork", n.network, "vxlan, tun, bgp, host-gw or none");
  visit("proxyMode", n.proxy, "nftables, iptables, ipvs, userspace or none");
  visit("ipvsScheduler", n.ipvs_scheduler, "rr, lc, dh, sh, sed or nq");
  visit("proxySyncPeriod", n.proxy_sync, "the kernel's rules are read back");
  visit("nonMasqueradeCIDRs", n.not_masqueraded, "beside pods and services");
  visit("iface", n.fabric_interface, "between nodes; empty: that of nodeIP");
  visit("clusterDNSEnabled", n.cluster_dns, "this node answers DNS for its pods");
  visit("ioThreads", n.io_threads, "of HTTP and links");
  visit("actorThreads", n.actor_threads, "of the actors");
  visit("traceBufferSize", n.trace_bytes, "bytes");
}

/// The keys of `up` itself; those of its templates come with a prefix.
template <class T, class Visit> void visit_own_fields(T& u, Visit&& visit) {
  visit("clusterName", u.cluster, "");
  visit("dataDir", u.data_dir, "empty: ~/.troupe");
  visit("masters", u.masters, "1, 3 or 5");
  visit("nodes", u.nodes, "");
  visit("addons", u.addons, "dns, ingress, dashboard, metrics, policy");
  visit("apiPort", u.api_port, "of the balancers on 127.0.0.1; 0: any free one");
  visit("balancers", u.balancers, "processes on that one port");
  visit("readyTimeout", u.ready_within, "of --detach");
  visit("useNamespaces", u.namespaces, "each process in its own, if root");
  visit("fabricCIDR", u.fabric_cidr, "addresses of masters and nodes");
}

} // namespace troupe::settings
