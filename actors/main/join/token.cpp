#include "actors/main/join/token.hpp"

#include "config/api/object.hpp"
#include "config/codec/base64.hpp"
#include "config/pki/key.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::join {
namespace {

using nlohmann::json;

constexpr std::size_t id_size = 6;
constexpr std::size_t secret_size = 16;
constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view type = "bootstrap.kubernetes.io/token";
constexpr std::string_view masters_group = "system:bootstrappers:troupe:masters";
constexpr std::string_view nodes_group = "system:bootstrappers:troupe:nodes";

bool is_word(std::string_view text, std::size_t size) {
  return text.size() == size && text.find_first_not_of(letters) == std::string_view::npos;
}

/// Letters that are all equally likely: bytes beyond the last whole multiple are thrown away.
std::string random_word(std::size_t size) {
  constexpr auto whole = 256 / letters.size() * letters.size();
  std::string out;
  while (out.size() < size)
    for (unsigned char c : pki::random_bytes(size))
      if (c < whole && out.size() < size)
        out += letters[c % letters.size()];
  return out;
}

/// Looks at every byte whatever it finds.
bool same(std::string_view a, std::string_view b) {
  unsigned char differs = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    differs |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return differs == 0;
}

/// One of the Secret's values; empty when it has none that is readable.
std::string value(const json& secret, const char* key) {
  auto data = secret.find("data");
  if (data == secret.end() || !data->is_object() || !data->contains(key)
      || !data->at(key).is_string())
    return {};
  return codec::from_base64(data->at(key).get<std::string>()).value_or(std::string{});
}

failure unauthorized(std::string why) {
  return {.reason = reason::unauthorized, .message = std::move(why)};
}

/// Whether a comma-separated list names it.
bool names(const std::string& list, std::string_view group) {
  auto text = "," + list + ",";
  return text.find("," + std::string{group} + ",") != std::string::npos;
}

} // namespace

std::string_view text_of(role r) { return r == role::master ? "master" : "node"; }

result<token> parse_token(std::string_view text) {
  auto dot = text.find('.');
  auto id = text.substr(0, dot);
  auto secret = dot == std::string_view::npos ? std::string_view{} : text.substr(dot + 1);
  if (!is_word(id, id_size) || !is_word(secret, secret_size))
    return failure{.reason = reason::invalid,
                   .message = "read the token: it must be like abcdef.0123456789abcdef"};
  return token{std::string{id}, std::string{secret}};
}

token make_token() { return {random_word(id_size), random_word(secret_size)}; }

bool is_ca_hash(std::string_view text) {
  constexpr std::string_view prefix = "sha256:";
  return text.size() == prefix.size() + 64 && text.starts_with(prefix)
         && text.find_first_not_of("0123456789abcdef", prefix.size()) == std::string_view::npos;
}

json secret_of(const token& t, role permits, std::optional<instant> expires) {
  auto group = permits == role::master ? masters_group : nodes_group;
  json data = {{"token-id", codec::to_base64(t.id)},
               {"token-secret", codec::to_base64(t.secret)},
               {"usage-bootstrap-authentication", codec::to_base64("true")},
               {"auth-extra-groups", codec::to_base64(group)},
               {"description",
                codec::to_base64("lets a " + std::string{text_of(permits)} + " join the cluster")}};
  if (expires)
    data["expiration"] = codec::to_base64(api::format_time(*expires));
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata", {{"name", t.secret_name()}, {"namespace", "kube-system"}}},
          {"type", type},
          {"data", data}};
}

result<void> check(const token& shown, const json& secret, role wanted, instant now) {
  bool good = same(value(secret, "token-secret"), shown.secret);
  good &= !shown.secret.empty();
  good &= same(value(secret, "token-id"), shown.id);
  good &= secret.value("type", "") == type;
  good &= value(secret, "usage-bootstrap-authentication") == "true";
  if (!good)
    return unauthorized("the token is not known here");
  if (auto text = value(secret, "expiration"); !text.empty()) {
    auto expires = api::parse_time(text);
    if (!expires || *expires <= now)
      return unauthorized("the token has expired: make a new one with `troupe token create`");
  }
  if (wanted == role::master && !names(value(secret, "auth-extra-groups"), masters_group))
    return failure{.reason = reason::forbidden,
                   .message =
                     "the token is for nodes: make one with `troupe token create --master`"};
  return {};
}

} // namespace troupe::join
