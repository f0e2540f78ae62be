// An engine in memory that crashes as a real one does: unflushed writes are lost, flushes are
// whole. For the simulation.
#pragma once

#include "store/base/index.hpp"
#include "store/kv/engine.hpp"

namespace troupe::store {

class memory_engine : public engine {
public:
  result<void> write(const write_batch& rows) override;
  row_reader_ptr read() const override;
  result<void> flush() override;
  log_index durable_applied() const override;
  result<std::unique_ptr<replacement>> replace() override;

  /// Loses power: what was not flushed is gone. Readers made before keep what they see.
  void crash();
  /// An engine may flush on its own at any batch's end: the simulation draws when.
  void flush_by_itself() { durable_ = now_; }
  /// While set, writes and flushes fail and change nothing.
  void fill_disk(bool full) { full_ = full; }
  /// How many rows there are.
  std::uint64_t size() const { return now_.rows.size(); }

  struct contents {
    record_index rows;
    log_index applied{};
    void change(const write_batch& batch);
  };

private:
  contents now_;
  contents durable_;
  bool full_ = false;
};

} // namespace troupe::store
