// An API server of a few lines for a kubelet in a simulated world: objects by name, merge patches,
// deletion with grace, and an informer that tells of pods and services.
#pragma once

#include "actors/client/informer.hpp"
#include "tests/support/deterministic.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe::kubelet::testing {

struct small_api {
  using json = nlohmann::json;

  std::map<std::string, json> objects; // by "resource/ns/name"
  std::uint64_t version = 1;
  std::vector<client::informed_actor> subscribers;
  std::map<std::string, int> requests; // counted by "verb resource/subresource"
  std::function<void()> on_change = [] {};

  /// What a client does; tells the subscribers.
  void put(const std::string& resource, json object);
  void erase(const std::string& key);
  /// As `kubectl delete` does: sets the deletion's time and grace.
  void remove_pod(const std::string& name, std::int64_t grace, instant now);

  api::response serve(const api::request& asked, instant now);
  void tell_all(const std::string& resource, const client::informed_actor& to) const;
  void publish(const std::string& resource, api::event::kind what, const json& object);

  const json* find(const std::string& key) const;
  json status(const std::string& pod) const;
  /// Reasons of the Events so far, in the order of their names' making.
  std::vector<std::string> events() const;

private:
  std::vector<std::string> event_order_;
};

client::api_actor spawn_api(const kernel::place& at, std::shared_ptr<small_api> state);
client::informer_actor spawn_informer(const kernel::place& at, std::shared_ptr<small_api> state,
                                      std::string resource);

} // namespace troupe::kubelet::testing
