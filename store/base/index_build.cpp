#include "config/base/invariant.hpp"
#include "store/base/index_node.hpp"

namespace troupe::store {
namespace {

/// Checks the keys under `n` against [low, high) (null: open); returns the depth.
std::size_t check_under(const record_index::node* n, const std::string* low,
                        const std::string* high, bool root) {
  invariant(n->size > 0 && n->size <= most, "a node of the index has entries, but not too many");
  if (n->is_leaf) {
    auto& l = static_cast<const leaf&>(*n);
    for (std::size_t i = 0; i < l.size; ++i) {
      auto& key = l.records[i]->key;
      invariant(i == 0 || l.records[i - 1]->key < key, "the keys of a leaf ascend");
      invariant((!low || *low <= key) && (!high || key < *high), "a key is where it belongs");
    }
    return 1;
  }
  auto& b = static_cast<const branch&>(*n);
  invariant(!root || b.size > 1, "the root of the index is not a mere link");
  std::size_t depth = 0;
  for (std::size_t i = 0; i < b.size; ++i) {
    auto* kid = b.kids[i].get();
    invariant(b.counts[i] == total(kid), "a branch knows the size of each kid");
    auto under = check_under(kid, i == 0 ? low : b.low[i].get(),
                             i + 1U < b.size ? b.low[i + 1].get() : high, false);
    invariant(i == 0 || under == depth, "all leaves are equally deep");
    depth = under;
  }
  return depth + 1;
}

} // namespace

std::size_t record_index::check() const {
  return root_ ? check_under(root_.get(), nullptr, nullptr, true) : 0;
}

void index_builder::add(record_ptr entry) {
  if (leaves_.empty() || leaves_.back().get()->size == packed)
    leaves_.emplace_back(new leaf);
  auto& l = as_leaf(leaves_.back().get());
  l.records[l.size++] = std::move(entry);
  ++size_;
}

record_index index_builder::finish() {
  struct part {
    record_index::link top;
    const std::string* first; // key under it
    const std::string* last;
  };
  std::vector<part> level;
  for (auto& each : leaves_) {
    auto& l = as_leaf(each.get());
    auto* first = &l.records[0]->key;
    auto* last = &l.records[l.size - 1U]->key;
    level.push_back({std::move(each), first, last});
  }
  leaves_.clear();
  size_ = 0;
  while (level.size() > 1) {
    std::vector<part> above;
    for (auto& kid : level) {
      if (above.empty() || above.back().top.get()->size == packed) {
        auto* fresh = new branch;
        fresh->kids[0] = std::move(kid.top);
        fresh->counts[0] = total(fresh->kids[0].get());
        fresh->size = 1;
        above.push_back({record_index::link{fresh}, kid.first, kid.last});
        continue;
      }
      auto& b = as_branch(above.back().top.get());
      b.counts[b.size] = total(kid.top.get());
      b.low[b.size] = between(*above.back().last, *kid.first);
      b.kids[b.size++] = std::move(kid.top);
      above.back().last = kid.last;
    }
    level = std::move(above);
  }
  record_index out;
  if (!level.empty())
    out.root_ = std::move(level.front().top);
  return out;
}

} // namespace troupe::store
