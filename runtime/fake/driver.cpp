#include "runtime/fake/driver.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace troupe::fake {

namespace {

using runtime::container_state;
using runtime::reply;
using runtime::sandbox_state;

struct sandbox {
  runtime::sandbox_status status;
  runtime::sandbox_config config;
};

struct container {
  runtime::container_status status;
  runtime::container_config config;
  behaviour acts;
  std::string pod_uid;
  std::vector<reply<void>> waiting; // stops that wait for its end
};

class fake_driver final : public driver {
public:
  fake_driver(world in, options with) : world_(std::move(in)), with_(std::move(with)) {}

  void version(reply<runtime::about> to) override {
    later(
      0ns,
      [to] {
        to(runtime::about{"simulated", "1"});
      },
      to);
  }

  void status(reply<runtime::health> to) override {
    later(
      0ns,
      [to] {
        to(runtime::health{true, true, {}, {}});
      },
      to);
  }

  void run_sandbox(runtime::sandbox_config config, reply<std::string> to) override {
    later(
      with_.sandbox_start, [this, config = std::move(config), to] { to(add_sandbox(config)); }, to);
  }

  void stop_sandbox(std::string id, reply<void> to) override {
    later(
      with_.sandbox_stop,
      [this, id, to] {
        lose_sandbox(id);
        to({});
      },
      to);
  }

  void remove_sandbox(std::string id, reply<void> to) override {
    later(
      0ns,
      [this, id, to] {
        lose_sandbox(id);
        std::erase_if(containers_, [&](const auto& c) { return c.second.status.sandbox_id == id; });
        sandboxes_.erase(id);
        to({});
      },
      to);
  }

  void create_container(std::string sandbox_id, runtime::container_config config,
                        runtime::sandbox_config, reply<std::string> to) override {
    later(
      0ns,
      [this, sandbox_id, config = std::move(config), to] { to(add_container(sandbox_id, config)); },
      to);
  }

  void start_container(std::string id, reply<void> to) override {
    auto found = containers_.find(id);
    auto delay = found == containers_.end() ? duration(0) : found->second.acts.start;
    later(
      delay, [this, id, to] { to(begin(id)); }, to);
  }

  void stop_container(std::string id, duration grace, reply<void> to) override {
    later(
      0ns, [this, id, grace, to] { stop(id, grace, to); }, to);
  }

  void remove_container(std::string id, reply<void> to) override {
    later(
      0ns,
      [this, id, to] {
        end(id, 137);
        containers_.erase(id);
        to({});
      },
      to);
  }

  void update_container(std::string id, runtime::resources limits, reply<void> to) override {
    later(
      0ns,
      [this, id, limits, to] {
        auto found = containers_.find(id);
        if (found == containers_.end())
          return to(no_such("container", id));
        found->second.config.resources = limits;
        to({});
      },
      to);
  }

  void list(reply<runtime::inventory> to) override {
    later(
      0ns,
      [this, to] {
        runtime::inventory out;
        for (const auto& [id, s] : sandboxes_)
          out.sandboxes.push_back({id, s.status.pod, s.status.state});
        for (const auto& [id, c] : containers_)
          out.containers.push_back(
            {id, c.status.sandbox_id, c.status.name, c.pod_uid, c.status.state});
        to(std::move(out));
      },
      to);
  }

  void inspect(std::string pod_uid, reply<runtime::pod_state> to) override {
    later(
      0ns, [this, pod_uid, to] { to(look(pod_uid)); }, to);
  }

  void image_status(std::string name, reply<runtime::image> to) override {
    later(
      0ns,
      [this, name, to] {
        if (images_.contains(name))
          to(image_of(name));
        else
          to(no_such("image", name));
      },
      to);
  }

  void pull(std::string name, std::optional<runtime::credentials>, reply<std::string> to) override {
    later(
      with_.pull,
      [this, name, to] {
        if (with_.can_pull && !with_.can_pull(name))
          return to(
            failure{.reason = reason::not_found, .message = "pull image: " + name + ": not found"});
        images_.insert(name);
        to(image_of(name).id);
      },
      to);
  }

  void list_images(reply<std::vector<runtime::image>> to) override {
    later(
      0ns,
      [this, to] {
        std::vector<runtime::image> out;
        for (const auto& name : images_)
          out.push_back(image_of(name));
        to(std::move(out));
      },
      to);
  }

  void remove_image(std::string id, reply<void> to) override {
    later(
      0ns,
      [this, id, to] {
        std::erase_if(images_, [&](const auto& name) { return image_of(name).id == id; });
        to({});
      },
      to);
  }

  void exec(std::string id, std::vector<std::string> command, duration,
            reply<runtime::exec_outcome> to) override {
    later(
      0ns,
      [this, id, command = std::move(command), to] {
        auto found = containers_.find(id);
        if (found == containers_.end() || found->second.status.state != container_state::running)
          to(no_such("running container", id));
        else
          to(with_.exec ? with_.exec(found->second.status.name, command) : runtime::exec_outcome{});
      },
      to);
  }

  void exec_stream(std::string, std::vector<std::string>, streams, reply<std::string> to) override {
    no_streams(to);
  }
  void attach_stream(std::string, streams, reply<std::string> to) override { no_streams(to); }
  void port_stream(std::string, std::vector<std::int32_t>, reply<std::string> to) override {
    no_streams(to);
  }

  void stats(reply<std::vector<runtime::usage>> to) override {
    later(
      0ns,
      [this, to] {
        std::vector<runtime::usage> out;
        for (const auto& [id, c] : containers_)
          if (c.status.state == container_state::running)
            out.push_back(
              {id, c.status.name, c.pod_uid, world_.now(), 0, 1 << 20, 1 << 20, 1 << 20, 0});
        to(std::move(out));
      },
      to);
  }

  void reopen_log(std::string, reply<void> to) override {
    later(
      0ns, [to] { to({}); }, to);
  }

  void watch(std::function<void(runtime::change)> listener) override {
    listener_ = std::move(listener);
  }

  duration relist_period() const override { return 60s; }

  bool end(const std::string& id, std::int32_t exit_code) override {
    auto found = containers_.find(id);
    if (found == containers_.end() || found->second.status.state != container_state::running)
      return false;
    auto& status = found->second.status;
    status.state = container_state::exited;
    status.finished = world_.now();
    status.exit_code = exit_code;
    status.reason = exit_code == 0 ? "Completed" : "Error";
    auto waiting = std::move(found->second.waiting);
    found->second.waiting.clear();
    report(runtime::change::kind::exited, id);
    for (const auto& to : waiting)
      to({});
    return true;
  }

  bool lose_sandbox(const std::string& id) override {
    auto found = sandboxes_.find(id);
    if (found == sandboxes_.end() || found->second.status.state != sandbox_state::ready)
      return false;
    found->second.status.state = sandbox_state::not_ready;
    found->second.status.ips.clear();
    std::vector<std::string> inside;
    for (const auto& [container_id, c] : containers_)
      if (c.status.sandbox_id == id)
        inside.push_back(container_id);
    for (const auto& container_id : inside)
      end(container_id, 137);
    report(runtime::change::kind::exited, id);
    return true;
  }

  void add_image(const std::string& name) override { images_.insert(name); }
  void set_away(bool away) override {
    away_ = away;
    if (!away)
      report(runtime::change::kind::lost, {});
  }

private:
  /// Runs `work` after `delay`, or answers that nobody is there.
  template <class T, class Work> void later(duration delay, Work work, const reply<T>& to) {
    world_.after(delay, [this, work = std::move(work), to]() mutable {
      if (away_)
        to(failure{.reason = reason::unavailable, .message = "the simulated runtime is away"});
      else
        work();
    });
  }

  static failure no_such(const char* what, const std::string& id) {
    return {.reason = reason::not_found, .message = std::string(what) + " " + id + " not found"};
  }

  void no_streams(const reply<std::string>& to) {
    later(
      0ns,
      [to] {
        to(failure{.reason = reason::method_not_allowed,
                   .message = "the simulated runtime has no streams"});
      },
      to);
  }

  std::string next_id(const char* kind) {
    return std::string(kind) + "-" + std::to_string(++counter_);
  }

  std::string address() {
    auto n = ++addresses_;
    return with_.address
             ? with_.address(n)
             : "10.88." + std::to_string(n / 250 % 250) + "." + std::to_string(n % 250 + 2);
  }

  result<std::string> add_sandbox(const runtime::sandbox_config& config) {
    auto id = next_id("sandbox");
    auto& made = sandboxes_[id];
    made.config = config;
    made.status = {.id = id,
                   .pod = config.pod,
                   .attempt = config.attempt,
                   .state = sandbox_state::ready,
                   .created = world_.now(),
                   .ips = {},
                   .node_network = config.namespaces.network == runtime::namespace_mode::node,
                   .labels = config.labels};
    if (!made.status.node_network)
      made.status.ips = {address()};
    return id;
  }

  result<std::string> add_container(const std::string& sandbox_id,
                                    const runtime::container_config& config) {
    auto in = sandboxes_.find(sandbox_id);
    if (in == sandboxes_.end() || in->second.status.state != sandbox_state::ready)
      return no_such("ready sandbox", sandbox_id);
    auto id = next_id("container");
    auto& made = containers_[id];
    made.config = config;
    made.pod_uid = in->second.config.pod.uid;
    made.acts = with_.behave ? with_.behave(config, in->second.config) : behaviour{};
    made.status.id = id;
    made.status.sandbox_id = sandbox_id;
    made.status.name = config.name;
    made.status.attempt = config.attempt;
    made.status.state = container_state::created;
    made.status.created = world_.now();
    made.status.image = config.image;
    made.status.image_id = config.image;
    auto hash = config.annotations.find(runtime::label::container_hash);
    made.status.hash = hash == config.annotations.end() ? std::string() : hash->second;
    made.status.log_path = in->second.config.log_directory + "/" + config.log_path;
    made.status.labels = config.labels;
    return id;
  }

  result<void> begin(const std::string& id) {
    auto found = containers_.find(id);
    if (found == containers_.end())
      return no_such("container", id);
    auto& c = found->second;
    if (c.status.state != container_state::created)
      return failure{.reason = reason::conflict, .message = "container " + id + " was started"};
    if (!c.acts.start_failure.empty()) {
      c.status.state = container_state::exited;
      c.status.finished = world_.now();
      c.status.exit_code = 128;
      c.status.reason = "StartError";
      c.status.message = c.acts.start_failure;
      return failure{.reason = reason::internal, .message = c.acts.start_failure};
    }
    c.status.state = container_state::running;
    c.status.started = world_.now();
    if (c.acts.runs)
      world_.after(*c.acts.runs, [this, id, code = c.acts.exit_code] { end(id, code); });
    report(runtime::change::kind::started, id);
    return {};
  }

  void stop(const std::string& id, duration grace, const reply<void>& to) {
    auto found = containers_.find(id);
    if (found == containers_.end() || found->second.status.state != container_state::running)
      return to({});
    auto& c = found->second;
    c.waiting.push_back(to);
    if (grace == 0s)
      end(id, 137);
    else if (c.acts.on_term <= grace)
      world_.after(c.acts.on_term, [this, id, code = c.acts.term_code] { end(id, code); });
    else
      world_.after(grace, [this, id] { end(id, 137); });
  }

  runtime::pod_state look(const std::string& pod_uid) const {
    runtime::pod_state out;
    for (const auto& [id, s] : sandboxes_)
      if (s.config.pod.uid == pod_uid)
        out.sandboxes.push_back(s.status);
    for (const auto& [id, c] : containers_)
      if (c.pod_uid == pod_uid)
        out.containers.push_back(c.status);
    auto newer = [](const auto& a, const auto& b) {
      return a.created != b.created ? a.created > b.created : a.attempt > b.attempt;
    };
    std::sort(out.sandboxes.begin(), out.sandboxes.end(), newer);
    std::sort(out.containers.begin(), out.containers.end(), newer);
    return out;
  }

  runtime::image image_of(const std::string& name) const {
    return {.id = name, .tags = {name}, .digests = {}, .size = 1 << 20, .user = 0, .user_name = {}};
  }

  void report(runtime::change::kind what, const std::string& id) {
    if (listener_)
      listener_({what, id});
  }

  world world_;
  options with_;
  std::map<std::string, sandbox> sandboxes_;
  std::map<std::string, container> containers_;
  std::set<std::string> images_;
  std::function<void(runtime::change)> listener_;
  std::uint64_t counter_ = 0;
  std::uint32_t addresses_ = 0;
  bool away_ = false;
};

} // namespace

std::unique_ptr<driver> make_driver(world in, options with) {
  return std::make_unique<fake_driver>(std::move(in), std::move(with));
}

} // namespace troupe::fake
