#include "store/etcd/client.hpp"

#include "store/etcd/calls.hpp"
#include "store/etcd/convert.hpp"

namespace troupe::etcd {
namespace {

revision revision_of(const pb::ResponseHeader& header) {
  return revision{static_cast<std::uint64_t>(header.revision())};
}

/// Passes an answer on as what `made` makes of it.
template <class Wire, class T, class Make> then<Wire> into(then<T> to, Make made) {
  return [to = std::move(to), made = std::move(made)](result<Wire> r) {
    if (!r)
      return to(std::move(r).error());
    to(made(std::move(*r)));
  };
}

} // namespace

client::client(std::unique_ptr<client_calls> calls) : calls_(std::move(calls)) {}
client::~client() = default;

result<std::unique_ptr<client>> client::open(client_settings with) {
  if (with.endpoints.empty() || with.connections == 0)
    return failure{.reason = reason::bad_request,
                   .message = "open a client of etcd: no endpoint is named"};
  return std::unique_ptr<client>{new client{std::make_unique<client_calls>(with)}};
}

void client::put(std::size_t lane, pair what, duration deadline, then<written> to) {
  pb::PutRequest wire;
  wire.set_key(std::move(what.key));
  wire.set_value(std::move(what.value));
  start_call<pb::PutResponse>(
    *calls_, "put into", lane, deadline,
    [&wire](stubs& at, grpc::ClientContext* context, grpc::CompletionQueue* queue) {
      return at.kv.PrepareAsyncPut(context, wire, queue);
    },
    into<pb::PutResponse>(std::move(to),
                          [](pb::PutResponse&& r) { return written{revision_of(r.header())}; }));
}

void client::range(std::size_t lane, const question& what, duration deadline, then<answer> to) {
  auto wire = to_wire(what);
  start_call<pb::RangeResponse>(
    *calls_, "read from", lane, deadline,
    [&wire](stubs& at, grpc::ClientContext* context, grpc::CompletionQueue* queue) {
      return at.kv.PrepareAsyncRange(context, wire, queue);
    },
    into<pb::RangeResponse>(std::move(to),
                            [](pb::RangeResponse&& r) { return from_wire(std::move(r)); }));
}

void client::commit(std::size_t lane, const txn& what, duration deadline, then<committed> to) {
  auto wire = to_wire(what);
  start_call<pb::TxnResponse>(
    *calls_, "commit to", lane, deadline,
    [&wire](stubs& at, grpc::ClientContext* context, grpc::CompletionQueue* queue) {
      return at.kv.PrepareAsyncTxn(context, wire, queue);
    },
    into<pb::TxnResponse>(std::move(to),
                          [](pb::TxnResponse&& r) { return from_wire(std::move(r)); }));
}

std::unique_ptr<watch> client::follow(std::size_t lane, const watch_question& what) {
  return start_watch(*calls_, lane, what);
}

void client::grant(std::size_t lane, duration ttl, duration deadline, then<lease> to) {
  pb::LeaseGrantRequest wire;
  wire.set_ttl(std::chrono::ceil<std::chrono::seconds>(ttl).count());
  start_call<pb::LeaseGrantResponse>(
    *calls_, "get a lease of", lane, deadline,
    [&wire](stubs& at, grpc::ClientContext* context, grpc::CompletionQueue* queue) {
      return at.lease.PrepareAsyncLeaseGrant(context, wire, queue);
    },
    [to = std::move(to)](result<pb::LeaseGrantResponse> r) {
      if (!r)
        return to(std::move(r).error());
      if (!r->error().empty())
        return to(failure{.message = "get a lease of etcd: " + r->error()});
      to(lease{.id = r->id(), .ttl = std::chrono::seconds{r->ttl()}});
    });
}

void client::keep_alive(std::size_t lane, std::int64_t id, duration deadline, then<lease> to) {
  start_keep_alive(*calls_, lane, id, deadline, std::move(to));
}

void client::revoke(std::size_t lane, std::int64_t id, duration deadline, then<written> to) {
  pb::LeaseRevokeRequest wire;
  wire.set_id(id);
  start_call<pb::LeaseRevokeResponse>(
    *calls_, "give back a lease of", lane, deadline,
    [&wire](stubs& at, grpc::ClientContext* context, grpc::CompletionQueue* queue) {
      return at.lease.PrepareAsyncLeaseRevoke(context, wire, queue);
    },
    into<pb::LeaseRevokeResponse>(
      std::move(to), [](pb::LeaseRevokeResponse&& r) { return written{revision_of(r.header())}; }));
}

void client::compact(std::size_t lane, revision at, duration deadline, then<written> to) {
  pb::CompactionRequest wire;
  wire.set_revision(static_cast<std::int64_t>(raw(at)));
  start_call<pb::CompactionResponse>(
    *calls_, "compact", lane, deadline,
    [&wire](stubs& to_member, grpc::ClientContext* context, grpc::CompletionQueue* queue) {
      return to_member.kv.PrepareAsyncCompact(context, wire, queue);
    },
    into<pb::CompactionResponse>(
      std::move(to), [](pb::CompactionResponse&& r) { return written{revision_of(r.header())}; }));
}

void client::status(std::size_t lane, duration deadline, then<member_status> to) {
  start_call<pb::StatusResponse>(
    *calls_, "ask a member of", lane, deadline,
    [](stubs& at, grpc::ClientContext* context, grpc::CompletionQueue* queue) {
      return at.maintenance.PrepareAsyncStatus(context, pb::StatusRequest{}, queue);
    },
    into<pb::StatusResponse>(std::move(to), [](pb::StatusResponse&& r) {
      return member_status{.version = r.version(),
                           .bytes = static_cast<std::uint64_t>(r.dbsize()),
                           .led = r.leader() != 0};
    }));
}

} // namespace troupe::etcd
