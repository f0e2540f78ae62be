// Kubernetes' EncryptionConfiguration (apiserver.config.k8s.io/v1) as a keyring.
//
//   apiVersion: apiserver.config.k8s.io/v1
//   kind: EncryptionConfiguration
//   resources:
//   - resources: [secrets, configmaps.example.com]
//     providers:
//     - aesgcm: {keys: [{name: key2, secret: BASE64}, {name: key1, secret: BASE64}]}
//     - identity: {}
//
// The first provider writes, with its first key; all keys read. `identity` writes plainly; what is
// plain is always readable.
#pragma once

#include "store/seal/keyring.hpp"

namespace troupe::seal {

/// Fails with invalid: malformed, another kind, a provider that is not known.
result<keyring_ptr> read_configuration(std::string_view yaml);

} // namespace troupe::seal
