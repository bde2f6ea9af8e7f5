#include "vitrine/feature_store/transform/reduction_steps.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "feature_store/transform/table_matrix.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

// "pca: 8 columns become 3, with 0.61, 0.2, 0.1 of the variance".
std::string Shares(const std::string& prefix, std::size_t num_columns,
                   const Eigen::VectorXd& shares, const char* what) {
  constexpr Eigen::Index kShown = 8;
  std::string line =
      absl::StrFormat("%s: %d columns become %d, with", prefix, num_columns, shares.size());
  for (Eigen::Index i = 0; i < std::min(kShown, shares.size()); ++i) {
    line += absl::StrFormat("%s %.4g", i == 0 ? "" : ",", shares[i]);
  }
  return line + (shares.size() > kShown ? ", ..." : "") + " of " + what;
}

template <typename Model>
absl::StatusOr<FeatureTable> Reduce(const Model& model, const std::vector<std::string>& columns,
                                    const std::string& prefix, FeatureTable table) {
  VITRINE_ASSIGN_OR_RETURN(const Eigen::MatrixXd features, GatherNumbers(table, columns));
  VITRINE_ASSIGN_OR_RETURN(const Eigen::MatrixXd reduced, model.Apply(features));
  VITRINE_RETURN_IF_ERROR(Exchange(table, columns, NumberedColumns(reduced, prefix + "_")));
  return table;
}

}  // namespace

absl::StatusOr<FittedPca> Fit(const FeatureTable& table, const PcaSettings& settings) {
  FittedPca fitted{.prefix = settings.prefix};
  VITRINE_ASSIGN_OR_RETURN(fitted.columns, ChooseColumns(table, settings.columns));
  VITRINE_ASSIGN_OR_RETURN(const Eigen::MatrixXd features, GatherNumbers(table, fitted.columns));
  VITRINE_ASSIGN_OR_RETURN(fitted.pca, Pca::Fit(features, settings.options, nullptr));
  return fitted;
}

absl::StatusOr<FeatureTable> Apply(const FittedPca& fitted, FeatureTable table) {
  return Reduce(*fitted.pca, fitted.columns, fitted.prefix, std::move(table));
}

std::vector<std::string> Describe(const FittedPca& fitted) {
  return {Shares(fitted.prefix, fitted.columns.size(), fitted.pca->explained_variance_ratio(),
                 "the variance")};
}

bool IsSound(const FittedPca& fitted) {
  return fitted.pca.has_value() &&
         fitted.columns.size() == static_cast<std::size_t>(fitted.pca->directions().rows());
}

absl::StatusOr<FittedDiscriminants> Fit(const FeatureTable& table,
                                        const DiscriminantSettings& settings) {
  FittedDiscriminants fitted{.prefix = settings.prefix};
  ColumnChoice choice = settings.columns;
  choice.except.push_back(settings.target);
  VITRINE_ASSIGN_OR_RETURN(fitted.columns, ChooseColumns(table, choice));
  VITRINE_ASSIGN_OR_RETURN(const Eigen::MatrixXd features, GatherNumbers(table, fitted.columns));
  VITRINE_ASSIGN_OR_RETURN(const auto classes, GatherClasses(table, settings.target));
  VITRINE_ASSIGN_OR_RETURN(fitted.discriminants,
                           LinearDiscriminants::Fit(features, classes, settings.options));
  return fitted;
}

absl::StatusOr<FeatureTable> Apply(const FittedDiscriminants& fitted, FeatureTable table) {
  return Reduce(*fitted.discriminants, fitted.columns, fitted.prefix, std::move(table));
}

std::vector<std::string> Describe(const FittedDiscriminants& fitted) {
  return {Shares(fitted.prefix, fitted.columns.size(),
                 fitted.discriminants->explained_variance_ratio(), "the separation of classes")};
}

bool IsSound(const FittedDiscriminants& fitted) {
  return fitted.discriminants.has_value() &&
         fitted.columns.size() ==
             static_cast<std::size_t>(fitted.discriminants->directions().rows());
}

}  // namespace vitrine
