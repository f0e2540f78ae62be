// The container runtime as an actor: its driver's calls as questions, its changes as facts.
#pragma once

#include "actors/kernel/protocol.hpp"
#include "runtime/base/types.hpp"

#include <caf/typed_actor.hpp>

#include <functional>
#include <memory>

namespace troupe::engine {

/// The id of what was made.
struct made {
  using local_only = void;
  std::string id;
};

struct run_sandbox {
  using local_only = void;
  runtime::sandbox_config config;
};
struct stop_sandbox {
  using local_only = void;
  std::string id;
};
struct remove_sandbox {
  using local_only = void;
  std::string id;
};
struct create_container {
  using local_only = void;
  std::string sandbox_id;
  runtime::container_config config;
  runtime::sandbox_config sandbox;
};
struct start_container {
  using local_only = void;
  std::string id;
};
struct stop_container {
  using local_only = void;
  std::string id;
  duration grace{};
};
struct remove_container {
  using local_only = void;
  std::string id;
};

/// After its log file was renamed away.
struct reopen_log {
  using local_only = void;
  std::string id;
};

/// One pod in full.
struct inspect {
  using local_only = void;
  std::string pod_uid;
};
struct inspected {
  using local_only = void;
  runtime::pod_state state;
};
/// All there is, in short.
struct list {
  using local_only = void;
};
struct listed {
  using local_only = void;
  runtime::inventory all;
};

struct find_image {
  using local_only = void;
  std::string name;
};
struct found_image {
  using local_only = void;
  runtime::image image;
};
struct pull_image {
  using local_only = void;
  std::string name;
  std::optional<runtime::credentials> auth;
};
struct list_images {
  using local_only = void;
};
struct images {
  using local_only = void;
  std::vector<runtime::image> all;
};
struct exec {
  using local_only = void;
  std::string container_id;
  std::vector<std::string> command;
  duration limit{};
};
struct executed {
  using local_only = void;
  runtime::exec_outcome outcome;
};
/// Where the runtime serves a stream: http://127.0.0.1:PORT/...
struct stream_at {
  using local_only = void;
  std::string url;
};
struct stream_kinds {
  bool in = false;
  bool out = false;
  bool err = false;
  bool tty = false;
};
struct open_exec {
  using local_only = void;
  std::string container_id;
  std::vector<std::string> command;
  stream_kinds which;
};
struct open_attach {
  using local_only = void;
  std::string container_id;
  stream_kinds which;
};
struct open_ports {
  using local_only = void;
  std::string sandbox_id;
  std::vector<std::int32_t> ports; // may be empty: the client names them in its stream
};
struct ask_health {
  using local_only = void;
};
struct health {
  using local_only = void;
  runtime::health is;
  runtime::about runtime;
};
struct ask_usage {
  using local_only = void;
};
struct usages {
  using local_only = void;
  std::vector<runtime::usage> all;
};

/// Something of this pod changed: inspect it. Empty: look at all of them.
struct pod_changed {
  using local_only = void;
  std::string uid;
};
using listener_actor = caf::typed_actor<proto::tell<pod_changed>>;

/// From now on `who` hears of changes. The last one asked for is the one told.
struct listen {
  using local_only = void;
  listener_actor who;
};

/// The engine's own: a driver's report, a timer of a driver that lives on the actor's clock.
struct driver_reports {
  using local_only = void;
  runtime::change change;
};
struct driver_timer {
  using local_only = void;
  std::function<void()> run;
};
struct relist {
  using local_only = void;
};

using engine_actor = caf::typed_actor<        //
  proto::ask<run_sandbox, made>,              //
  proto::ask<stop_sandbox, kernel::done>,     //
  proto::ask<remove_sandbox, kernel::done>,   //
  proto::ask<create_container, made>,         //
  proto::ask<start_container, kernel::done>,  //
  proto::ask<stop_container, kernel::done>,   //
  proto::ask<remove_container, kernel::done>, //
  proto::ask<reopen_log, kernel::done>,       //
  proto::ask<inspect, inspected>,             //
  proto::ask<list, listed>,                   //
  proto::ask<find_image, found_image>,        //
  proto::ask<pull_image, made>,               //
  proto::ask<list_images, images>,            //
  proto::ask<exec, executed>,                 //
  proto::ask<open_exec, stream_at>,           //
  proto::ask<open_attach, stream_at>,         //
  proto::ask<open_ports, stream_at>,          //
  proto::ask<ask_health, health>,             //
  proto::ask<ask_usage, usages>,              //
  proto::tell<listen>,                        //
  proto::tell<driver_reports>,                //
  proto::tell<driver_timer>,                  //
  proto::tell<relist>>;

} // namespace troupe::engine
