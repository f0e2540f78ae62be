// What holds of every built-in kind in every version: an object with as many of its fields as the
// API accepts, in and out in each encoding, patched with nothing, read in the other versions.
#include "config/codec/protobuf.hpp"
#include "config/codec/yaml.hpp"
#include "config/versions/versions.hpp"
#include "tests/support/fitted_object.hpp"
#include "tests/support/full_object.hpp"
#include "tests/support/on_the_wire.hpp"

#include <doctest/doctest.h>

#include <span>

namespace troupe::support {
namespace {

using api::media;
using schema::resource;

constexpr std::array all_media{media::json, media::yaml, media::protobuf};

/// One resource of a world of its own.
class bench {
public:
  explicit bench(const resource& of) : of_(of) {
    w_.post("scheduling.k8s.io", "v1", "priorityclasses", "",
            {{"metadata", {{"name", "text-0"}}}, {"value", 7}});
  }

  api::request about(api::verb v, const std::string& name = {}) const {
    auto r = api_world::request(v, std::string{of_.group}, std::string{of_.version},
                                std::string{of_.plural}, of_.namespaced ? "default" : "", name);
    r.options.field_manager = "me";
    return r;
  }

  answer create(const json& tree, media as, bool dry_run = false) {
    auto r = about(api::verb::create);
    r.body = encoded(tree, as);
    r.body_as = as;
    r.options.dry_run = dry_run;
    return w_.run(r);
  }

  /// The status is written behind the rest, as controllers do.
  answer update_status(const json& tree) {
    auto r = about(api::verb::update, "full");
    r.subresource = "status";
    r.body = tree.dump();
    return w_.run(r);
  }

  answer patch(api::patch_type how, const json& body) {
    auto r = about(api::verb::patch, "full");
    r.patch = how;
    r.body = body.dump();
    return w_.run(r);
  }

  json get(media as = media::json, const resource* in = nullptr) {
    auto r = about(api::verb::get, "full");
    if (in) {
      r.group = in->group;
      r.version = in->version;
    }
    r.answer.as = as;
    auto out = w_.run(r);
    REQUIRE_MESSAGE(out.code == 200, out.text);
    if (as == media::yaml)
      return codec::read_yaml(out.text).value();
    return as == media::json ? out.body : codec::from_protobuf(*w_.catalog, out.text).value();
  }

  std::string encoded(const json& tree, media as) const {
    if (as == media::yaml)
      return codec::write_yaml(tree);
    return as == media::json ? tree.dump() : codec::to_protobuf(*w_.catalog, tree.dump()).value();
  }

  revision at() const { return w_.store.at(); }

private:
  const resource& of_;
  api_world w_;
};

/// Without what only the server says.
json bare(json tree) {
  for (const char* key : {"uid", "creationTimestamp", "resourceVersion", "generation",
                          "managedFields", "deletionTimestamp", "deletionGracePeriodSeconds"})
    tree["metadata"].erase(key);
  return tree;
}

std::size_t leaves(const json& tree) {
  if (!tree.is_structured() || tree.empty())
    return 1;
  std::size_t out = 0;
  for (const auto& part : tree)
    out += leaves(part);
  return out;
}

/// Where `has` lacks or changes something of `wanted`; empty: nowhere.
std::string lost(const json& wanted, const json& has, const std::string& path = {}) {
  if (wanted.is_object() && has.is_object()) {
    for (const auto& [key, value] : wanted.items()) {
      if (!has.contains(key)) {
        if (value.is_structured() && value.empty())
          continue;
        return path + "/" + key;
      }
      if (auto out = lost(value, has[key], path + "/" + key); !out.empty())
        return out;
    }
    return {};
  }
  if (wanted.is_array() && has.is_array() && wanted.size() <= has.size()) { // admission appends
    for (std::size_t i = 0; i < wanted.size(); ++i)
      if (auto out = lost(wanted[i], has[i], path + "/" + std::to_string(i)); !out.empty())
        return out;
    return {};
  }
  return wanted == has ? "" : path + ": " + wanted.dump() + " became " + has.dump();
}

bool is_stored(const resource& of) {
  return (of.verbs & schema::verb_create) != 0 && (of.verbs & schema::verb_get) != 0;
}

/// Where the way from a full object to a right one is not found by trying.
struct hint {
  const char* kind;
  const char* at;
  const char* value; // empty: without it
};
constexpr hint hints[] = {
  {"PersistentVolumeClaim", "/spec/resources", R"({"requests":{"storage":"1Gi"}})"},
  {"PersistentVolume", "/spec/capacity", R"({"storage":"1Gi"})"},
  {"PersistentVolume", "/spec/awsElasticBlockStore", ""},
  {"PersistentVolume", "/spec/azureDisk", ""},
  {"PersistentVolume", "/spec/azureFile", ""},
  {"PersistentVolume", "/spec/cephfs", ""},
  {"PersistentVolume", "/spec/cinder", ""},
  {"PersistentVolume", "/spec/csi", ""},
  {"PersistentVolume", "/spec/fc", ""},
  {"PersistentVolume", "/spec/flexVolume", ""},
  {"PersistentVolume", "/spec/flocker", ""},
  {"PersistentVolume", "/spec/gcePersistentDisk", ""},
  {"PersistentVolume", "/spec/glusterfs", ""},
  {"PersistentVolume", "/spec/iscsi", ""},
  {"PersistentVolume", "/spec/local", ""},
  {"PersistentVolume", "/spec/nfs", ""},
  {"PersistentVolume", "/spec/photonPersistentDisk", ""},
  {"PersistentVolume", "/spec/portworxVolume", ""},
  {"PersistentVolume", "/spec/quobyte", ""},
  {"PersistentVolume", "/spec/rbd", ""},
  {"PersistentVolume", "/spec/scaleIO", ""},
  {"PersistentVolume", "/spec/storageos", ""},
  {"PersistentVolume", "/spec/vsphereVolume", ""},
  {"DaemonSet", "/spec/selector", R"({"matchLabels":{"a":"b"}})"},
  {"DaemonSet", "/spec/template/metadata/labels", R"({"a":"b"})"},
  {"Deployment", "/spec/selector", R"({"matchLabels":{"a":"b"}})"},
  {"Deployment", "/spec/template/metadata/labels", R"({"a":"b"})"},
  {"ReplicaSet", "/spec/selector", R"({"matchLabels":{"a":"b"}})"},
  {"ReplicaSet", "/spec/template/metadata/labels", R"({"a":"b"})"},
  {"StatefulSet", "/spec/selector", R"({"matchLabels":{"a":"b"}})"},
  {"StatefulSet", "/spec/template/metadata/labels", R"({"a":"b"})"},
  {"ConfigMap", "/data", R"({"text":"a"})"},
  {"ConfigMap", "/binaryData", R"({"bytes":"YWJj"})"},
  {"Secret", "/data", R"({"key":"YWJj"})"},
  {"Secret", "/stringData", ""},
  {"Service", "/spec/clusterIP", ""},
  {"Service", "/spec/clusterIPs", ""},
  {"Service", "/spec/healthCheckNodePort",
   ""}, // refused by Kubernetes for this type; dropped later
  {"Ingress", "/spec/defaultBackend", R"({"service":{"name":"a","port":{"number":80}}})"},
  {"PodDisruptionBudget", "/spec/maxUnavailable", ""},
  {"Pod", "/spec/priority", ""},
  {"HorizontalPodAutoscaler", "/spec/metrics", R"([{"type":"Pods","pods":{"metric":{"name":"m",
    "selector":{"matchLabels":{"a":"b"}}},"target":{"type":"AverageValue","averageValue":"7"}}}])"},
  {"CronJob", "/spec/schedule", R"("*/5 * * * *")"},
};

/// What only the server says, besides metadata.
constexpr hint server_set[] = {
  {"Namespace", "/spec/finalizers", ""},
  {"CertificateSigningRequest", "/spec/extra", ""},
  {"CertificateSigningRequest", "/spec/groups", ""},
  {"CertificateSigningRequest", "/spec/uid", ""},
  {"CertificateSigningRequest", "/spec/username", ""},
};

void heed(std::span<const hint> all, const resource& of, json& tree) {
  for (const auto& h : all) {
    json::json_pointer at{h.at};
    if (h.kind != of.kind || !tree.contains(at))
      continue;
    if (std::string_view{h.value}.empty())
      tree[at.parent_pointer()].erase(at.back());
    else
      tree[at] = json::parse(h.value);
  }
}

struct sample {
  json tree;          // what is sent
  std::size_t full{}; // leaves of the whole
};

/// A full object of a kind as far as the API accepts one.
sample sample_of(const resource& of, int entries) {
  auto tree = full_object{entries}.of(of);
  tree = bare(std::move(tree));
  tree["metadata"].erase("generateName");
  tree["metadata"].erase("initializers");
  if (codec::speaks_protobuf(*of.of))
    drop_unnumbered(*of.of, tree);
  tree["metadata"]["finalizers"] = {"example.com/held"};
  if (of.namespaced)
    tree["metadata"]["namespace"] = "default";
  else
    tree["metadata"].erase("namespace");
  sample out{.tree = {}, .full = leaves(tree)};
  heed(hints, of, tree);
  heed(server_set, of, tree);
  fitted_object fitting{std::move(tree),
                        [&](const json& t) { return bench{of}.create(t, media::json, true); }};
  out.tree = fitting.fit();
  INFO(fitting.last().text);
  CHECK(!out.tree.is_null());
  return out;
}

template <class F> void for_each_kind(F f) {
  for (const auto* r : schema::built_in()->resources())
    if (is_stored(*r)) {
      INFO(r->api_version() << " " << std::string{r->kind});
      f(*r);
    }
}

TEST_CASE("every kind: what goes in in one encoding comes out equal in each") {
  std::size_t kept = 0;
  std::size_t whole = 0;
  for_each_kind([&](const resource& of) {
    auto s = sample_of(of, 1);
    if (s.tree.is_null())
      return;
    kept += leaves(s.tree);
    whole += s.full;
    auto binary = codec::speaks_protobuf(*of.of);
    json first;
    for (auto in : all_media) {
      if (in == media::protobuf && !binary)
        continue;
      INFO("in as " << static_cast<int>(in));
      bench b{of};
      auto made = b.create(s.tree, in);
      REQUIRE_MESSAGE(made.code == 201, made.text);
      auto sent = s.tree;
      if (of.status_separate)
        sent.erase("status");
      auto got = b.get();
      CHECK(lost(sent, got) == "");
      if (first.is_null())
        first = bare(got);
      CHECK(bare(got) == first);
      CHECK(b.get(media::yaml) == got);
      if (!binary)
        continue;
      drop_unnumbered(*of.of, got);
      CHECK(b.get(media::protobuf) == got);
    }
  });
  MESSAGE(kept, " of ", whole, " fields were accepted");
  CHECK(kept * 100 > whole * 45); // of fields that exclude each other, one
}

TEST_CASE("every kind: an empty patch of each type changes nothing, and writes nothing") {
  for_each_kind([&](const resource& of) {
    auto s = sample_of(of, 1);
    bench b{of};
    if (s.tree.is_null() || b.create(s.tree, media::json).code != 201)
      return;
    auto before = b.get();
    auto at = b.at();
    using api::patch_type;
    CHECK(b.patch(patch_type::strategic, json::object()).body == before);
    CHECK(b.patch(patch_type::merge, json::object()).body == before);
    CHECK(b.patch(patch_type::json, json::array()).body == before);
    json config{{"apiVersion", of.api_version()}, {"kind", of.kind}};
    config["metadata"]["name"] = "full";
    auto applied = b.patch(patch_type::apply, config);
    CHECK_MESSAGE(applied.code == 200, applied.text);
    CHECK(bare(applied.body) == bare(before));
    CHECK(b.at() == at);
    CHECK(b.get() == before);
  });
}

TEST_CASE("every kind: a full status is written through its subresource") {
  for_each_kind([&](const resource& of) {
    const auto* sub = of.find("status");
    auto s = sample_of(of, 1);
    if (!sub || s.tree.is_null() || !s.tree.contains("status"))
      return;
    bench b{of};
    REQUIRE(b.create(s.tree, media::json).code == 201);
    auto written = b.update_status(s.tree);
    REQUIRE_MESSAGE(written.code == 200, written.text);
    CHECK(lost(s.tree["status"], b.get()["status"]) == "");
  });
}

TEST_CASE("every kind: what is written in one version is the same object in the others") {
  auto all = schema::built_in();
  int pairs = 0;
  for_each_kind([&](const resource& of) {
    std::vector<const resource*> others;
    for (const auto* r : all->resources())
      if (r != &of && &versions::stored_as(*all, *r) == &versions::stored_as(*all, of))
        others.push_back(r);
    if (others.empty())
      return;
    auto s = sample_of(of, 1);
    bench b{of};
    REQUIRE(!s.tree.is_null());
    REQUIRE(b.create(s.tree, media::json).code == 201);
    auto mine = b.get();
    for (const auto* other : others) {
      INFO("read in " << other->api_version());
      auto theirs = b.get(media::json, other);
      CHECK(theirs["apiVersion"] == other->api_version());
      versions::convert(theirs, of);
      CHECK(bare(theirs) == bare(mine));
      ++pairs;
    }
  });
  CHECK(pairs == 58);
}

} // namespace
} // namespace troupe::support
