#include "config/api/object.hpp"
#include "config/base/random.hpp"
#include "config/codec/base64.hpp"
#include "config/codec/protobuf.hpp"
#include "config/codec/wire.hpp"
#include "config/schema/walk.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::codec;
using namespace troupe::schema;
using json = nlohmann::json;

namespace {

const catalog& kinds() { return *built_in(); }

result<std::string> written(const json& tree) { return to_protobuf(kinds(), tree.dump()); }

/// Values of any type, of those that survive the wire: no nulls, no zero values that say nothing,
/// no fields without a number, no empty lists and maps.
class generator {
public:
  explicit generator(std::uint64_t seed) : chance_(seed) {}

  json value(const type& of, int depth) {
    switch (of.what) {
    case shape::object: return object(of, depth);
    case shape::array: return json::array({value(*of.element, depth), value(*of.element, depth)});
    case shape::map: return {{"k" + number(), value(*of.element, depth)}};
    case shape::string: return of.values.empty() ? "t" + number() : std::string(of.values.back());
    case shape::integer:
      return of.format == "int32" ? json(static_cast<std::int32_t>(chance_()) | 1)
                                  : json(static_cast<std::int64_t>(chance_()) | 1);
    case shape::number: return 0.5;
    case shape::boolean: return true;
    case shape::any: return {{"free", {1, "x", nullptr}}};
    case shape::quantity: return number() + "m";
    case shape::int_or_string: return chance_.chance(1, 2) ? json(7) : json("25%");
    case shape::time: return "2026-11-22T16:41:34Z";
    case shape::micro_time: return "2026-11-22T16:41:34.123456Z";
    case shape::bytes: return to_base64("b" + number());
    }
    return nullptr;
  }

private:
  json object(const type& of, int depth) {
    auto out = json::object();
    for (const auto& f : of.fields) {
      bool leaf =
        f.of->what != shape::object && f.of->what != shape::array && f.of->what != shape::map;
      if (f.wire != 0 && (leaf ? chance_.chance(2, 3) : depth > 0 && chance_.chance(1, 2)))
        out[std::string(f.name)] = value(*f.of, depth - 1);
    }
    return out;
  }
  std::string number() { return std::to_string(1 + chance_.below(1000)); }

  random_source chance_;
};

json round_trip(const json& tree) {
  auto bytes = written(tree);
  REQUIRE_MESSAGE(bytes, tree.dump());
  auto back = from_protobuf(kinds(), *bytes);
  REQUIRE_MESSAGE(back, tree.dump());
  return *back;
}

} // namespace

TEST_CASE("protobuf: objects of every kind come back as they were") {
  generator make(5);
  int spoken = 0;
  for (const auto* r : kinds().resources()) {
    if (!speaks_protobuf(*r->of))
      continue;
    ++spoken;
    for (int i = 0; i < 20; ++i) {
      auto tree = make.value(*r->of, 6);
      tree["apiVersion"] = r->api_version();
      tree["kind"] = r->kind;
      CHECK(round_trip(tree) == tree);
    }
  }
  CHECK(spoken > 55);
}

TEST_CASE("protobuf: the bytes of a known object are those Kubernetes writes") {
  auto bytes = written(json::parse(R"({"apiVersion":"v1","kind":"Namespace",
                                                    "metadata":{"name":"a"}})"));
  REQUIRE(bytes);
  // k8s\0, typeMeta{v1, Namespace}, raw{metadata{name a}}, contentEncoding, contentType
  CHECK(*bytes
        == std::string("k8s\0\x0a\x0f\x0a\x02v1\x12\x09Namespace\x12\x05\x0a\x03\x0a\x01"
                       "a\x1a\0\x22\0",
                       32));
}

TEST_CASE("protobuf: inlined messages are written where their numbers are") {
  auto message = protobuf_message(*kinds().definition("io.k8s.api.core.v1.Volume"),
                                  R"({"name":"v","emptyDir":{}})");
  REQUIRE(message);
  // name = 1; volumeSource = 2 { emptyDir = 2 {} }
  auto other = std::string("\x12\x02\x12\0", 4);
  CHECK(*message == std::string("\x0a\x01v") + other);
}

TEST_CASE("protobuf: zero values that say nothing are dropped, others are kept") {
  // A Deployment as a Go client writes it: every field that is no pointer, zero or not.
  std::string spec;
  wire::put_number(spec, 1, 0); // replicas: a pointer
  wire::put_number(spec, 5, 0); // minReadySeconds
  wire::put_number(spec, 7, 0); // paused
  std::string meta;
  wire::put_bytes(meta, 1, "d");
  wire::put_bytes(meta, 2, ""); // generateName
  wire::put_bytes(meta, 8, ""); // creationTimestamp
  std::string message;
  wire::put_bytes(message, 1, meta);
  wire::put_bytes(message, 2, spec);
  auto tree = from_protobuf(kinds(), protobuf_envelope("apps/v1", "Deployment", message));
  REQUIRE(tree);
  CHECK(*tree == json::parse(R"({"apiVersion":"apps/v1","kind":"Deployment",
                                 "metadata":{"name":"d"},"spec":{"replicas":0}})"));
}

TEST_CASE("protobuf: negative numbers, packed lists and unknown fields are read") {
  std::string status;
  wire::put_number(status, 1, static_cast<std::uint64_t>(-5)); // exitCode of a terminated state
  wire::put_bytes(status, 900, "who knows");
  json out;
  auto terminated = from_protobuf(kinds(), protobuf_envelope("v1", "Pod", [&] {
                                    std::string state, container, pod_status, pod;
                                    wire::put_bytes(state, 3, status);
                                    wire::put_bytes(container, 2, state);
                                    wire::put_bytes(pod_status, 8, container);
                                    wire::put_bytes(pod, 3, pod_status);
                                    return pod;
                                  }()));
  REQUIRE(terminated);
  CHECK((*terminated)["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == -5);
  std::string packed;
  wire::put_varint(packed, 1000);
  wire::put_varint(packed, 7);
  std::string context, spec, pod;
  wire::put_bytes(context, 4, packed); // supplementalGroups
  wire::put_bytes(spec, 14, context);
  wire::put_bytes(pod, 2, spec);
  auto groups = from_protobuf(kinds(), protobuf_envelope("v1", "Pod", pod));
  REQUIRE(groups);
  CHECK((*groups)["spec"]["securityContext"]["supplementalGroups"] == json{1000, 7});
}

TEST_CASE("protobuf: cut off or altered bytes are refused or read, never more") {
  generator make(9);
  random_source chance(10);
  auto tree = make.value(*kinds().by_kind("", "v1", "Pod")->of, 6);
  tree["apiVersion"] = "v1";
  tree["kind"] = "Pod";
  auto bytes = *written(tree);
  int refused = 0;
  for (std::size_t cut = 0; cut < bytes.size(); cut += 1 + bytes.size() / 300)
    refused += from_protobuf(kinds(), bytes.substr(0, cut)) ? 0 : 1;
  CHECK(refused > 0);
  for (int i = 0; i < 2000; ++i) {
    auto altered = bytes;
    altered[4 + chance.below(altered.size() - 4)] = static_cast<char>(chance());
    (void)from_protobuf(kinds(), altered);
  }
}

TEST_CASE("protobuf: what cannot be said is refused with a reason") {
  CHECK(written(json{{"apiVersion", "x.io/v1"}, {"kind", "Gadget"}}).error().reason
        == reason::not_acceptable);
  CHECK(written(json{{"kind", "Pod"}}).error().reason == reason::bad_request);
  CHECK(written(json{{"apiVersion", "v1"}, {"kind", "Pod"}, {"spec", 7}}).error().reason
        == reason::bad_request);
  CHECK(from_protobuf(kinds(), "{}").error().reason == reason::bad_request);
  CHECK(from_protobuf(kinds(), protobuf_envelope("x.io/v1", "Gadget", "")).error().reason
        == reason::unsupported_media_type);
  CHECK(speaks_protobuf(*kinds().by_kind("", "v1", "PodList")->of));
  CHECK(!speaks_protobuf(*kinds().by_kind("meta.k8s.io", "v1", "Table")->of));
}

TEST_CASE("protobuf: an embedded object in an envelope of its own is read") {
  auto inner = *written(json::parse(R"({"apiVersion":"v1","kind":"Secret",
                                                     "data":{"a":"aGk="}})"));
  std::string raw, message;
  wire::put_bytes(raw, 1, inner);
  wire::put_bytes(message, 2, raw); // data of a ControllerRevision
  auto tree = from_protobuf(kinds(), protobuf_envelope("apps/v1", "ControllerRevision", message));
  REQUIRE(tree);
  CHECK((*tree)["data"]["data"]["a"] == "aGk=");
}

TEST_CASE("protobuf: the options of a deletion may be named after any group") {
  std::string message;
  wire::put_number(message, 1, 0); // gracePeriodSeconds
  wire::put_bytes(message, 4, "Foreground");
  auto tree = from_protobuf(kinds(), protobuf_envelope("apps/v1", "DeleteOptions", message));
  REQUIRE(tree);
  CHECK(*tree == json::parse(R"({"apiVersion":"apps/v1","kind":"DeleteOptions",
                                 "gracePeriodSeconds":0,"propagationPolicy":"Foreground"})"));
}

TEST_CASE("protobuf: a frame of a watch carries its length and the enveloped object") {
  auto frame = protobuf_watch_frame("ADDED", "k8s");
  CHECK(frame
        == std::string("\0\0\0\x0e\x0a\x05"
                       "ADDED\x12\x05\x0a\x03k8s",
                       18));
}

TEST_CASE("base64: bytes come back and other text is refused") {
  random_source chance(1);
  for (std::size_t n = 0; n < 100; ++n) {
    std::string bytes;
    for (std::size_t i = 0; i < n; ++i)
      bytes += static_cast<char>(chance());
    CHECK(from_base64(to_base64(bytes)) == bytes);
  }
  CHECK(to_base64("hi") == "aGk=");
  for (const char* bad : {"a", "aGk", "aG k", "a===", "aGk!"})
    CHECK_MESSAGE(!from_base64(bad), bad);
}
