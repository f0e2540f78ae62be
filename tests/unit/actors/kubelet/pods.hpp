// Pods and what a runtime says of them, in few words: the vocabulary of the kubelet's tables.
#pragma once

#include "actors/kubelet/pod/plan.hpp"

#include <string>

namespace troupe::kubelet::testing {

inline const instant epoch = instant(std::chrono::seconds(1'800'000'000));

/// A pod from the text of its spec (JSON, without braces) in namespace "default".
pod make_pod(const std::string& spec);

/// One container named "a": `more` are further fields of the spec.
inline pod one(const std::string& more = {}) {
  return make_pod(R"("containers":[{"name":"a","image":"x:1"}])" + more);
}

/// A runtime's picture, built step by step. Newest first, as a driver answers.
class picture {
public:
  runtime::pod_state state;

  picture& sandbox(std::uint32_t attempt = 0, bool ready = true);
  picture& running(const std::string& name, std::uint32_t attempt = 0);
  picture& exited(const std::string& name, int code, instant finished = epoch,
                  std::uint32_t attempt = 0);
  /// The sandbox that is there dies.
  picture& lost();

  operator const runtime::pod_state&() const { return state; }

private:
  runtime::container_status& add(const std::string& name, std::uint32_t attempt);
  int count_ = 0;
};

/// The id that `picture` gave.
inline std::string id(const std::string& name, std::uint32_t attempt = 0) {
  return name + "-" + std::to_string(attempt);
}

} // namespace troupe::kubelet::testing
