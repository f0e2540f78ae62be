#include "actors/main/join/protocol.hpp"

#include "actors/main/join/machine.hpp"
#include "config/codec/json.hpp"
#include "config/pki/jwt.hpp"

#include <nlohmann/json.hpp>

namespace troupe::join {
namespace {

using nlohmann::json;

failure malformed(const std::string& what) {
  return {.reason = reason::bad_request, .message = "read the request to join: " + what};
}

result<std::string> text_at(const json& tree, const char* key) {
  auto found = tree.find(key);
  if (found == tree.end() || !found->is_string() || found->get_ref<const std::string&>().empty())
    return malformed(std::string{key} + " must be a text");
  return found->get<std::string>();
}

bool is_label(const std::string& text) {
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-'
         && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

result<json> read_tree(std::string_view body) {
  OR_RETURN(auto tree, codec::read_json(body));
  if (!tree.is_object())
    return malformed("it must be a JSON object");
  return tree;
}

} // namespace

std::string encode(const request& r) {
  json out = {{"role", text_of(r.role)},
              {"name", r.name},
              {"address", r.address},
              {"certificateRequest", r.certificate_request}};
  if (r.role == role::master)
    out["linkPort"] = r.link_port;
  return out.dump();
}

std::string encode(const answer& a) {
  json out = {
    {"certificate", a.certificate}, {"ca", a.ca}, {"settings", a.settings}, {"masters", a.masters}};
  if (!a.secrets.empty())
    out["secrets"] = a.secrets;
  return out.dump();
}

result<request> read_request(std::string_view body) {
  OR_RETURN(auto tree, read_tree(body));
  request out;
  OR_RETURN(auto role, text_at(tree, "role"));
  OR_RETURN(out.name, text_at(tree, "name"));
  OR_RETURN(out.address, text_at(tree, "address"));
  OR_RETURN(out.certificate_request, text_at(tree, "certificateRequest"));
  if (role != text_of(role::master) && role != text_of(role::node))
    return malformed("role must be master or node");
  out.role = role == text_of(role::master) ? role::master : role::node;
  if (!is_label(out.name))
    return malformed("name must be a DNS label: small letters, digits and '-', at most 63");
  if (!is_address(out.address))
    return malformed("address must be an IP address");
  if (out.role == role::node)
    return out;
  auto found = tree.find("linkPort");
  auto port = found != tree.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
  if (port < 1 || port > 65535)
    return malformed("linkPort must be a port");
  out.link_port = static_cast<std::uint16_t>(port);
  return out;
}

result<answer> read_answer(std::string_view body) {
  OR_RETURN(auto tree, read_tree(body));
  answer out;
  OR_RETURN(out.certificate, text_at(tree, "certificate"));
  OR_RETURN(out.ca, text_at(tree, "ca"));
  OR_RETURN(out.settings, text_at(tree, "settings"));
  auto masters = tree.value("masters", json::array());
  for (const auto& m : masters)
    if (m.is_string())
      out.masters.push_back(m.get<std::string>());
  auto secrets = tree.value("secrets", json::object());
  for (const auto& [name, content] : secrets.items())
    if (content.is_string())
      out.secrets.emplace(name, content.get<std::string>());
  return out;
}

result<void> check_name(const request& r, const std::vector<known_member>& known) {
  for (const auto& k : known) {
    if (k.name != r.name || (!k.linked && !k.voter))
      continue;
    return failure{.reason = reason::already_exists,
                   .message = "join as " + r.name + ": a member of that name "
                              + (k.linked ? "is there" : "is one of the masters")
                              + "; choose another with --set name=NAME"};
  }
  return {};
}

pki::subject subject_of(const request& r) {
  auto out = r.role == role::master ? pki::master_subject(r.name) : pki::node_subject(r.name);
  out.dns = {r.name};
  out.ips = {r.address};
  return out;
}

result<pki::certificate> certify(const pki::authority& ca, const request& r, instant now) {
  OR_RETURN(auto asked, pki::signing_request::from_pem(r.certificate_request));
  auto granted = subject_of(r);
  if (asked.about().who.name != granted.who.name)
    return malformed("the certificate request must be for " + granted.who.name);
  return ca.sign(asked.public_key(), granted, now);
}

std::map<std::string, std::string> to_files(const pki::shared_secrets& s) {
  std::string verifiers;
  for (const auto& k : s.token_verifiers())
    verifiers += k.public_pem();
  return {{"ca.key", s.ca.secret().private_pem()},
          {"front-proxy-ca.crt", s.front_proxy_ca.cert().to_pem()},
          {"front-proxy-ca.key", s.front_proxy_ca.secret().private_pem()},
          {"front-proxy-client.crt", s.front_proxy.cert.to_pem()},
          {"front-proxy-client.key", s.front_proxy.secret.private_pem()},
          {"sa.key", s.service_accounts.private_pem()},
          {"sa.pub", verifiers}};
}

result<pki::shared_secrets> from_files(const answer& a) {
  auto file = [&](const char* name) {
    auto found = a.secrets.find(name);
    return found == a.secrets.end() ? std::string{} : found->second;
  };
  OR_RETURN(auto ca, pki::authority::from_pem(a.ca, file("ca.key")));
  OR_RETURN(auto proxy_ca,
            pki::authority::from_pem(file("front-proxy-ca.crt"), file("front-proxy-ca.key")));
  OR_RETURN(auto proxy,
            pki::read_credential(file("front-proxy-client.crt"), file("front-proxy-client.key")));
  OR_RETURN(auto accounts, pki::key::from_pem(file("sa.key")));
  auto former = pki::read_public_keys(file("sa.pub"));
  if (former.empty())
    return malformed("the keys that verify tokens must be among the secrets");
  std::erase_if(former, [&](const pki::key& k) { return k.same_public(accounts); });
  return pki::shared_secrets{.ca = std::move(ca),
                             .front_proxy_ca = std::move(proxy_ca),
                             .front_proxy = std::move(proxy),
                             .service_accounts = std::move(accounts),
                             .former_service_accounts = std::move(former)};
}

} // namespace troupe::join
