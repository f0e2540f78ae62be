// Names, alternative names and usages of X.509 structures. Only for the .cpp files of this folder.
#pragma once

#include "config/pki/certificate.hpp"
#include "config/pki/openssl.hpp"

namespace troupe::pki {

/// CN and O; fails when a part is longer than X.509 allows (64).
result<name_ptr> to_name(const identity& who);
identity from_name(const X509_NAME* name);

/// Adds one extension in OpenSSL's own words ("CA:TRUE").
result<void> add_extension(X509* to, const X509* issuer, int kind, const std::string& text);
/// The alternative names in OpenSSL's words ("DNS:a,IP:10.0.0.1"); fails on what is neither.
result<std::string> alternative_names(const subject& about);
/// "serverAuth,clientAuth" as `use` says.
std::string usages(usage use);
/// Fills in dns, ips and use from extensions (of a certificate or of a request; may be null).
void read_extensions(const STACK_OF(X509_EXTENSION) * from, subject& into);

} // namespace troupe::pki
