#include "cli/purchase_evaluation.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "cli/command.h"
#include "cli/evaluation_settings.h"
#include "cli/evaluation_split.h"
#include "cli/progress_bar.h"
#include "cli/threshold_curves.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/evaluation/purchase_moments.h"

namespace vitrine::cli {
namespace {

using Json = nlohmann::ordered_json;

// What an order is foreseen in.
constexpr const char* kVisit = "visit";
constexpr const char* kHorizon = "horizon";

constexpr std::array<const char*, kNumNextEvents> kNextNames = {"view", "cart", "order", "leave"};

std::string ToText(Micros time_us) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMicros(time_us), absl::UTCTimeZone());
}

Json ToJson(const PurchaseHeadMeasures& head) {
  Json json = {{"cases", head.num_cases},
               {"orders", head.num_orders},
               {"base_log_loss", head.base_log_loss},
               {"better", head.is_better}};
  if (!head.metrics.has_value()) return json;
  json["log_loss"] = head.metrics->log_loss;
  json["auc"] = std::isnan(head.metrics->auc) ? Json() : Json(head.metrics->auc);
  json["average_precision"] = head.metrics->average_precision;
  json["calibration_error"] = head.metrics->calibration_error;
  json["accuracy"] = head.metrics->confusion.Accuracy();
  json["best_f1"] = head.metrics->best_f1;
  return json;
}

std::string ToJsonText(const SessionMeasures& measures) {
  Json json = {{"scorer", kPurchasePredictorName},    {"settings", measures.settings},
               {"cut", ToText(measures.cut_us)},      {"until", ToText(measures.until_us)},
               {"train_moments", measures.num_train}, {"test_moments", measures.num_test},
               {"session", ToJson(measures.session)}, {"shopper", ToJson(measures.shopper)}};
  const NextEventMeasures& next = measures.next;
  json["next"] = {{"cases", next.num_cases},
                  {"accuracy", next.accuracy},
                  {"base_accuracy", next.base_accuracy},
                  {"log_loss", next.log_loss},
                  {"base_log_loss", next.base_log_loss},
                  {"better", next.is_better}};
  for (std::size_t i = 0; i < kNextNames.size(); ++i) {
    json["next"]["counts"][kNextNames.at(i)] = next.counts.at(i);
  }
  json["train_seconds"] = measures.train_seconds;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string Line(const char* name, const PurchaseHeadMeasures& head) {
  if (!head.metrics.has_value()) return absl::StrFormat("%-8s no case\n", name);
  return absl::StrFormat("%-8s %7d %7d %7.4f %9.4f %9.4f %9.4f %12.4f  %s\n", name, head.num_cases,
                         head.num_orders, head.metrics->auc, head.metrics->average_precision,
                         head.metrics->log_loss, head.base_log_loss,
                         head.metrics->calibration_error, head.is_better ? "yes" : "no");
}

std::string ToTable(const SessionMeasures& measures) {
  std::string text =
      absl::StrFormat("%d moments before %s learned from in %.0f s, %d from there to %s asked:\n\n",
                      measures.num_train, ToText(measures.cut_us), measures.train_seconds,
                      measures.num_test, ToText(measures.until_us));
  text += absl::StrFormat("%-8s %7s %7s %7s %9s %9s %9s %12s  %s\n", "order in", "cases", "orders",
                          "auc", "avg prec", "log loss", "base", "calibration", "better");
  text += Line(kVisit, measures.session);
  text += Line(kHorizon, measures.shopper);
  const NextEventMeasures& next = measures.next;
  if (next.num_cases == 0) return text + "\nnext event: no case\n";
  text += absl::StrFormat(
      "\nnext event: %d cases, accuracy %.4f (always the usual one: %.4f), log loss %.4f (base "
      "%.4f), better: %s\n",
      next.num_cases, next.accuracy, next.base_accuracy, next.log_loss, next.base_log_loss,
      next.is_better ? "yes" : "no");
  for (std::size_t i = 0; i < kNextNames.size(); ++i) {
    text += absl::StrFormat("  %-6s came %d times\n", kNextNames.at(i), next.counts.at(i));
  }
  return text;
}

// Of the forecasts that have a curve: of which there are orders, and moments without.
absl::Status WriteCurvesOf(const SessionMeasures& measures, const std::string& path) {
  std::vector<NamedCurve> curves;
  const std::array heads = {std::pair{kVisit, &measures.session},
                            std::pair{kHorizon, &measures.shopper}};
  for (const auto& [name, head] : heads) {
    if (head->num_orders == 0 || head->num_orders == head->num_cases) continue;
    curves.push_back({.name = name,
                      .auc = head->metrics->auc,
                      .average_precision = head->metrics->average_precision,
                      .points = head->curve});
  }
  if (!curves.empty()) return WriteCurves(curves, path);
  return absl::FailedPreconditionError(absl::StrFormat(
      "no curve for %s: it wants moments with an order after them and moments without, and of the "
      "%d tested, %d of %d have one in their visit, %d of %d in the horizon. An earlier --cut "
      "tests more",
      path, measures.num_test, measures.session.num_orders, measures.session.num_cases,
      measures.shopper.num_orders, measures.shopper.num_cases));
}

}  // namespace

absl::Status EvaluatePurchases(const PurchaseEvaluation& asked, const Config& config,
                               const TrainingContext& context) {
  Settings settings = config.lifecycle.purchase_settings;
  VITRINE_ASSIGN_OR_RETURN(const auto parsed, ParseSettings(asked.set));
  for (const auto& [name, value] : parsed) settings[name] = value;
  VITRINE_ASSIGN_OR_RETURN(const SessionLearning learning, ReadSessionLearning(settings));
  if (!asked.scorer.empty() && asked.scorer != kPurchasePredictorName) {
    return UsageError("--protocol purchases measures purchase_predictor, and it alone");
  }
  if (asked.store.empty()) return UsageError("--protocol purchases wants --store DIR");
  FeatureStoreOptions options = config.store;
  options.is_read_only = true;
  VITRINE_ASSIGN_OR_RETURN(
      const auto store, FeatureStore::Open(asked.store, options, LocalFileSystem(), SystemClock()));
  SessionMeasures measures;
  {
    ProgressBar bar;
    bar.Show("read", -1);
    VITRINE_ASSIGN_OR_RETURN(const ShopperTimelines timelines, ShopperTimelines::Read(*store));
    const double fraction = config.lifecycle.test_fraction;
    Micros until_us = timelines.end_us();
    Micros cut_us = timelines.CutAt(fraction, until_us);
    if (!asked.cut.empty()) {
      VITRINE_ASSIGN_OR_RETURN(cut_us, ParseCut(asked.cut));
      if (cut_us >= until_us) {
        return UsageError(
            absl::StrFormat("--cut is %s, but the events end at %s: there is nothing to predict",
                            ToText(cut_us), ToText(until_us)));
      }
    }
    if (asked.part == Part::kValidation) {
      until_us = cut_us;
      cut_us = timelines.CutAt(fraction, until_us);
    }
    VITRINE_ASSIGN_OR_RETURN(
        measures, MeasureSessionPredictor(
                      timelines, learning, cut_us, until_us, bar.Follow(context),
                      [&bar](std::string_view stage, double done) { bar.Show(stage, done); }));
  }
  const std::string text = asked.is_json ? ToJsonText(measures) : ToTable(measures);
  std::fputs(text.c_str(), stdout);
  return asked.curves.empty() ? absl::OkStatus() : WriteCurvesOf(measures, asked.curves);
}

}  // namespace vitrine::cli
