#include "vitrine/feature_store/transform/pipeline.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/nearest.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

absl::Status WithStep(const absl::Status& status, std::size_t number, std::string_view kind) {
  if (status.ok()) return status;
  const std::string message =
      absl::StrFormat("step %d (%s): %s", number, kind, std::string(status.message()));
  return absl::Status(status.code(), message);
}

// A step's settings with what the pipeline knows: the target is not touched, and learned from.
template <typename Settings>
Settings WithTarget(Settings settings, const std::string& target) {
  if (target.empty()) return settings;
  if constexpr (requires { settings.columns.except; }) settings.columns.except.push_back(target);
  if constexpr (requires { settings.target; }) settings.target = target;
  return settings;
}

// What a step makes of the rows that it was fitted on.
template <typename Fitted, typename Settings>
absl::StatusOr<FeatureTable> ApplyToOwnRows(const Fitted& fitted, const Settings& settings,
                                            FeatureTable table) {
  if constexpr (requires { ApplyToFitRows(fitted, settings, std::move(table)); }) {
    return ApplyToFitRows(fitted, settings, std::move(table));
  } else {
    return Apply(fitted, std::move(table));
  }
}

struct FitResult {
  FittedStep step;
  FeatureTable table;
};

absl::StatusOr<FitResult> FitStep(const StepSettings& settings, const std::string& target,
                                  FeatureTable table) {
  return std::visit(
      [&](const auto& given) -> absl::StatusOr<FitResult> {
        const auto full = WithTarget(given, target);
        VITRINE_ASSIGN_OR_RETURN(auto fitted, Fit(table, full));
        VITRINE_ASSIGN_OR_RETURN(table, ApplyToOwnRows(fitted, full, std::move(table)));
        return FitResult{std::move(fitted), std::move(table)};
      },
      settings);
}

bool IsAllMissing(const Column& column) {
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (CellText(column, row).has_value()) return false;
  }
  return true;
}

Column MissingOf(const InputColumn& wanted, std::size_t num_rows) {
  Column column{.name = wanted.name};
  if (wanted.kind == ColumnKind::kTexts) {
    column.cells = Texts(num_rows);
  } else {
    column.cells = Numbers(num_rows, std::numeric_limits<double>::quiet_NaN());
  }
  return column;
}

absl::Status CheckNoOthers(const FeatureTable& table, const PipelineInput& input) {
  std::vector<std::string> names;
  for (const InputColumn& column : input.columns) names.push_back(column.name);
  for (const Column& column : table.columns()) {
    if (std::find(names.begin(), names.end(), column.name) != names.end()) continue;
    return absl::InvalidArgumentError(absl::StrFormat(
        "the table has a column %s, which the pipeline was not fitted on; leave it out or fit "
        "again. %s",
        column.name, Allowed(column.name, names)));
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view KindOf(const StepSettings& settings) {
  return std::visit([](const auto& each) { return each.kKind; }, settings);
}

std::string_view KindOf(const FittedStep& step) {
  return std::visit([](const auto& each) { return each.kKind; }, step);
}

std::vector<std::string> Describe(const FittedStep& step) {
  return std::visit([](const auto& each) { return Describe(each); }, step);
}

absl::StatusOr<FittedPipeline> TransformPipeline::Fit(FeatureTable table,
                                                      const PipelineSettings& settings,
                                                      const StepObserver& observer) {
  if (table.num_rows() == 0) {
    return absl::InvalidArgumentError("the table has no row to fit a pipeline on");
  }
  if (!settings.target.empty()) VITRINE_RETURN_IF_ERROR(table.Get(settings.target).status());

  TransformPipeline pipeline;
  pipeline.input_.target = settings.target;
  pipeline.input_.missing = settings.missing;
  for (const Column& column : table.columns()) {
    pipeline.input_.columns.push_back({column.name, column.kind()});
  }
  for (const StepSettings& step : settings.steps) {
    const std::size_t number = pipeline.steps_.size() + 1;
    std::optional<FeatureTable> before;
    if (observer) before = table;
    auto result = FitStep(step, settings.target, std::move(table));
    VITRINE_RETURN_IF_ERROR(WithStep(result.status(), number, KindOf(step)));
    table = std::move(result->table);
    pipeline.steps_.push_back(std::move(result->step));
    if (observer) {
      const FittedStep& fitted = pipeline.steps_.back();
      observer({number, KindOf(fitted), vitrine::Describe(fitted), *before, table});
    }
  }
  return FittedPipeline{std::move(pipeline), std::move(table)};
}

// The table with its columns in the order fitted on.
absl::StatusOr<FeatureTable> TransformPipeline::Arrange(FeatureTable table) const {
  VITRINE_RETURN_IF_ERROR(CheckNoOthers(table, input_));
  FeatureTable arranged;
  for (const InputColumn& wanted : input_.columns) {
    if (wanted.name == input_.target && table.Find(wanted.name) == nullptr) continue;
    const auto found = table.Get(wanted.name);
    if (!found.ok()) {
      return absl::InvalidArgumentError("the pipeline was fitted on other columns: " +
                                        std::string(found.status().message()));
    }
    if ((*found)->kind() == wanted.kind) {
      VITRINE_RETURN_IF_ERROR(arranged.Add(**found));
    } else if (IsAllMissing(**found)) {  // Of no kind: nothing says which.
      VITRINE_RETURN_IF_ERROR(arranged.Add(MissingOf(wanted, table.num_rows())));
    } else {
      return absl::InvalidArgumentError(
          absl::StrFormat("column %s holds %s, and the pipeline was fitted on %s there",
                          wanted.name, Name((*found)->kind()), Name(wanted.kind)));
    }
  }
  return arranged;
}

absl::StatusOr<FeatureTable> TransformPipeline::Apply(FeatureTable table,
                                                      const StepObserver& observer) const {
  VITRINE_ASSIGN_OR_RETURN(table, Arrange(std::move(table)));
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    std::optional<FeatureTable> before;
    if (observer) before = table;
    auto applied = std::visit(
        [&](const auto& fitted) { return vitrine::Apply(fitted, std::move(table)); }, steps_[i]);
    VITRINE_RETURN_IF_ERROR(WithStep(applied.status(), i + 1, KindOf(steps_[i])));
    table = *std::move(applied);
    if (observer) {
      observer({i + 1, KindOf(steps_[i]), vitrine::Describe(steps_[i]), *before, table});
    }
  }
  return table;
}

}  // namespace vitrine
