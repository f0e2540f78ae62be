// Between the store's values and etcd's messages. Inside store/etcd only.
#pragma once

#include "etcd.pb.h"
#include "store/etcd/client.hpp"

namespace troupe::etcd {

etcdserverpb::RangeRequest to_wire(const question& what);
/// Fails with bad_request on what etcd cannot express.
result<etcdserverpb::TxnRequest> to_wire(const store::transaction& what);
answer from_wire(etcdserverpb::RangeResponse&& what);

} // namespace troupe::etcd
