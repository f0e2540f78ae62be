#include "tests/simulation/bad_mail.hpp"

#include "actors/kernel/actor.hpp"

namespace troupe::sim {
namespace {

constexpr std::uint64_t of_hundred_twice = 3;
constexpr std::uint64_t of_hundred_late = 3;
constexpr std::uint64_t latest_ms = 400;
constexpr duration longest = 30s; // whoever asks has a deadline of his own

struct late_letter {
  using local_only = void;
  storage::letter_sent what;
};
struct late_bulk_letter {
  using local_only = void;
  storage::bulk_letter_sent what;
};
using mail_inside =
  storage::peer_actor::extend<proto::tell<late_letter>, proto::tell<late_bulk_letter>>;

struct mail_state {
  mail_state() = default;
  storage::peer_actor to;
  std::optional<random_source> random;
  report* notes = nullptr;
};
using mail_ptr = kernel::self_ptr<mail_inside, mail_state>;

template <class Late, class Letter> void carry(mail_ptr self, const Letter& l) {
  auto& s = self->state;
  auto dice = s.random->below(100);
  bool twice = dice < of_hundred_twice;
  bool late = !twice && dice < of_hundred_twice + of_hundred_late;
  s.notes->count["letters repeated"] += twice ? 1 : 0;
  s.notes->count["letters late"] += late ? 1 : 0;
  if (!late)
    self->tell(s.to, l);
  if (twice || late)
    self->after(std::chrono::milliseconds{s.random->between(1, latest_ms)}, Late{l});
}

template <class Answer, class Question>
kernel::reply<Answer> pass_on(mail_ptr self, const Question& q) {
  auto asker = self->promise<Answer>();
  self->ask(self->state.to, q, longest).then([asker](result<Answer> r) mutable {
    asker.answer(std::move(r));
  });
  return asker;
}

mail_inside::behavior_type behave(mail_ptr self) {
  using namespace storage;
  return {
    [self](const letter_sent& m) { carry<late_letter>(self, m); },
    [self](const bulk_letter_sent& m) { carry<late_bulk_letter>(self, m); },
    [self](const propose& m) { return pass_on<proposed>(self, m); },
    [self](const ask_to_join& m) { return pass_on<join_answered>(self, m); },
    [self](const list_members& m) { return pass_on<members_listed>(self, m); },
    [self](const remove_member& m) { return pass_on<member_removed>(self, m); },
    [self](const leader_leaves& m) { return pass_on<leaving_noted>(self, m); },
    [self](const ask_whether_member& m) { return pass_on<whether_member>(self, m); },
    [self](const late_letter& m) { self->tell(self->state.to, m.what); },
    [self](const late_bulk_letter& m) { self->tell(self->state.to, m.what); },
  };
}

} // namespace

storage::peer_actor spawn_bad_mail(const kernel::place& at, storage::peer_actor to, report& notes) {
  return kernel::spawn<mail_inside, mail_state>(
    at, [to, &notes](mail_ptr self) -> mail_inside::behavior_type {
      self->state.to = to;
      self->state.random = self->process().random("mail");
      self->state.notes = &notes;
      return behave(self);
    });
}

} // namespace troupe::sim
