// Between values and etcd's messages. Inside store/etcd only.
#pragma once

#include "etcd.pb.h"
#include "store/etcd/values.hpp"

namespace troupe::etcd {

etcdserverpb::RangeRequest to_wire(const question& what);
etcdserverpb::TxnRequest to_wire(const txn& what);
etcdserverpb::WatchRequest to_wire(const watch_question& what);
answer from_wire(etcdserverpb::RangeResponse&& what);
committed from_wire(etcdserverpb::TxnResponse&& what);
event from_wire(etcdserverpb::Event&& what);

} // namespace troupe::etcd
