#include "actors/api/http/credentials.hpp"

#include "actors/api/http/mapping.hpp"

#include <algorithm>
#include <cctype>

namespace troupe::http {
namespace {

constexpr std::string_view extra_prefix = "impersonate-extra-";

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return out;
}

failure unauthorized() { return {.reason = reason::unauthorized, .message = "Unauthorized"}; }

int hex(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return -1;
}

/// An extra key in lower case, percent-decoded where that makes sense; else as it is.
std::string extra_key(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '%' && i + 2 < name.size() && hex(name[i + 1]) >= 0 && hex(name[i + 2]) >= 0) {
      out += static_cast<char>(hex(name[i + 1]) * 16 + hex(name[i + 2]));
      i += 2;
    } else {
      out += name[i];
    }
  }
  return out;
}

result<std::string> bearer(const fields& from) {
  auto all = from.all("Authorization");
  if (all.empty())
    return std::string{};
  auto text = all[0];
  constexpr std::string_view scheme = "bearer ";
  if (all.size() > 1 || text.size() <= scheme.size()
      || lower(text.substr(0, scheme.size())) != scheme)
    return unauthorized();
  text.remove_prefix(scheme.size());
  while (text.starts_with(' '))
    text.remove_prefix(1);
  if (text.empty() || text.find(' ') != text.npos)
    return unauthorized();
  return std::string{text};
}

} // namespace

result<api::credentials> credentials_of(const request& from) {
  api::credentials out;
  if (!from.from.who) {
    OR_RETURN(out.token, bearer(from.fields));
  }
  api::user as;
  auto wanted = false;
  for (const auto& [name, value] : from.fields) {
    auto key = lower(name);
    if (!key.starts_with("impersonate-"))
      continue;
    wanted = true;
    if (key == "impersonate-user")
      as.name = value;
    else if (key == "impersonate-group")
      as.groups.push_back(value);
    else if (key == "impersonate-uid")
      as.uid = value;
    else if (key.starts_with(extra_prefix))
      as.extra[extra_key(key.substr(extra_prefix.size()))].push_back(value);
  }
  if (wanted && as.name.empty())
    return failure{.reason = reason::bad_request,
                   .message = "requested impersonation of groups, uid or extra without "
                              "impersonating a user"};
  if (wanted)
    out.as = std::move(as);
  return out;
}

} // namespace troupe::http
