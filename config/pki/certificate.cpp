#include "config/pki/certificate.hpp"

#include "config/pki/x509.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <ctime>
#include <openssl/pem.h>

namespace troupe::pki {
namespace {

using general_names = std::unique_ptr<GENERAL_NAMES, freed_by<GENERAL_NAMES_free>>;
using key_usages = std::unique_ptr<EXTENDED_KEY_USAGE, freed_by<EXTENDED_KEY_USAGE_free>>;

std::string text_of(const ASN1_STRING* string) {
  unsigned char* utf8 = nullptr;
  auto size = ASN1_STRING_to_UTF8(&utf8, string);
  if (size < 0)
    return {};
  std::string out{reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size)};
  OPENSSL_free(utf8);
  return out;
}

std::string address_text(const ASN1_OCTET_STRING* bytes) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  auto family = ASN1_STRING_length(bytes) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ASN1_STRING_length(bytes) != 16)
    return {};
  if (inet_ntop(family, ASN1_STRING_get0_data(bytes), out.data(), out.size()) == nullptr)
    return {};
  return out.data();
}

result<void> add_entry(X509_NAME* to, const char* kind, const std::string& value) {
  if (X509_NAME_add_entry_by_txt(to, kind, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(value.data()),
                                 static_cast<int>(value.size()), -1, 0)
      != 1)
    return openssl_failure("putting \"" + value + "\" into a certificate as " + kind,
                           reason::invalid);
  return {};
}

/// A name in a list of OpenSSL's must not end that entry and start another.
bool plain(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.'
           || c == '-' || c == '_' || c == '*';
  });
}

bool is_address(const std::string& text) {
  std::array<unsigned char, 16> out{};
  return inet_pton(AF_INET, text.c_str(), out.data()) == 1
         || inet_pton(AF_INET6, text.c_str(), out.data()) == 1;
}

instant time_of(const ASN1_TIME* time) {
  std::tm parts{};
  invariant(ASN1_TIME_to_tm(time, &parts) == 1, "a certificate's date must be readable");
  return std::chrono::time_point_cast<duration>(
    std::chrono::system_clock::from_time_t(timegm(&parts)));
}

void read_names(const GENERAL_NAMES* names, subject& into) {
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const auto* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS)
      into.dns.push_back(text_of(name->d.dNSName));
    else if (name->type == GEN_IPADD)
      into.ips.push_back(address_text(name->d.iPAddress));
  }
}

void read_usages(const EXTENDED_KEY_USAGE* list, subject& into) {
  bool server = false;
  bool client = false;
  for (int i = 0; i < sk_ASN1_OBJECT_num(list); ++i) {
    auto kind = OBJ_obj2nid(sk_ASN1_OBJECT_value(list, i));
    server = server || kind == NID_server_auth || kind == NID_anyExtendedKeyUsage;
    client = client || kind == NID_client_auth || kind == NID_anyExtendedKeyUsage;
  }
  if (server != client)
    into.use = server ? usage::server : usage::client;
}

} // namespace

subject admin_subject() { return {.who = {"kubernetes-admin", {"system:masters"}}}; }

subject node_subject(std::string_view node) {
  return {.who = {"system:node:" + std::string{node}, {"system:nodes"}},
          .dns = {std::string{node}},
          .use = usage::both};
}

subject master_subject(std::string_view master) {
  return {.who = {"system:troupe:master:" + std::string{master}, {"system:troupe:masters"}},
          .dns = {std::string{master}},
          .use = usage::both};
}

result<name_ptr> to_name(const identity& who) {
  name_ptr out{X509_NAME_new()};
  for (const auto& group : who.groups)
    CHECK_RETURN(add_entry(out.get(), "O", group));
  CHECK_RETURN(add_entry(out.get(), "CN", who.name));
  return out;
}

identity from_name(const X509_NAME* name) {
  identity out;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const auto* entry = X509_NAME_get_entry(name, i);
    auto kind = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    if (kind == NID_commonName)
      out.name = text_of(X509_NAME_ENTRY_get_data(entry));
    else if (kind == NID_organizationName)
      out.groups.push_back(text_of(X509_NAME_ENTRY_get_data(entry)));
  }
  return out;
}

result<void> add_extension(X509* to, const X509* issuer, int kind, const std::string& text) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, const_cast<X509*>(issuer), to, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>> made{
    X509V3_EXT_conf_nid(nullptr, &context, kind, text.c_str())};
  if (!made || X509_add_ext(to, made.get(), -1) != 1)
    return openssl_failure("adding \"" + text + "\" to a certificate", reason::invalid);
  return {};
}

result<std::string> alternative_names(const subject& about) {
  std::string out;
  for (const auto& name : about.dns) {
    if (!plain(name))
      return failure{.reason = reason::invalid, .message = "\"" + name + "\" is not a host name"};
    out += (out.empty() ? "DNS:" : ",DNS:") + name;
  }
  for (const auto& ip : about.ips) {
    if (!is_address(ip))
      return failure{.reason = reason::invalid, .message = "\"" + ip + "\" is not an IP address"};
    out += (out.empty() ? "IP:" : ",IP:") + ip;
  }
  return out;
}

std::string usages(usage use) {
  switch (use) {
  case usage::server: return "serverAuth";
  case usage::client: return "clientAuth";
  case usage::both: break;
  }
  return "serverAuth,clientAuth";
}

void read_extensions(const STACK_OF(X509_EXTENSION) * from, subject& into) {
  into.use = usage::both;
  general_names names{
    static_cast<GENERAL_NAMES*>(X509V3_get_d2i(from, NID_subject_alt_name, nullptr, nullptr))};
  if (names)
    read_names(names.get(), into);
  key_usages list{
    static_cast<EXTENDED_KEY_USAGE*>(X509V3_get_d2i(from, NID_ext_key_usage, nullptr, nullptr))};
  if (list)
    read_usages(list.get(), into);
}

certificate::certificate(x509_st* native) : native_(native, X509_free) {}

certificate certificate::adopt(x509_st* native) { return certificate{native}; }

result<certificate> certificate::from_pem(std::string_view pem) {
  OR_RETURN(auto all, read_bundle(pem));
  return all.front();
}

std::string certificate::to_pem() const {
  auto out = writing();
  invariant(PEM_write_bio_X509(out.get(), native()) == 1, "a certificate must be writable as PEM");
  return written(out.get());
}

identity certificate::who() const { return from_name(X509_get_subject_name(native())); }

subject certificate::about() const {
  subject out{.who = who()};
  read_extensions(X509_get0_extensions(native()), out);
  return out;
}

instant certificate::not_before() const { return time_of(X509_get0_notBefore(native())); }

instant certificate::not_after() const { return time_of(X509_get0_notAfter(native())); }

bool certificate::is_authority() const { return X509_check_ca(native()) == 1; }

key certificate::public_key() const {
  auto* held = X509_get_pubkey(native());
  invariant(held != nullptr, "a certificate must hold a public key");
  return key::adopt(held, false);
}

bool certificate::signed_by(const certificate& issuer) const {
  auto good = X509_verify(native(), issuer.public_key().native()) == 1;
  ERR_clear_error();
  return good;
}

result<std::vector<certificate>> read_bundle(std::string_view pem) {
  std::vector<certificate> out;
  auto in = reading(pem);
  while (auto* read = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)) {
    if (X509_get0_pubkey(read) == nullptr) {
      X509_free(read);
      return openssl_failure("reading a certificate's key", reason::bad_request);
    }
    out.push_back(certificate::adopt(read));
  }
  if (out.empty())
    return openssl_failure("reading a certificate", reason::bad_request);
  ERR_clear_error();
  return out;
}

result<credential> read_credential(std::string_view certificate_pem, std::string_view key_pem) {
  OR_RETURN(auto cert, certificate::from_pem(certificate_pem));
  OR_RETURN(auto secret, key::from_pem(key_pem));
  if (!secret.has_private() || !secret.same_public(cert.public_key()))
    return failure{.reason = reason::bad_request,
                   .message = "the key does not belong to the certificate of " + cert.who().name};
  return credential{std::move(cert), std::move(secret)};
}

} // namespace troupe::pki
