#include "store/machine/machine.hpp"

#include "config/base/invariant.hpp"
#include "store/base/hash.hpp"
#include "store/base/wire.hpp"

#include <algorithm>

namespace troupe::store {
namespace {

// Of the encoding of the facts.
constexpr std::uint8_t facts_version = 1;

bool holds(const record_index& records, const predicate& p) {
  auto now = records.find(p.key);
  switch (p.what) {
  case predicate::test::absent: return now == nullptr;
  case predicate::test::present: return now != nullptr;
  case predicate::test::modified_is: return now && now->modified == p.at;
  }
  return false;
}

/// Performs one operation; null when it changes nothing. `always`: a put of the same bytes counts
/// as a change.
std::shared_ptr<change> perform(machine_state& state, operation what, cause_id cause,
                                bool always = false) {
  auto& facts = state.facts;
  auto before = state.records.find(what.key);
  record_ptr now;
  if (what.what == operation::kind::put) {
    if (before && *before->value == what.value && !always)
      return nullptr;
    ++facts.last;
    now = std::make_shared<const record>(record{
      .key = std::move(what.key),
      .value = share(std::move(what.value)),
      .created = before ? before->created : facts.last,
      .modified = facts.last,
      .cause = cause,
    });
    facts.sum += record_hash(*now);
    state.records.put(now);
  } else {
    if (!before)
      return nullptr;
    ++facts.last;
    state.records.erase(what.key);
  }
  if (before)
    facts.sum -= record_hash(*before);
  return std::make_shared<change>(change{
    .at = facts.last,
    .now = std::move(now),
    .before = std::move(before),
    .cause = cause,
    .last = false,
  });
}

void on(machine_state& state, transaction& what, term_id term, const machine_bugs& bugs,
        applied_entry& out) {
  if (what.fence && *what.fence != term && !bugs.ignore_fence) {
    out.result.what = outcome::status::stale_term;
    return;
  }
  for (std::size_t i = 0; i < what.when.size(); ++i)
    if (!holds(state.records, what.when[i])) {
      out.result.what = outcome::status::predicate_failed;
      out.result.failed = static_cast<std::uint32_t>(i);
      return;
    }
  auto again = bugs.apply_twice_after_restart ? what.then : std::vector<operation>{};
  std::shared_ptr<change> newest;
  auto note = [&](std::shared_ptr<change> each) {
    if (!each)
      return;
    newest = each;
    out.changes.push_back(std::move(each));
  };
  out.changes.reserve(what.then.size());
  for (auto& each : what.then)
    note(perform(state, std::move(each), what.cause));
  for (auto& each : again)
    note(perform(state, std::move(each), what.cause, true));
  if (!newest)
    return;
  newest->last = true;
  out.result.first = out.changes.front()->at;
}

void on(machine_state& state, const compact_history& what, term_id, const machine_bugs&,
        applied_entry&) {
  auto& facts = state.facts;
  if (what.upto <= facts.last)
    facts.compacted = std::max(facts.compacted, what.upto);
}

void on(machine_state& state, const jump_revision& what, term_id, const machine_bugs&,
        applied_entry&) {
  auto& facts = state.facts;
  if (what.to <= facts.last)
    return;
  facts.last = what.to;
  facts.compacted = what.to;
}

void on(machine_state& state, const announce_version& what, term_id, const machine_bugs&,
        applied_entry&) {
  if (what.newest == 0)
    state.facts.versions.erase(what.member);
  else
    state.facts.versions[what.member] = what.newest;
}

} // namespace

result<applied_entry> apply(machine_state& state, const committed_entry& entry,
                            const machine_bugs& bugs, std::uint32_t newest) {
  auto& facts = state.facts;
  invariant(entry.index == facts.applied + 1, "log entries are applied in order, each once");
  invariant(entry.term >= facts.term, "terms ascend along the log");
  applied_entry out;
  out.index = entry.index;
  if (!entry.command.empty()) {
    OR_RETURN(auto what, decode(entry.command, newest));
    std::visit([&](auto& each) { on(state, each, entry.term, bugs, out); }, what);
  }
  facts.applied = entry.index;
  facts.term = entry.term;
  out.result.last = facts.last;
  return out;
}

std::uint64_t record_hash(const record& r) {
  auto hash = hash_bytes(*r.value, hash_bytes(r.key));
  hash = hash_mix(hash, raw(r.created));
  hash = hash_mix(hash, raw(r.modified));
  return hash_mix(hash, raw(r.cause));
}

std::uint64_t state_hash(const machine_facts& facts) { return hash_bytes(encode(facts)); }

std::uint32_t agreed_version(const machine_facts& facts, const std::vector<member_id>& voters,
                             std::uint32_t own) {
  auto out = own;
  for (auto voter : voters) {
    auto at = facts.versions.find(voter);
    out = std::min(out, at == facts.versions.end() ? 1U : at->second);
  }
  return out;
}

std::string encode(const machine_facts& facts) {
  std::string out;
  put_u8(out, facts_version);
  put_u64(out, raw(facts.applied));
  put_u64(out, raw(facts.term));
  put_u64(out, raw(facts.last));
  put_u64(out, raw(facts.compacted));
  put_u64(out, facts.sum);
  put_varint(out, facts.versions.size());
  for (auto& [member, newest] : facts.versions) {
    put_u64(out, raw(member));
    put_u32(out, newest);
  }
  return out;
}

result<machine_facts> decode_facts(std::string_view bytes) {
  unpacker in{bytes};
  machine_facts out;
  if (in.u8() != facts_version)
    in.fail();
  out.applied = log_index{in.u64()};
  out.term = term_id{in.u64()};
  out.last = revision{in.u64()};
  out.compacted = revision{in.u64()};
  out.sum = in.u64();
  for (auto left = in.varint(); left > 0 && in.good(); --left) {
    auto member = member_id{in.u64()};
    out.versions[member] = in.u32();
  }
  if (!in.done())
    return failure{.message = "decode the facts of a replica: they are malformed"};
  return out;
}

} // namespace troupe::store
