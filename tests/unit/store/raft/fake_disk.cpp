// A member's log file in memory.
#include "fake_disk.hpp"

namespace troupe::raft {

void fake_disk::order(const effects& out) {
  if (out.writes() || out.cut_head || !out.send_after_sync.empty())
    jobs_.push_back({.writes = out.writes(),
                     .id = out.write,
                     .ballot = out.save_ballot,
                     .reset = out.reset_log,
                     .entries = out.append,
                     .cut = out.cut_head,
                     .after = out.send_after_sync});
}

write_job fake_disk::perform_first() {
  auto job = std::move(jobs_.front());
  jobs_.pop_front();
  write(durable_, job);
  return job;
}

void fake_disk::write(disk_image& disk, const write_job& job) {
  if (job.ballot)
    disk.ballot = *job.ballot;
  if (job.reset) {
    disk.start = *job.reset;
    disk.entries.clear();
  }
  if (!job.entries.empty()) {
    disk.entries.resize(job.entries.front().index - disk.start.at.index - 1);
    disk.entries.insert(disk.entries.end(), job.entries.begin(), job.entries.end());
  }
  if (job.cut && job.cut->at.index > disk.start.at.index) {
    auto gone = static_cast<std::ptrdiff_t>(job.cut->at.index - disk.start.at.index);
    disk.entries.erase(disk.entries.begin(), disk.entries.begin() + gone);
    disk.start = *job.cut;
  }
}

disk_image fake_disk::whole() const {
  auto disk = durable_;
  for (const auto& job : jobs_)
    write(disk, job);
  return disk;
}

entry_log fake_disk::log() const {
  entry_log log{durable_.start};
  for (const auto& e : durable_.entries)
    log.append(e);
  return log;
}

std::vector<entry> fake_disk::load(const load_entries& wanted) const {
  std::vector<entry> out;
  std::uint64_t bytes = 0;
  for (const auto& e : whole().entries) {
    if (e.index < wanted.from || e.index > wanted.to)
      continue;
    bytes += e.weight();
    if (!out.empty() && bytes > wanted.max_bytes)
      break;
    out.push_back(e);
  }
  if (!out.empty() && out.front().index != wanted.from)
    out.clear();
  return out;
}

} // namespace troupe::raft
