#include "cli/features/labels.h"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "cli/import/row_reader.h"
#include "vitrine/base/nearest.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/parse_cell.h"

namespace vitrine::cli {
namespace {

constexpr char kTime[] = "time";
constexpr char kUser[] = "user_id";
constexpr char kVisitor[] = "visitor_id";
constexpr char kItem[] = "item_id";

// Where the columns that matter are; nothing: the file has none of that name.
struct Places {
  std::optional<std::size_t> time{};
  std::optional<std::size_t> user{};
  std::optional<std::size_t> visitor{};
  std::optional<std::size_t> item{};
};

std::optional<std::size_t> Find(const std::vector<std::string>& columns, std::string_view name) {
  const auto found = std::find(columns.begin(), columns.end(), name);
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

absl::StatusOr<Places> FindPlaces(const std::vector<std::string>& columns) {
  const Places places{.time = Find(columns, kTime),
                      .user = Find(columns, kUser),
                      .visitor = Find(columns, kVisitor),
                      .item = Find(columns, kItem)};
  std::string have;
  for (const std::string& column : columns) have += (have.empty() ? "" : ", ") + column;
  if (!places.time.has_value()) {
    const std::string nearest = Nearest(kTime, columns);
    return absl::InvalidArgumentError(absl::StrFormat(
        "there is no column time among %s; wants the moment that each row is as of%s", have,
        nearest.empty() ? "" : ": rename " + nearest));
  }
  if (places.user.has_value() || places.visitor.has_value() || places.item.has_value()) {
    return places;
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "there is no column user_id, visitor_id or item_id among %s; wants at least one", have));
}

absl::StatusOr<FeatureQuestion> QuestionOf(const std::vector<std::string>& cells,
                                           const Places& places, const TimeFormat& times) {
  const auto cell = [&](std::optional<std::size_t> place) {
    return place.has_value() ? cells[*place] : std::string();
  };
  FeatureQuestion question{.user_id = cell(places.user),
                           .visitor_id = cell(places.visitor),
                           .item_id = cell(places.item)};
  if (question.user_id.empty() && question.visitor_id.empty() && question.item_id.empty()) {
    return absl::InvalidArgumentError("names no user, visitor or item; wants at least one");
  }
  const std::optional<Micros> time = times.Parse(cell(places.time));
  if (!time.has_value() || *time <= 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "time is \"%s\"; wants a time after 1970 such as 2026-01-31, 2026-01-31T08:26:00Z or "
        "seconds since 1970",
        cell(places.time)));
  }
  question.time_us = *time;
  return question;
}

absl::Status At(const std::string& place, const absl::Status& error) {
  return {error.code(), place + ": " + std::string(error.message())};
}

}  // namespace

absl::StatusOr<Labels> ReadLabels(const std::string& path, const LabelsFormat& format) {
  VITRINE_ASSIGN_OR_RETURN(const TimeFormat times, TimeFormat::Create("auto", format.time_zone));
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrFormat("%s cannot be opened", path));
  const auto reader = ReadCsv(file, format.delimiter);
  if (!reader.ok()) return At(path, reader.status());
  Labels labels{.columns = (*reader)->columns()};
  const auto places = FindPlaces(labels.columns);
  if (!places.ok()) return At(path + ":1", places.status());
  labels.has_shoppers = places->user.has_value() || places->visitor.has_value();
  labels.has_items = places->item.has_value();
  Row row;
  while (true) {
    VITRINE_ASSIGN_OR_RETURN(const bool has_row, (*reader)->Next(row));
    if (!has_row) break;
    const std::string place = absl::StrFormat("%s:%d", path, row.line);
    if (!row.error.empty()) return absl::InvalidArgumentError(place + ": the row " + row.error);
    std::vector<std::string>& cells = labels.rows.emplace_back();
    for (Cell& cell : row.cells) cells.push_back(std::move(cell.text));
    auto question = QuestionOf(cells, *places, times);
    if (!question.ok()) return At(place, question.status());
    labels.questions.push_back(*std::move(question));
  }
  if (!labels.rows.empty()) return labels;
  return absl::InvalidArgumentError(path + ": has a header and no row; wants a label a line");
}

}  // namespace vitrine::cli
