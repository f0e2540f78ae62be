// How a worker carries out what begins things: sandboxes, images, containers.
#include "actors/kubelet/pod/volumes.hpp"
#include "actors/kubelet/pod/worker_state.hpp"
#include "config/api/quantity.hpp"

namespace troupe::kubelet::work {

namespace {

constexpr auto runtime_deadline = 5min; // the driver's own deadlines are shorter
constexpr auto pull_deadline = 15min;
constexpr auto file_deadline = 30s;
constexpr auto hook_deadline = 10min;

/// One start under way.
struct attempt {
  container c;
  std::uint32_t number = 0;
  runtime::image image;
  std::string id;
  step_done then;
};
using attempt_ptr = std::shared_ptr<attempt>;

void failed(pointer self, const attempt_ptr& a, waiting why) {
  if (why.reason == "ContainerCreating") // it is the volumes that are not there
    note(self, true, "FailedMount", why.message, {});
  else if (why.reason == "ErrImagePull")
    note(self, true, "Failed", "Failed to pull image \"" + a->c.image + "\": " + why.message,
         a->c.name);
  if (why.reason != "ContainerCreating")
    note(self, true, "Failed",
         "Error: " + (why.reason == "ErrImagePull" ? why.reason : why.message), a->c.name);
  else
    why.message.clear();
  note_failure(self->state.known, a->c, std::move(why), self->now());
  a->then(step_end::done); // the others may start
}

void post_start(pointer self, const attempt_ptr& a) {
  if (!a->c.post_start)
    return a->then(step_end::done);
  act(self, a->c, a->id, *a->c.post_start, hook_deadline,
      unless_outdated(self, [self, a](bool ok, const std::string& text) {
        if (ok)
          return a->then(step_end::done);
        note(self, true, "FailedPostStartHook", "PostStartHook failed: " + text, a->c.name);
        note_failure(self->state.known, a->c, {"PostStartHookError", text}, self->now());
        perform(self, kill_container{a->id, a->c.name, self->state.spec.grace, "post start hook"},
                a->then);
      }));
}

void begin(pointer self, const attempt_ptr& a) {
  self->ask(self->state.with->engine, engine::start_container{a->id}, runtime_deadline)
    .then(unless_outdated(self, [self, a](const result<kernel::done>& r) {
      if (!r)
        return failed(self, a, {"RunContainerError", r.error().message});
      self->state.known.failed.erase(a->c.name);
      note(self, false, "Started", "Started container " + a->c.name, a->c.name);
      post_start(self, a);
    }));
}

void create(pointer self, const attempt_ptr& a) {
  auto& s = self->state;
  const auto* sandbox = current(s.seen);
  auto services = s.with->services->read();
  auto config = make_container(
    {s.spec, a->c, *s.with->node, a->number, a->image, s.known_refs, *services, sandbox->ips});
  if (!config)
    return failed(self, a, {"CreateContainerConfigError", config.error().message});
  auto pods = make_sandbox(s.spec, *s.with->node, sandbox->attempt);
  self
    ->ask(s.with->engine,
          engine::create_container{sandbox->id, std::move(*config), std::move(pods)},
          runtime_deadline)
    .then(unless_outdated(self, [self, a](result<engine::made> r) {
      if (!r)
        return failed(self, a, {"CreateContainerError", r.error().message});
      a->id = std::move(r->id);
      note(self, false, "Created", "Created container: " + a->c.name, a->c.name);
      begin(self, a);
    }));
}

void prepare(pointer self, const attempt_ptr& a) {
  auto& s = self->state;
  const auto* sandbox = current(s.seen);
  if (sandbox == nullptr)
    return a->then(step_end::look);
  auto what = preparation_of(s.spec, *s.with->node, s.known_refs, sandbox->ips);
  if (!what)
    return failed(self, a, {"ContainerCreating", what.error().message});
  auto machine = s.with->host;
  kernel::run(
    *self, *s.with->files, [machine, what = std::move(*what)] { return machine->prepare(what); },
    file_deadline)
    .then(unless_outdated(self, [self, a](const result<void>& r) {
      if (!r)
        return failed(self, a, {"ContainerCreating", r.error().message});
      create(self, a);
    }));
}

void pull(pointer self, const attempt_ptr& a) {
  auto& s = self->state;
  note(self, false, "Pulling", "Pulling image \"" + a->c.image + "\"", a->c.name);
  s.pulling = true;
  auto began = self->now();
  auto found = unless_outdated(self, [self, a](result<engine::found_image> r) {
    if (!r)
      return failed(self, a, {"ErrImagePull", r.error().message});
    a->image = std::move(r->image);
    prepare(self, a);
  });
  self
    ->ask(s.with->engine,
          engine::pull_image{a->c.image, credentials_for(s.spec, a->c.image, s.known_refs)},
          pull_deadline)
    .then(unless_outdated(self, [self, a, began, found](const result<engine::made>& r) {
      self->state.pulling = false;
      if (!r)
        return failed(self, a, {"ErrImagePull", r.error().message});
      self->state.known.pull.erase(a->c.image);
      auto took = std::chrono::duration_cast<std::chrono::milliseconds>(self->now() - began);
      note(self, false, "Pulled",
           "Successfully pulled image \"" + a->c.image + "\" in " + std::to_string(took.count())
             + "ms",
           a->c.name);
      self->ask(self->state.with->engine, engine::find_image{r->id}, runtime_deadline).then(found);
    }));
}

void present(pointer self, const attempt_ptr& a) {
  note(self, false, "Pulled", "Container image \"" + a->c.image + "\" already present on machine",
       a->c.name);
  prepare(self, a);
}

void find_image(pointer self, const attempt_ptr& a) {
  auto policy = effective_pull(a->c);
  if (policy == pull_policy::always)
    return pull(self, a);
  if (auto known = self->state.images.extract(a->c.image); !known.empty()) {
    a->image = std::move(known.mapped());
    return present(self, a);
  }
  self->ask(self->state.with->engine, engine::find_image{a->c.image}, runtime_deadline)
    .then(unless_outdated(self, [self, a, policy](result<engine::found_image> r) {
      if (r) {
        a->image = std::move(r->image);
        return present(self, a);
      }
      if (r.error().reason != reason::not_found)
        return failed(self, a, {"ImageInspectError", r.error().message});
      if (policy == pull_policy::never)
        return failed(self, a,
                      {"ErrImageNeverPull", "Container image \"" + a->c.image
                                              + "\" is not present with pull policy of Never"});
      pull(self, a);
    }));
}

/// While the sandbox is being made. What fails is found when the container is prepared.
void make_directory(pointer self, const std::string& path) {
  auto machine = self->state.with->host;
  preparation what{{}, {{path}}, {}, {}};
  kernel::run(
    *self, *self->state.with->files, [machine, what] { return machine->prepare(what); },
    file_deadline)
    .then([](const result<void>&) {});
}

/// Likewise: the images that will be needed first.
void look_for_images(pointer self) {
  auto& s = self->state;
  s.images.clear();
  const auto& first = s.spec.init.empty() ? s.spec.containers : s.spec.init;
  for (const auto& c : first)
    if (effective_pull(c) != pull_policy::always && check_image_name(c.image))
      self->ask(s.with->engine, engine::find_image{c.image}, runtime_deadline)
        .then([self, name = c.image](const result<engine::found_image>& r) {
          if (r)
            self->state.images[name] = r->image;
        });
}

} // namespace

void run(pointer self, const run_sandbox& what, step_done then) {
  auto& s = self->state;
  auto config = make_sandbox(s.spec, *s.with->node, what.attempt);
  if (what.attempt > 0)
    note(self, false, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
  auto made = unless_outdated(self, [self, then](const result<engine::made>& r) {
    if (r) {
      self->state.known.sandbox.reset();
    } else {
      auto text = "Failed to create pod sandbox: " + r.error().message;
      note(self, true, "FailedCreatePodSandBox", text);
      note_sandbox_failure(self->state.known, {"FailedCreatePodSandBox", text}, self->now());
    }
    then(step_end::look);
  });
  make_directory(self, config.log_directory);
  look_for_images(self);
  self->ask(s.with->engine, engine::run_sandbox{std::move(config)}, runtime_deadline).then(made);
}

void start(pointer self, const start_container& what, step_done then) {
  auto& s = self->state;
  const auto* c = s.spec.find(what.name);
  if (c == nullptr)
    return then(step_end::look);
  auto a = std::make_shared<attempt>();
  a->c = *c;
  a->number = what.attempt;
  a->then = std::move(then);
  note_start(s.known, s.seen, c->name, self->now());
  if (auto named = check_image_name(c->image); !named)
    return failed(self, a, {"InvalidImageName", named.error().message});
  fetch_references(self, unless_outdated(self, [self, a](const result<void>& r) {
                     if (!r)
                       return failed(self, a, {"CreateContainerConfigError", r.error().message});
                     find_image(self, a);
                   }));
}

} // namespace troupe::kubelet::work
