#include "config/base/random.hpp"
#include "tests/unit/actors/kubelet/pods.hpp"

#include <doctest/doctest.h>

namespace {

using namespace troupe;
using namespace troupe::kubelet;
using namespace troupe::kubelet::testing;
using steps = std::vector<step>;

plan of(const pod& p, const runtime::pod_state& seen, const memory& known = {},
        instant now = epoch) {
  return plan_pod(p, seen, known, now);
}

const std::string two_inits = R"("initContainers":[{"name":"i1","image":"x:1"},)"
                              R"({"name":"i2","image":"x:1"}],)"
                              R"("containers":[{"name":"a","image":"x:1"}])";
const std::string with_sidecar =
  R"("initContainers":[{"name":"s","image":"x:1","restartPolicy":"Always"},)"
  R"({"name":"i","image":"x:1"}],"containers":[{"name":"a","image":"x:1"}])";

} // namespace

TEST_CASE("plan: a new pod gets a sandbox, then its containers, then nothing") {
  auto p = make_pod(R"("containers":[{"name":"a","image":"x:1"},{"name":"b","image":"x:1"}])");
  CHECK(of(p, {}).steps == steps{run_sandbox{0}});
  CHECK(of(p, picture().sandbox()).steps
        == steps{start_container{"a", 0}, start_container{"b", 0}});
  CHECK(of(p, picture().sandbox().running("a")).steps == steps{start_container{"b", 0}});
  CHECK(of(p, picture().sandbox().running("a").running("b")) == plan{});
}

TEST_CASE("plan: a sandbox without an address is not used") {
  auto seen = picture().sandbox();
  seen.state.sandboxes[0].ips.clear();
  CHECK(of(one(), seen).steps == steps{kill_pod{30s, "its sandbox is gone"}});
  seen.state.sandboxes[0].node_network = true;
  CHECK(of(one(R"(,"hostNetwork":true)"), seen).steps == steps{start_container{"a", 0}});
}

TEST_CASE("plan: a dead sandbox ends what still runs, and then decides anew") {
  auto seen = picture().sandbox().running("a").lost();
  CHECK(of(one(), seen).steps == steps{kill_pod{30s, "its sandbox is gone"}});
  auto killed = picture().sandbox().exited("a", 137).lost();
  CHECK(of(one(), killed).steps == steps{run_sandbox{1}});
  CHECK(of(one(R"(,"restartPolicy":"OnFailure")"), killed).steps == steps{run_sandbox{1}});
  CHECK(of(one(R"(,"restartPolicy":"Never")"), killed).steps.empty());
  auto again = killed;
  again.sandbox(1);
  CHECK(of(one(), again).steps == steps{start_container{"a", 1}});
}

TEST_CASE("plan: restart policies") {
  struct row {
    const char* policy;
    int code;
    bool restarts;
  };
  for (const auto& r :
       {row{"Always", 0, true}, row{"Always", 1, true}, row{"OnFailure", 0, false},
        row{"OnFailure", 1, true}, row{"Never", 0, false}, row{"Never", 1, false}}) {
    CAPTURE(r.policy);
    CAPTURE(r.code);
    auto p = one(R"(,"restartPolicy":")" + std::string(r.policy) + '"');
    auto seen = picture().sandbox().exited("a", r.code);
    auto expected = r.restarts ? steps{start_container{"a", 1}} : steps{kill_pod{30s, "over"}};
    CHECK(of(p, seen).steps == expected);
    CHECK(is_over(p, seen, {}) == !r.restarts);
    seen.lost();
    CHECK(of(p, seen).steps == (r.restarts ? steps{run_sandbox{1}} : steps{}));
  }
}

TEST_CASE("plan: a container's own restart policy goes before its pod's") {
  auto p = make_pod(R"("containers":[{"name":"a","image":"x:1","restartPolicy":"Never"},)"
                    R"({"name":"b","image":"x:1"}])");
  CHECK(of(p, picture().sandbox().exited("a", 1).running("b")).steps.empty());
  CHECK(of(p, picture().sandbox().running("a").exited("b", 0)).steps
        == steps{start_container{"b", 1}});
}

TEST_CASE("plan: crashes are restarted at once, then ever later, up to five minutes") {
  auto p = one();
  memory known;
  auto now = epoch;
  std::vector<std::int64_t> waits;
  for (std::uint32_t attempt = 0; attempt < 8; ++attempt) {
    auto seen = picture().sandbox().exited("a", 1, now, attempt);
    auto first = of(p, seen, known, now);
    auto wait = duration(0);
    if (first.again) {
      CHECK(first.steps.empty());
      CHECK(first.held.at("a").reason == "CrashLoopBackOff");
      wait = *first.again - now;
      CHECK(of(p, seen, known, *first.again - 1ns).steps.empty());
      now = *first.again;
    }
    waits.push_back(std::chrono::duration_cast<std::chrono::seconds>(wait).count());
    CHECK(of(p, seen, known, now).steps == steps{start_container{"a", attempt + 1}});
    note_start(known, seen, "a", now);
    now += 1s;
  }
  CHECK(waits == std::vector<std::int64_t>{0, 10, 20, 40, 80, 160, 300, 300});
  // Ten quiet minutes, and it counts from the start again.
  now += 601s;
  auto seen = picture().sandbox().exited("a", 1, now, 8);
  CHECK(of(p, seen, known, now).steps == steps{start_container{"a", 9}});
  note_start(known, seen, "a", now);
  CHECK(known.crash["a"].wait == 10s);
}

TEST_CASE("plan: the words of a crash loop are Kubernetes'") {
  memory known;
  known.crash["a"] = {80s, epoch};
  auto next = of(one(), picture().sandbox().exited("a", 1), known);
  CHECK(next.held.at("a").message
        == "back-off 1m20s restarting failed container=a pod=p_default(u1)");
  CHECK(next.again == epoch + 80s);
}

TEST_CASE("plan: init containers run one after the other, each until it succeeds") {
  auto p = make_pod(two_inits);
  CHECK(of(p, picture().sandbox()).steps == steps{start_container{"i1", 0}});
  CHECK(of(p, picture().sandbox().running("i1")).steps.empty());
  CHECK(of(p, picture().sandbox().exited("i1", 1)).steps == steps{start_container{"i1", 1}});
  CHECK(of(p, picture().sandbox().exited("i1", 0)).steps == steps{start_container{"i2", 0}});
  auto through = picture().sandbox().exited("i1", 0).exited("i2", 0);
  CHECK(of(p, through).steps == steps{start_container{"a", 0}});
  CHECK(of(p, through.running("a")).steps.empty());
}

TEST_CASE("plan: an init container that fails ends a pod that never restarts") {
  auto p = make_pod(two_inits + R"(,"restartPolicy":"Never")");
  CHECK(of(p, picture().sandbox().exited("i1", 1)).steps == steps{kill_pod{30s, "over"}});
  CHECK_FALSE(is_over(p, picture().sandbox().exited("i1", 0), {}));
}

TEST_CASE("plan: a new sandbox runs the init containers again") {
  auto p = make_pod(two_inits);
  auto seen = picture().sandbox().exited("i1", 0).exited("i2", 0).exited("a", 137).lost();
  seen.sandbox(1);
  CHECK(of(p, seen).steps == steps{start_container{"i1", 1}});
}

TEST_CASE("plan: a removed record of an earlier init container does not run it again") {
  auto p = make_pod(two_inits);
  CHECK(of(p, picture().sandbox().exited("i2", 0)).steps == steps{start_container{"a", 0}});
  CHECK(of(p, picture().sandbox().running("a")).steps.empty());
}

TEST_CASE("plan: a sidecar runs beside and is restarted, also in a pod that never restarts") {
  auto p = make_pod(with_sidecar + R"(,"restartPolicy":"Never")");
  CHECK(of(p, picture().sandbox()).steps == steps{start_container{"s", 0}});
  CHECK(of(p, picture().sandbox().running("s")).steps == steps{start_container{"i", 0}});
  auto begun = picture().sandbox().running("s").exited("i", 0).running("a");
  CHECK(of(p, begun).steps.empty());
  auto died = picture().sandbox().exited("s", 1).exited("i", 0).running("a");
  CHECK(of(p, died).steps == steps{start_container{"s", 1}});
  auto over = picture().sandbox().running("s").exited("i", 0).exited("a", 0);
  CHECK(of(p, over).steps == steps{kill_pod{30s, "over"}});
}

TEST_CASE("plan: what follows a sidecar waits for its startup probe") {
  auto p = make_pod(R"("initContainers":[{"name":"s","image":"x:1","restartPolicy":"Always",)"
                    R"("startupProbe":{"exec":{"command":["true"]}}}],)"
                    R"("containers":[{"name":"a","image":"x:1"}])");
  auto seen = picture().sandbox().running("s");
  CHECK(of(p, seen).steps.empty());
  memory known;
  known.started[id("s")] = true;
  CHECK(of(p, seen, known).steps == steps{start_container{"a", 0}});
}

TEST_CASE("plan: sidecars end last, the last one first") {
  auto p = make_pod(R"("initContainers":[{"name":"s1","image":"x","restartPolicy":"Always"},)"
                    R"({"name":"s2","image":"x","restartPolicy":"Always"}],)"
                    R"("containers":[{"name":"a","image":"x"},{"name":"b","image":"x"}])");
  auto seen = picture().sandbox().running("s1").running("s2").running("a").running("b");
  CHECK(kill_waves(p, seen)
        == std::vector<std::vector<std::string>>{{id("b"), id("a")}, {id("s2")}, {id("s1")}});
}

TEST_CASE("plan: another image restarts the container, whatever the policy") {
  auto p = one(R"(,"restartPolicy":"Never")");
  auto seen = picture().sandbox().running("a");
  seen.state.containers[0].hash = "other";
  CHECK(
    of(p, seen).steps
    == steps{kill_container{id("a"), "a", 30s, "its definition changed"}, start_container{"a", 1}});
  seen.state.containers[0].hash = p.containers[0].hash;
  CHECK(of(p, seen).steps.empty());
}

TEST_CASE("plan: a failed liveness probe kills that container, with the probe's own grace") {
  auto p = make_pod(R"("containers":[{"name":"a","image":"x","livenessProbe":{"tcpSocket":)"
                    R"({"port":80},"terminationGracePeriodSeconds":3}},{"name":"b","image":"x"}])");
  auto seen = picture().sandbox().running("a").running("b");
  memory known;
  known.alive[id("a")] = false;
  CHECK(of(p, seen, known).steps == steps{kill_container{id("a"), "a", 3s, "failed its probe"}});
}

TEST_CASE("plan: an image that cannot be pulled is tried ever later") {
  auto p = one();
  memory known;
  auto now = epoch;
  note_failure(known, p.containers[0], {"ErrImagePull", "no such host"}, now);
  auto seen = picture().sandbox();
  CHECK(of(p, seen, known, now).held.at("a") == waiting{"ErrImagePull", "no such host"});
  CHECK(of(p, seen, known, now).again == now + 2s);
  auto later = of(p, seen, known, now + 2s);
  CHECK(later.held.at("a")
        == waiting{"ImagePullBackOff", "Back-off pulling image \"x:1\": no such host"});
  CHECK(later.again == now + 10s);
  now += 10s;
  CHECK(of(p, seen, known, now).steps == steps{start_container{"a", 0}});
  note_failure(known, p.containers[0], {"ErrImagePull", "no such host"}, now);
  CHECK(of(p, seen, known, now + 5s).again == now + 20s);
}

TEST_CASE("plan: a sandbox that failed is tried again after a second") {
  memory known;
  note_sandbox_failure(known, {"FailedCreatePodSandBox", "no network"}, epoch);
  CHECK(of(one(), {}, known) == plan{{}, epoch + 1s, {}});
  CHECK(of(one(), {}, known, epoch + 1s).steps == steps{run_sandbox{0}});
}

TEST_CASE("plan: deletion kills with the grace of the request and then finishes") {
  auto p = one();
  p.meta.deleted = epoch;
  p.meta.grace = 5;
  CHECK(of(p, picture().sandbox().running("a")).steps == steps{kill_pod{5s, "deleted"}});
  CHECK(of(p, picture().sandbox().exited("a", 0)).steps == steps{kill_pod{5s, "deleted"}});
  CHECK(of(p, picture().sandbox().exited("a", 0).lost()).steps == steps{finish_deletion{}});
  CHECK(of(p, {}).steps == steps{finish_deletion{}});
}

TEST_CASE("plan: a pod that the kubelet ended is not started again") {
  memory known;
  known.ended = waiting{"Evicted", "The node was low on resource: memory"};
  CHECK(of(one(), picture().sandbox().running("a"), known).steps == steps{kill_pod{30s, "over"}});
  CHECK(of(one(), {}, known).steps.empty());
}

TEST_CASE("plan: activeDeadlineSeconds count from the start") {
  auto p = one(R"(,"activeDeadlineSeconds":60)");
  memory known;
  CHECK_FALSE(deadline_of(p, known));
  known.start = epoch;
  CHECK(deadline_of(p, known) == epoch + 60s);
  CHECK(of(p, picture().sandbox().running("a"), known).again == epoch + 60s);
}

TEST_CASE("plan: one dead container of a name is kept beside the current one") {
  auto seen = picture().sandbox().exited("a", 1).exited("a", 1, epoch, 1).running("a", 2);
  CHECK(of(one(), seen).steps == steps{remove_container{id("a", 0)}});
}

TEST_CASE("plan: an emptied old sandbox is removed, one with a kept container is not") {
  auto seen = picture().sandbox().exited("a", 1).lost();
  seen.sandbox(1).running("a", 1);
  CHECK(of(one(), seen).steps.empty());
  seen.exited("a", 1, epoch, 1);
  seen.state.containers.erase(seen.state.containers.end() - 1);
  seen.running("a", 2);
  CHECK(of(one(), seen).steps == steps{remove_sandbox{id("sandbox", 0)}});
}

TEST_CASE("plan: a pod whose steps are carried out comes to rest with all it should have") {
  random_source random(7);
  for (int round = 0; round < 200; ++round) {
    auto p = make_pod(random.chance(1, 2) ? two_inits : with_sidecar);
    picture seen;
    auto next = of(p, seen);
    for (int turn = 0; turn < 60 && !next.steps.empty(); ++turn) {
      for (const auto& s : next.steps) {
        if (const auto* run = std::get_if<run_sandbox>(&s)) {
          seen.sandbox(run->attempt);
        } else if (const auto* start = std::get_if<start_container>(&s)) {
          if (start->name[0] == 'i') // an init container: ends, well or badly
            seen.exited(start->name, random.chance(1, 3) ? 1 : 0, epoch, start->attempt);
          else
            seen.running(start->name, start->attempt);
        } else if (const auto* gone = std::get_if<remove_container>(&s)) {
          std::erase_if(seen.state.containers, [&](const auto& c) { return c.id == gone->id; });
        }
      }
      if (random.chance(1, 10))
        for (auto& c : seen.state.containers)
          if (c.state == runtime::container_state::running)
            c.state = runtime::container_state::exited;
      next = of(p, seen);
    }
    REQUIRE(next == plan{});
    REQUIRE(latest(seen, "a"));
    CHECK(latest(seen, "a")->state == runtime::container_state::running);
    CHECK(is_initialized(p, seen, {}));
  }
}
