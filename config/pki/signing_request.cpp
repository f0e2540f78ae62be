#include "config/pki/x509.hpp"

#include <openssl/pem.h>

namespace troupe::pki {
namespace {

using extensions =
  std::unique_ptr<STACK_OF(X509_EXTENSION), decltype([](STACK_OF(X509_EXTENSION) * all) {
                    sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
                  })>;

result<void> add(extensions& to, int kind, const std::string& text) {
  auto* made = X509V3_EXT_conf_nid(nullptr, nullptr, kind, text.c_str());
  if (made == nullptr || sk_X509_EXTENSION_push(to.get(), made) == 0) {
    X509_EXTENSION_free(made);
    return openssl_failure("adding \"" + text + "\" to a certificate request", reason::invalid);
  }
  return {};
}

} // namespace

signing_request::signing_request(X509_req_st* native) : native_(native, X509_REQ_free) {}

result<signing_request> signing_request::make(const key& secret, const subject& about) {
  x509_req_ptr made{X509_REQ_new()};
  OR_RETURN(auto name, to_name(about.who));
  OR_RETURN(auto names, alternative_names(about));
  extensions all{sk_X509_EXTENSION_new_null()};
  if (!names.empty())
    CHECK_RETURN(add(all, NID_subject_alt_name, names));
  CHECK_RETURN(add(all, NID_ext_key_usage, usages(about.use)));
  if (X509_REQ_set_version(made.get(), X509_REQ_VERSION_1) != 1
      || X509_REQ_set_subject_name(made.get(), name.get()) != 1
      || X509_REQ_set_pubkey(made.get(), secret.native()) != 1
      || X509_REQ_add_extensions(made.get(), all.get()) != 1
      || X509_REQ_sign(made.get(), secret.native(), EVP_sha256()) == 0)
    return openssl_failure("making a certificate request for " + about.who.name);
  return signing_request{made.release()};
}

result<signing_request> signing_request::from_pem(std::string_view pem) {
  auto in = reading(pem);
  x509_req_ptr read{PEM_read_bio_X509_REQ(in.get(), nullptr, nullptr, nullptr)};
  if (!read)
    return openssl_failure("reading a certificate request", reason::bad_request);
  auto* held = X509_REQ_get0_pubkey(read.get());
  if (held == nullptr || X509_REQ_verify(read.get(), held) != 1)
    return openssl_failure("checking a certificate request's signature", reason::bad_request);
  return signing_request{read.release()};
}

std::string signing_request::to_pem() const {
  auto out = writing();
  invariant(PEM_write_bio_X509_REQ(out.get(), native_.get()) == 1,
            "a certificate request must be writable as PEM");
  return written(out.get());
}

subject signing_request::about() const {
  subject out{.who = from_name(X509_REQ_get_subject_name(native_.get()))};
  extensions all{X509_REQ_get_extensions(native_.get())};
  read_extensions(all.get(), out);
  return out;
}

key signing_request::public_key() const {
  auto* held = X509_REQ_get_pubkey(native_.get());
  invariant(held != nullptr, "a certificate request must hold a public key");
  return key::adopt(held, false);
}

} // namespace troupe::pki
