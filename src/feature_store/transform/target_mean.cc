#include "vitrine/feature_store/transform/target_mean.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "feature_store/transform/categories.h"
#include "feature_store/transform/statistics.h"
#include "vitrine/base/random.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::size_t kNoFold = static_cast<std::size_t>(-1);

absl::Status Check(const FeatureTable& table, const TargetMeanSettings& settings) {
  if (!(settings.smoothing >= 0) || std::isinf(settings.smoothing)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("smoothing is %g; wants 0 or more", settings.smoothing));
  }
  if (settings.num_folds < 2 || settings.num_folds > table.num_rows()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d folds of %d rows; wants 2 at least and no more than there are rows",
                        settings.num_folds, table.num_rows()));
  }
  if (settings.target.empty()) {
    return absl::InvalidArgumentError("target_mean has no target; name a column of numbers");
  }
  return absl::OkStatus();
}

// Errors: INVALID_ARGUMENT a row has none.
absl::StatusOr<const Numbers*> GetTarget(const FeatureTable& table, const std::string& target) {
  VITRINE_ASSIGN_OR_RETURN(const Numbers* numbers, table.GetNumbers(target));
  const auto missing = std::find_if(numbers->begin(), numbers->end(),
                                    [](double value) { return std::isnan(value); });
  if (missing == numbers->end()) return numbers;
  return absl::InvalidArgumentError(
      absl::StrFormat("row %d has no target (column %s); leave rows without one out",
                      missing - numbers->begin() + 1, target));
}

// The target as a column teaches it.
struct Sum {
  double sum = 0;
  double count = 0;
  double Smoothed(double mean, double smoothing) const {
    const double rows = count + smoothing;
    return rows == 0 ? mean : (sum + smoothing * mean) / rows;
  }
};

// Over all rows but those whose fold is `left_out`. Missing is the key std::nullopt.
struct Taught {
  Sum all{};
  std::map<std::optional<std::string>, Sum> by_category{};
  double Mean() const { return all.sum / all.count; }
};

Taught Learn(const Column& column, const Numbers& target, std::span<const std::size_t> folds,
             std::size_t left_out) {
  Taught taught;
  for (std::size_t row = 0; row < target.size(); ++row) {
    if (folds[row] == left_out) continue;
    Sum& sum = taught.by_category[CellText(column, row)];
    sum.sum += target[row];
    ++sum.count;
    taught.all.sum += target[row];
    ++taught.all.count;
  }
  return taught;
}

// The fold of each row: as even as can be, the first ones larger by a row.
std::vector<std::size_t> Folds(std::size_t num_rows, const TargetMeanSettings& settings) {
  std::vector<std::size_t> order(num_rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (settings.is_shuffled) Random(settings.seed).Shuffle(order);
  std::vector<std::size_t> folds(num_rows);
  std::size_t next = 0;
  for (std::size_t fold = 0; fold < settings.num_folds; ++fold) {
    const std::size_t larger = fold < num_rows % settings.num_folds ? 1 : 0;
    for (std::size_t i = 0; i < num_rows / settings.num_folds + larger; ++i) {
      folds[order[next++]] = fold;
    }
  }
  return folds;
}

// Every fold by what the other folds teach.
Numbers OutOfFold(const Column& column, const Numbers& target, std::span<const std::size_t> folds,
                  const TargetMeanSettings& settings) {
  Numbers encoded(target.size());
  for (std::size_t fold = 0; fold < settings.num_folds; ++fold) {
    const Taught taught = Learn(column, target, folds, fold);
    for (std::size_t row = 0; row < target.size(); ++row) {
      if (folds[row] != fold) continue;
      const auto found = taught.by_category.find(CellText(column, row));
      encoded[row] = found == taught.by_category.end()
                         ? taught.Mean()
                         : found->second.Smoothed(taught.Mean(), settings.smoothing);
    }
  }
  return encoded;
}

}  // namespace

absl::StatusOr<FittedTargetMean> Fit(const FeatureTable& table,
                                     const TargetMeanSettings& settings) {
  VITRINE_RETURN_IF_ERROR(Check(table, settings));
  VITRINE_ASSIGN_OR_RETURN(const Numbers* target, GetTarget(table, settings.target));
  ColumnChoice choice = settings.columns;
  choice.except.push_back(settings.target);
  VITRINE_ASSIGN_OR_RETURN(const auto names, ChooseColumns(table, choice));

  FittedTargetMean fitted{.mean = Mean(*target)};
  VITRINE_RETURN_IF_ERROR(CheckFinite(fitted.mean, settings.target, "mean"));
  const std::vector<std::size_t> folds(target->size(), 0);
  for (const std::string& name : names) {
    const Taught taught = Learn(*table.Find(name), *target, folds, kNoFold);
    TargetMeanColumn& column = fitted.columns.emplace_back();
    column.name = name;
    column.of_missing = fitted.mean;
    for (const auto& [category, sum] : taught.by_category) {
      const double mean = sum.Smoothed(fitted.mean, settings.smoothing);
      VITRINE_RETURN_IF_ERROR(CheckFinite(mean, settings.target, "mean by category"));
      if (category.has_value()) {
        column.categories.push_back(*category);
        column.means.push_back(mean);
      } else {
        column.of_missing = mean;
      }
    }
  }
  return fitted;
}

absl::StatusOr<FeatureTable> ApplyToFitRows(const FittedTargetMean& fitted,
                                            const TargetMeanSettings& settings,
                                            FeatureTable table) {
  VITRINE_RETURN_IF_ERROR(Check(table, settings));
  VITRINE_ASSIGN_OR_RETURN(const Numbers* found, GetTarget(table, settings.target));
  const Numbers target = *found;
  const std::vector<std::size_t> folds = Folds(target.size(), settings);
  for (const TargetMeanColumn& learned : fitted.columns) {
    VITRINE_ASSIGN_OR_RETURN(const Column* column, table.Get(learned.name));
    VITRINE_RETURN_IF_ERROR(
        table.ReplaceNumbers(learned.name, OutOfFold(*column, target, folds, settings)));
  }
  return table;
}

absl::StatusOr<FeatureTable> Apply(const FittedTargetMean& fitted, FeatureTable table) {
  for (const TargetMeanColumn& learned : fitted.columns) {
    VITRINE_ASSIGN_OR_RETURN(const Column* column, table.Get(learned.name));
    Numbers encoded(column->size(), fitted.mean);
    for (std::size_t row = 0; row < column->size(); ++row) {
      const std::optional<std::string> text = CellText(*column, row);
      if (!text.has_value()) {
        encoded[row] = learned.of_missing;
      } else if (const auto place = FindCategory(learned.categories, *text); place.has_value()) {
        encoded[row] = learned.means[*place];
      }
    }
    VITRINE_RETURN_IF_ERROR(table.ReplaceNumbers(learned.name, std::move(encoded)));
  }
  return table;
}

std::vector<std::string> Describe(const FittedTargetMean& fitted) {
  std::vector<std::string> lines;
  for (const TargetMeanColumn& column : fitted.columns) {
    std::string line = absl::StrFormat("%s: %d categories, unseen %.6g", column.name,
                                       column.categories.size(), fitted.mean);
    if (!column.means.empty()) {
      const auto [least, most] = std::minmax_element(column.means.begin(), column.means.end());
      line += absl::StrFormat(
          ", from %.6g (%s) to %.6g (%s)", *least,
          column.categories[static_cast<std::size_t>(least - column.means.begin())], *most,
          column.categories[static_cast<std::size_t>(most - column.means.begin())]);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

bool IsSound(const FittedTargetMean& fitted) {
  return std::all_of(
      fitted.columns.begin(), fitted.columns.end(), [](const TargetMeanColumn& column) {
        return Ascends(column.categories) && column.means.size() == column.categories.size();
      });
}

}  // namespace vitrine
