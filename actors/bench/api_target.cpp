#include "actors/bench/session.hpp"
#include "config/base/random.hpp"

#include <array>

namespace troupe::bench {
namespace {

constexpr duration deadline = 30s;

/// Letters and digits: they stand in JSON as they are.
const std::string& pool() {
  static const std::string made = [] {
    constexpr std::string_view signs =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    random_source random{7};
    std::string out(1 << 16, ' ');
    for (auto& c : out)
      c = signs[random.below(signs.size())];
    return out;
  }();
  return made;
}

} // namespace

std::string incompressible(std::size_t size, std::uint64_t salt) {
  const auto& from = pool();
  auto out = from.substr(salt * 0x9e3779b97f4a7c15U % (from.size() - size), size);
  auto mark = std::to_string(salt) + "-"; // makes it one of its kind
  std::copy_n(mark.begin(), std::min(mark.size(), size), out.begin());
  return out;
}

std::string config_map(const std::string& name_space, const std::string& name, std::uint64_t salt) {
  return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":")" + name_space
         + R"(","name":")" + name + R"("},"data":{"value":")" + incompressible(512, salt) + "\"}}";
}

http::request request_of(std::string target, std::string body) {
  http::request out{.method = body.empty() ? "GET" : "POST",
                    .target = std::move(target),
                    .fields = {{"Accept", "application/json"}},
                    .body = std::move(body),
                    .from = {}};
  if (!out.body.empty())
    out.fields.add("Content-Type", "application/json");
  return out;
}

result<std::unique_ptr<api_target>> api_target::reach(const troupe_members& of) {
  OR_RETURN(auto tls, pki::tls_context::client({.certificate_pem = of.admin.cert.to_pem(),
                                                .key_pem = of.admin.secret.private_pem(),
                                                .ca_pem = of.common.ca_pem,
                                                .check = pki::peer_check::required}));
  std::unique_ptr<api_target> out{new api_target};
  out->threads_ = std::make_shared<io::threads>(1);
  for (const auto& m : of.common.all)
    out->masters_.push_back(std::make_unique<http::client>(
      http::client_settings{.host = "127.0.0.1", .port = m.client_port}, tls, out->threads_));
  return out;
}

void api_target::send(std::size_t turn, http::request what, int code, finish to) {
  masters_[turn % masters_.size()]->send(
    std::move(what), deadline, [this, code, to = std::move(to)](const result<http::response>& r) {
      bool good = r.has_value() && r->code == code;
      if (!good) {
        std::lock_guard lock{mutex_};
        refusal_ = r ? std::to_string(r->code) + " " + (r->body ? *r->body : std::string{})
                     : r.error().message;
      }
      to(good);
    });
}

std::string api_target::last_refusal() const {
  std::lock_guard lock{mutex_};
  return refusal_;
}

} // namespace troupe::bench
