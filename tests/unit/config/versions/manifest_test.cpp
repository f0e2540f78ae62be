// What `troupe convert` does with files.
#include "config/codec/protobuf.hpp"
#include "config/codec/wire.hpp"
#include "config/versions/manifest.hpp"
#include "tests/support/full_object.hpp"
#include "tests/support/on_the_wire.hpp"

#include <doctest/doctest.h>

namespace troupe::versions {
namespace {

using json = nlohmann::json;
namespace wire = codec::wire;

const schema::catalog& kinds() {
  static const auto all = schema::built_in();
  return *all;
}

std::vector<manifest> read(const std::string& text) {
  auto out = read_manifests(kinds(), text);
  REQUIRE_MESSAGE(out, (out ? "" : out.error().message));
  return std::move(*out);
}

std::string refusal(const std::string& text) {
  auto out = read_manifests(kinds(), text);
  return out ? "" : out.error().message;
}

std::string written(std::vector<manifest> all, encoding as) {
  auto out = write_manifests(kinds(), std::move(all), as);
  REQUIRE_MESSAGE(out, (out ? "" : out.error().message));
  return std::move(*out);
}

std::string config_map(const std::string& name) {
  return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + R"("}})";
}

TEST_CASE("manifest: every kind's full object goes through each encoding and comes out equal") {
  int through_protobuf = 0;
  for (const auto* r : kinds().resources()) {
    INFO(r->api_version() << " " << std::string{r->kind});
    const auto full = support::full_object{}.of(*r);
    CHECK(read(written(read(full.dump()), encoding::json))[0].tree == full);
    CHECK(read(written(read(full.dump()), encoding::yaml))[0].tree == full);
    if (!codec::speaks_protobuf(*r->of))
      continue;
    auto bytes = written(read(full.dump()), encoding::protobuf);
    auto said = full;
    support::drop_unnumbered(*r->of, said);
    CHECK(read(bytes)[0].tree == said);
    CHECK(read(bytes)[0].unknown.empty());
    CHECK(written(read(bytes), encoding::protobuf) == bytes);
    ++through_protobuf;
  }
  CHECK(through_protobuf > 90);
}

TEST_CASE("manifest: several JSON values, several YAML documents, and a mixture of both") {
  CHECK(read(config_map("a") + config_map("b") + "\n" + config_map("c")).size() == 3);
  CHECK(
    read("---\n# nothing\n---\napiVersion: v1\nkind: Pod\n---\napiVersion: v1\nkind: Pod\n").size()
    == 2);
  auto mixed = read(config_map("a") + "\n---\n" + config_map("b"));
  REQUIRE(mixed.size() == 2);
  CHECK(mixed[1].tree["metadata"]["name"] == "b");
  auto yaml = written(mixed, encoding::yaml);
  CHECK(yaml.find("---\n") != yaml.npos);
  CHECK(read(yaml).size() == 2);
  auto list = json::parse(written(mixed, encoding::json));
  CHECK(list["kind"] == "List");
  CHECK(list["items"].size() == 2);
  CHECK(!write_manifests(kinds(), mixed, encoding::protobuf));
}

TEST_CASE("manifest: a file may be larger than what a client may send at once") {
  auto big = json::parse(config_map("big"));
  big["data"]["x"] = std::string(4U << 20U, 'x');
  CHECK(read(big.dump())[0].tree == big);
}

TEST_CASE("manifest: what cannot be read is refused in one line that says what is wrong") {
  CHECK(refusal("") == "there is no object");
  CHECK(refusal("{}") == "it does not say its apiVersion and kind");
  CHECK(refusal("[]") == "it is not an object");
  CHECK(refusal("hello") == "it is not an object");
  CHECK(refusal(config_map("a") + " hello") == "behind a JSON value stands something else");
  CHECK(refusal(config_map("a") + "{}") == "object 2: it does not say its apiVersion and kind");
  CHECK(refusal(R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},
                    "spec":{"replicas":"three"}})")
          .find("Deployment \"web\" of apps/v1: spec.replicas: ")
        == 0);
  for (const char* bad : {"{", "{\"a\"", "a: [", "a: b: c", "\x01"})
    CHECK(refusal(bad).find('\n') == std::string::npos);
  CHECK(refusal(std::string{"k8s\0\x0a", 5}).find("protobuf") != std::string::npos);
}

TEST_CASE("manifest: objects and lists of them become another version") {
  auto cron = read(R"({"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"c"}})");
  REQUIRE(to_version(kinds(), cron[0], "batch/v2alpha1"));
  CHECK(cron[0].tree["apiVersion"] == "batch/v2alpha1");
  auto list = read(R"({"apiVersion":"v1","kind":"List","items":[
    {"apiVersion":"v1","kind":"Event","message":"m"},{"apiVersion":"events.k8s.io/v1","kind":"Event"}]})");
  REQUIRE(to_version(kinds(), list[0], "events.k8s.io/v1"));
  CHECK(list[0].tree["items"][0]["note"] == "m");
  CHECK(list[0].tree["apiVersion"] == "v1");
  auto typed = read(R"({"apiVersion":"v1","kind":"EventList","items":[{"message":"m"}]})");
  REQUIRE(to_version(kinds(), typed[0], "events.k8s.io/v1"));
  CHECK(typed[0].tree
        == json::parse(
          R"({"apiVersion":"events.k8s.io/v1","kind":"EventList","items":[{"note":"m"}]})"));
}

TEST_CASE("manifest: a version that is not the kind's is refused, with those that are") {
  auto cron = read(R"({"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"c"}})");
  auto other = to_version(kinds(), cron[0], "apps/v1");
  REQUIRE(!other);
  CHECK(other.error().reason == reason::invalid);
  CHECK(other.error().message
        == "converting CronJob \"c\" of batch/v1: it is not in apps/v1, but in batch/v1, "
           "batch/v1beta1, batch/v2alpha1");
  auto none = to_version(kinds(), cron[0], "batch/v9");
  REQUIRE(!none);
  CHECK(none.error().reason == reason::bad_request);
  auto custom = read(R"({"apiVersion":"example.com/v1","kind":"Thing"})");
  CHECK(written(custom, encoding::yaml) == "apiVersion: example.com/v1\nkind: Thing\n");
  CHECK(!to_version(kinds(), custom[0], "apps/v1"));
  CHECK(!write_manifests(kinds(), custom, encoding::protobuf));
}

TEST_CASE("manifest: a field that protobuf cannot say is not lost silently") {
  auto odd =
    read(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","color":"red"}})");
  CHECK(written(odd, encoding::yaml).find("color: red") != std::string::npos);
  auto refused = write_manifests(kinds(), odd, encoding::protobuf);
  REQUIRE(!refused);
  CHECK(refused.error().message
        == "writing ConfigMap \"a\" of v1 as protobuf: the field metadata.color is not in the "
           "schema and would be lost; remove it first");
}

/// A message with an unknown number of each form.
std::string unknown_entries() {
  std::string out;
  wire::put_number(out, 777, 5);
  wire::put_bytes(out, 778, "text");
  return out;
}

TEST_CASE("manifest: unknown fields of protobuf survive, at every depth and in another version") {
  std::string container, source, volume, spec, meta, pod, value, status;
  wire::put_bytes(container, 1, "main");
  container += unknown_entries();
  wire::put_bytes(volume, 1, "data");
  wire::put_bytes(volume, 2, unknown_entries()); // a source of volumes that is not known
  wire::put_bytes(spec, 1, volume);
  wire::put_bytes(spec, 2, container);
  wire::put_bytes(spec, 2, container);
  wire::put_bytes(spec, 14, unknown_entries()); // securityContext, with nothing else in it
  wire::put_bytes(meta, 1, "p");
  meta += unknown_entries();
  wire::put_bytes(pod, 1, meta);
  wire::put_bytes(pod, 2, spec);
  pod += unknown_entries();
  auto bytes = codec::protobuf_envelope("v1", "Pod", pod);
  auto all = read(bytes);
  CHECK(all[0].tree["spec"]["containers"].size() == 2);
  CHECK(written(all, encoding::protobuf).size() == bytes.size());
  auto again = read(written(all, encoding::protobuf));
  CHECK(again[0].tree == all[0].tree);
  CHECK(written(again, encoding::protobuf) == written(all, encoding::protobuf));
  std::size_t found = 0;
  auto out = written(all, encoding::protobuf);
  for (auto at = out.find(unknown_entries()); at != out.npos;
       at = out.find(unknown_entries(), at + 1))
    ++found;
  CHECK(found == 6);

  std::string cron;
  wire::put_bytes(cron, 1, meta);
  auto job = read(codec::protobuf_envelope("batch/v1", "CronJob", cron + unknown_entries()));
  REQUIRE(to_version(kinds(), job[0], "batch/v1beta1"));
  auto moved = written(job, encoding::protobuf);
  CHECK(read(moved)[0].tree["apiVersion"] == "batch/v1beta1");
  CHECK(moved.find(unknown_entries()) != moved.rfind(unknown_entries()));
}

TEST_CASE("manifest: nothing that was cut off or spoiled is a fault") {
  auto whole = written(read(support::full_object{}.of(*kinds().find("", "v1", "pods")).dump()),
                       encoding::protobuf);
  for (std::size_t n = 0; n < whole.size(); n += 37) {
    CHECK(refusal(whole.substr(0, n)).find('\n') == std::string::npos);
    auto spoiled = whole;
    spoiled[n] = static_cast<char>(spoiled[n] ^ 0x55);
    if (auto all = read_manifests(kinds(), spoiled))
      CHECK_NOTHROW((void)write_manifests(kinds(), std::move(*all), encoding::protobuf));
  }
}

} // namespace
} // namespace troupe::versions
