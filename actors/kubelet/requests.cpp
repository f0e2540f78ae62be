#include "actors/kubelet/requests.hpp"

#include "config/api/peek.hpp"

namespace troupe::kubelet {

namespace {

api::request request_about(const api::user& who, api::verb verb, const about& what) {
  api::request out;
  out.verb = verb;
  out.group = what.group;
  out.version = what.version;
  out.resource = what.resource;
  out.ns = what.ns;
  out.name = what.name;
  out.from = who;
  out.options.field_manager = "kubelet";
  return out;
}

} // namespace

api::user node_user(const std::string& node) {
  return {
    .name = "system:node:" + node, .groups = {"system:nodes", "system:authenticated"}, .uid = {}};
}

api::request get_request(const api::user& who, const about& what) {
  return request_about(who, api::verb::get, what);
}

api::request create_request(const api::user& who, const about& what, std::string body) {
  auto out = request_about(who, api::verb::create, what);
  out.name.clear();
  out.body = std::move(body);
  return out;
}

api::request patch_request(const api::user& who, const about& what, std::string subresource,
                           std::string body) {
  auto out = request_about(who, api::verb::patch, what);
  out.subresource = std::move(subresource);
  out.patch = api::patch_type::merge;
  out.body = std::move(body);
  return out;
}

api::request remove_pod_request(const api::user& who, const std::string& ns,
                                const std::string& name, const std::string& uid) {
  auto out = request_about(who, api::verb::remove, {"", "pods", ns, name});
  out.options.grace = 0;
  out.options.precondition_uid = uid;
  return out;
}

std::optional<failure> failure_in(const api::response& answer) {
  if (answer.code >= 200 && answer.code < 300)
    return std::nullopt;
  std::string reason;
  std::string message = "the API answered " + std::to_string(answer.code);
  if (answer.body && answer.as == api::media::json) {
    reason = api::peek_text(*answer.body, {"reason"});
    if (auto text = api::peek_text(*answer.body, {"message"}); !text.empty())
      message = text;
  }
  return failure{.reason = reason_of(answer.code, reason), .message = std::move(message)};
}

} // namespace troupe::kubelet
