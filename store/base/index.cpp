#include "store/base/index.hpp"

#include "store/base/index_node.hpp"

#include <limits>

namespace troupe::store {

namespace {

using link = record_index::link;
using node = record_index::node;

node* clone(const node& original) {
  if (original.is_leaf) {
    auto& from = static_cast<const leaf&>(original);
    auto* to = new leaf;
    std::copy_n(from.records.begin(), from.size, to->records.begin());
    to->size = from.size;
    return to;
  }
  auto& from = static_cast<const branch&>(original);
  auto* to = new branch;
  std::copy_n(from.kids.begin(), from.size, to->kids.begin());
  std::copy_n(from.low.begin(), from.size, to->low.begin());
  std::copy_n(from.counts.begin(), from.size, to->counts.begin());
  to->size = from.size;
  return to;
}

/// Makes the node under `at` changeable: all nodes above it are already ours alone.
node* own(link& at) {
  if (!at.sole())
    at = link{clone(*at.get())};
  return at.get();
}

/// The position of the first record that is not before `key`.
std::size_t lower_bound(const leaf& l, std::string_view key) {
  auto end = l.records.begin() + l.size;
  auto at =
    std::partition_point(l.records.begin(), end, [&](const record_ptr& r) { return r->key < key; });
  return static_cast<std::size_t>(at - l.records.begin());
}

/// The kid under which `key` is or would be.
std::size_t kid_for(const branch& b, std::string_view key) {
  auto end = b.low.begin() + b.size;
  auto at = std::partition_point(b.low.begin() + 1, end,
                                 [&](const shared_bytes& low) { return *low <= key; });
  return static_cast<std::size_t>(at - b.low.begin()) - 1;
}

bool has(const leaf& l, std::size_t at, std::string_view key) {
  return at < l.size && l.records[at]->key == key;
}

template <class Slots> void open_slot(Slots& entries, std::size_t at, std::size_t size) {
  std::move_backward(entries.begin() + at, entries.begin() + size, entries.begin() + size + 1);
}

template <class Slots> void close_slot(Slots& entries, std::size_t at, std::size_t size) {
  std::move(entries.begin() + at + 1, entries.begin() + size, entries.begin() + at);
  entries[size - 1] = {};
}

/// The right half of a node that grew too big.
struct half {
  link right;
  shared_bytes low;
};

half split(leaf& l) {
  auto* right = new leaf;
  auto keep = l.size / 2U;
  std::move(l.records.begin() + keep, l.records.begin() + l.size, right->records.begin());
  right->size = static_cast<std::uint16_t>(l.size - keep);
  l.size = static_cast<std::uint16_t>(keep);
  return {link{right}, between(l.records[keep - 1]->key, right->records[0]->key)};
}

half split(branch& b) {
  auto* right = new branch;
  auto keep = b.size / 2U;
  std::move(b.kids.begin() + keep, b.kids.begin() + b.size, right->kids.begin());
  std::move(b.low.begin() + keep, b.low.begin() + b.size, right->low.begin());
  std::copy(b.counts.begin() + keep, b.counts.begin() + b.size, right->counts.begin());
  right->size = static_cast<std::uint16_t>(b.size - keep);
  b.size = static_cast<std::uint16_t>(keep);
  return {link{right}, std::exchange(right->low[0], nullptr)};
}

void insert_kid(branch& b, std::size_t at, half grown) {
  open_slot(b.kids, at, b.size);
  open_slot(b.low, at, b.size);
  open_slot(b.counts, at, b.size);
  b.counts[at] = total(grown.right.get());
  b.counts[at - 1] -= b.counts[at];
  b.kids[at] = std::move(grown.right);
  b.low[at] = std::move(grown.low);
  ++b.size;
}

struct put_result {
  record_ptr before;
  half grown; // grown.right is empty when the node did not split
};

put_result put_under(link& at, record_ptr entry) {
  auto* n = own(at);
  if (n->is_leaf) {
    auto& l = as_leaf(n);
    auto place = lower_bound(l, entry->key);
    if (has(l, place, entry->key))
      return {std::exchange(l.records[place], std::move(entry)), {}};
    open_slot(l.records, place, l.size);
    l.records[place] = std::move(entry);
    ++l.size;
    return {nullptr, l.size > most ? split(l) : half{}};
  }
  auto& b = as_branch(n);
  auto i = kid_for(b, entry->key);
  auto out = put_under(b.kids[i], std::move(entry));
  if (!out.before)
    ++b.counts[i];
  if (out.grown.right) {
    insert_kid(b, i + 1, std::move(out.grown));
    out.grown = b.size > most ? split(b) : half{};
  }
  return out;
}

void append(leaf& left, const leaf& right) {
  std::copy_n(right.records.begin(), right.size, left.records.begin() + left.size);
  left.size = static_cast<std::uint16_t>(left.size + right.size);
}

void append(branch& left, const branch& right, shared_bytes low) {
  std::copy_n(right.kids.begin(), right.size, left.kids.begin() + left.size);
  std::copy_n(right.low.begin(), right.size, left.low.begin() + left.size);
  std::copy_n(right.counts.begin(), right.size, left.counts.begin() + left.size);
  left.low[left.size] = std::move(low);
  left.size = static_cast<std::uint16_t>(left.size + right.size);
}

void remove_kid(branch& b, std::size_t at) {
  close_slot(b.kids, at, b.size);
  close_slot(b.low, at, b.size);
  close_slot(b.counts, at, b.size);
  --b.size;
  if (b.size > 0)
    b.low[0] = nullptr;
}

/// Kid `at` has become small: unites it with a neighbour if both fit into one node.
void merge_kid(branch& b, std::size_t at) {
  auto fits = [&](std::size_t left) {
    return left + 1 < b.size && b.kids[left].get()->size + b.kids[left + 1].get()->size <= most;
  };
  auto left = at > 0 && fits(at - 1) ? at - 1 : at;
  if (!fits(left))
    return;
  auto* into = own(b.kids[left]);
  auto* from = b.kids[left + 1].get();
  if (into->is_leaf)
    append(as_leaf(into), as_leaf(from));
  else
    append(as_branch(into), as_branch(from), b.low[left + 1]);
  b.counts[left] += b.counts[left + 1];
  remove_kid(b, left + 1);
}

/// The key is known to be there.
record_ptr erase_under(link& at, std::string_view key) {
  auto* n = own(at);
  if (n->is_leaf) {
    auto& l = as_leaf(n);
    auto place = lower_bound(l, key);
    auto before = std::move(l.records[place]);
    close_slot(l.records, place, l.size);
    --l.size;
    return before;
  }
  auto& b = as_branch(n);
  auto i = kid_for(b, key);
  auto before = erase_under(b.kids[i], key);
  --b.counts[i];
  if (b.kids[i].get()->size == 0)
    remove_kid(b, i);
  else if (b.kids[i].get()->size < few)
    merge_kid(b, i);
  return before;
}

/// How many keys are before `key`.
std::uint64_t rank(const node* n, std::string_view key) {
  std::uint64_t before = 0;
  while (n && !n->is_leaf) {
    auto& b = static_cast<const branch&>(*n);
    auto i = kid_for(b, key);
    for (std::size_t k = 0; k < i; ++k)
      before += b.counts[k];
    n = b.kids[i].get();
  }
  return n ? before + lower_bound(static_cast<const leaf&>(*n), key) : 0;
}

/// The first text after all those that start with `prefix`; empty when there is none.
std::string after_prefix(std::string_view prefix) {
  std::string out{prefix};
  while (!out.empty() && static_cast<unsigned char>(out.back()) == 0xff)
    out.pop_back();
  if (!out.empty())
    out.back() = static_cast<char>(static_cast<unsigned char>(out.back()) + 1);
  return out;
}

/// Visits from `from` on; false: `visit` ended it.
template <class Visit> bool walk(const node* n, std::string_view from, const Visit& visit) {
  if (n->is_leaf) {
    auto& l = static_cast<const leaf&>(*n);
    for (auto i = from.empty() ? 0 : lower_bound(l, from); i < l.size; ++i)
      if (!visit(l.records[i]))
        return false;
    return true;
  }
  auto& b = static_cast<const branch&>(*n);
  auto first = from.empty() ? 0 : kid_for(b, from);
  for (auto i = first; i < b.size; ++i)
    if (!walk(b.kids[i].get(), i == first ? from : std::string_view{}, visit))
      return false;
  return true;
}

class index_view : public view {
public:
  index_view(record_index records, revision at) : records_(std::move(records)), at_(at) {}

  revision at() const override { return at_; }
  record_ptr get(std::string_view key) const override { return records_.find(key); }
  void scan(const range& r, const std::function<bool(const record_ptr&)>& visit) const override {
    records_.scan(r, visit);
  }
  std::uint64_t count(std::string_view prefix) const override { return records_.count(prefix); }

private:
  record_index records_;
  revision at_;
};

} // namespace

record_index::link::link(const link& other) : held_(other.held_) {
  if (held_)
    held_->refs.fetch_add(1, std::memory_order_relaxed);
}

record_index::link::~link() {
  if (!held_ || held_->refs.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  if (held_->is_leaf)
    delete static_cast<leaf*>(held_);
  else
    delete static_cast<branch*>(held_);
}

bool record_index::link::sole() const { return held_->refs.load(std::memory_order_acquire) == 1; }

record_ptr record_index::find(std::string_view key) const {
  auto* n = root_.get();
  while (n && !n->is_leaf) {
    auto& b = static_cast<const branch&>(*n);
    n = b.kids[kid_for(b, key)].get();
  }
  if (!n)
    return nullptr;
  auto& l = static_cast<const leaf&>(*n);
  auto place = lower_bound(l, key);
  return has(l, place, key) ? l.records[place] : nullptr;
}

record_ptr record_index::put(record_ptr entry) {
  if (!root_) {
    root_ = link{new leaf};
    auto& l = as_leaf(root_.get());
    l.records[0] = std::move(entry);
    l.size = 1;
    return nullptr;
  }
  auto out = put_under(root_, std::move(entry));
  if (out.grown.right) {
    auto* top = new branch;
    top->counts[0] = total(root_.get()) + total(out.grown.right.get());
    top->kids[0] = std::move(root_);
    top->size = 1;
    root_ = link{top};
    insert_kid(*top, 1, std::move(out.grown));
  }
  return std::move(out.before);
}

record_ptr record_index::erase(std::string_view key) {
  if (!find(key))
    return nullptr;
  auto before = erase_under(root_, key);
  while (!root_.get()->is_leaf && root_.get()->size == 1)
    root_ = link{as_branch(root_.get()).kids[0]};
  if (root_.get()->size == 0)
    root_ = {};
  return before;
}

std::uint64_t record_index::size() const { return total(root_.get()); }

std::uint64_t record_index::count(std::string_view prefix) const {
  auto end = after_prefix(prefix);
  return (end.empty() ? size() : rank(root_.get(), end)) - rank(root_.get(), prefix);
}

void record_index::scan(const range& r, const std::function<bool(const record_ptr&)>& visit) const {
  if (!root_)
    return;
  auto left = r.limit == 0 ? std::numeric_limits<std::uint64_t>::max() : r.limit;
  walk(root_.get(), std::max(r.prefix, r.from), [&](const record_ptr& each) {
    return each->key.starts_with(r.prefix) && visit(each) && --left > 0;
  });
}

view_ptr make_view(record_index records, revision at) {
  return std::make_shared<index_view>(std::move(records), at);
}

} // namespace troupe::store
