// What other threads have to say on a connection: an answer, pieces of a stream or of a tunnel.
// Bounded, and safe to use after the connection and its loop are gone.
#pragma once

#include "actors/api/http/inflow.hpp"
#include "actors/api/http/server.hpp"

#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace troupe::http::detail {

class outbox {
public:
  enum class kind : std::uint8_t { whole, streamed, tunnelled };
  enum class ending : std::uint8_t { open, finished, aborted };

  /// What came in since the last take().
  struct batch {
    std::optional<response> head;
    kind how = kind::whole;
    std::vector<shared_bytes> pieces;
    ending end = ending::open;
    bool resumed = false;      // of a tunnel: its user takes bytes (again)
    std::shared_ptr<inbox> in; // of a tunnel, with its head
  };

  /// `wake` asks the loop to call take(); it is called under the lock and not again before take().
  outbox(std::size_t limit, std::function<void()> wake);

  // from any thread
  /// Ends what its user left open.
  void abandoned();
  /// False: answered already, or the connection is gone.
  bool open(response head, kind how);
  /// Answers 101; null: answered already, or the connection is gone.
  std::shared_ptr<inbox> open_tunnel(response head);
  push write(shared_bytes piece);
  void end(ending how);
  void ask_resume();
  bool gone() const;
  std::size_t queued() const;
  void on_drain(std::function<void()> then);
  void on_gone(std::function<void()> then);

  // on the loop
  batch take();
  /// So many bytes of pieces left the process. Calls who waits for room.
  void sent(std::size_t bytes);
  /// Nothing will be sent any more. Calls who wants to know, unless `quietly`: then the exchange is
  /// over.
  void lost(bool quietly);

private:
  void wake_locked();

  const std::size_t limit_;
  std::function<void()> wake_;
  mutable std::mutex mutex_;
  batch next_;
  std::size_t queued_ = 0;
  bool woken_ = false;
  bool opened_ = false;
  kind how_ = kind::whole;
  bool ended_ = false;
  bool gone_ = false;
  bool broke_ = false; // gone before the end
  std::function<void()> on_drain_;
  std::vector<std::function<void()>> on_gone_;
};

/// What the copies of a responder (and of its stream) share; when the last goes without an answer
/// the client gets 500, without the end of a stream the connection is broken off.
class exchange {
public:
  explicit exchange(std::shared_ptr<outbox> box) : box_(std::move(box)) {}
  ~exchange();
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;
  const std::shared_ptr<outbox>& box() const { return box_; }

private:
  std::shared_ptr<outbox> box_;
};

/// An upgraded connection as its user holds it; closed when the last copy goes.
class tunnel {
public:
  tunnel(std::shared_ptr<outbox> out, std::shared_ptr<inbox> in)
      : out_(std::move(out)), in_(std::move(in)) {}
  ~tunnel();
  tunnel(const tunnel&) = delete;
  tunnel& operator=(const tunnel&) = delete;
  outbox& out() const { return *out_; }
  inbox& in() const { return *in_; }

private:
  std::shared_ptr<outbox> out_;
  std::shared_ptr<inbox> in_;
};

} // namespace troupe::http::detail
