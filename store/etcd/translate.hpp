// The store's transactions as etcd's, and what etcd's answers mean for them. Pure.
//
// All changes of an etcd transaction share one revision. A watch that broke between two of them
// would lose one, so a transaction may change at most one object of a kind (a watch of the API is
// of one kind); keys that are no objects, such as allocations, share it freely. With each
// transaction goes a put of the head key: its revision is that of the last transaction, and its
// value the cause of it.
#pragma once

#include "store/base/types.hpp"
#include "store/base/view.hpp"
#include "store/etcd/keys.hpp"
#include "store/etcd/values.hpp"
#include "store/seal/keyring.hpp"

namespace troupe::etcd {

/// Leaves out puts of what a predicate says is there already: they change nothing.
void drop_unchanged(store::transaction& what, const store::view& now);

/// `election`: the key whose creation is the fence; empty without one. Fails with bad_request on
/// two objects of a kind.
/// Values are sealed as `secrets` wants it.
result<txn> to_txn(const key_space& keys, const store::transaction& what,
                   const std::string& election, const seal::keyring_ptr& secrets = {});

struct concluded {
  store::outcome what;
  revision contains{}; // a view that has come so far contains it, or what stood in its way
};
/// What became of the transaction that to_txn() made.
concluded conclude(const store::transaction& what, const committed& answer);

/// The value of the head key.
std::string head_text(cause_id cause);
cause_id cause_in(std::string_view head);

} // namespace troupe::etcd
