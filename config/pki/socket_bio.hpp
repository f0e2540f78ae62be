// OpenSSL over a socket without SIGPIPE: its own socket BIO writes with write(2). Only for this
// folder.
#pragma once

#include <openssl/bio.h>

namespace troupe::pki {

/// A BIO over a non-blocking socket that it does not own.
BIO* new_socket_bio(int socket);

} // namespace troupe::pki
