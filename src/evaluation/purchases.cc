#include "vitrine/evaluation/purchases.h"

#include <span>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/math/folds.h"

namespace vitrine {

namespace {

constexpr double kHalf = 0.5;

std::vector<std::size_t> ToRows(std::span<const std::uint32_t> rows) {
  return {rows.begin(), rows.end()};
}

template <typename T>
std::vector<T> Pick(const std::vector<T>& values, std::span<const std::uint32_t> rows) {
  std::vector<T> picked;
  picked.reserve(rows.size());
  for (const std::uint32_t row : rows) picked.push_back(values[row]);
  return picked;
}

}  // namespace

absl::StatusOr<PurchaseMeasures> MeasurePurchases(const FeatureTable& table, std::string_view label,
                                                  const Settings& settings,
                                                  const FoldOptions& folds,
                                                  const TrainingContext& context,
                                                  const StageReport& report) {
  VITRINE_ASSIGN_OR_RETURN(const std::vector<std::uint8_t> labels, BinaryLabels(table, label));
  PurchaseMeasures measures{.settings = PurchaseDefaults()};
  for (const auto& [name, value] : settings) measures.settings[name] = value;
  VITRINE_ASSIGN_OR_RETURN(measures.fold_of, StratifiedFolds(labels, folds.num_folds, folds.seed));
  const auto fit =
      [&](std::span<const std::uint32_t> learn_from,
          std::span<const std::uint32_t> held_out) -> absl::StatusOr<std::vector<double>> {
    TrainingContext fold_context = context;
    fold_context.progress = [&](double done) {
      const auto number = static_cast<double>(measures.folds.size());
      if (report) report("learn", (number + done) / static_cast<double>(folds.num_folds));
    };
    const FeatureTable rows = table.Rows(ToRows(learn_from));
    const Micros begin = MonotonicNow();
    VITRINE_ASSIGN_OR_RETURN(const auto predictor,
                             TrainPurchasePredictor(rows, label, settings, fold_context));
    measures.train_seconds += static_cast<double>(MonotonicNow() - begin) / kMicrosPerSecond;
    VITRINE_ASSIGN_OR_RETURN(const std::vector<double> known, predictor->Predict(rows));
    VITRINE_ASSIGN_OR_RETURN(std::vector<double> predicted,
                             predictor->Predict(table.Rows(ToRows(held_out))));
    const std::vector<std::uint8_t> known_labels = Pick(labels, learn_from);
    const std::vector<std::uint8_t> held_labels = Pick(labels, held_out);
    const BinaryPredictions held{.probabilities = predicted, .is_positive = held_labels};
    PurchaseFold fold;
    VITRINE_ASSIGN_OR_RETURN(fold.metrics, MeasureClassification(held, kHalf));
    fold.chosen_threshold =
        BestThreshold(ThresholdCurve({.probabilities = known, .is_positive = known_labels}));
    fold.at_chosen = CountOutcomes(held, fold.chosen_threshold);
    measures.folds.push_back(fold);
    return predicted;
  };
  VITRINE_ASSIGN_OR_RETURN(measures.probabilities,
                           CrossValidate(measures.fold_of, folds.num_folds, fit));
  const BinaryPredictions all{.probabilities = measures.probabilities, .is_positive = labels};
  VITRINE_ASSIGN_OR_RETURN(measures.pooled, MeasureClassification(all, kHalf));
  measures.curve = ThresholdCurve(all);
  return measures;
}

}  // namespace vitrine
