#include "vitrine/feature_store/transform/selection_step.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "feature_store/transform/table_matrix.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/transform/selection.h"

namespace vitrine {
namespace {

// What each column scores, and which are kept.
struct Choice {
  Eigen::VectorXd scores{};
  std::vector<std::size_t> kept{};
};

Eigen::VectorXd Variances(const Eigen::MatrixXd& features) {
  const Eigen::MatrixXd centered = features.rowwise() - features.colwise().mean();
  return centered.array().square().colwise().mean();
}

absl::StatusOr<Eigen::VectorXd> MutualInformation(const FeatureTable& table,
                                                  const std::vector<std::string>& names,
                                                  const Eigen::MatrixXd& features,
                                                  const SelectionSettings& settings) {
  MutualInformationOptions options{.neighbours = settings.neighbours, .seed = settings.seed};
  for (const std::string& name : settings.discrete) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("column %s is said to be discrete, and is none of those chosen", name));
    }
  }
  for (const std::string& name : names) {
    options.is_discrete.push_back(std::find(settings.discrete.begin(), settings.discrete.end(),
                                            name) != settings.discrete.end());
  }
  const Column* target = table.Find(settings.target);
  const bool is_number = target != nullptr && target->kind() == ColumnKind::kNumbers;
  if (is_number && !settings.is_target_class) {
    VITRINE_ASSIGN_OR_RETURN(const Eigen::MatrixXd number, GatherNumbers(table, {settings.target}));
    return MutualInformationWithTarget(features, number.col(0), options);
  }
  VITRINE_ASSIGN_OR_RETURN(const auto classes, GatherClasses(table, settings.target));
  return MutualInformationWithClasses(features, classes, options);
}

absl::StatusOr<Choice> Choose(const FeatureTable& table, const std::vector<std::string>& names,
                              const SelectionSettings& settings) {
  VITRINE_ASSIGN_OR_RETURN(const Eigen::MatrixXd features, GatherNumbers(table, names));
  Choice choice;
  absl::StatusOr<ColumnSelection> selection = absl::InternalError("no criterion");
  switch (settings.criterion) {
    case SelectionCriterion::kVariance:
      choice.scores = Variances(features);
      selection = SelectByVariance(features, settings.threshold);
      break;
    case SelectionCriterion::kMutualInformation: {
      VITRINE_ASSIGN_OR_RETURN(choice.scores, MutualInformation(table, names, features, settings));
      selection = SelectBest(choice.scores, settings.count);
      break;
    }
    case SelectionCriterion::kInflation: {
      VITRINE_ASSIGN_OR_RETURN(choice.scores, VarianceInflationFactors(features));
      selection = SelectByInflation(features, settings.most_inflation);
      break;
    }
  }
  VITRINE_RETURN_IF_ERROR(selection.status());
  choice.kept = selection->kept();
  return choice;
}

}  // namespace

absl::StatusOr<FittedSelection> Fit(const FeatureTable& table, const SelectionSettings& settings) {
  VITRINE_ASSIGN_OR_RETURN(const auto names, ChooseColumns(table, settings.columns));
  VITRINE_ASSIGN_OR_RETURN(const Choice choice, Choose(table, names, settings));
  FittedSelection fitted{.criterion = settings.criterion};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const double score = choice.scores[static_cast<Eigen::Index>(i)];
    fitted.columns.push_back(
        {.name = names[i],
         .score = std::isfinite(score) ? std::optional(score) : std::nullopt,
         .is_kept = std::binary_search(choice.kept.begin(), choice.kept.end(), i)});
  }
  return fitted;
}

absl::StatusOr<FeatureTable> Apply(const FittedSelection& fitted, FeatureTable table) {
  for (const ScoredColumn& column : fitted.columns) {
    VITRINE_RETURN_IF_ERROR(table.GetNumbers(column.name).status());
    if (!column.is_kept) VITRINE_RETURN_IF_ERROR(table.Replace(column.name, {}));
  }
  return table;
}

std::vector<std::string> Describe(const FittedSelection& fitted) {
  constexpr const char* kNames[] = {"variance", "mutual information", "variance inflation"};
  std::vector<std::string> lines;
  for (const ScoredColumn& column : fitted.columns) {
    const std::string score =
        column.score.has_value() ? absl::StrFormat("%.6g", *column.score) : "infinite";
    lines.push_back(absl::StrFormat("%s: %s %s, %s", column.name,
                                    kNames[static_cast<std::size_t>(fitted.criterion)], score,
                                    column.is_kept ? "kept" : "dropped"));
  }
  return lines;
}

}  // namespace vitrine
