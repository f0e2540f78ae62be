#include "config/pki/tls.hpp"

#include "config/pki/openssl.hpp"
#include "config/pki/socket_bio.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <openssl/pem.h>
#include <openssl/ssl.h>

namespace troupe::pki {
namespace {

using ssl_ctx_ptr = std::unique_ptr<SSL_CTX, freed_by<SSL_CTX_free>>;

std::string wire_format(const std::vector<std::string>& protocols) {
  std::string out;
  for (const auto& name : protocols)
    out += static_cast<char>(name.size()) + name;
  return out;
}

/// Picks the first of ours that the client offers; no overlap: no ALPN, as browsers of HTTP/1.1
/// expect.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void* ours) {
  const auto& list = *static_cast<std::string*>(ours);
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(list.data()),
                            static_cast<unsigned>(list.size()), in, in_size)
      != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

/// Trusts the one certificate of the peer's chain whose key has the hash, and checks the chain by
/// it.
int verify_pinned(X509_STORE_CTX* chain, void* wanted) {
  struct release {
    void operator()(STACK_OF(X509) * list) const { sk_X509_free(list); }
  };
  std::unique_ptr<STACK_OF(X509), release> trusted{sk_X509_new_null()};
  auto* given = X509_STORE_CTX_get0_untrusted(chain);
  for (int i = 0; i < sk_X509_num(given); ++i) {
    auto* one = sk_X509_value(given, i);
    auto* held = X509_get_pubkey(one);
    if (held != nullptr
        && key::adopt(held, false).public_hash() == *static_cast<const std::string*>(wanted)
        && X509_check_ca(one) == 1)
      sk_X509_push(trusted.get(), one);
  }
  if (sk_X509_num(trusted.get()) == 0) {
    X509_STORE_CTX_set_error(chain, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    return 0;
  }
  X509_STORE_CTX_set0_trusted_stack(chain, trusted.get());
  auto good = X509_verify_cert(chain);
  X509_STORE_CTX_set0_trusted_stack(chain, nullptr);
  return good;
}

/// A text that lives as long as the context, for callbacks that want a pointer.
std::string* keep(SSL_CTX* with, int index, std::string text) {
  auto held = std::make_unique<std::string>(std::move(text));
  invariant(SSL_CTX_set_ex_data(with, index, held.get()) == 1, "a TLS context must hold its data");
  return held.release();
}

int new_index() {
  return SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr,
                                  [](void*, void* held, CRYPTO_EX_DATA*, int, long, void*) {
                                    delete static_cast<std::string*>(held);
                                  });
}
int protocols_index() {
  static const int index = new_index();
  return index;
}
int hash_index() {
  static const int index = new_index();
  return index;
}

result<void> set_protocols(SSL_CTX* of, const tls_options& options, bool server) {
  if (options.alpn.empty())
    return {};
  auto list = wire_format(options.alpn);
  if (server) {
    SSL_CTX_set_alpn_select_cb(of, choose_protocol, keep(of, protocols_index(), std::move(list)));
  } else if (SSL_CTX_set_alpn_protos(of, reinterpret_cast<const unsigned char*>(list.data()),
                                     static_cast<unsigned>(list.size()))
             != 0) {
    return openssl_failure("setting the protocols of a TLS context");
  }
  return {};
}

result<void> set_own(SSL_CTX* of, const tls_options& options) {
  if (options.certificate_pem.empty())
    return {};
  OR_RETURN(auto chain, read_bundle(options.certificate_pem));
  OR_RETURN(auto self, read_credential(options.certificate_pem, options.key_pem));
  if (SSL_CTX_use_certificate(of, self.cert.native()) != 1
      || SSL_CTX_use_PrivateKey(of, self.secret.native()) != 1)
    return openssl_failure("using the certificate of " + self.cert.who().name);
  for (std::size_t i = 1; i < chain.size(); ++i)
    if (SSL_CTX_add1_chain_cert(of, chain[i].native()) != 1)
      return openssl_failure("using the chain of " + self.cert.who().name);
  return {};
}

result<void> set_trust(SSL_CTX* of, const tls_options& options, bool server) {
  if (!options.ca_hash.empty())
    SSL_CTX_set_cert_verify_callback(of, verify_pinned, keep(of, hash_index(), options.ca_hash));
  if (options.ca_pem.empty())
    return {};
  OR_RETURN(auto trusted, read_bundle(options.ca_pem));
  for (const auto& ca : trusted) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(of), ca.native()) != 1)
      return openssl_failure("trusting " + ca.who().name);
    if (server && SSL_CTX_add_client_CA(of, ca.native()) != 1)
      return openssl_failure("naming " + ca.who().name + " to clients");
  }
  return {};
}

int verify_mode(peer_check check, bool server) {
  if (check == peer_check::none)
    return SSL_VERIFY_NONE;
  if (server && check == peer_check::required)
    return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  return SSL_VERIFY_PEER;
}

result<ssl_ctx_ptr> make_context(const tls_options& options, bool server) {
  ssl_ctx_ptr out{SSL_CTX_new(server ? TLS_server_method() : TLS_client_method())};
  if (!out)
    return openssl_failure("making a TLS context");
  auto* of = out.get();
  SSL_CTX_set_min_proto_version(of, options.only_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_mode(of, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
                         | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(of, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION
                            | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_num_tickets(of, 0); // no resumption: a connection lives long and costs 1 ms to make
  SSL_CTX_set_session_cache_mode(of, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(of, 1); // one read per record, not two
  SSL_CTX_set_verify(of, verify_mode(options.check, server), nullptr);
  CHECK_RETURN(set_own(of, options));
  CHECK_RETURN(set_trust(of, options, server));
  CHECK_RETURN(set_protocols(of, options, server));
  return out;
}

} // namespace

tls_context::tls_context(ssl_ctx_st* native) : native_(native, SSL_CTX_free) {}

result<tls_context> tls_context::server(const tls_options& options) {
  if (options.certificate_pem.empty())
    return failure{.reason = reason::bad_request, .message = "a TLS server needs a certificate"};
  OR_RETURN(auto made, make_context(options, true));
  return tls_context{made.release()};
}

result<tls_context> tls_context::client(const tls_options& options) {
  OR_RETURN(auto made, make_context(options, false));
  return tls_context{made.release()};
}

void tls_session::release::operator()(ssl_st* native) const { SSL_free(native); }

tls_session::tls_session(const tls_context& context, int socket)
    : native_(SSL_new(context.native())) {
  invariant(native_ != nullptr, "a TLS session must fit into memory");
  auto* bio = new_socket_bio(socket);
  SSL_set_bio(native_.get(), bio, bio); // takes it over
}

tls_session tls_session::accept(const tls_context& context, int socket) {
  tls_session out{context, socket};
  SSL_set_accept_state(out.native_.get());
  return out;
}

tls_session tls_session::connect(const tls_context& context, int socket,
                                 const std::string& server_name) {
  tls_session out{context, socket};
  auto* ssl = out.native_.get();
  SSL_set_connect_state(ssl);
  if (server_name.empty())
    return out;
  std::array<unsigned char, 16> address{};
  if (inet_pton(AF_INET, server_name.c_str(), address.data()) == 1
      || inet_pton(AF_INET6, server_name.c_str(), address.data()) == 1) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), server_name.c_str());
  } else {
    SSL_set1_host(ssl, server_name.c_str());
    SSL_set_tlsext_host_name(ssl, server_name.c_str());
  }
  return out;
}

tls_step tls_session::classify(int code) {
  auto system_error = errno;
  switch (SSL_get_error(native_.get(), code)) {
  case SSL_ERROR_NONE: return tls_step::done;
  case SSL_ERROR_WANT_READ: return tls_step::want_read;
  case SSL_ERROR_WANT_WRITE: return tls_step::want_write;
  case SSL_ERROR_ZERO_RETURN: return tls_step::closed;
  case SSL_ERROR_SYSCALL:
    error_ = system_failure("TLS", system_error == 0 ? ECONNRESET : system_error);
    ERR_clear_error();
    return tls_step::failed;
  default: break;
  }
  // The peer left without a close_notify, as many clients do.
  if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    ERR_clear_error();
    error_ = {.reason = reason::unavailable, .message = "TLS: the peer closed the connection"};
    return tls_step::closed;
  }
  error_ = openssl_failure("TLS", reason::unauthorized);
  if (auto verified = SSL_get_verify_result(native_.get()); verified != X509_V_OK)
    error_.message += std::string{" ("} + X509_verify_cert_error_string(verified) + ")";
  return tls_step::failed;
}

tls_step tls_session::handshake() {
  ERR_clear_error();
  return classify(SSL_do_handshake(native_.get()));
}

tls_moved tls_session::read(std::span<char> into) {
  ERR_clear_error();
  std::size_t moved = 0;
  auto code = SSL_read_ex(native_.get(), into.data(), into.size(), &moved);
  if (code == 1)
    return {tls_step::done, moved};
  return {classify(code), 0};
}

tls_moved tls_session::write(std::span<const char> from) {
  ERR_clear_error();
  std::size_t moved = 0;
  auto code = SSL_write_ex(native_.get(), from.data(), from.size(), &moved);
  if (code == 1)
    return {tls_step::done, moved};
  return {classify(code), 0};
}

void tls_session::keep_buffers() { SSL_clear_mode(native_.get(), SSL_MODE_RELEASE_BUFFERS); }

bool tls_session::has_pending() const { return SSL_has_pending(native_.get()) == 1; }

void tls_session::close() {
  ERR_clear_error();
  if (native_ && SSL_is_init_finished(native_.get()) == 1)
    SSL_shutdown(native_.get());
  ERR_clear_error();
}

std::optional<certificate> tls_session::peer_certificate() const {
  if (SSL_get_verify_result(native_.get()) != X509_V_OK
      || SSL_get_verify_mode(native_.get()) == SSL_VERIFY_NONE)
    return std::nullopt;
  auto* given = SSL_get1_peer_certificate(native_.get());
  if (given == nullptr)
    return std::nullopt;
  return certificate::adopt(given);
}

std::optional<identity> tls_session::peer() const {
  auto given = peer_certificate();
  if (!given)
    return std::nullopt;
  return given->who();
}

std::string tls_session::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(native_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

failure tls_session::error() const { return error_; }

} // namespace troupe::pki
