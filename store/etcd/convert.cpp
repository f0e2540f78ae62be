#include "store/etcd/convert.hpp"

namespace troupe::etcd {
namespace {

namespace pb = etcdserverpb;

pb::Compare compare_of(const store::predicate& p) {
  pb::Compare out;
  out.set_key(p.key);
  using test = store::predicate::test;
  switch (p.what) {
  case test::absent: // a key that does not exist counts as created at 0
    out.set_target(pb::Compare::CREATE);
    out.set_result(pb::Compare::EQUAL);
    out.set_create_revision(0);
    break;
  case test::present:
    out.set_target(pb::Compare::CREATE);
    out.set_result(pb::Compare::GREATER);
    out.set_create_revision(0);
    break;
  case test::modified_is:
    out.set_target(pb::Compare::MOD);
    out.set_result(pb::Compare::EQUAL);
    out.set_mod_revision(static_cast<std::int64_t>(raw(p.at)));
    break;
  }
  return out;
}

} // namespace

std::string end_of_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff)
    prefix.pop_back();
  if (prefix.empty())
    return std::string(1, '\0'); // no end: all keys
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

pb::RangeRequest to_wire(const question& what) {
  pb::RangeRequest out;
  out.set_key(what.from);
  out.set_range_end(what.to);
  out.set_limit(static_cast<std::int64_t>(what.limit));
  out.set_revision(static_cast<std::int64_t>(raw(what.at)));
  out.set_serializable(!what.linearizable);
  return out;
}

result<pb::TxnRequest> to_wire(const store::transaction& what) {
  if (what.fence)
    return failure{.reason = reason::bad_request,
                   .message = "commit to etcd: it knows no leader scopes"};
  pb::TxnRequest out;
  for (const auto& p : what.when)
    *out.add_compare() = compare_of(p);
  for (const auto& o : what.then) {
    auto* op = out.add_success();
    if (o.what == store::operation::kind::put) {
      op->mutable_request_put()->set_key(o.key);
      op->mutable_request_put()->set_value(o.value);
    } else {
      op->mutable_request_delete_range()->set_key(o.key);
    }
  }
  return out;
}

answer from_wire(pb::RangeResponse&& what) {
  answer out{.at = revision{static_cast<std::uint64_t>(what.header().revision())},
             .records = {},
             .count = static_cast<std::uint64_t>(what.count())};
  out.records.reserve(static_cast<std::size_t>(what.kvs_size()));
  for (auto& kv : *what.mutable_kvs())
    out.records.push_back({.key = std::move(*kv.mutable_key()),
                           .value = std::move(*kv.mutable_value()),
                           .created = revision{static_cast<std::uint64_t>(kv.create_revision())},
                           .modified = revision{static_cast<std::uint64_t>(kv.mod_revision())}});
  return out;
}

} // namespace troupe::etcd
