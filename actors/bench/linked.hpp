// A process of Troupe without actors, linked to the masters: its questions are asked on any thread
// and answered on the links' thread. Inside actors/bench only.
#pragma once

#include "actors/bench/members.hpp"
#include "actors/kernel/links.hpp"
#include "actors/kernel/outside.hpp"
#include "actors/kernel/process.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <memory>
#include <vector>

namespace troupe::bench {

class linked {
public:
  explicit linked(const members& of);
  linked(const linked&) = delete;
  linked& operator=(const linked&) = delete;
  /// What is under way comes back as failed, or never.
  ~linked();

  result<void> start(const members& of);

  template <class Handle> Handle import(std::size_t turn, const char* portal) {
    return links_->import <Handle>(names_[turn % names_.size()], portal);
  }
  /// `then` gets the answer, or null.
  template <class A, class Handle, class Q, class Then>
  void ask(const Handle& whom, Q question, Then then) {
    kernel::ask_outside(
      system_, caf::actor_cast<caf::strong_actor_ptr>(whom), caf::make_message(std::move(question)),
      [then = std::move(then)](caf::type_erased_tuple* content, const failure&) {
        bool fits = content != nullptr && content->size() == 1 && content->match_element<A>(0);
        then(fits ? &content->get_as<A>(0) : nullptr);
      });
  }

private:
  struct configuration : caf::actor_system_config {
    configuration();
  };
  configuration configuration_;
  caf::actor_system system_;
  kernel::process_ptr process_;
  std::unique_ptr<kernel::links> links_;
  std::vector<std::string> names_;
};

} // namespace troupe::bench
