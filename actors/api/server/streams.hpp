// The open watches of an API worker.
#pragma once

#include "actors/api/server/job.hpp"

namespace troupe::api_server {

/// Opens a stream for a watch that was prepared at a view: its initial events, then what the hub
/// has.
void open_stream(pointer self, opened what, kernel::promise<client::watch_opened> to);

/// Answers with what is ready, or when something is.
void pull_stream(pointer self, std::uint64_t id, kernel::promise<client::events> to);

void close_stream(pointer self, std::uint64_t id);

/// Ends streams that were not pulled for a while and answers waiting clients with a heartbeat.
void tidy_all_streams(pointer self);

inline constexpr duration abandoned_after = 60s; // nobody pulled
inline constexpr duration bookmark_every = 1s; // also how long an informer may not know that it is up to date
inline constexpr std::size_t max_batch = 500; // events in one answer

} // namespace troupe::api_server
