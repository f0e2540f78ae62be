// Owning pointers over OpenSSL and its error queue. Only for the .cpp files of this folder.
#pragma once

#include "config/base/failure.hpp"

#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string>
#include <string_view>

namespace troupe::pki {

template <auto Free> struct freed_by {
  template <class T> void operator()(T* native) const { Free(native); }
};

using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free_all>>;
using pkey_ctx_ptr = std::unique_ptr<EVP_PKEY_CTX, freed_by<EVP_PKEY_CTX_free>>;
using md_ctx_ptr = std::unique_ptr<EVP_MD_CTX, freed_by<EVP_MD_CTX_free>>;
using x509_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using x509_req_ptr = std::unique_ptr<X509_REQ, freed_by<X509_REQ_free>>;
using name_ptr = std::unique_ptr<X509_NAME, freed_by<X509_NAME_free>>;

/// What was tried, and the first reason that OpenSSL gives; empties its error queue.
inline failure openssl_failure(std::string_view what, reason why = reason::internal) {
  auto code = ERR_get_error();
  const char* said = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return {.reason = why,
          .message = std::string{what} + ": " + (said ? said : "refused by OpenSSL")};
}

inline bio_ptr reading(std::string_view text) {
  return bio_ptr{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

inline std::string written(BIO* out) {
  char* data = nullptr;
  auto size = BIO_get_mem_data(out, &data);
  return {data, static_cast<std::size_t>(size)};
}

inline bio_ptr writing() { return bio_ptr{BIO_new(BIO_s_mem())}; }

} // namespace troupe::pki
