// The HTTP edge of a master: turns what arrives by HTTPS into messages to the API, and back.
#pragma once

#include "actors/api/http/client.hpp"
#include "actors/api/http/server.hpp"
#include "actors/client/protocol.hpp"
#include "actors/kernel/place.hpp"
#include "actors/storage/protocol.hpp"
#include "config/schema/schema.hpp"

#include <caf/typed_actor.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace troupe::edge {

/// One HTTP request that waits for its answer.
struct arrived {
  using local_only = void;
  std::shared_ptr<http::request> what;
  http::responder to;
};
using front_actor = caf::typed_actor<proto::tell<arrived>>;

/// Serves paths that are none of Kubernetes' API ("/metrics", "/troupe/..."). Answers later or at
/// once. `who` is authenticated, not authorized.
using page =
  std::function<void(const http::request& what, const api::user& who, http::responder to)>;
struct page_entry {
  std::string prefix;     // of the path
  bool anonymous = false; // else 401 and 403: for system:masters only
  page serve;
};

struct disk_condition {
  std::string warning; // empty: nothing is wrong
  bool ready = true;   // what is wrong leaves this master of use
};

struct front_dependencies {
  std::vector<client::api_actor> workers; // watches stay with the worker that opened them
  storage::replica_actor replica;         // for /readyz
  schema::catalog_ptr catalog;
  std::vector<page_entry> pages;
  /// How the store's disk is, for /readyz. May be null.
  std::function<disk_condition()> disk{};
  /// Reaches a node's kubelet for logs; null: none.
  std::function<std::shared_ptr<http::client>(const std::string& address, std::uint16_t port)>
    kubelet;
};

/// Serves the page that the path belongs to, if `from` may see it; else 401, 403 or 404. For
/// servers that are no API (a node's).
void serve_pages(const std::vector<page_entry>& pages, const http::request& what,
                 const http::responder& to);

front_actor spawn_front(const kernel::place& at, front_dependencies with);

/// The user that a verified certificate speaks for, or system:anonymous.
api::user user_of(const http::peer& from);

} // namespace troupe::edge
