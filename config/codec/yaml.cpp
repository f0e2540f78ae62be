// YAML to a tree. (yaml_write.cpp goes the other way.)
#include "config/codec/yaml.hpp"

#include "config/codec/json.hpp"
#include "config/codec/yaml_scalar.hpp"
#include "config/schema/walk.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

namespace troupe::codec {

using json = nlohmann::json;

namespace {

/// Nodes of one text, aliases counted each time they are followed.
constexpr std::size_t max_nodes = 1'000'000;

/// Thrown and caught within this file.
struct bad_yaml {
  std::string message;
};

class builder {
public:
  explicit builder(std::vector<std::string>* duplicates) : duplicates_(duplicates) {}

  json value(const YAML::Node& from) {
    if (++nodes_ > max_nodes)
      throw bad_yaml{"too many nodes (aliases that multiply)"};
    if (depth_ >= max_depth)
      throw bad_yaml{"nested deeper than " + std::to_string(max_depth) + " levels"};
    ++depth_;
    json out;
    if (from.IsScalar())
      out = scalar(from);
    else if (from.IsSequence())
      out = array(from);
    else if (from.IsMap())
      out = object(from);
    --depth_;
    return out;
  }

private:
  static json scalar(const YAML::Node& from) {
    const auto& text = from.Scalar();
    const auto& tag = from.Tag();
    if (tag == "!" || tag == "tag:yaml.org,2002:str" || tag == "tag:yaml.org,2002:binary")
      return text;
    auto out = resolve_plain(text);
    if (tag == "tag:yaml.org,2002:float" && out.is_number())
      return out.get<double>();
    if (out.is_string() && (text == ".nan" || text == ".inf" || text == "-.inf"))
      throw bad_yaml{text + " cannot be said in JSON"};
    return out;
  }

  json array(const YAML::Node& from) {
    auto out = json::array();
    const auto length = path_.size();
    for (const auto& part : from) {
      path_.append("[").append(std::to_string(out.size())).append("]");
      out.push_back(value(part));
      path_.resize(length);
    }
    return out;
  }

  /// Keys are text: 80 and yes become "80" and "true".
  static std::string key_of(const YAML::Node& node) {
    if (!node.IsScalar())
      throw bad_yaml{"a key that is no scalar"};
    auto key = scalar(node);
    return key.is_string() ? key.get<std::string>() : key.dump();
  }

  json object(const YAML::Node& from) {
    auto out = json::object();
    auto merged = json::object();
    const auto length = path_.size();
    for (const auto& pair : from) {
      if (pair.first.IsScalar() && pair.first.Scalar() == "<<" && pair.first.Tag() != "!") {
        merge(merged, value(pair.second));
        continue;
      }
      auto key = key_of(pair.first);
      path_ = schema::join_path(path_, key);
      if (out.contains(key) && duplicates_ != nullptr)
        duplicates_->push_back(path_);
      out[key] = value(pair.second);
      path_.resize(length);
    }
    for (auto& [key, part] : merged.items())
      if (!out.contains(key))
        out[key] = std::move(part);
    return out;
  }

  /// Of several merged maps the first has the say.
  static void merge(json& into, json from) {
    if (from.is_array()) {
      for (auto& one : from)
        merge(into, std::move(one));
      return;
    }
    if (!from.is_object())
      throw bad_yaml{"map merge requires a map or a list of maps as the value"};
    for (auto& [key, part] : from.items())
      if (!into.contains(key))
        into[key] = std::move(part);
  }

  std::vector<std::string>* duplicates_;
  std::string path_;
  std::size_t nodes_ = 0;
  std::size_t depth_ = 0;
};

/// yaml-cpp yields empty documents without end on some malformed texts (a '}' that closes nothing):
/// every document must begin behind the one before it.
class progress_check final : public YAML::EventHandler {
public:
  static void of(const std::string& text) {
    std::istringstream in(text);
    YAML::Parser parser(in);
    progress_check check;
    while (parser.HandleNextDocument(check)) {
    }
  }

  void OnDocumentStart(const YAML::Mark& at) override {
    if (at.pos <= last_)
      throw bad_yaml{"line " + std::to_string(at.line + 1) + ": nothing can stand here"};
    last_ = at.pos;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

private:
  int last_ = -1;
};

} // namespace

result<std::vector<json>> read_yaml_documents(std::string_view text,
                                              std::vector<std::string>* duplicates) {
  if (text.size() > max_body_bytes)
    return failure{reason::too_large, "the text has " + std::to_string(text.size())
                                        + " bytes, more than the allowed "
                                        + std::to_string(max_body_bytes)};
  std::vector<json> out;
  try {
    const std::string copy(text);
    progress_check::of(copy);
    for (const auto& document : YAML::LoadAll(copy)) {
      auto tree = builder(duplicates).value(document);
      if (!tree.is_null())
        out.push_back(std::move(tree));
    }
  } catch (const bad_yaml& wrong) {
    return failure{reason::bad_request, "the text is not valid YAML: " + wrong.message};
  } catch (const YAML::Exception& wrong) {
    return failure{reason::bad_request, std::string("the text is not valid YAML: ") + wrong.what()};
  }
  return out;
}

result<json> read_yaml(std::string_view text, std::vector<std::string>* duplicates) {
  // JSON is YAML, and much faster read as such.
  auto first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') {
    std::vector<std::string> twice;
    if (auto tree = read_json(text, &twice)) {
      if (duplicates != nullptr)
        duplicates->insert(duplicates->end(), twice.begin(), twice.end());
      return tree;
    }
  }
  OR_RETURN(auto documents, read_yaml_documents(text, duplicates));
  if (documents.size() != 1)
    return failure{reason::bad_request, "the text has " + std::to_string(documents.size())
                                          + " YAML documents instead of one"};
  return std::move(documents.front());
}

} // namespace troupe::codec
