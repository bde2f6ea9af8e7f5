#include "cli/import/mapping.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/nearest.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::cli {
namespace {

constexpr std::array<std::pair<std::string_view, Transform>, 2> kTransforms = {
    {{"integer", Transform::kInteger}, {"number", Transform::kNumber}}};

// A comma may be part of a column's name: only one that is followed by "field=" separates.
std::vector<std::string> SplitSpec(const std::string& spec) {
  std::vector<std::string> pieces;
  for (std::size_t begin = 0; begin <= spec.size();) {
    const std::size_t end = std::min(spec.find(',', begin), spec.size());
    const std::string piece = spec.substr(begin, end - begin);
    if (pieces.empty() || piece.find('=') != std::string::npos) {
      pieces.push_back(piece);
    } else {
      pieces.back().append(",").append(piece);
    }
    begin = end + 1;
  }
  return pieces;
}

MappedColumn ParseColumn(const std::string& text) {
  for (const auto& [name, transform] : kTransforms) {
    if (text.size() < name.size() + 2 || !text.ends_with(name)) continue;
    const std::size_t colon = text.size() - name.size() - 1;
    if (text[colon] == ':') return {text.substr(0, colon), transform};
  }
  return {text, Transform::kNone};
}

bool IsField(RowKind kind, const std::string& field) {
  if (kind != RowKind::kEvents && field.starts_with(kAttributePrefix)) {
    return field.size() > kAttributePrefix.size();
  }
  const std::vector<std::string>& fields = FieldsOf(kind);
  return std::find(fields.begin(), fields.end(), field) != fields.end();
}

}  // namespace

std::string_view Name(RowKind kind) {
  switch (kind) {
    case RowKind::kItems:
      return "items";
    case RowKind::kUsers:
      return "users";
    case RowKind::kEvents:
      break;
  }
  return "events";
}

const std::vector<std::string>& FieldsOf(RowKind kind) {
  static const std::vector<std::string> items = {
      "id",    "primary_item_id", "title",       "description", "categories",
      "brand", "price",           "currency",    "stock",       "availability",
      "tags",  "image_uris",      "publish_time"};
  static const std::vector<std::string> users = {"id"};
  static const std::vector<std::string> events = {
      "event_id",        "type",     "user_id",    "visitor_id", "session_id",       "event_time",
      "item_id",         "quantity", "unit_price", "currency",   "rating",           "search_query",
      "page_categories", "order_id", "revenue",    "placement",  "attribution_token"};
  if (kind == RowKind::kItems) return items;
  return kind == RowKind::kUsers ? users : events;
}

std::string_view AliasOf(RowKind kind, std::string_view field) {
  if (kind == RowKind::kItems && field == "id") return "item_id";
  if (kind == RowKind::kUsers && field == "id") return "user_id";
  if (kind == RowKind::kEvents && field == "type") return "event_type";
  if (kind == RowKind::kEvents && field == "page_categories") return "categories";
  return {};
}

absl::StatusOr<Mapping> Mapping::Parse(RowKind kind, const std::vector<std::string>& specs) {
  Mapping mapping;
  for (const std::string& spec : specs) {
    for (const std::string& piece : SplitSpec(spec)) {
      const std::size_t equals = piece.find('=');
      if (equals == std::string::npos || equals == 0 || equals + 1 == piece.size()) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "--map has \"%s\"; wants field=column, such as id=StockCode,title=Description", piece));
      }
      const std::string field = piece.substr(0, equals);
      if (!IsField(kind, field)) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "--map: %s have no field %s; %s%s", Name(kind), field, Allowed(field, FieldsOf(kind)),
            kind == RowKind::kEvents ? "" : ", attributes.NAME"));
      }
      const MappedColumn column = ParseColumn(piece.substr(equals + 1));
      if (!mapping.columns_.emplace(field, column).second) {
        return absl::InvalidArgumentError(absl::StrFormat("--map maps %s twice", field));
      }
    }
  }
  return mapping;
}

MappedColumn Mapping::ColumnOf(const std::string& field) const {
  const auto found = columns_.find(field);
  return found == columns_.end() ? MappedColumn{field, Transform::kNone} : found->second;
}

absl::Status Mapping::CheckColumns(const std::vector<std::string>& columns) const {
  for (const auto& [field, mapped] : columns_) {
    if (std::find(columns.begin(), columns.end(), mapped.column) != columns.end()) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("--map reads %s from the column %s, which the file has not; %s", field,
                        mapped.column, Allowed(mapped.column, columns)));
  }
  return absl::OkStatus();
}

std::vector<std::string> Mapping::attribute_fields() const {
  std::vector<std::string> fields;
  for (const auto& [field, mapped] : columns_) {
    if (field.starts_with(kAttributePrefix)) fields.push_back(field);
  }
  return fields;
}

}  // namespace vitrine::cli
