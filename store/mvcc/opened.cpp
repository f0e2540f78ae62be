#include "store/mvcc/opened.hpp"

#include <stdexcept>

namespace troupe::mvcc {
namespace {

class opened_view final : public view {
public:
  opened_view(view_ptr of, seal::keyring_ptr keys) : of_(std::move(of)), keys_(std::move(keys)) {}

  revision at() const override { return of_->at(); }
  record_ptr get(std::string_view key) const override { return open(of_->get(key)); }
  void scan(const range& r, const std::function<bool(const record_ptr&)>& visit) const override {
    of_->scan(r, [&](const record_ptr& each) { return visit(open(each)); });
  }
  std::uint64_t count(std::string_view prefix) const override { return of_->count(prefix); }

private:
  record_ptr open(record_ptr r) const {
    auto out = opened(std::move(r), keys_);
    if (!out)
      throw std::runtime_error(out.error().message); // the asker's actor fails, not the data
    return std::move(*out);
  }

  view_ptr of_;
  seal::keyring_ptr keys_;
};

} // namespace

result<record_ptr> opened(record_ptr of, const seal::keyring_ptr& keys) {
  if (!of || !seal::is_sealed(*of->value))
    return of;
  OR_RETURN(auto plain, seal::open(keys, of->key, *of->value));
  auto out = std::make_shared<record>(*of);
  out->value = share(std::move(plain));
  return record_ptr{std::move(out)};
}

result<change_ptr> opened(change_ptr of, const seal::keyring_ptr& keys) {
  OR_RETURN(auto now, opened(of->now, keys));
  OR_RETURN(auto before, opened(of->before, keys));
  if (now == of->now && before == of->before)
    return of;
  auto out = std::make_shared<change>(*of);
  out->now = std::move(now);
  out->before = std::move(before);
  return change_ptr{std::move(out)};
}

view_ptr opened(view_ptr of, seal::keyring_ptr keys) {
  return std::make_shared<const opened_view>(std::move(of), std::move(keys));
}

} // namespace troupe::mvcc
