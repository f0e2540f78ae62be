// How other commands speak to a running `troupe up`: one JSON line each way on a local socket.
//
//   {"do": "kill", "process": "node-2", "stay_down": true}   ->  {"ok": true}
#pragma once

#include "config/base/clock.hpp"
#include "config/base/result.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <map>
#include <string>

namespace troupe::up {

/// Asks a running `troupe up`. unavailable: none runs there.
result<nlohmann::json> ask_control(const std::string& socket_path, const nlohmann::json& question,
                                   duration deadline);

/// The listening side, driven by a poll loop; non-blocking.
class control_server {
public:
  control_server() = default;
  control_server(const control_server&) = delete;
  control_server& operator=(const control_server&) = delete;
  ~control_server();

  result<void> open(const std::string& socket_path);
  int fd() const { return fd_; }
  /// Takes one caller and answers it with what `handle` returns.
  void serve(const std::function<nlohmann::json(const nlohmann::json&)>& handle);

private:
  int fd_ = -1;
  std::string path_;
};

} // namespace troupe::up
