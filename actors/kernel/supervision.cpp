#include "actors/kernel/supervision.hpp"

#include <algorithm>

namespace troupe::kernel::supervision {
namespace {

using orders = std::vector<order>;

bool lives(const child& c) { return c.phase == phase::up || c.phase == phase::stopping; }

void start(book& b, std::size_t i, orders& out) {
  b.children[i].phase = phase::up;
  out.push_back({.what = order::kind::start, .child = i});
}

/// Asks for the end of the last living child from `from` on. True: none lives any more.
bool stop_last(book& b, std::size_t from, orders& out) {
  for (auto i = b.children.size(); i-- > from;) {
    auto& c = b.children[i];
    if (c.phase == phase::waiting)
      c.phase = phase::idle;
    if (!lives(c))
      continue;
    if (c.phase == phase::up) {
      c.phase = phase::stopping;
      out.push_back({.what = order::kind::stop, .child = i});
    }
    return false;
  }
  return true;
}

/// Goes on with a stop of several, one after the other.
void proceed(book& b, instant now, orders& out) {
  if (b.mode == book::mode::leaving && stop_last(b, 0, out))
    out.push_back(
      {.what = b.gave_up.empty() ? order::kind::finish : order::kind::give_up, .why = b.gave_up});
  if (b.mode != book::mode::replacing || !stop_last(b, b.replace_from, out))
    return;
  if (now < b.due) {
    out.push_back({.what = order::kind::wake_at, .at = b.due});
    return;
  }
  b.mode = book::mode::running;
  for (auto i = b.replace_from; i < b.children.size(); ++i)
    if (b.children[i].phase == phase::idle)
      start(b, i, out);
}

/// Notes a death. False: it was one too many.
bool tolerable(book& b, instant now) {
  b.deaths.push_back(now);
  while (b.deaths.front() + b.tolerance.within <= now)
    b.deaths.pop_front();
  return b.deaths.size() <= b.tolerance.deaths;
}

void restart_after_death(book& b, std::size_t i, instant now, orders& out) {
  auto& c = b.children[i];
  if (c.in_a_row > 0 && c.last_death + b.tolerance.within <= now)
    c.in_a_row = 0;
  c.last_death = now;
  c.due = now + delay_of(b.backoff, c.in_a_row++);
  if (b.strategy == strategy::one_for_one) {
    c.phase = phase::waiting;
    out.push_back({.what = order::kind::wake_at, .at = c.due});
    return;
  }
  auto from = b.strategy == strategy::one_for_all ? 0 : i;
  b.replace_from = b.mode == book::mode::replacing ? std::min(b.replace_from, from) : from;
  b.due = b.mode == book::mode::replacing ? std::max(b.due, c.due) : c.due;
  b.mode = book::mode::replacing;
  proceed(b, now, out);
}

void on_death(book& b, const event& e, instant now, orders& out) {
  auto& c = b.children[e.child];
  auto expected = c.phase == phase::stopping;
  c.phase = phase::idle;
  if (c.removing) {
    b.children.erase(b.children.begin() + static_cast<std::ptrdiff_t>(e.child));
    if (b.replace_from > e.child)
      --b.replace_from;
    out.push_back({.what = order::kind::forget, .child = e.child});
    proceed(b, now, out);
    return;
  }
  if (expected || b.mode == book::mode::leaving) {
    proceed(b, now, out);
    return;
  }
  if (e.failed && c.restart == restart::never) {
    c.phase = phase::ended;
    out.push_back({.what = order::kind::fatal, .child = e.child, .why = e.why});
    return;
  }
  if (!e.failed && c.restart != restart::always) {
    c.phase = phase::ended;
    proceed(b, now, out);
    return;
  }
  if (!tolerable(b, now)) {
    b.mode = book::mode::leaving;
    b.gave_up = "more than " + std::to_string(b.tolerance.deaths) + " deaths in "
                + std::to_string(
                  std::chrono::duration_cast<std::chrono::milliseconds>(b.tolerance.within).count())
                + " ms, the last of " + c.name + ": " + e.why;
    proceed(b, now, out);
    return;
  }
  restart_after_death(b, e.child, now, out);
}

void on_due(book& b, instant now, orders& out) {
  if (b.mode != book::mode::running) {
    proceed(b, now, out);
    return;
  }
  for (std::size_t i = 0; i < b.children.size(); ++i) {
    if (b.children[i].phase != phase::waiting)
      continue;
    if (b.children[i].due <= now)
      start(b, i, out);
    else
      out.push_back({.what = order::kind::wake_at, .at = b.children[i].due});
  }
}

void on_removal(book& b, std::size_t i, orders& out) {
  auto& c = b.children[i];
  if (lives(c)) {
    c.removing = true;
    if (c.phase == phase::up)
      out.push_back({.what = order::kind::stop, .child = i});
    c.phase = phase::stopping;
    return;
  }
  b.children.erase(b.children.begin() + static_cast<std::ptrdiff_t>(i));
  if (b.replace_from > i)
    --b.replace_from;
  out.push_back({.what = order::kind::forget, .child = i});
}

} // namespace

duration delay_of(const kernel::backoff& b, std::uint32_t in_a_row) {
  auto delay = b.first;
  for (; in_a_row > 0 && delay < b.most; --in_a_row)
    delay *= 2;
  return std::min(delay, b.most);
}

std::vector<order> decide(book& b, const event& e, instant now) {
  orders out;
  switch (e.what) {
  case event::kind::started:
    for (std::size_t i = 0; i < b.children.size(); ++i)
      start(b, i, out);
    break;
  case event::kind::died: on_death(b, e, now, out); break;
  case event::kind::due: on_due(b, now, out); break;
  case event::kind::overdue:
    if (b.children[e.child].phase == phase::stopping)
      out.push_back({.what = order::kind::kill, .child = e.child});
    break;
  case event::kind::stop:
    b.mode = book::mode::leaving;
    proceed(b, now, out);
    break;
  case event::kind::added:
    if (b.mode == book::mode::running)
      start(b, b.children.size() - 1, out);
    break;
  case event::kind::removed: on_removal(b, e.child, out); break;
  }
  return out;
}

} // namespace troupe::kernel::supervision
