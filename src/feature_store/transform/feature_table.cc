#include "vitrine/feature_store/transform/feature_table.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/nearest.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/parse_cell.h"

namespace vitrine {
namespace {

constexpr std::size_t kShownNames = 12;

std::size_t CountInfinite(const Column& column) {
  const auto* numbers = std::get_if<Numbers>(&column.cells);
  if (numbers == nullptr) return 0;
  return static_cast<std::size_t>(std::count_if(numbers->begin(), numbers->end(),
                                                [](double value) { return std::isinf(value); }));
}

void MakeInfinitiesMissing(Column& column) {
  const std::size_t num_infinite = CountInfinite(column);
  if (num_infinite == 0) return;
  column.num_infinite += num_infinite;
  for (double& value : std::get<Numbers>(column.cells)) {
    if (std::isinf(value)) value = std::numeric_limits<double>::quiet_NaN();
  }
}

absl::Status NoSuchColumn(std::string_view name, const std::vector<Column>& columns) {
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  std::string message = absl::StrFormat("the table has no column %s; ", name);
  // A table of a thousand columns is not listed.
  if (names.size() > kShownNames) {
    const std::string nearest = Nearest(name, names);
    if (!nearest.empty()) message += absl::StrFormat("did you mean %s? ", nearest);
    message += absl::StrFormat("It has %d columns: ", names.size());
    for (std::size_t i = 0; i < kShownNames; ++i) message += names[i] + ", ";
    return absl::NotFoundError(message + "...");
  }
  return absl::NotFoundError(message + Allowed(name, names));
}

// A cell that shows why a column is no column of numbers: the first that is none.
std::string TelltaleCell(const Texts& texts) {
  for (std::size_t row = 0; row < texts.size(); ++row) {
    if (!texts[row].has_value() || ParseAnyNumber(*texts[row]).has_value()) continue;
    return absl::StrFormat("row %d has \"%s\"", row + 1, texts[row]->substr(0, 40));
  }
  return "its cells were taken as texts";
}

}  // namespace

std::string_view Name(ColumnKind kind) {
  return kind == ColumnKind::kNumbers ? "numbers" : "texts";
}

std::size_t Column::size() const {
  return std::visit([](const auto& values) { return values.size(); }, cells);
}

std::optional<std::string> CellText(const Column& column, std::size_t row) {
  if (const auto* texts = std::get_if<Texts>(&column.cells)) return (*texts)[row];
  const double value = std::get<Numbers>(column.cells)[row];
  if (std::isnan(value)) return std::nullopt;
  return FormatNumber(value == 0 ? 0 : value);  // -0 is no other value.
}

absl::StatusOr<FeatureTable> FeatureTable::Create(std::vector<Column> columns) {
  FeatureTable table;
  for (Column& column : columns) VITRINE_RETURN_IF_ERROR(table.Add(std::move(column)));
  return table;
}

const Column* FeatureTable::Find(std::string_view name) const {
  const auto found = std::find_if(columns_.begin(), columns_.end(),
                                  [&](const Column& column) { return column.name == name; });
  return found == columns_.end() ? nullptr : &*found;
}

absl::StatusOr<const Column*> FeatureTable::Get(std::string_view name) const {
  const Column* column = Find(name);
  if (column == nullptr) return NoSuchColumn(name, columns_);
  return column;
}

absl::StatusOr<const Numbers*> FeatureTable::GetNumbers(std::string_view name) const {
  VITRINE_ASSIGN_OR_RETURN(const Column* column, Get(name));
  if (const auto* numbers = std::get_if<Numbers>(&column->cells)) return numbers;
  return absl::InvalidArgumentError(absl::StrFormat(
      "column %s holds texts (%s), and numbers are wanted; a convert step makes numbers of them",
      name, TelltaleCell(std::get<Texts>(column->cells))));
}

absl::StatusOr<const Texts*> FeatureTable::GetTexts(std::string_view name) const {
  VITRINE_ASSIGN_OR_RETURN(const Column* column, Get(name));
  if (const auto* texts = std::get_if<Texts>(&column->cells)) return texts;
  return absl::InvalidArgumentError(absl::StrFormat(
      "column %s holds numbers, and texts are wanted; a convert step makes texts of them", name));
}

absl::Status FeatureTable::CheckNew(const Column& column, const Column* replaced) const {
  const Column* namesake = Find(column.name);
  if (namesake != nullptr && namesake != replaced) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the table would have the column %s twice", column.name));
  }
  if (!columns_.empty() && column.size() != num_rows_) {
    return absl::InvalidArgumentError(absl::StrFormat("column %s has %d rows, the table has %d",
                                                      column.name, column.size(), num_rows_));
  }
  return absl::OkStatus();
}

absl::Status FeatureTable::Add(Column column) {
  VITRINE_RETURN_IF_ERROR(CheckNew(column, nullptr));
  MakeInfinitiesMissing(column);
  num_rows_ = column.size();
  columns_.push_back(std::move(column));
  return absl::OkStatus();
}

absl::Status FeatureTable::Replace(std::string_view name, std::vector<Column> columns) {
  VITRINE_ASSIGN_OR_RETURN(const Column* replaced, Get(name));
  std::set<std::string> names;
  for (Column& column : columns) {
    VITRINE_RETURN_IF_ERROR(CheckNew(column, replaced));
    if (!names.insert(column.name).second) {
      return absl::InvalidArgumentError(
          absl::StrFormat("the table would have the column %s twice", column.name));
    }
    MakeInfinitiesMissing(column);
  }
  const auto after = columns_.erase(columns_.begin() + (replaced - columns_.data()));
  columns_.insert(after, std::make_move_iterator(columns.begin()),
                  std::make_move_iterator(columns.end()));
  return absl::OkStatus();
}

absl::Status FeatureTable::ReplaceNumbers(std::string_view name, Numbers numbers) {
  std::vector<Column> columns;
  columns.push_back({.name = std::string(name), .cells = std::move(numbers)});
  return Replace(name, std::move(columns));
}

FeatureTable FeatureTable::Rows(std::span<const std::size_t> rows) const {
  FeatureTable table;
  table.num_rows_ = rows.size();
  for (const Column& column : columns_) {
    Column& taken = table.columns_.emplace_back();
    taken.name = column.name;
    std::visit(
        [&](const auto& all) {
          std::decay_t<decltype(all)> some;
          some.reserve(rows.size());
          for (const std::size_t row : rows) some.push_back(all[row]);
          taken.cells = std::move(some);
        },
        column.cells);
  }
  return table;
}

absl::StatusOr<std::vector<std::string>> ChooseColumns(const FeatureTable& table,
                                                       const ColumnChoice& choice) {
  const auto is_excepted = [&](const std::string& name) {
    return std::find(choice.except.begin(), choice.except.end(), name) != choice.except.end();
  };
  std::vector<std::string> chosen;
  if (choice.all == ColumnChoice::All::kNamed) {
    std::set<std::string> seen;
    for (const std::string& name : choice.names) {
      VITRINE_RETURN_IF_ERROR(table.Get(name).status());
      if (is_excepted(name)) {
        return absl::InvalidArgumentError(
            absl::StrFormat("column %s may not be changed: it is the target or excepted", name));
      }
      if (!seen.insert(name).second) {
        return absl::InvalidArgumentError(absl::StrFormat("column %s is named twice", name));
      }
      chosen.push_back(name);
    }
  } else {
    for (const Column& column : table.columns()) {
      const bool is_of_kind =
          choice.all == ColumnChoice::All::kColumns ||
          (choice.all == ColumnChoice::All::kNumbers) == (column.kind() == ColumnKind::kNumbers);
      if (is_of_kind && !is_excepted(column.name)) chosen.push_back(column.name);
    }
  }
  if (chosen.empty()) {
    return absl::InvalidArgumentError(
        "no column is chosen: name some, or the table has none of that kind");
  }
  return chosen;
}

}  // namespace vitrine
