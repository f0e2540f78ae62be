// The forms that names, labels and keys must have, and what Kubernetes says when they do not.
#pragma once

#include <string>
#include <string_view>

namespace troupe::rules {

/// Each returns what is wrong, in Kubernetes' words; "" when nothing is.
std::string dns_label(std::string_view text);      // RFC 1123 label
std::string dns_subdomain(std::string_view text);  // RFC 1123 subdomain
std::string dns_1035_label(std::string_view text); // starts with a letter
std::string path_segment(std::string_view text);   // anything that fits into a URL's path
std::string qualified_name(std::string_view text); // [prefix/]name, as label and annotation keys
std::string label_value(std::string_view text);
std::string port_name(std::string_view text); // IANA service name
std::string env_name(std::string_view text);
std::string config_key(std::string_view text); // of a ConfigMap or a Secret
std::string ip_address(std::string_view text);
std::string cidr(std::string_view text);
std::string cron_schedule(std::string_view text);

inline constexpr auto immutable_text = "field is immutable";

} // namespace troupe::rules
