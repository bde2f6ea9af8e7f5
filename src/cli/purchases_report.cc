#include "cli/purchases_report.h"

#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"

namespace vitrine::cli {
namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const ConfusionMatrix& counts) {
  return {{"true_positives", counts.true_positives},
          {"false_positives", counts.false_positives},
          {"true_negatives", counts.true_negatives},
          {"false_negatives", counts.false_negatives},
          {"accuracy", counts.Accuracy()},
          {"precision", counts.Precision()},
          {"recall", counts.Recall()},
          {"f1", counts.F1()}};
}

Json ToJson(const ClassificationMetrics& metrics) {
  return {{"rows", metrics.num_cases},
          {"positives", metrics.num_positives},
          {"auc", metrics.auc},
          {"average_precision", metrics.average_precision},
          {"log_loss", metrics.log_loss},
          {"calibration_error", metrics.calibration_error},
          {"at_half", ToJson(metrics.confusion)}};
}

double MeanOf(const PurchaseMeasures& measures,
              const std::function<double(const PurchaseFold&)>& value) {
  double sum = 0;
  for (const PurchaseFold& fold : measures.folds) sum += value(fold);
  return sum / static_cast<double>(measures.folds.size());
}

// What papers quote: means over the folds.
struct FoldMeans {
  double auc = 0;
  double average_precision = 0;
  double accuracy = 0;   // At one half.
  double threshold = 0;  // That was chosen, and at it:
  double precision = 0;
  double recall = 0;
  double f1 = 0;
  double log_loss = 0;
  double calibration_error = 0;
};

FoldMeans MeansOf(const PurchaseMeasures& measures) {
  return {
      .auc = MeanOf(measures, [](const auto& fold) { return fold.metrics.auc; }),
      .average_precision =
          MeanOf(measures, [](const auto& fold) { return fold.metrics.average_precision; }),
      .accuracy =
          MeanOf(measures, [](const auto& fold) { return fold.metrics.confusion.Accuracy(); }),
      .threshold = MeanOf(measures, [](const auto& fold) { return fold.chosen_threshold; }),
      .precision = MeanOf(measures, [](const auto& fold) { return fold.at_chosen.Precision(); }),
      .recall = MeanOf(measures, [](const auto& fold) { return fold.at_chosen.Recall(); }),
      .f1 = MeanOf(measures, [](const auto& fold) { return fold.at_chosen.F1(); }),
      .log_loss = MeanOf(measures, [](const auto& fold) { return fold.metrics.log_loss; }),
      .calibration_error =
          MeanOf(measures, [](const auto& fold) { return fold.metrics.calibration_error; }),
  };
}

// A threshold that is not a number: there is none.
std::string Line(const std::string& name, const FoldMeans& values) {
  const std::string threshold =
      std::isnan(values.threshold) ? "-" : absl::StrFormat("%.4f", values.threshold);
  return absl::StrFormat("%-8s %8.4f %10.4f %9.4f %10s %10.4f %8.4f %8.4f %9.4f %12.4f\n", name,
                         values.auc, values.average_precision, values.accuracy, threshold,
                         values.precision, values.recall, values.f1, values.log_loss,
                         values.calibration_error);
}

FoldMeans ValuesOf(const ClassificationMetrics& metrics, const ConfusionMatrix& at_chosen,
                   double chosen_threshold) {
  return {.auc = metrics.auc,
          .average_precision = metrics.average_precision,
          .accuracy = metrics.confusion.Accuracy(),
          .threshold = chosen_threshold,
          .precision = at_chosen.Precision(),
          .recall = at_chosen.Recall(),
          .f1 = at_chosen.F1(),
          .log_loss = metrics.log_loss,
          .calibration_error = metrics.calibration_error};
}

// The counts of all folds, each at its own threshold.
ConfusionMatrix AllAtChosen(const PurchaseMeasures& measures) {
  ConfusionMatrix all;
  for (const PurchaseFold& fold : measures.folds) {
    all.true_positives += fold.at_chosen.true_positives;
    all.false_positives += fold.at_chosen.false_positives;
    all.true_negatives += fold.at_chosen.true_negatives;
    all.false_negatives += fold.at_chosen.false_negatives;
  }
  return all;
}

}  // namespace

std::string PurchasesJson(const PurchaseMeasures& measures, std::uint64_t peak_rss_bytes) {
  const FoldMeans means = MeansOf(measures);
  Json json = {{"scorer", "purchase_predictor"},
               {"settings", measures.settings},
               {"means",
                {{"auc", means.auc},
                 {"average_precision", means.average_precision},
                 {"accuracy", means.accuracy},
                 {"precision", means.precision},
                 {"recall", means.recall},
                 {"f1", means.f1},
                 {"log_loss", means.log_loss},
                 {"calibration_error", means.calibration_error}}},
               {"pooled", ToJson(measures.pooled)}};
  json["pooled"]["best_threshold"] = measures.pooled.best_threshold;
  json["pooled"]["best_f1"] = measures.pooled.best_f1;
  for (const PurchaseFold& fold : measures.folds) {
    Json each = ToJson(fold.metrics);
    each["chosen_threshold"] = fold.chosen_threshold;
    each["at_chosen"] = ToJson(fold.at_chosen);
    json["folds"].push_back(std::move(each));
  }
  json["train_seconds"] = measures.train_seconds;
  json["peak_rss_bytes"] = peak_rss_bytes;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string PurchasesTable(const PurchaseMeasures& measures) {
  std::string text = absl::StrFormat("%-8s %8s %10s %9s %10s %10s %8s %8s %9s %12s\n", "fold",
                                     "auc", "avg prec", "accuracy", "threshold", "precision",
                                     "recall", "f1", "log loss", "calibration");
  for (std::size_t i = 0; i < measures.folds.size(); ++i) {
    const PurchaseFold& fold = measures.folds[i];
    text +=
        Line(std::to_string(i + 1), ValuesOf(fold.metrics, fold.at_chosen, fold.chosen_threshold));
  }
  text += Line("mean", MeansOf(measures));
  const ConfusionMatrix chosen = AllAtChosen(measures);
  const ClassificationMetrics& pooled = measures.pooled;
  // Each fold has its own.
  text += Line("all rows", ValuesOf(pooled, chosen, std::numeric_limits<double>::quiet_NaN()));
  text += absl::StrFormat(
      "\n%d rows, %d buy. Accuracy at 0.5; precision, recall and F1 at the threshold that is best "
      "on the rows learned from:\n%d found, %d missed, %d called in vain, %d rightly left.\n",
      pooled.num_cases, pooled.num_positives, chosen.true_positives, chosen.false_negatives,
      chosen.false_positives, chosen.true_negatives);
  return text +
         absl::StrFormat(
             "At 0.5 precision is %.4f and recall %.4f. The best threshold for all rows would "
             "have been %.4f, with an F1 of %.4f.\n",
             pooled.confusion.Precision(), pooled.confusion.Recall(), pooled.best_threshold,
             pooled.best_f1);
}

std::string PredictionRows(const PurchaseMeasures& measures) {
  std::string text = "row,fold,probability\n";
  for (std::size_t i = 0; i < measures.probabilities.size(); ++i) {
    text +=
        absl::StrFormat("%d,%d,%.9g\n", i + 1, measures.fold_of[i] + 1, measures.probabilities[i]);
  }
  return text;
}

}  // namespace vitrine::cli
