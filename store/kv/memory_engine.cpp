#include "store/kv/memory_engine.hpp"

namespace troupe::store {
namespace {

constexpr std::uint64_t page = 64; // rows that a cursor takes at a time

class memory_cursor : public row_cursor {
public:
  memory_cursor(record_index rows, std::string_view from, std::string_view to)
      : rows_(std::move(rows)), to_(to) {
    load(std::string{from});
  }

  bool valid() const override { return at_ < loaded_.size(); }
  std::string_view key() const override { return loaded_[at_]->key; }
  std::string_view value() const override { return *loaded_[at_]->value; }
  void next() override {
    if (++at_ == page)
      load(loaded_.back()->key + '\0');
  }
  void seek(std::string_view key) override { load(std::string{key}); }
  result<void> status() const override { return {}; }

private:
  void load(std::string from) {
    loaded_.clear();
    at_ = 0;
    rows_.scan({.prefix = {}, .from = std::move(from), .limit = page}, [&](const record_ptr& row) {
      if (!to_.empty() && row->key >= to_)
        return false;
      loaded_.push_back(row);
      return true;
    });
  }

  record_index rows_;
  std::string to_;
  std::vector<record_ptr> loaded_;
  std::size_t at_ = 0;
};

class memory_reader : public row_reader {
public:
  explicit memory_reader(record_index rows) : rows_(std::move(rows)) {}

  result<std::optional<std::string>> get(std::string_view key) const override {
    auto row = rows_.find(key);
    return row ? std::optional{*row->value} : std::nullopt;
  }
  std::unique_ptr<row_cursor> walk(std::string_view from, std::string_view to) const override {
    return std::make_unique<memory_cursor>(rows_, from, to);
  }

private:
  record_index rows_;
};

failure no_space(const char* what) {
  return {.reason = reason::unavailable,
          .message = std::string{what} + ": no space left on the disk"};
}

class memory_replacement : public replacement {
public:
  explicit memory_replacement(std::function<result<void>(memory_engine::contents)> swap)
      : swap_(std::move(swap)) {}

  result<void> write(const write_batch& rows) override {
    fresh_.change(rows);
    return {};
  }
  result<void> commit() override { return swap_(std::move(fresh_)); }

private:
  std::function<result<void>(memory_engine::contents)> swap_;
  memory_engine::contents fresh_;
};

} // namespace

void memory_engine::contents::change(const write_batch& batch) {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto item = batch[i];
    if (item.what == write_batch::kind::put) {
      rows.put(std::make_shared<const record>(
        record{.key = std::string{item.key}, .value = share(std::string{item.value})}));
    } else if (item.what == write_batch::kind::erase) {
      rows.erase(item.key);
    } else {
      std::vector<std::string> doomed;
      rows.scan({.prefix = {}, .from = std::string{item.key}}, [&](const record_ptr& row) {
        if (row->key >= item.value)
          return false;
        doomed.push_back(row->key);
        return true;
      });
      for (auto& key : doomed)
        rows.erase(key);
    }
  }
  if (auto index = batch.applied())
    applied = *index;
}

result<void> memory_engine::write(const write_batch& rows) {
  if (full_)
    return no_space("write to the memory engine");
  now_.change(rows);
  return {};
}

row_reader_ptr memory_engine::read() const { return std::make_shared<memory_reader>(now_.rows); }

result<void> memory_engine::flush() {
  if (full_)
    return no_space("flush the memory engine");
  durable_ = now_;
  return {};
}

log_index memory_engine::durable_applied() const { return durable_.applied; }

result<std::unique_ptr<replacement>> memory_engine::replace() {
  return std::unique_ptr<replacement>{
    std::make_unique<memory_replacement>([this](contents fresh) -> result<void> {
      if (full_)
        return no_space("replace the memory engine's contents");
      now_ = fresh;
      durable_ = std::move(fresh);
      return {};
    })};
}

void memory_engine::crash() { now_ = durable_; }

} // namespace troupe::store
