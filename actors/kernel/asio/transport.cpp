#include "actors/kernel/asio/transport.hpp"

#include "actors/kernel/asio/link.hpp"
#include "actors/kernel/asio/threads.hpp"
#include "config/pki/tls.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <future>
#include <map>
#include <set>
#include <unordered_map>

namespace troupe::kernel {
namespace {

using boost::asio::ip::tcp;

pki::tls_options tls_options_of(const asio_transport_settings& with) {
  return {.certificate_pem = with.credential.cert.to_pem(),
          .key_pem = with.credential.secret.private_pem(),
          .ca_pem = with.ca_pem,
          .check = pki::peer_check::required,
          .only_tls13 = true,
          .alpn = {"troupe-link"}};
}

greeting::token_type new_token() {
  greeting::token_type out{};
  auto bytes = pki::random_bytes(out.size());
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

std::string text_of(const endpoint& where) { return where.host + ":" + std::to_string(where.port); }

class asio_transport final : public link_transport, public link_owner {
public:
  explicit asio_transport(asio_transport_settings with) : settings_(std::move(with)) {}
  ~asio_transport() override { stop(); }

  result<void> start(link_listener& events, const std::optional<endpoint>& listen_at) override;
  bool one_thread() const override { return true; }
  void soon(std::function<void()> work) override { boost::asio::post(loop(), std::move(work)); }
  std::optional<endpoint> listening() const override { return listening_; }
  link_id connect(const endpoint& to, const identity& expected) override;
  sent send(link_id which, lane on, std::string&& frame) override;
  void consumed(link_id which, lane on, std::size_t bytes) override;
  void close(link_id which, const failure& why) override;
  void stop() override;

private:
  /// A link being dialled: both sockets until they are connected.
  struct dialling {
    explicit dialling(boost::asio::io_context& on)
        : names(on), timer(on), sockets{tcp::socket{on}, tcp::socket{on}} {}
    tcp::resolver names;
    boost::asio::steady_timer timer;
    std::array<tcp::socket, 2> sockets;
    boost::asio::ip::basic_resolver_results<tcp> found;
  };

  boost::asio::io_context& loop() { return threads_.at(0); }
  std::shared_ptr<link> find(link_id which);
  std::shared_ptr<link> add(greeting::token_type token, bool dialled);
  result<void> listen(const endpoint& at);
  void accept();
  void dial(const std::shared_ptr<link>& of, const endpoint& to, const identity& expected);
  void dial_lanes(const std::shared_ptr<link>& of, const std::shared_ptr<dialling>& by,
                  const endpoint& to, const identity& expected);
  void dialled(const std::shared_ptr<link>& of, const std::shared_ptr<dialling>& by, lane on,
               const identity& expected);

  // link_owner
  void greeted(const std::shared_ptr<lane_connection>& by, const greeting& said,
               const identity& peer) override;
  void up(link& which) override;
  void down(link& which, const failure& why) override;
  void dropped(const std::shared_ptr<lane_connection>& which) override { lanes_.erase(which); }
  link_listener& events() override { return *events_; }
  const asio_transport_settings& settings() const override { return settings_; }

  const asio_transport_settings settings_;
  io::threads threads_{1};
  link_listener* events_ = nullptr;
  std::optional<pki::tls_context> accepts_;
  std::optional<pki::tls_context> dials_;
  std::optional<endpoint> listening_;
  std::mutex mutex_;
  std::unordered_map<link_id, std::shared_ptr<link>> links_; // under the mutex
  std::uint64_t last_id_ = 0;                                // under the mutex
  bool stopped_ = false;                                     // under the mutex
  // on the loop
  std::optional<tcp::acceptor> acceptor_;
  std::optional<boost::asio::steady_timer> pause_;
  std::set<std::shared_ptr<lane_connection>> lanes_;
  std::map<link_id, std::shared_ptr<dialling>> dialling_;
  std::map<greeting::token_type, std::shared_ptr<link>> half_; // accepted, one lane here
};

// -- from any thread ----------------------------------------------------------------------------

result<void> asio_transport::start(link_listener& events,
                                   const std::optional<endpoint>& listen_at) {
  invariant(events_ == nullptr, "a transport is started once");
  events_ = &events;
  OR_RETURN(accepts_, pki::tls_context::server(tls_options_of(settings_)));
  OR_RETURN(dials_, pki::tls_context::client(tls_options_of(settings_)));
  if (listen_at)
    CHECK_RETURN(listen(*listen_at));
  return {};
}

std::shared_ptr<link> asio_transport::find(link_id which) {
  std::lock_guard lock{mutex_};
  auto found = links_.find(which);
  return found == links_.end() ? nullptr : found->second;
}

std::shared_ptr<link> asio_transport::add(greeting::token_type token, bool dialled) {
  std::lock_guard lock{mutex_};
  auto id = static_cast<link_id>(++last_id_);
  auto made = std::make_shared<link>(id, *this, loop(), token, dialled);
  links_.emplace(id, made);
  return made;
}

link_id asio_transport::connect(const endpoint& to, const identity& expected) {
  auto made = add(new_token(), true);
  boost::asio::post(loop(), [this, made, to, expected] { dial(made, to, expected); });
  return made->id();
}

link_transport::sent asio_transport::send(link_id which, lane on, std::string&& frame) {
  invariant(frame.size() <= max_frame, "a frame has at most max_frame bytes");
  auto to = find(which);
  return to ? to->send(on, std::move(frame)) : sent::gone;
}

void asio_transport::consumed(link_id which, lane on, std::size_t bytes) {
  if (auto of = find(which))
    of->consumed(on, bytes);
}

void asio_transport::close(link_id which, const failure& why) {
  if (auto one = find(which))
    boost::asio::post(loop(), [one, why] {
      one->flush_all();
      one->end(why);
    });
}

void asio_transport::stop() {
  {
    std::lock_guard lock{mutex_};
    if (std::exchange(stopped_, true))
      return;
  }
  std::promise<void> done;
  boost::asio::post(loop(), [this, &done] {
    boost::system::error_code ignored;
    if (acceptor_)
      acceptor_->close(ignored);
    if (pause_)
      pause_->cancel();
    std::vector<std::shared_ptr<link>> all;
    {
      std::lock_guard lock{mutex_};
      for (const auto& [id, one] : links_)
        all.push_back(one);
    }
    for (const auto& one : all)
      one->end({.reason = reason::unavailable, .message = "the links of this process stop"});
    for (auto lanes = lanes_; const auto& one : lanes)
      one->drop();
    done.set_value();
  });
  done.get_future().wait();
  threads_.stop();
}

// -- on the loop: accepting ---------------------------------------------------------------------

result<void> asio_transport::listen(const endpoint& at) {
  boost::system::error_code error;
  auto address = boost::asio::ip::make_address(at.host, error);
  if (error)
    return failure{.reason = reason::bad_request,
                   .message = "\"" + at.host + "\" is not an address to listen on"};
  tcp::endpoint where{address, at.port};
  acceptor_.emplace(loop());
  pause_.emplace(loop());
  acceptor_->open(where.protocol(), error);
  if (!error)
    acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
  if (!error)
    acceptor_->bind(where, error);
  if (!error)
    acceptor_->listen(4096, error);
  if (error)
    return system_failure("listening for links on " + text_of(at), error.value());
  listening_ = endpoint{at.host, acceptor_->local_endpoint().port()};
  boost::asio::post(loop(), [this] { accept(); });
  return {};
}

void asio_transport::accept() {
  acceptor_->async_accept(
    loop(), [this](const boost::system::error_code& error, tcp::socket socket) {
      if (error == boost::asio::error::operation_aborted || !acceptor_->is_open())
        return;
      if (error) { // most likely out of descriptors: some will be given back
        pause_->expires_after(50ms);
        pause_->async_wait([this](const boost::system::error_code& over) {
          if (!over && acceptor_->is_open())
            accept();
        });
        return;
      }
      if (lanes_.size() < settings_.max_connections) {
        io::tune(socket);
        auto fd = socket.native_handle();
        io::channel over{std::move(socket), pki::tls_session::accept(*accepts_, fd)};
        auto made = std::make_shared<lane_connection>(*this, loop(), std::move(over));
        lanes_.insert(made);
        made->start(settings_.connect_deadline);
      }
      accept();
    });
}

void asio_transport::greeted(const std::shared_ptr<lane_connection>& by, const greeting& said,
                             const identity& peer) {
  auto& half = half_[said.token];
  if (!half)
    half = add(said.token, false);
  auto of = half;
  auto first = !of->has(lane::control) && !of->has(lane::bulk);
  if (of->has(said.on) || (!first && of->peer() != peer)) {
    by->drop(); // somebody else's token, or the same lane twice: the first one stays
    return;
  }
  of->attach(said.on, by);
  by->adopt(of, said.on);
  if (!of->ready(peer))
    return;
  half_.erase(said.token);
  of->answer_greetings();
  of->rise();
}

// -- on the loop: dialling ----------------------------------------------------------------------

void asio_transport::dial(const std::shared_ptr<link>& of, const endpoint& to,
                          const identity& expected) {
  if (!find(of->id()))
    return; // closed already
  auto by = std::make_shared<dialling>(loop());
  dialling_.emplace(of->id(), by);
  by->timer.expires_after(settings_.connect_deadline);
  by->timer.async_wait([of, to](const boost::system::error_code& error) {
    if (!error && !of->is_up())
      of->end({.reason = reason::timeout, .message = "no link to " + text_of(to) + " in time"});
  });
  boost::system::error_code not_an_address;
  auto address = boost::asio::ip::make_address(to.host, not_an_address);
  if (!not_an_address) {
    by->found = tcp::resolver::results_type::create(tcp::endpoint{address, to.port}, to.host, {});
    dial_lanes(of, by, to, expected);
    return;
  }
  by->names.async_resolve(to.host, std::to_string(to.port),
                          [this, of, by, to, expected](const boost::system::error_code& error,
                                                       const tcp::resolver::results_type& found) {
                            if (error == boost::asio::error::operation_aborted)
                              return;
                            if (error) {
                              of->end({.reason = reason::unavailable,
                                       .message = "finding " + to.host + ": " + error.message()});
                              return;
                            }
                            by->found = found;
                            dial_lanes(of, by, to, expected);
                          });
}

void asio_transport::dial_lanes(const std::shared_ptr<link>& of,
                                const std::shared_ptr<dialling>& by, const endpoint& to,
                                const identity& expected) {
  for (auto on : {lane::control, lane::bulk}) {
    auto& socket = by->sockets[static_cast<std::size_t>(on)];
    boost::asio::async_connect(
      socket, by->found,
      [this, of, by, to, expected, on](const boost::system::error_code& error,
                                       const tcp::endpoint&) {
        if (dialling_.find(of->id()) == dialling_.end())
          return; // ended meanwhile
        if (error)
          of->end({.reason = reason::unavailable,
                   .message = "connecting to " + text_of(to) + ": " + error.message()});
        else
          dialled(of, by, on, expected);
      });
  }
}

void asio_transport::dialled(const std::shared_ptr<link>& of, const std::shared_ptr<dialling>& by,
                             lane on, const identity& expected) {
  auto& socket = by->sockets[static_cast<std::size_t>(on)];
  io::tune(socket);
  auto fd = socket.native_handle();
  io::channel over{std::move(socket), pki::tls_session::connect(*dials_, fd, "")};
  auto made = std::make_shared<lane_connection>(*this, loop(), std::move(over), of, on, expected);
  lanes_.insert(made);
  of->attach(on, made);
  made->start(settings_.connect_deadline);
}

void asio_transport::up(link& which) {
  if (auto found = dialling_.find(which.id()); found != dialling_.end()) {
    found->second->timer.cancel();
    dialling_.erase(found);
  }
  events_->on_up(which.id(), which.peer());
}

void asio_transport::down(link& which, const failure& why) {
  if (auto found = dialling_.find(which.id()); found != dialling_.end()) {
    auto by = found->second;
    dialling_.erase(found);
    boost::system::error_code ignored;
    by->names.cancel();
    by->timer.cancel();
    for (auto& socket : by->sockets)
      socket.close(ignored);
  }
  half_.erase(which.token());
  {
    std::lock_guard lock{mutex_};
    links_.erase(which.id());
  }
  if (which.is_dialled() || which.is_up())
    events_->on_down(which.id(), why);
}

} // namespace

std::unique_ptr<link_transport> make_asio_transport(asio_transport_settings with) {
  return std::make_unique<asio_transport>(std::move(with));
}

result<identity> process_identity(const pki::identity& certified) {
  struct kind {
    std::string_view prefix;
    std::string_view group;
    kernel::role role;
  };
  constexpr std::array kinds = {
    kind{"system:node:", "system:nodes", role::node},
    kind{"system:troupe:master:", "system:troupe:masters", role::master}};
  for (const auto& one : kinds) {
    const auto& groups = certified.groups;
    if (certified.name.starts_with(one.prefix) && certified.name.size() > one.prefix.size()
        && std::find(groups.begin(), groups.end(), one.group) != groups.end())
      return identity{certified.name.substr(one.prefix.size()), one.role};
  }
  return failure{.reason = reason::forbidden,
                 .message = "the certificate of \"" + certified.name + "\" is not a process's"};
}

} // namespace troupe::kernel
