#include "actors/api/rules/names.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cstring>
#include <vector>

namespace troupe::rules {
namespace {

using text = std::string_view;

bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool digit(char c) { return c >= '0' && c <= '9'; }
bool alnum(char c) { return lower(c) || digit(c) || (c >= 'A' && c <= 'Z'); }
bool lower_alnum(char c) { return lower(c) || digit(c); }

std::string longer_than(std::size_t most) {
  return "must be no more than " + std::to_string(most) + " bytes";
}

/// Lower-case alphanumeric at both ends, also '-' between.
bool label_form(text s) {
  return !s.empty() && lower_alnum(s.front()) && lower_alnum(s.back())
         && std::all_of(s.begin(), s.end(), [](char c) { return lower_alnum(c) || c == '-'; });
}

bool subdomain_form(text s) {
  while (true) {
    auto dot = s.find('.');
    if (!label_form(s.substr(0, dot)))
      return false;
    if (dot == s.npos)
      return true;
    s.remove_prefix(dot + 1);
  }
}

/// The form of label values and of the name part of keys.
bool name_form(text s) {
  return !s.empty() && alnum(s.front()) && alnum(s.back())
         && std::all_of(s.begin(), s.end(),
                        [](char c) { return alnum(c) || c == '-' || c == '_' || c == '.'; });
}

bool cron_number(text s, int low, int high) {
  int value = 0;
  auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
  return error == std::errc{} && end == s.data() + s.size() && value >= low && value <= high;
}

bool cron_value(text s, int low, int high, text names) {
  if (cron_number(s, low, high))
    return true;
  if (s.size() != 3 || names.empty())
    return false;
  std::string upper{s};
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return lower(c) ? static_cast<char>(c - 'a' + 'A') : c; });
  auto at = names.find(upper);
  return at != names.npos && at % 3 == 0;
}

/// `*`, `a`, `a-b`, each with `/step`, in a list.
bool cron_field(text field, int low, int high, text names) {
  while (true) {
    auto comma = field.find(',');
    auto part = field.substr(0, comma);
    if (auto slash = part.find('/'); slash != part.npos) {
      if (!cron_number(part.substr(slash + 1), 1, 1000))
        return false;
      part = part.substr(0, slash);
    }
    auto dash = part.find('-');
    auto good = part == "*" || part == "?"
                || (cron_value(part.substr(0, dash), low, high, names)
                    && (dash == part.npos || cron_value(part.substr(dash + 1), low, high, names)));
    if (!good)
      return false;
    if (comma == field.npos)
      return true;
    field.remove_prefix(comma + 1);
  }
}

} // namespace

std::string dns_label(text s) {
  if (s.size() > 63)
    return longer_than(63);
  if (label_form(s))
    return {};
  return "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
         "and must "
         "start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
         "for "
         "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
}

std::string dns_subdomain(text s) {
  if (s.size() > 253)
    return longer_than(253);
  if (subdomain_form(s))
    return {};
  return "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' "
         "or '.', and "
         "must start and end with an alphanumeric character (e.g. 'example.com', regex used for "
         "validation is "
         "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
}

std::string dns_1035_label(text s) {
  if (s.size() > 63)
    return longer_than(63);
  if (label_form(s) && lower(s.front()))
    return {};
  return "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with "
         "an "
         "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or "
         "'abc-123', regex "
         "used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
}

std::string path_segment(text s) {
  if (s == "." || s == "..")
    return "may not be '" + std::string{s} + "'";
  if (s.find('/') != s.npos)
    return "may not contain '/'";
  if (s.find('%') != s.npos)
    return "may not contain '%'";
  return s.size() > 253 ? longer_than(253) : std::string{};
}

std::string qualified_name(text s) {
  constexpr auto form =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
    "an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used "
    "for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
  auto slash = s.find('/');
  if (slash != s.npos && s.find('/', slash + 1) != s.npos)
    return std::string{"a qualified name "} + form
           + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
  auto name = slash == s.npos ? s : s.substr(slash + 1);
  if (slash == 0)
    return "prefix part must be non-empty";
  if (slash != s.npos)
    if (auto why = dns_subdomain(s.substr(0, slash)); !why.empty())
      return "prefix part " + why;
  if (name.empty())
    return "name part must be non-empty";
  if (name.size() > 63)
    return "name part " + longer_than(63);
  return name_form(name) ? std::string{} : std::string{"name part "} + form;
}

std::string label_value(text s) {
  if (s.size() > 63)
    return longer_than(63);
  if (s.empty() || name_form(s))
    return {};
  return "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
         "'.', and "
         "must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or "
         "'12345', "
         "regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
}

std::string port_name(text s) {
  if (s.size() > 15)
    return "must be no more than 15 characters";
  if (s.empty()
      || !std::all_of(s.begin(), s.end(), [](char c) { return lower_alnum(c) || c == '-'; }))
    return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
  if (std::none_of(s.begin(), s.end(), lower))
    return "must contain at least one letter (a-z)";
  if (s.find("--") != s.npos)
    return "must not contain consecutive hyphens";
  return s.front() == '-' || s.back() == '-' ? "must not begin or end with a hyphen"
                                             : std::string{};
}

std::string env_name(text s) {
  auto good = !s.empty() && std::all_of(s.begin(), s.end(), [](char c) {
    return c >= ' ' && c <= '~' && c != '=';
  });
  return good ? std::string{}
              : "a valid environment variable name must consist only of printable ASCII characters "
                "other than '='";
}

std::string config_key(text s) {
  if (s.size() > 253)
    return longer_than(253);
  auto good = !s.empty() && std::all_of(s.begin(), s.end(), [](char c) {
    return alnum(c) || c == '-' || c == '_' || c == '.';
  });
  if (!good)
    return "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
           "'key.name',  or "
           "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
  if (s == ".")
    return "must not be '.'";
  return s.substr(0, 2) == ".." ? "must not start with '..'" : std::string{};
}

std::string ip_address(text s) {
  std::array<unsigned char, 16> buffer{};
  std::string copy{s};
  if (inet_pton(AF_INET, copy.c_str(), buffer.data()) == 1
      || inet_pton(AF_INET6, copy.c_str(), buffer.data()) == 1)
    return {};
  return "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
}

std::string cidr(text s) {
  auto slash = s.find('/');
  auto six = s.find(':') != s.npos;
  if (slash == s.npos || !ip_address(s.substr(0, slash)).empty()
      || !cron_number(s.substr(slash + 1), 0, six ? 128 : 32))
    return "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
  return {};
}

std::string cron_schedule(text s) {
  if (!s.empty() && s[0] == '@') {
    constexpr std::array<text, 7> macros{"@yearly", "@annually", "@monthly", "@weekly",
                                         "@daily",  "@midnight", "@hourly"};
    if (std::find(macros.begin(), macros.end(), s) != macros.end() || s.substr(0, 7) == "@every ")
      return {};
    return "unrecognized descriptor: " + std::string{s};
  }
  std::vector<text> fields;
  for (std::size_t at = 0; (at = s.find_first_not_of(" \t", at)) != s.npos;) {
    auto end = std::min(s.find_first_of(" \t", at), s.size());
    fields.push_back(s.substr(at, end - at));
    at = end;
  }
  if (fields.size() != 5)
    return "expected exactly 5 fields, found " + std::to_string(fields.size()) + ": ["
           + std::string{s} + "]";
  constexpr auto months = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
  constexpr auto days = "SUNMONTUEWEDTHUFRISAT";
  struct bounds {
    int low, high;
    text names;
  };
  constexpr std::array<bounds, 5> limits{
    {{0, 59, {}}, {0, 23, {}}, {1, 31, {}}, {1, 12, months}, {0, 7, days}}};
  for (std::size_t i = 0; i < 5; ++i)
    if (!cron_field(fields[i], limits[i].low, limits[i].high, limits[i].names))
      return "failed to parse " + std::string{fields[i]};
  return {};
}

} // namespace troupe::rules
