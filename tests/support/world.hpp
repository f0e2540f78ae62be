// A little API server in memory that performs the actions of plans, for tests of controllers.
//
//   world w;
//   w.put(of::deployments, R"({"metadata":{"name":"web","namespace":"default"},"spec":{...}})");
//   w.perform(deployment::plan(observe(w)));
//
// It keeps what the API promises and plans rely on: uids, revisions, generations, preconditions,
// finalizers, propagation, graceful deletion of bound pods. It neither validates nor defaults.
#pragma once

#include "actors/controllers/action.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <map>

namespace troupe::tests {

class world {
public:
  instant now = instant{} + std::chrono::hours{24 * 365 * 50};

  /// Creates or overwrites as a client would; answers the stored tree. Keeps uid and status.
  const nlohmann::json& put(const control::resource& of, const char* body);
  const nlohmann::json& put(const control::resource& of, nlohmann::json tree);
  /// Changes the tree in place as some other client's write.
  void change(const control::resource& of, const std::string& ns, const std::string& name,
              const std::function<void(nlohmann::json&)>& how);
  void erase(const control::resource& of, const std::string& ns, const std::string& name);

  bool has(const control::resource& of, const std::string& ns, const std::string& name) const;
  const nlohmann::json& tree(const control::resource& of, const std::string& ns,
                             const std::string& name) const;
  /// As an informer would hand them out; an empty namespace means all.
  std::vector<api::object> list(const control::resource& of, const std::string& ns = "") const;
  api::object get(const control::resource& of, const std::string& ns,
                  const std::string& name) const;

  /// Every object, whatever its resource.
  void each(const std::function<void(const control::resource&, const api::object&)>& visit) const;

  template <class View>
  std::vector<View> views(const control::resource& of, const std::string& ns = "") const {
    std::vector<View> out;
    for (const auto& o : list(of, ns))
      out.push_back(View::from(o).value());
    return out;
  }

  /// As the performer does: in order, ended by the first failure, which is answered.
  std::optional<failure> perform(const control::actions& plan);

  /// Called before every write: answers why it fails, if it does.
  std::function<std::optional<failure>(const control::action&)> refuse;
  /// Called after every write: for what must hold at every instant.
  std::function<void()> check = [] {};

  /// The revision of the last write.
  revision last() const { return revision{revision_}; }

  std::vector<control::emit> events;
  std::optional<duration> woken; // the soonest `again` of the last perform

private:
  using key = std::tuple<control::resource, std::string, std::string>;

  std::optional<failure> write(const control::action& a);
  std::optional<failure> on(const control::create& c);
  std::optional<failure> on(const control::patch& p);
  std::optional<failure> on(const control::replace& r);
  std::optional<failure> on(const control::remove& r);
  std::optional<failure> on(const control::remove_all& r);
  std::optional<failure> on(const control::emit& e);
  std::optional<failure> on(const control::again& a);
  std::optional<failure> find(const control::target& at, nlohmann::json*& out);
  void store(const key& k, const nlohmann::json& before, nlohmann::json after);
  void finish(const key& k);

  std::map<key, nlohmann::json> objects_;
  std::uint64_t revision_ = 0;
  std::uint64_t uids_ = 0;
};

/// What every plan owes: performed and planned again, it comes to rest within `rounds`.
/// `plan` observes the world anew each time. Answers the rounds it took; rounds + 1: it did not.
int settle(world& w, const std::function<control::actions()>& plan, int rounds = 20);

} // namespace troupe::tests
