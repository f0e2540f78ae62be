// Which objects a list, a watch or a deletecollection means.
#pragma once

#include "actors/api/pipeline/context.hpp"
#include "config/api/selector.hpp"

#include <functional>

namespace troupe::pipeline {

struct selection {
  api::label_selector labels;
  api::field_selector fields;

  bool everything() const { return labels.everything() && fields.everything(); }
};

/// The request's selectors, checked against the kind. Fails with bad_request.
result<selection> selection_of(const context& c);

/// Whether a body (canonical, of `of`'s version) is selected.
bool selects(const selection& s, std::string_view body, const schema::resource& of);

/// Visits the selected records below `prefix` from `from` on, until `visit` returns false.
void visit_selected(const context& c, const selection& s, const std::string& prefix,
                    const std::function<bool(const store::record_ptr&)>& visit,
                    const std::string& from = {});

/// Where a list goes on: the token of `continue`.
struct list_token {
  revision at{};          // of the first page; 0: the latest, since the first page's is compacted
  std::string start;      // the first key of the next page, behind the prefix
  std::uint64_t seen = 0; // objects on the pages before
};
std::string to_text(const list_token& t);
/// Fails with bad_request.
result<list_token> parse_token(std::string_view text);

} // namespace troupe::pipeline
