#include "actors/client/protocol.hpp"
#include "actors/client/types.hpp"

#include <caf/make_message.hpp>
#include <doctest/doctest.h>

namespace troupe::client {
namespace {

/// What arrives at the other end of a link.
template <class M> M over_a_link(M sent) {
  kernel::message_types types;
  register_types(types);
  auto message = caf::make_message(std::move(sent));
  std::string bytes;
  auto type = types.encode(message.content(), bytes);
  REQUIRE(type);
  auto back = types.decode(**type, bytes);
  REQUIRE(back);
  caf::message arrived = *back;
  REQUIRE(arrived.template match_element<M>(0));
  return arrived.template get_as<M>(0);
}

TEST_CASE("wire: a bookmark keeps its version although its object has no body") {
  auto o = std::make_shared<api::object>();
  o->body = share({});
  o->meta.version = revision{42};
  events sent;
  sent.list.push_back({.what = api::event::kind::bookmark, .of = o, .why = {}});
  auto got = over_a_link(sent);
  REQUIRE(got.list.size() == 1);
  REQUIRE(got.list[0].of);
  CHECK(got.list[0].of->meta.version == revision{42});
}

TEST_CASE("wire: an object arrives with its metadata, version and cause") {
  auto o = std::make_shared<api::object>();
  o->body = share(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"n"}})");
  o->meta.version = revision{7};
  o->cause = cause_id{9};
  events sent;
  sent.list.push_back({.what = api::event::kind::added, .of = o, .why = {}});
  sent.list.push_back({.what = api::event::kind::error,
                       .of = nullptr,
                       .why = {.reason = reason::expired, .message = "old"}});
  auto got = over_a_link(sent);
  REQUIRE(got.list.size() == 2);
  CHECK(got.list[0].of->meta.name == "p");
  CHECK(got.list[0].of->meta.version == revision{7});
  CHECK(got.list[0].of->cause == cause_id{9});
  CHECK_FALSE(got.list[1].of);
  CHECK(got.list[1].why.reason == reason::expired);
}

TEST_CASE("wire: a request keeps what is set and what is not") {
  call sent;
  sent.what.resource = "pods";
  sent.what.options.version = revision{0};
  sent.what.options.grace = 5;
  auto got = over_a_link(sent);
  CHECK(got.what.options == sent.what.options);
  CHECK_FALSE(got.what.fence);
}

} // namespace
} // namespace troupe::client
