// How the parts that several kinds share are read. Included by the .cpp files of views only.
#pragma once

#include "config/api/selector.hpp"
#include "config/api/views/condition.hpp"
#include "config/api/views/reader.hpp"
#include "config/api/views/taint.hpp"

namespace troupe::views {

std::vector<condition> read_conditions(reader at);
std::vector<api::label_requirement>
read_requirements(reader at); // of matchExpressions, matchFields
/// A LabelSelector: absent selects nothing, empty everything.
api::label_selector read_selector(reader at);
/// A plain map (Service, ReplicationController): empty selects nothing.
api::label_selector selector_of(const api::string_map& labels);
std::vector<taint> read_taints(reader at);
std::vector<toleration> read_tolerations(reader at);

} // namespace troupe::views
