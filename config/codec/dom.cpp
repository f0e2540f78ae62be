#include "config/codec/dom.hpp"

#include "config/codec/json.hpp"

namespace troupe::codec {

result<simdjson::dom::element> dom_reader::read(std::string_view text) {
  if (text.size() > max_body_bytes)
    return failure{reason::too_large, "the body has " + std::to_string(text.size())
                                        + " bytes, more than the allowed "
                                        + std::to_string(max_body_bytes)};
  return parse(text);
}

result<simdjson::dom::element> dom_reader::read_own(std::string_view text) { return parse(text); }

result<simdjson::dom::element> dom_reader::parse(std::string_view text) {
  simdjson::dom::element root;
  auto error = parser_.allocate(text.size(), max_depth);
  if (error == simdjson::SUCCESS)
    error = parser_.parse(text.data(), text.size(), true).get(root);
  if (error == simdjson::DEPTH_ERROR)
    return failure{reason::bad_request,
                   "the body is nested deeper than " + std::to_string(max_depth) + " levels"};
  if (error != simdjson::SUCCESS)
    return failure{reason::bad_request,
                   std::string("the body is not valid JSON: ") + simdjson::error_message(error)};
  return root;
}

} // namespace troupe::codec
