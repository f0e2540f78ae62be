#include "actors/api/apply/path_set.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::apply {
namespace {

using json = nlohmann::json;
using node_list = std::vector<path_set::node>;

auto place(const node_list& in, const step& at) {
  return std::lower_bound(in.begin(), in.end(), at,
                          [](const path_set::node& n, const step& s) { return n.at < s; });
}

void visit_members(const path_set& in, path& so_far, const std::function<void(const path&)>& f) {
  for (const auto& n : in.nodes()) {
    so_far.push_back(n.at);
    if (n.member)
      f(so_far);
    visit_members(n.below, so_far, f);
    so_far.pop_back();
  }
}

} // namespace

std::string to_text(const step& s) {
  switch (s.what) {
  case step::kind::field: return "." + s.text;
  case step::kind::index: return "[" + s.text + "]";
  case step::kind::value: return "[=" + s.text + "]";
  case step::kind::key: break;
  }
  auto keys = json::parse(s.text, nullptr, false);
  if (!keys.is_object())
    return "[" + s.text + "]";
  std::string out = "[";
  for (const auto& [name, value] : keys.items())
    out += (out.size() == 1 ? "" : ",") + name + "=" + value.dump();
  return out + "]";
}

std::string to_text(const path& p) {
  std::string out;
  for (const auto& s : p)
    out += to_text(s);
  return out;
}

bool path_set::operator==(const path_set& other) const { return nodes_ == other.nodes_; }

void path_set::add(step at, bool member, path_set below) {
  if (!member && below.empty())
    return;
  auto where = nodes_.empty() || nodes_.back().at < at
                 ? nodes_.end()
                 : nodes_.begin() + (place(nodes_, at) - nodes_.cbegin());
  if (where == nodes_.end() || where->at != at) {
    nodes_.insert(where, {std::move(at), member, std::move(below)});
    return;
  }
  where->member = where->member || member;
  where->below.unite(below);
}

void path_set::insert(const path& p) {
  path_set below;
  for (auto at = p.rbegin(); at != p.rend(); ++at) {
    path_set whole;
    whole.add(*at, at == p.rbegin(), std::move(below));
    below = std::move(whole);
  }
  unite(below);
}

const path_set::node* path_set::find(const step& at) const {
  auto where = place(nodes_, at);
  return where != nodes_.end() && where->at == at ? &*where : nullptr;
}

bool path_set::has(const path& p) const {
  const auto* in = this;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const auto* found = in->find(p[i]);
    if (!found)
      return false;
    if (i + 1 == p.size())
      return found->member;
    in = &found->below;
  }
  return false;
}

void path_set::unite(const path_set& other) {
  if (nodes_.empty()) {
    nodes_ = other.nodes_;
    return;
  }
  node_list out;
  out.reserve(nodes_.size() + other.nodes_.size());
  auto mine = nodes_.begin();
  for (const auto& theirs : other.nodes_) {
    for (; mine != nodes_.end() && mine->at < theirs.at; ++mine)
      out.push_back(std::move(*mine));
    if (mine == nodes_.end() || mine->at != theirs.at) {
      out.push_back(theirs);
      continue;
    }
    mine->member = mine->member || theirs.member;
    mine->below.unite(theirs.below);
    out.push_back(std::move(*mine++));
  }
  std::move(mine, nodes_.end(), std::back_inserter(out));
  nodes_ = std::move(out);
}

void path_set::subtract(const path_set& other) {
  auto theirs = other.nodes_.begin();
  auto loses = [&](node& n) {
    for (; theirs != other.nodes_.end() && theirs->at < n.at; ++theirs) {
    }
    if (theirs == other.nodes_.end() || theirs->at != n.at)
      return false;
    n.member = n.member && !theirs->member;
    n.below.subtract(theirs->below);
    return !n.says_something();
  };
  nodes_.erase(std::remove_if(nodes_.begin(), nodes_.end(), loses), nodes_.end());
}

path_set path_set::intersection(const path_set& other) const {
  path_set out;
  for (const auto& mine : nodes_)
    if (const auto* theirs = other.find(mine.at))
      out.add(mine.at, mine.member && theirs->member, mine.below.intersection(theirs->below));
  return out;
}

void path_set::keep_roots(const std::function<bool(const step&)>& pleases) {
  nodes_.erase(
    std::remove_if(nodes_.begin(), nodes_.end(), [&](const node& n) { return !pleases(n.at); }),
    nodes_.end());
}

void path_set::each(const std::function<void(const path&)>& visit) const {
  path so_far;
  visit_members(*this, so_far, visit);
}

} // namespace troupe::apply
