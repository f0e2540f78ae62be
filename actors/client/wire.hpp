// How the API's values cross a link: `inspect` for the plain structs of config/api.
#pragma once

#include "actors/kernel/inspect.hpp"
#include "config/api/request.hpp"

#include <caf/error.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/sec.hpp>

#include <optional>

namespace troupe::client {

/// An optional field on the wire: a flag and a value.
template <class T> struct maybe { std::optional<T>& of; };
template <class F, class T> auto inspect(F& f, maybe<T>& m) {
  bool there = m.of.has_value();
  T value = m.of.value_or(T{});
  if constexpr (F::reads_state) {
    return f(there, value);
  } else {
    auto why = f(there, value);
    m.of = there ? std::optional<T>{std::move(value)} : std::nullopt;
    return why;
  }
}

/// Shared bytes on the wire: a flag and the bytes.
struct bytes_field {
  shared_bytes& of;
};
template <class F> auto inspect(F& f, bytes_field& m) {
  bool there = m.of != nullptr;
  if constexpr (F::reads_state) {
    static const std::string none;
    auto& value =
      const_cast<std::string&>(there ? *m.of : none); // an inspector that reads takes a reference
    return f(there, value);
  } else {
    std::string value;
    auto result = f(there, value);
    m.of = there ? share(std::move(value)) : nullptr;
    return result;
  }
}

/// An object on the wire: its body, version and cause; the metadata is read again on arrival. A
/// bookmark's object has no more than a version.
struct object_field {
  api::object_ptr& of;
};
api::object_ptr read_object(shared_bytes body, revision version, cause_id cause);

template <class F> auto inspect(F& f, object_field& m) {
  bool there = m.of != nullptr;
  shared_bytes body = m.of ? m.of->body : nullptr;
  revision version = m.of ? m.of->meta.version : revision{};
  cause_id cause = m.of ? m.of->cause : cause_id{};
  bytes_field bytes{body};
  if constexpr (F::reads_state) {
    return f(there, bytes, version, cause);
  } else {
    auto why = f(there, bytes, version, cause);
    m.of = there ? read_object(body, version, cause) : nullptr;
    return why;
  }
}

} // namespace troupe::client

namespace troupe::api {

template <class F> auto inspect(F& f, user& u) { return f(u.name, u.groups, u.uid); }

template <class F> auto inspect(F& f, options& o) {
  client::maybe<revision> version{o.version};
  client::maybe<std::int64_t> grace{o.grace};
  client::maybe<revision> precondition{o.precondition_version};
  return f(o.label_selector, o.field_selector, o.limit, o.next, version, o.match, o.bookmarks,
           o.initial_events, o.timeout, o.dry_run, o.fields, o.field_manager, o.force, grace,
           o.propagate, o.precondition_uid, precondition, o.uninitialized);
}

template <class F> auto inspect(F& f, wanted& w) {
  return f(w.as, w.transform, w.wide, w.objects_in_table);
}

template <class F> auto inspect(F& f, request& r) {
  client::maybe<term_id> fence{r.fence};
  return f(caf::meta::type_name("api.request"), r.verb, r.group, r.version, r.resource,
           r.subresource, r.ns, r.name, r.path, r.options, r.patch, r.body_as, r.body, r.answer,
           r.from, fence, r.cause, r.accept);
}

template <class F> auto inspect(F& f, response& r) {
  client::bytes_field body{r.body};
  return f(caf::meta::type_name("api.response"), r.code, r.as, r.content_type, body, r.warnings,
           r.version);
}

template <class F> auto inspect(F& f, event& e) {
  client::object_field of{e.of};
  return f(caf::meta::type_name("api.event"), e.what, of, e.why);
}

} // namespace troupe::api
