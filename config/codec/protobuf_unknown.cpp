#include "config/codec/protobuf_unknown.hpp"

#include "config/codec/protobuf.hpp"
#include "config/codec/protobuf_fields.hpp"
#include "config/codec/wire.hpp"

#include <charconv>
#include <set>

namespace troupe::codec {
namespace {

using schema::field;
using schema::shape;
using schema::type;

constexpr std::uint32_t envelope_message = 2;

bool has_messages(const field& f) {
  return f.of->what == shape::object || (f.of->element && f.of->element->what == shape::object);
}

/// The entry of a message that holds bytes under this number; empty when there is none.
std::string_view bytes_of(std::string_view message, std::uint32_t number) {
  wire::reader in(message);
  while (auto entry = in.next())
    if (entry->number == number && entry->how == wire::form::bytes)
      return entry->bytes;
  return {};
}

/// Goes through a message entry by entry and says what each is.
class walk {
public:
  walk(const type& of, std::string_view message, place at)
      : of_(of), message_(message), at_(at), in_(message) {}

  struct step {
    wire::entry entry;
    std::string_view raw;         // the entry with its key
    const field* known = nullptr; // null: embedded, or unknown
    std::optional<place> embedded{};
    std::string name;      // of the message within; empty: there is none
    std::string_view body; // of the message within
  };

  std::optional<step> next() {
    auto before = in_.left();
    auto entry = in_.next();
    if (!entry)
      return std::nullopt;
    step out{.entry = *entry,
             .raw = message_.substr(message_.size() - before, before - in_.left()),
             .known = find_field(of_, entry->number, at_),
             .name = {},
             .body = entry->bytes};
    if (entry->how != wire::form::bytes)
      return out;
    if (!out.known && (out.embedded = find_embedded(of_, entry->number, at_)))
      out.name = "#" + std::to_string(entry->number);
    if (out.known && has_messages(*out.known))
      name(out);
    return out;
  }

private:
  void name(step& s) {
    s.name = std::string{s.known->name};
    if (s.known->of->what == shape::array) {
      s.name += "/" + std::to_string(counts_[s.known]++);
    } else if (s.known->of->what == shape::map) {
      s.name.append("/").append(bytes_of(s.entry.bytes, 1));
      s.body = bytes_of(s.entry.bytes, 2);
    }
  }

  const type& of_;
  std::string_view message_;
  place at_;
  wire::reader in_;
  std::map<const field*, std::size_t> counts_;
};

const type& inner(const field& f) { return f.of->what == shape::object ? *f.of : *f.of->element; }

void collect(const type& of, std::string_view message, place at, unknown_fields& into) {
  walk steps(of, message, at);
  while (auto s = steps.next()) {
    if (!s->known && !s->embedded) {
      into.raw += s->raw;
      continue;
    }
    if (s->name.empty())
      continue;
    unknown_fields below;
    collect(s->known ? inner(*s->known) : of, s->body, s->known ? place{} : *s->embedded, below);
    if (!below.empty())
      into.within[s->name] = std::move(below);
  }
}

std::string grafted(const type& of, std::string_view message, place at, const unknown_fields& rest);

/// Messages that the object no longer has, for want of anything known in them.
void append_missing(const type& of, place at, const unknown_fields& rest,
                    const std::set<std::string>& seen, std::string& out) {
  for (const auto& [name, below] : rest.within) {
    if (seen.contains(name))
      continue;
    if (name.starts_with('#')) {
      std::uint32_t number = 0;
      std::from_chars(name.data() + 1, name.data() + name.size(), number);
      if (auto embedded = find_embedded(of, number, at))
        wire::put_bytes(out, number, grafted(of, {}, *embedded, below));
    } else if (const auto* f = of.find(name);
               f && f->wire != 0 && f->wire_in == at && f->of->what == shape::object) {
      wire::put_bytes(out, f->wire, grafted(*f->of, {}, {}, below));
    }
  }
}

std::string grafted(const type& of, std::string_view message, place at,
                    const unknown_fields& rest) {
  if (rest.empty())
    return std::string{message};
  std::string out;
  std::set<std::string> seen;
  walk steps(of, message, at);
  while (auto s = steps.next()) {
    auto found = s->name.empty() ? rest.within.end() : rest.within.find(s->name);
    if (found == rest.within.end()) {
      out += s->raw;
      continue;
    }
    seen.insert(s->name);
    auto body = s->known ? grafted(inner(*s->known), s->body, {}, found->second)
                         : grafted(of, s->body, *s->embedded, found->second);
    if (s->known && s->known->of->what == shape::map) {
      std::string entry;
      wire::put_bytes(entry, 1, bytes_of(s->entry.bytes, 1));
      wire::put_bytes(entry, 2, body);
      body = std::move(entry);
    }
    wire::put_bytes(out, s->entry.number, body);
  }
  append_missing(of, at, rest, seen, out);
  return out + rest.raw;
}

std::string_view without_magic(std::string_view enveloped) {
  return enveloped.substr(std::min(enveloped.size(), protobuf_magic.size()));
}

} // namespace

unknown_fields unknown_in(const type& of, std::string_view enveloped) {
  unknown_fields out;
  collect(of, bytes_of(without_magic(enveloped), envelope_message), {}, out);
  return out;
}

std::string with_unknown(const type& of, std::string_view enveloped, const unknown_fields& rest) {
  auto unknown = without_magic(enveloped);
  auto meta = bytes_of(unknown, 1);
  return protobuf_envelope(bytes_of(meta, 1), bytes_of(meta, 2),
                           grafted(of, bytes_of(unknown, envelope_message), {}, rest));
}

} // namespace troupe::codec
