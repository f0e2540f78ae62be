#include "config/base/random.hpp"
#include "config/codec/json.hpp"
#include "config/codec/yaml.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::codec;
using json = nlohmann::json;

namespace {

json read(std::string_view text) {
  auto tree = read_yaml(text);
  REQUIRE_MESSAGE(tree, std::string(text));
  return *tree;
}

std::string random_text(random_source& chance) {
  static const char* pieces[] = {"a",  "b c", ": ", " #",  "-",  "\n",  "'",    "\"", "\\", " ",
                                 "\t", "{",   "]",  "yes", "07", "1.5", "null", "~",  "&x", "*y",
                                 "!",  "%",   "@",  "?",   "|",  ">",   "=",    "<<", "é",  "---"};
  std::string out;
  for (auto n = chance.below(6); n > 0; --n)
    out += pieces[chance.below(std::size(pieces))];
  return out;
}

json random_tree(random_source& chance, int depth) {
  switch (chance.below(depth > 0 ? 7 : 5)) {
  case 0: return nullptr;
  case 1: return chance.chance(1, 2);
  case 2: return static_cast<std::int64_t>(chance.below(1000)) - 500;
  case 3: return 0.5 + static_cast<double>(chance.below(1000));
  case 4: return random_text(chance);
  case 5: {
    auto out = json::array();
    for (auto n = chance.below(4); n > 0; --n)
      out.push_back(random_tree(chance, depth - 1));
    return out;
  }
  default: {
    auto out = json::object();
    for (auto n = chance.below(4); n > 0; --n)
      out[random_text(chance)] = random_tree(chance, depth - 1);
    return out;
  }
  }
}

} // namespace

TEST_CASE("yaml: plain scalars mean what they mean to kubectl, quoted ones are text") {
  struct {
    const char* text;
    json wanted;
  } table[] = {
    {"yes", true},
    {"On", true},
    {"n", false},
    {"off", false},
    {"true", true},
    {"'true'", "true"},
    {"\"7\"", "7"},
    {"7", 7},
    {"-7", -7},
    {"+7", 7},
    {"0644", 420},
    {"0o644", 420},
    {"0x1F", 31},
    {"0b11", 3},
    {"1_000", 1000},
    {"08", 8},
    {"1.5", 1.5},
    {"1e3", 1000},
    {".5", 0.5},
    {"1.", 1},
    {"1.2.3", "1.2.3"},
    {"10.0.0.1", "10.0.0.1"},
    {"~", nullptr},
    {"null", nullptr},
    {"Null", nullptr},
    {"nUll", "nUll"},
    {"2001-12-14", "2001-12-14"},
    {"12:30", "12:30"},
    {"0x", "0x"},
    {"500m", "500m"},
    {"!!str 7", "7"},
    {"18446744073709551615", 18446744073709551615U},
    {"0", 0},
    {"-0", 0},
    {"1e400", "1e400"},
  };
  for (const auto& row : table)
    CHECK_MESSAGE(read("a: " + std::string(row.text))["a"] == row.wanted, row.text);
  CHECK(read("a:")["a"].is_null());
}

TEST_CASE("yaml: a manifest becomes the tree of its JSON") {
  auto tree = read(R"(# a pod
apiVersion: v1
kind: Pod
metadata: {name: a, labels: {"80": "on"}}
spec:
  containers:
  - name: c
    command: [sh, -c, "echo hi"]
    args:
      - |
        one
        two
      - >-
        folded
        text
  - &base {name: d}
  - {<<: *base, image: i}
80: number
yes: bool
)");
  CHECK(tree == json::parse(R"({"apiVersion":"v1","kind":"Pod",
    "metadata":{"name":"a","labels":{"80":"on"}},
    "spec":{"containers":[{"name":"c","command":["sh","-c","echo hi"],
      "args":["one\ntwo\n","folded text"]},{"name":"d"},{"name":"d","image":"i"}]},
    "80":"number","true":"bool"})"));
}

TEST_CASE("yaml: documents are told apart and empty ones are left out") {
  auto all = read_yaml_documents("---\na: 1\n---\n# nothing\n---\nb: 2\n...\n");
  REQUIRE(all);
  CHECK(*all == std::vector<json>{{{"a", 1}}, {{"b", 2}}});
  CHECK(!read_yaml("a: 1\n---\nb: 2\n"));
  CHECK(!read_yaml(""));
  CHECK(read_yaml_documents("")->empty());
}

TEST_CASE("yaml: keys that stand twice are named") {
  std::vector<std::string> twice;
  CHECK(*read_yaml("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n", &twice)
        == json::parse(R"({"a":3,"b":{"c":2}})"));
  CHECK(twice == std::vector<std::string>{"b.c", "a"});
  twice.clear();
  CHECK(*read_yaml(R"({"a":1,"a":2})", &twice) == json{{"a", 2}});
  CHECK(twice == std::vector<std::string>{"a"});
}

TEST_CASE("yaml: malformed and malicious texts are refused") {
  std::string laughs = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'j'; ++c) {
    std::string before(1, static_cast<char>(c - 1));
    laughs += std::string(1, c) + ": &" + std::string(1, c) + " [";
    for (int i = 0; i < 9; ++i)
      laughs += "*" + before + ",";
    laughs += "]\n";
  }
  for (const std::string& text :
       {std::string("a: [1"), std::string("a: 'x"), std::string("\tb: 1\n a"),
        std::string("a: b: c"), std::string("? [x]\n: 1"), std::string("a: *nowhere"),
        std::string("a: .nan"), std::string("<<: 7"), laughs, std::string(5000, '[')})
    CHECK_MESSAGE(!read_yaml(text), text.substr(0, 40));
  CHECK(read_yaml(std::string(max_body_bytes + 1, '#')).error().reason == reason::too_large);
}

TEST_CASE("yaml: output looks like kubectl's") {
  auto tree = json::parse(R"({"apiVersion":"v1","data":{"a":"true","b":"1\n2\n","c":"x: y","d":"",
    "e":"0644","f":"it's","g":"no newline\nhere","h":"# no"},"empty":{},"list":[{"a":1,"b":[2]},[3],
    "-x"],"none":[],"null":null,"yes":false})");
  CHECK(write_yaml(tree) == R"(apiVersion: v1
data:
  a: "true"
  b: |
    1
    2
  c: 'x: y'
  d: ""
  e: "0644"
  f: it's
  g: |-
    no newline
    here
  h: '# no'
empty: {}
list:
- a: 1
  b:
  - 2
- - 3
- -x
none: []
"null": null
"yes": false
)");
  CHECK(write_yaml(json::object()) == "{}\n");
  CHECK(write_yaml("x") == "x\n");
}

TEST_CASE("yaml: what is written is read again") {
  random_source chance(11);
  for (int i = 0; i < 3000; ++i) {
    json tree = {{"root", random_tree(chance, 4)}};
    auto text = write_yaml(tree);
    auto back = read_yaml(text);
    REQUIRE_MESSAGE(back, text);
    CHECK_MESSAGE(*back == tree, text, tree.dump());
  }
}

TEST_CASE("yaml: a bracket that closes nothing is an error, not an endless stream of documents") {
  for (auto text : {"{\"a\":1},\"b\":2}", "}", "a: 1\n]\n", "{\"a\":},\"b\":{}}", "]]]", "a: }"}) {
    auto trees = read_yaml_documents(text);
    CHECK_MESSAGE(!trees, text);
  }
  CHECK(read_yaml_documents("---\n---\na: 1\n---\n---\nb: 2\n")->size() == 2);
}
