#include "vitrine/feature_store/transform/imputation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "feature_store/transform/statistics.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

bool IsMissing(double value) { return std::isnan(value); }
bool IsMissing(const std::optional<std::string>& value) { return !value.has_value(); }

// Of equally frequent values the smallest.
template <typename T>
T Mode(const std::map<T, std::size_t>& counts) {
  return std::max_element(counts.begin(), counts.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

double Mode(const Numbers& sorted) {
  std::map<double, std::size_t> counts;
  for (const double value : sorted) ++counts[value];
  return Mode(counts);
}

absl::Status AllMissing(std::string_view column, std::size_t num_rows) {
  return absl::InvalidArgumentError(
      absl::StrFormat("all %d values of column %s are missing, so there is nothing to impute from; "
                      "drop the column, or impute a constant",
                      num_rows, column));
}

absl::StatusOr<double> LearnNumber(const Numbers& numbers, const std::string& name,
                                   const ImputeSettings& settings) {
  if (settings.method == ImputeMethod::kConstant) {
    if (settings.number.has_value() && std::isfinite(*settings.number)) return *settings.number;
    return absl::InvalidArgumentError(absl::StrFormat(
        "column %s holds numbers; wants a finite number as the constant to impute", name));
  }
  const Numbers sorted = SortedPresent(numbers);
  if (sorted.empty()) return AllMissing(name, numbers.size());
  if (settings.method == ImputeMethod::kMean) return Mean(sorted);
  if (settings.method == ImputeMethod::kMedian) return Quantile(sorted, 0.5);
  if (settings.method == ImputeMethod::kMode) return Mode(sorted);
  return *std::find_if(numbers.rbegin(), numbers.rend(), [](double x) { return !IsMissing(x); });
}

absl::StatusOr<std::string> LearnText(const Texts& texts, const std::string& name,
                                      const ImputeSettings& settings) {
  if (settings.method == ImputeMethod::kConstant) {
    if (settings.text.has_value()) return *settings.text;
    return absl::InvalidArgumentError(
        absl::StrFormat("column %s holds texts; wants a text as the constant to impute", name));
  }
  if (settings.method == ImputeMethod::kMean || settings.method == ImputeMethod::kMedian) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "column %s holds texts, which have no mean or median; impute their mode, the last value or "
        "a constant, or convert them to numbers first",
        name));
  }
  std::map<std::string, std::size_t> counts;
  const std::string* last = nullptr;
  for (const auto& text : texts) {
    if (!text.has_value()) continue;
    ++counts[*text];
    last = &*text;
  }
  if (last == nullptr) return AllMissing(name, texts.size());
  return settings.method == ImputeMethod::kLast ? *last : Mode(counts);
}

// Fills the gaps of `cells`; `first` is what a gap before any known value gets.
template <typename Cells, typename T>
void Fill(Cells& cells, const T& first, ImputeMethod method) {
  T known = first;
  for (auto& cell : cells) {
    if (IsMissing(cell)) {
      cell = known;
    } else if (method == ImputeMethod::kLast) {
      if constexpr (std::is_same_v<Cells, Texts>) {
        known = *cell;
      } else {
        known = cell;
      }
    }
  }
}

Numbers Marks(const Column& column) {
  return std::visit(
      [](const auto& cells) {
        Numbers marks;
        marks.reserve(cells.size());
        for (const auto& cell : cells) marks.push_back(IsMissing(cell) ? 1 : 0);
        return marks;
      },
      column.cells);
}

absl::Status CheckKind(const FeatureTable& table, const ImputedColumn& column) {
  return column.kind == ColumnKind::kNumbers ? table.GetNumbers(column.name).status()
                                             : table.GetTexts(column.name).status();
}

// The first value that is known takes the place of what was learned.
void StartWithFirst(const Column& column, ImputedColumn& imputed) {
  if (const auto* numbers = std::get_if<Numbers>(&column.cells)) {
    for (const double value : *numbers) {
      if (!IsMissing(value)) return void(imputed.number = value);
    }
  } else {
    for (const auto& text : std::get<Texts>(column.cells)) {
      if (text.has_value()) return void(imputed.text = *text);
    }
  }
}

}  // namespace

absl::StatusOr<FittedImpute> Fit(const FeatureTable& table, const ImputeSettings& settings) {
  FittedImpute fitted{.method = settings.method, .is_marked = settings.is_marked};
  VITRINE_ASSIGN_OR_RETURN(const auto names, ChooseColumns(table, settings.columns));
  for (const std::string& name : names) {
    const Column& column = *table.Find(name);
    ImputedColumn imputed{.name = name, .kind = column.kind()};
    if (imputed.kind == ColumnKind::kNumbers) {
      VITRINE_ASSIGN_OR_RETURN(imputed.number,
                               LearnNumber(std::get<Numbers>(column.cells), name, settings));
      VITRINE_RETURN_IF_ERROR(CheckFinite(imputed.number, name, "mean"));
    } else {
      VITRINE_ASSIGN_OR_RETURN(imputed.text,
                               LearnText(std::get<Texts>(column.cells), name, settings));
    }
    fitted.columns.push_back(std::move(imputed));
  }
  return fitted;
}

absl::StatusOr<FeatureTable> Apply(const FittedImpute& fitted, FeatureTable table) {
  for (const ImputedColumn& imputed : fitted.columns) {
    VITRINE_RETURN_IF_ERROR(CheckKind(table, imputed));
    std::vector<Column> columns = {*table.Find(imputed.name)};
    columns[0].num_infinite = 0;
    if (fitted.is_marked) {
      columns.push_back({.name = imputed.name + "_missing", .cells = Marks(columns[0])});
    }
    if (auto* numbers = std::get_if<Numbers>(&columns[0].cells)) {
      Fill(*numbers, imputed.number, fitted.method);
    } else {
      Fill(std::get<Texts>(columns[0].cells), imputed.text, fitted.method);
    }
    VITRINE_RETURN_IF_ERROR(table.Replace(imputed.name, std::move(columns)));
  }
  return table;
}

absl::StatusOr<FeatureTable> ApplyToFitRows(const FittedImpute& fitted,
                                            const ImputeSettings& settings, FeatureTable table) {
  if (settings.method != ImputeMethod::kLast) return Apply(fitted, std::move(table));
  FittedImpute started = fitted;
  for (ImputedColumn& imputed : started.columns) {
    VITRINE_ASSIGN_OR_RETURN(const Column* column, table.Get(imputed.name));
    StartWithFirst(*column, imputed);
  }
  return Apply(started, std::move(table));
}

std::vector<std::string> Describe(const FittedImpute& fitted) {
  constexpr const char* kNames[] = {"constant", "mean", "median", "mode", "last value"};
  std::vector<std::string> lines;
  for (const ImputedColumn& column : fitted.columns) {
    const std::string value = column.kind == ColumnKind::kNumbers
                                  ? absl::StrFormat("%.6g", column.number)
                                  : "\"" + column.text + "\"";
    lines.push_back(absl::StrFormat("%s: %s %s", column.name,
                                    kNames[static_cast<std::size_t>(fitted.method)], value));
  }
  return lines;
}

}  // namespace vitrine
