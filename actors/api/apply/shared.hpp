// What recording an update and applying share. For the sources of this folder.
#pragma once

#include "actors/api/apply/apply.hpp"
#include "actors/api/apply/typed.hpp"

#include <deque>
#include <map>

namespace troupe::apply {

/// Takes out what nobody owns: names, and what only the server writes.
void strip(path_set& set);
/// Takes out what the write does not concern.
void confine(path_set& set, const writing& w);
/// The difference as far as the write concerns it. Null: there was no object.
difference compare_for(const writing& w, const nlohmann::json* before, const nlohmann::json& after);

/// One change as the managers of each version see it, made when asked for.
class views {
public:
  /// `own` is the difference in the writing's own version. All live as long as this.
  views(const writing& w, const nlohmann::json* before, const nlohmann::json& after,
        const difference& own);
  /// Null when the version is not served any more.
  const difference* in(const std::string& api_version);

private:
  const writing& w_;
  const nlohmann::json* before_;
  const nlohmann::json& after_;
  std::map<std::string, const difference*, std::less<>> by_version_;
  std::deque<difference> made_;
};

} // namespace troupe::apply
