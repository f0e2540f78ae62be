#include "tests/unit/actors/kubelet/pods.hpp"

#include <doctest/doctest.h>

namespace troupe::kubelet::testing {

pod make_pod(const std::string& spec) {
  auto body = R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"default",)"
              R"("uid":"u1"},"spec":{)"
              + spec + "}}";
  auto object = api::parse_object(share(body), revision{1});
  REQUIRE_MESSAGE(object, object.error().message);
  auto out = read_pod(*object);
  REQUIRE_MESSAGE(out, out.error().message);
  return *out;
}

picture& picture::sandbox(std::uint32_t attempt, bool ready) {
  runtime::sandbox_status s;
  s.id = id("sandbox", attempt);
  s.attempt = attempt;
  s.state = ready ? runtime::sandbox_state::ready : runtime::sandbox_state::not_ready;
  s.ips = {"10.244.1.2"};
  state.sandboxes.insert(state.sandboxes.begin(), s);
  return *this;
}

runtime::container_status& picture::add(const std::string& name, std::uint32_t attempt) {
  runtime::container_status c;
  c.id = id(name, attempt);
  c.sandbox_id = state.sandboxes.front().id;
  c.name = name;
  c.attempt = attempt;
  c.created = epoch + std::chrono::seconds(++count_);
  c.started = c.created;
  return *state.containers.insert(state.containers.begin(), c);
}

picture& picture::running(const std::string& name, std::uint32_t attempt) {
  add(name, attempt).state = runtime::container_state::running;
  return *this;
}

picture& picture::exited(const std::string& name, int code, instant finished,
                         std::uint32_t attempt) {
  auto& c = add(name, attempt);
  c.state = runtime::container_state::exited;
  c.exit_code = code;
  c.finished = finished;
  return *this;
}

picture& picture::lost() {
  state.sandboxes.front().state = runtime::sandbox_state::not_ready;
  return *this;
}

} // namespace troupe::kubelet::testing
