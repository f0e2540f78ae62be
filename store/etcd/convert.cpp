#include "store/etcd/convert.hpp"

namespace troupe::etcd {
namespace {

namespace pb = etcdserverpb;

std::int64_t number(revision r) { return static_cast<std::int64_t>(raw(r)); }
revision version(std::int64_t n) { return revision{static_cast<std::uint64_t>(n)}; }

pb::Compare compare_of(const compare& c) {
  pb::Compare out;
  out.set_key(c.key);
  out.set_result(c.how == compare::test::equal ? pb::Compare::EQUAL : pb::Compare::GREATER);
  if (c.of == compare::field::created) {
    out.set_target(pb::Compare::CREATE);
    out.set_create_revision(number(c.to));
  } else {
    out.set_target(pb::Compare::MOD);
    out.set_mod_revision(number(c.to));
  }
  return out;
}

pb::RequestOp op_of(const order& o) {
  pb::RequestOp out;
  switch (o.what) {
  case order::kind::put: {
    auto* put = out.mutable_request_put();
    put->set_key(o.key);
    put->set_value(o.value);
    put->set_lease(o.lease);
    break;
  }
  case order::kind::erase: out.mutable_request_delete_range()->set_key(o.key); break;
  case order::kind::look: {
    auto* range = out.mutable_request_range();
    range->set_key(o.key);
    range->set_keys_only(true);
    break;
  }
  }
  return out;
}

record record_of(pb::KeyValue&& kv) {
  return {.key = std::move(*kv.mutable_key()),
          .value = std::move(*kv.mutable_value()),
          .created = version(kv.create_revision()),
          .modified = version(kv.mod_revision())};
}

std::vector<record> records_of(pb::RangeResponse& what) {
  std::vector<record> out;
  out.reserve(static_cast<std::size_t>(what.kvs_size()));
  for (auto& kv : *what.mutable_kvs())
    out.push_back(record_of(std::move(kv)));
  return out;
}

} // namespace

pb::RangeRequest to_wire(const question& what) {
  pb::RangeRequest out;
  out.set_key(what.from);
  out.set_range_end(what.to);
  out.set_limit(static_cast<std::int64_t>(what.limit));
  out.set_revision(number(what.at));
  out.set_serializable(!what.linearizable);
  return out;
}

pb::TxnRequest to_wire(const txn& what) {
  pb::TxnRequest out;
  for (const auto& c : what.when)
    *out.add_compare() = compare_of(c);
  for (const auto& o : what.then)
    *out.add_success() = op_of(o);
  for (const auto& o : what.otherwise)
    *out.add_failure() = op_of(o);
  return out;
}

pb::WatchRequest to_wire(const watch_question& what) {
  pb::WatchRequest out;
  auto* create = out.mutable_create_request();
  create->set_key(what.from);
  create->set_range_end(what.to);
  create->set_start_revision(number(what.start));
  create->set_prev_kv(what.before);
  create->set_fragment(true);
  return out;
}

answer from_wire(pb::RangeResponse&& what) {
  return {.at = version(what.header().revision()),
          .records = records_of(what),
          .count = static_cast<std::uint64_t>(what.count())};
}

committed from_wire(pb::TxnResponse&& what) {
  committed out{.done = what.succeeded(), .at = version(what.header().revision()), .answers = {}};
  for (auto& r : *what.mutable_responses()) {
    auto& to = out.answers.emplace_back();
    if (r.has_response_delete_range())
      to.erased = static_cast<std::uint64_t>(r.response_delete_range().deleted());
    else if (r.has_response_range())
      to.records = records_of(*r.mutable_response_range());
  }
  return out;
}

event from_wire(pb::Event&& what) {
  event out{.erased = what.type() == pb::Event::DELETE,
            .now = record_of(std::move(*what.mutable_kv())),
            .before = {}};
  if (what.has_prev_kv())
    out.before = record_of(std::move(*what.mutable_prev_kv()));
  return out;
}

} // namespace troupe::etcd
