#include "store/etcd/translate.hpp"

#include "store/base/wire.hpp"

#include <algorithm>
#include <set>

namespace troupe::etcd {
namespace {

using test = store::predicate::test;
using op = store::operation::kind;

constexpr std::string_view objects = "/registry/";

/// "/registry/GROUP/PLURAL/" of an object's key, else empty.
std::string_view kind_of(std::string_view key) {
  if (!key.starts_with(objects))
    return {};
  auto end = objects.size();
  for (int parts = 0; parts < 2; ++parts) {
    end = key.find('/', end);
    if (end == std::string_view::npos)
      return {};
    ++end;
  }
  return key.substr(0, end);
}

result<void> check_versions(const store::transaction& what) {
  std::set<std::string_view> kinds;
  for (const auto& o : what.then)
    if (auto kind = kind_of(o.key); !kind.empty() && !kinds.insert(kind).second)
      return failure{.reason = reason::bad_request,
                     .message = "commit to etcd: two objects below " + std::string{kind}
                                + " would get one resourceVersion"};
  return {};
}

compare compare_of(const key_space& keys, const store::predicate& p) {
  using field = compare::field;
  auto key = keys.data(p.key);
  switch (p.what) { // a key that does not exist counts as created at 0
  case test::absent: return {std::move(key), field::created, compare::test::equal, {}};
  case test::present: return {std::move(key), field::created, compare::test::greater, {}};
  case test::modified_is: break;
  }
  return {std::move(key), field::modified, compare::test::equal, p.at};
}

order look(std::string key) {
  return {.what = order::kind::look, .key = std::move(key), .value = {}, .lease = 0};
}

bool holds(const store::predicate& p, const order_answer& found) {
  bool there = !found.records.empty();
  switch (p.what) {
  case test::absent: return !there;
  case test::present: return there;
  case test::modified_is: return there && found.records.front().modified == p.at;
  }
  return false;
}

revision head_in(const committed& answer) {
  if (answer.answers.empty() || answer.answers.back().records.empty())
    return {};
  return answer.answers.back().records.front().modified;
}

} // namespace

void drop_unchanged(store::transaction& what, const store::view& now) {
  std::erase_if(what.then, [&](const store::operation& o) {
    if (o.what != op::put)
      return false;
    auto known = std::find_if(what.when.begin(), what.when.end(), [&](const store::predicate& p) {
      return p.what == test::modified_is && p.key == o.key;
    });
    if (known == what.when.end())
      return false;
    auto record = now.get(o.key);
    return record && record->modified == known->at && *record->value == o.value;
  });
}

result<txn> to_txn(const key_space& keys, const store::transaction& what,
                   const std::string& election, const seal::keyring_ptr& secrets) {
  CHECK_RETURN(check_versions(what));
  txn out;
  if (what.fence) {
    out.when.push_back({.key = election,
                        .of = compare::field::created,
                        .how = compare::test::equal,
                        .to = revision{raw(*what.fence)}});
    out.otherwise.push_back(look(election));
  }
  for (const auto& p : what.when) {
    out.when.push_back(compare_of(keys, p));
    out.otherwise.push_back(look(keys.data(p.key)));
  }
  for (const auto& o : what.then)
    out.then.push_back({.what = o.what == op::put ? order::kind::put : order::kind::erase,
                        .key = keys.data(o.key),
                        .value = secrets ? secrets->seal(o.key, o.value) : o.value,
                        .lease = 0});
  if (what.then.empty())
    out.then.push_back(look(keys.head()));
  else
    out.then.push_back(
      {.what = order::kind::put, .key = keys.head(), .value = head_text(what.cause), .lease = 0});
  out.otherwise.push_back(look(keys.head()));
  return out;
}

concluded conclude(const store::transaction& what, const committed& answer) {
  concluded out;
  if (answer.done) {
    out.contains = what.then.empty() ? head_in(answer) : answer.at;
    out.what.last = out.contains;
    bool changed = false;
    for (std::size_t i = 0; i < what.then.size() && i < answer.answers.size(); ++i)
      changed |= what.then[i].what == op::put || answer.answers[i].erased > 0;
    if (changed)
      out.what.first = answer.at;
    return out;
  }
  out.contains = out.what.last = head_in(answer);
  std::size_t at = 0;
  if (what.fence) {
    const auto& found = answer.answers.at(at++).records;
    if (found.empty() || raw(found.front().created) != raw(*what.fence)) {
      out.what.what = store::outcome::status::stale_term;
      return out;
    }
  }
  out.what.what = store::outcome::status::predicate_failed;
  for (std::size_t i = 0; i < what.when.size(); ++i)
    if (!holds(what.when[i], answer.answers.at(at + i))) {
      out.what.failed = static_cast<std::uint32_t>(i);
      break;
    }
  return out;
}

std::string head_text(cause_id cause) {
  std::string out;
  store::put_u64(out, raw(cause));
  return out;
}

cause_id cause_in(std::string_view head) {
  store::unpacker in{head};
  return cause_id{in.u64()};
}

} // namespace troupe::etcd
