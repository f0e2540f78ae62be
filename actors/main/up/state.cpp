#include "actors/main/up/state.hpp"

#include "config/pki/files.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>

namespace troupe::up {

using nlohmann::json;

result<void> save(const state& s, const std::string& file) {
  json all = json::array();
  for (const auto& p : s.processes)
    all.push_back({{"name", p.name},
                   {"kind", p.kind},
                   {"pid", p.pid},
                   {"address", p.address},
                   {"port", p.port},
                   {"restarts", p.restarts},
                   {"put_down", p.put_down},
                   {"removed", p.removed}});
  json tree = {{"pid", s.pid}, {"api_port", s.api_port}, {"bridge", s.bridge}, {"processes", all}};
  return pki::write_file(file, tree.dump(2) + "\n", pki::secrecy::open);
}

result<state> load_state(const std::string& file) {
  if (!std::filesystem::exists(file))
    return failure{.reason = reason::not_found,
                   .message = "no cluster was started here: there is no " + file};
  OR_RETURN(auto text, pki::read_file(file));
  auto tree = json::parse(text, nullptr, false);
  if (!tree.is_object())
    return failure{.reason = reason::invalid,
                   .message = "read " + file
                              + ": it is damaged; remove it and start again with `troupe up`"};
  state s{.pid = tree.value("pid", 0),
          .api_port = tree.value("api_port", std::uint16_t{0}),
          .bridge = tree.value("bridge", ""),
          .processes = {}};
  for (const auto& p : tree.value("processes", json::array()))
    s.processes.push_back({.name = p.value("name", ""),
                           .kind = p.value("kind", ""),
                           .pid = p.value("pid", 0),
                           .address = p.value("address", ""),
                           .port = p.value("port", std::uint16_t{0}),
                           .restarts = p.value("restarts", 0U),
                           .put_down = p.value("put_down", false),
                           .removed = p.value("removed", false)});
  return s;
}

} // namespace troupe::up
