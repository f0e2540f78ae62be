// What makes an applied object inapplicable, in Kubernetes' words.
#include "actors/api/apply/atoms.hpp"
#include "actors/api/apply/typed.hpp"

#include <algorithm>

namespace troupe::apply {
namespace {

constexpr std::size_t most_problems = 20;

class checker {
public:
  void value(const schema::type* of, json& value) {
    if (of && of->what == schema::shape::quantity && value.is_number())
      value = value.dump();
    if (!of || problems.size() >= most_problems)
      return;
    using schema::shape;
    if ((of->what == shape::object || of->what == shape::map) && value.is_object())
      members(*of, value);
    else if (of->what == shape::array && value.is_array())
      entries(*of, value);
  }

  std::vector<std::string> problems;

private:
  void say(const std::string& what) { problems.push_back(to_text(at_) + ": " + what); }

  void members(const schema::type& of, json& value) {
    for (auto& [name, part] : value.items()) {
      auto m = member_of(&of, name);
      at_.push_back({step::kind::field, name});
      if (of.what == schema::shape::object && !m.declared && !of.preserve_unknown)
        say("field not declared in schema");
      else
        this->value(m.of, part);
      at_.pop_back();
    }
  }

  void entries(const schema::type& list, json& value) {
    auto atomic = list.list == schema::list_kind::atomic;
    std::vector<step> seen;
    std::size_t number = 0;
    for (auto& e : value) {
      auto here = atomic ? step{step::kind::index, std::to_string(number)} : entry_step(list, e);
      ++number;
      if (!atomic && !well_formed(list, e, number - 1))
        continue;
      if (!atomic && std::find(seen.begin(), seen.end(), here) != seen.end())
        say("duplicate entries for key " + to_text(here));
      seen.push_back(here);
      at_.push_back(std::move(here));
      this->value(list.element, e);
      at_.pop_back();
    }
  }

  bool well_formed(const schema::type& list, const json& entry, std::size_t number) {
    auto refuse = [&](const std::string& why) {
      say("element " + std::to_string(number) + ": " + why);
      return false;
    };
    if (list.list == schema::list_kind::set)
      return !entry.is_null()
             || refuse("associative list without keys has an element that's an explicit null");
    if (entry.is_null())
      return refuse("associative list with keys may not have a null element");
    if (!entry.is_object())
      return refuse("associative list with keys may not have non-map elements");
    if (auto key = missing_key(list, entry))
      return refuse("associative list with keys has an element that omits key field \""
                    + std::string{*key} + "\" (and doesn't have default value)");
    return true;
  }

  path at_;
};

} // namespace

std::vector<std::string> check_config(const schema::type& of, json& config) {
  checker c;
  c.value(&of, config);
  return std::move(c.problems);
}

} // namespace troupe::apply
