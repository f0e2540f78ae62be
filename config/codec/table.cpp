#include "config/codec/table.hpp"

#include "config/api/peek.hpp"
#include "config/codec/cells.hpp"
#include "config/codec/dom.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>

namespace troupe::codec {

namespace {

/// How one column's cells are made, found once for all rows.
struct maker {
  cell_function make = nullptr; // null: a path
  std::string_view argument;    // the path
  std::string_view otherwise;   // of a path: what stands for an absent value
  std::string_view type;
};

maker maker_of(const schema::column& column) {
  auto value = column.value;
  if (value.starts_with('.')) {
    auto mark = value.find(" ? ");
    if (mark == std::string_view::npos)
      return {nullptr, value, "", column.type};
    return {nullptr, value.substr(0, mark), value.substr(mark + 3), column.type};
  }
  auto open = value.find('(');
  auto name = value.substr(0, open);
  auto argument = open == std::string_view::npos ? std::string_view()
                                                 : value.substr(open + 1, value.size() - open - 2);
  for (auto entries :
       {general_cells(), pod_cells(), workload_cells(), network_cells(), storage_cells()})
    if (auto at = std::ranges::find(entries, name, &cell_entry::name); at != entries.end())
      return {at->make, argument, "", column.type};
  invariant(false, "a column names a cell function that is not there");
  return {};
}

bool is_number(std::string_view text) {
  return !text.empty()
         && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

void put_path_cell(const maker& how, element object, std::string& out) {
  auto found = find_path(object, how.argument);
  std::int64_t number = 0;
  if (found && found->get(number) == simdjson::SUCCESS)
    return put_number(out, number);
  auto text = found ? plain(*found) : std::string();
  if (!text.empty())
    put_text(out, text);
  else if (is_number(how.otherwise) && how.type != "string")
    out += how.otherwise;
  else
    put_text(out, how.otherwise);
}

void put_headers(std::span<const schema::column> columns, std::string& out) {
  out += "\"columnDefinitions\":[";
  for (const auto& column : columns) {
    if (&column != columns.data())
      out += ',';
    out += "{\"name\":";
    put_text(out, column.title);
    out += ",\"type\":";
    put_text(out, column.type);
    out += ",\"format\":";
    put_text(out, column.format);
    out += ",\"description\":\"\",\"priority\":" + std::to_string(column.priority) + "}";
  }
  out += "],";
}

/// Kubernetes marks the rows of pods that are done.
void put_conditions(element object, std::string& out) {
  auto phase = text_at(object, "status.phase");
  if (text_at(object, "kind") != "Pod" || (phase != "Succeeded" && phase != "Failed"))
    return;
  out += R"("conditions":[{"type":"Completed","status":"True","reason":")";
  out += phase;
  out += R"(","message":")";
  out += phase == "Succeeded" ? "The pod has completed successfully." : "The pod failed.";
  out += "\"}],";
}

void put_object(const api::object& o, table_options::include how, std::string& out) {
  if (how == table_options::include::none) {
    out += "null";
  } else if (how == table_options::include::object) {
    api::append_with_version(out, *o.body, o.meta.version);
  } else {
    auto meta = api::peek_raw(*o.body, {"metadata"}).value_or("{}");
    api::append_with_version(out,
                             R"({"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata",)"
                             R"("metadata":)"
                               + std::string(meta) + "}",
                             o.meta.version);
  }
}

void put_row(const api::object& o, const std::vector<maker>& makers, dom_reader& reader,
             instant now, table_options::include how, std::string& out) {
  out += "{\"cells\":[";
  auto root = reader.read_own(*o.body);
  for (std::size_t i = 0; i < makers.size(); ++i) {
    if (i > 0)
      out += ',';
    const auto& maker = makers[i];
    if (!root)
      i == 0 ? put_text(out, o.meta.name) : void(out += "null");
    else if (maker.make != nullptr)
      maker.make({*root, maker.argument, maker.type, now}, out);
    else
      put_path_cell(maker, *root, out);
  }
  out += "],";
  if (root)
    put_conditions(*root, out);
  out += "\"object\":";
  put_object(o, how, out);
  out += '}';
}

} // namespace

std::string table_text(const schema::resource& of, std::span<const api::object_ptr> objects,
                       instant now, const table_options& options) {
  std::vector<maker> makers;
  for (const auto& column : of.columns)
    makers.push_back(maker_of(column));
  std::string out = R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{)";
  out += "\"resourceVersion\":\"";
  out += options.version == revision{} ? "" : to_string(options.version);
  out += '"';
  if (!options.next.empty()) {
    out += ",\"continue\":";
    put_text(out, options.next);
  }
  if (options.remaining)
    out += ",\"remainingItemCount\":" + std::to_string(*options.remaining);
  out += "},";
  if (options.headers)
    put_headers(of.columns, out);
  else
    out += "\"columnDefinitions\":null,";
  out += "\"rows\":[";
  dom_reader reader;
  for (const auto& object : objects) {
    if (&object != objects.data())
      out += ',';
    put_row(*object, makers, reader, now, options.object, out);
  }
  out += "]}";
  return out;
}

nlohmann::json table_of(const schema::resource& of, std::span<const api::object_ptr> objects,
                        instant now, const table_options& options) {
  return nlohmann::json::parse(table_text(of, objects, now, options));
}

std::string human_duration(duration span) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(span).count();
  const auto minutes = seconds / 60;
  const auto hours = seconds / 3600;
  auto two = [](std::int64_t whole, char unit, std::int64_t part, char part_unit) {
    auto out = std::to_string(whole) + unit;
    return part == 0 ? out : out + std::to_string(part) + part_unit;
  };
  if (seconds < -1)
    return "<invalid>";
  if (seconds < 0)
    return "0s";
  if (seconds < 120)
    return two(seconds, 's', 0, 's');
  if (minutes < 10)
    return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180)
    return two(minutes, 'm', 0, 's');
  if (hours < 8)
    return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48)
    return two(hours, 'h', 0, 'm');
  if (hours < 192)
    return two(hours / 24, 'd', hours % 24, 'h');
  if (hours < 24 * 365 * 2)
    return two(hours / 24, 'd', 0, 'h');
  if (hours < 24 * 365 * 8)
    return two(hours / 24 / 365, 'y', hours / 24 % 365, 'd');
  return two(hours / 24 / 365, 'y', 0, 'd');
}

} // namespace troupe::codec
