// Records as readers see them: sealed values opened. Private to store/mvcc.
#pragma once

#include "store/base/types.hpp"
#include "store/base/view.hpp"
#include "store/seal/keyring.hpp"

namespace troupe::mvcc {

using namespace store; // NOLINT: nobody outside this folder includes this header

/// The same record when its value is not sealed, or there is none. Fails with forbidden.
result<record_ptr> opened(record_ptr of, const seal::keyring_ptr& keys);
result<change_ptr> opened(change_ptr of, const seal::keyring_ptr& keys);
/// A view that throws, naming object and key, where it meets a record that does not open.
view_ptr opened(view_ptr of, seal::keyring_ptr keys);

} // namespace troupe::mvcc
