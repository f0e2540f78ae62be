#include "actors/kernel/asio/transport.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace troupe::kernel {
namespace {

instant now() { return std::chrono::time_point_cast<duration>(std::chrono::system_clock::now()); }

/// What was heard of one link.
struct heard {
  std::optional<identity> peer;
  std::array<std::vector<std::string>, 2> frames;
  std::array<int, 2> writable{};
  std::optional<failure> down;
};

using links = std::map<link_id, heard>;

/// Remembers all it hears, and waits for it.
class recorder : public link_listener {
public:
  void on_up(link_id which, const identity& peer) override {
    change([&] { all_[which].peer = peer; });
  }
  void on_frame(link_id which, lane on, std::string frame) override {
    change([&] { all_[which].frames[static_cast<std::size_t>(on)].push_back(std::move(frame)); });
  }
  void on_writable(link_id which, lane on) override {
    change([&] { ++all_[which].writable[static_cast<std::size_t>(on)]; });
  }
  void on_down(link_id which, const failure& why) override {
    change([&] {
      CHECK(!all_[which].down);
      all_[which].down = why;
    });
  }

  template <class Condition> void wait(Condition holds) {
    std::unique_lock lock{mutex_};
    REQUIRE(changed_.wait_for(lock, std::chrono::seconds{10}, [&] { return holds(all_); }));
  }
  heard wait_up(link_id which) {
    wait([&](links& all) { return all[which].peer.has_value(); });
    return get(which);
  }
  failure wait_down(link_id which) {
    wait([&](links& all) { return all[which].down.has_value(); });
    return *get(which).down;
  }
  std::vector<std::string> wait_frames(link_id which, lane on, std::size_t count) {
    auto i = static_cast<std::size_t>(on);
    wait([&](links& all) { return all[which].frames[i].size() >= count; });
    return get(which).frames[i];
  }
  /// The only link there is, once it is up.
  link_id only() {
    wait([](links& all) { return all.size() == 1 && all.begin()->second.peer; });
    std::lock_guard lock{mutex_};
    return all_.begin()->first;
  }
  heard get(link_id which) {
    std::lock_guard lock{mutex_};
    return all_[which];
  }
  std::size_t count() {
    std::lock_guard lock{mutex_};
    return all_.size();
  }

private:
  template <class Change> void change(Change&& what) {
    std::lock_guard lock{mutex_};
    what();
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  links all_;
};

const pki::authority& ca() {
  static const auto made = *pki::authority::generate("kubernetes", now());
  return made;
}

struct party {
  recorder events;
  std::unique_ptr<link_transport> transport;

  explicit party(const pki::subject& who, bool listens = false, const pki::authority& by = ca(),
                 std::size_t send_limit = 16U << 20, std::size_t window = 8U << 20) {
    asio_transport_settings with{.credential = *by.issue(who, now()),
                                 .ca_pem = ca().cert().to_pem()};
    with.send_limit = send_limit;
    with.receive_window = window;
    with.connect_deadline = 5s;
    transport = make_asio_transport(std::move(with));
    std::optional<endpoint> at;
    if (listens)
      at = endpoint{"127.0.0.1", 0};
    REQUIRE(transport->start(events, at).has_value());
  }
  ~party() { transport->stop(); }
  endpoint where() const { return *transport->listening(); }
};

const identity master_0{"m0", role::master};
const identity node_1{"n1", role::node};

TEST_CASE("transport: both sides learn who the other is, and frames go both ways in order") {
  party master{pki::master_subject("m0"), true};
  party node{pki::node_subject("n1")};
  auto up = node.transport->connect(master.where(), master_0);
  CHECK(*node.events.wait_up(up).peer == master_0);
  auto there = master.events.only();
  CHECK(*master.events.get(there).peer == node_1);
  for (auto on : {lane::control, lane::bulk}) {
    std::vector<std::string> expected;
    for (int i = 0; i < 1000; ++i) {
      expected.push_back(std::to_string(i) + std::string(static_cast<std::size_t>(i), 'x'));
      CHECK(node.transport->send(up, on, std::string{expected.back()})
            == link_transport::sent::accepted);
      CHECK(master.transport->send(there, on, std::string{expected.back()})
            == link_transport::sent::accepted);
    }
    CHECK(master.events.wait_frames(there, on, 1000) == expected);
    CHECK(node.events.wait_frames(up, on, 1000) == expected);
  }
}

TEST_CASE(
  "transport: what is sent before the link is up arrives once it is, the greatest frame too") {
  party master{pki::master_subject("m0"), true};
  party node{pki::node_subject("n1")};
  auto up = node.transport->connect(master.where(), master_0);
  std::string greatest(max_frame, 'x');
  CHECK(node.transport->send(up, lane::bulk, std::string{greatest})
        == link_transport::sent::accepted);
  CHECK(node.transport->send(up, lane::control, "") == link_transport::sent::accepted);
  auto there = master.events.only();
  CHECK(master.events.wait_frames(there, lane::bulk, 1)[0] == greatest);
  CHECK(master.events.wait_frames(there, lane::control, 1)[0].empty());
  CHECK_THROWS_AS(node.transport->send(up, lane::bulk, std::string(max_frame + 1, 'x')),
                  broken_invariant);
}

TEST_CASE("transport: somebody else than expected is refused") {
  party master{pki::master_subject("m0"), true};
  party node{pki::node_subject("n1")};
  auto up = node.transport->connect(master.where(), {"m1", role::master});
  CHECK(node.events.wait_down(up).reason == reason::forbidden);
  CHECK(node.transport->send(up, lane::control, "x") == link_transport::sent::gone);
  CHECK(master.events.count() == 0);
}

TEST_CASE("transport: strangers get no link: another authority, a user, nobody") {
  party master{pki::master_subject("m0"), true};
  auto stranger = *pki::authority::generate("kubernetes", now());
  party forged{pki::node_subject("n1"), false, stranger};
  forged.events.wait_down(forged.transport->connect(master.where(), master_0));
  party user{pki::admin_subject()};
  user.events.wait_down(user.transport->connect(master.where(), master_0));
  CHECK(master.events.count() == 0);
}

TEST_CASE("transport: nobody there is told at once") {
  auto taken = socket(AF_INET, SOCK_STREAM, 0); // bound, so that nobody else listens there
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  REQUIRE(bind(taken, reinterpret_cast<sockaddr*>(&at), size) == 0);
  REQUIRE(getsockname(taken, reinterpret_cast<sockaddr*>(&at), &size) == 0);
  auto port = ntohs(at.sin_port);
  party node{pki::node_subject("n1")};
  auto up = node.transport->connect({"127.0.0.1", port}, master_0);
  CHECK(node.events.wait_down(up).reason == reason::unavailable);
  close(taken);
}

TEST_CASE("transport: the end of a process is the end of its links, on both sides once") {
  auto master = std::make_unique<party>(pki::master_subject("m0"), true);
  party node{pki::node_subject("n1")};
  auto up = node.transport->connect(master->where(), master_0);
  node.events.wait_up(up);
  master->events.only();
  SUBCASE("the other side stops") {
    master.reset();
    CHECK(node.events.wait_down(up).reason == reason::unavailable);
  }
  SUBCASE("this side closes, after its last word") {
    auto there = master->events.only();
    node.transport->send(up, lane::control, "last");
    node.transport->close(up, {.reason = reason::gone, .message = "enough"});
    CHECK(node.events.wait_down(up).reason == reason::gone);
    master->events.wait_down(there);
    CHECK(master->events.get(there).frames[0] == std::vector<std::string>{"last"});
  }
  SUBCASE("this side stops") {
    auto there = master->events.only();
    node.transport->stop();
    CHECK(node.events.get(up).down.has_value());
    master->events.wait_down(there);
  }
  CHECK(node.transport->send(up, lane::control, "x") == link_transport::sent::gone);
}

TEST_CASE("transport: a receiver that consumes nothing stops the sender, and not the other lane") {
  party master{pki::master_subject("m0"), true, ca(), 1U << 20, 1U << 20};
  party node{pki::node_subject("n1"), false, ca(), 1U << 20, 1U << 20};
  auto up = node.transport->connect(master.where(), master_0);
  auto there = master.events.only();
  std::size_t accepted = 0;
  std::size_t seen_writable = 0;
  auto bulk = static_cast<std::size_t>(lane::bulk);
  const std::string piece(100'000, 'x');
  // The window, the queue and what the kernel buffers are finite: the sender is stopped for good.
  auto stopped = [&] {
    std::size_t before = 0;
    do {
      before = accepted;
      while (node.transport->send(up, lane::bulk, std::string{piece})
             == link_transport::sent::accepted)
        ++accepted;
      // A question on the other lane goes through and shows that the loops have had their turn.
      for (int i = 0; i < 20; ++i) {
        auto told = node.events.get(up).frames[0].size();
        node.transport->send(up, lane::control, "?");
        master.events.wait_frames(there, lane::control, told + 1);
        master.transport->consumed(there, lane::control, 1);
        master.transport->send(there, lane::control, "!");
        node.events.wait_frames(up, lane::control, told + 1);
        node.transport->consumed(up, lane::control, 1);
      }
    } while (accepted != before);
  };
  stopped();
  auto delivered = master.events.get(there).frames[bulk].size();
  CHECK(delivered * piece.size() <= (1U << 20) + piece.size() + 16384);
  seen_writable = static_cast<std::size_t>(node.events.get(up).writable[bulk]);
  for (std::size_t done = 0; done < accepted; ++done) {
    master.events.wait_frames(there, lane::bulk, done + 1);
    master.transport->consumed(there, lane::bulk, piece.size());
  }
  node.events.wait(
    [&](links& all) { return static_cast<std::size_t>(all[up].writable[bulk]) > seen_writable; });
  CHECK(node.transport->send(up, lane::bulk, "more") == link_transport::sent::accepted);
  master.events.wait_frames(there, lane::bulk, accepted + 1);
}

TEST_CASE(
  "transport: a connection that says nothing or nonsense costs nothing and disturbs nobody") {
  party master{pki::master_subject("m0"), true};
  std::vector<int> sockets;
  for (int i = 0; i < 20; ++i) {
    sockets.push_back(socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(master.where().port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(connect(sockets.back(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
    if (i % 2 == 0)
      send(sockets.back(), "\xff\xff\xff\xff\xff\xff\xff\xff", 8, MSG_NOSIGNAL);
  }
  party node{pki::node_subject("n1")};
  node.events.wait_up(node.transport->connect(master.where(), master_0));
  for (int one : sockets)
    close(one);
}

TEST_CASE("transport: many links stand side by side") {
  party master{pki::master_subject("m0"), true};
  party node{pki::node_subject("n1")};
  std::vector<link_id> made;
  for (int i = 0; i < 50; ++i)
    made.push_back(node.transport->connect(master.where(), master_0));
  for (auto one : made) {
    node.events.wait_up(one);
    node.transport->send(one, lane::control, std::to_string(static_cast<std::uint64_t>(one)));
  }
  master.events.wait([](links& all) {
    return all.size() == 50 && std::all_of(all.begin(), all.end(), [](auto& one) {
             return one.second.frames[0].size() == 1;
           });
  });
}

TEST_CASE("process identity: only processes of the cluster have one") {
  CHECK(*process_identity({"system:node:n1", {"system:nodes"}}) == node_1);
  CHECK(*process_identity({"system:troupe:master:m0", {"x", "system:troupe:masters"}}) == master_0);
  for (const auto& who :
       {pki::identity{"system:node:n1", {}}, pki::identity{"system:node:", {"system:nodes"}},
        pki::identity{"system:node:n1", {"system:troupe:masters"}},
        pki::identity{"kubernetes-admin", {"system:masters"}}})
    CHECK(process_identity(who).error().reason == reason::forbidden);
}

} // namespace
} // namespace troupe::kernel
