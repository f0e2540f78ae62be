#include "actors/bench/store_target.hpp"
#include "store/etcd/client.hpp"

namespace troupe::bench {
namespace {

constexpr duration deadline = 10s;

class etcd_target final : public store_target {
public:
  explicit etcd_target(std::unique_ptr<etcd::client> by) : etcd_(std::move(by)) {}

  void put(std::size_t turn, std::string key, std::string value, finish to) override {
    etcd_->put(turn, {.key = std::move(key), .value = std::move(value)}, deadline,
               [to = std::move(to)](const result<etcd::written>& r) { to(r.has_value()); });
  }
  void get(std::size_t turn, std::string key, std::size_t size, finish to) override {
    etcd_->range(turn, {.from = std::move(key), .to = {}}, deadline,
                 [to = std::move(to), size](const result<etcd::answer>& r) {
                   to(r.has_value() && r->records.size() == 1
                      && r->records.front().value.size() == size);
                 });
  }
  void list(std::size_t turn, std::string prefix, std::string from, std::uint32_t limit,
            finish to) override {
    etcd_->range(
      turn, {.from = std::move(from), .to = etcd::end_of_prefix(std::move(prefix)), .limit = limit},
      deadline, [to = std::move(to), limit](const result<etcd::answer>& r) {
        to(r.has_value() && r->records.size() == limit);
      });
  }

private:
  std::unique_ptr<etcd::client> etcd_;
};

} // namespace

result<std::unique_ptr<store_target>> reach_etcd(const members& of, std::uint32_t connections) {
  etcd::client_settings with{.ca_pem = of.ca_pem,
                             .certificate_pem = of.client.cert.to_pem(),
                             .key_pem = of.client.secret.private_pem(),
                             .connections = connections};
  for (const auto& m : of.all)
    with.endpoints.push_back("127.0.0.1:" + std::to_string(m.client_port));
  OR_RETURN(auto made, etcd::client::open(std::move(with)));
  return std::unique_ptr<store_target>{std::make_unique<etcd_target>(std::move(made))};
}

} // namespace troupe::bench
