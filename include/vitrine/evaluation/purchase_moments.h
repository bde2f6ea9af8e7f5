#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"
#include "vitrine/evaluation/comparison.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/math/classification_metrics.h"
#include "vitrine/scorers/purchase_model.h"
#include "vitrine/training/session_training.h"

namespace vitrine {

// Which moments of the log to learn from, or to be measured on.
struct MomentOptions {
  double horizon_days = 7;
  std::size_t max_moments = 30'000;  // More are thinned out at random.
  std::uint64_t seed = 1;
  Micros from_us = 0;         // Moments before this are left out.
  Micros until_us = 0;        // And from this on: labels look no further either, unless:
  Micros known_until_us = 0;  // Labels look this far; 0: `until_us`.
};

// Moments and who they are of, side by side. [moments] Both in order of shoppers as they came into
// the log, then of time.
struct MomentSet {
  std::vector<FeatureQuestion> questions{};
  std::vector<LabelledMoment> moments{};
};

// When each shopper did what, as the log has it: what labels are made of. Impressions are left out;
// a visitor that was merged into a user is that user.
class ShopperTimelines {
 public:
  // Reads the whole log. `store` must outlive it. Errors: those of FeatureStore::ReadEvents.
  static absl::StatusOr<ShopperTimelines> Read(const FeatureStore& store);

  // The time from which on the latest `fraction` of the events before `until_us` happened.
  Micros CutAt(double fraction, Micros until_us) const;
  // One past the latest event; 0: there is none.
  Micros end_us() const { return end_us_; }
  std::size_t num_events() const { return num_events_; }

  // Draws, of each visit: the moment before its first event, which has no label of the horizon; one
  // within it, half of the time right after an event, else some while later; and one between it and
  // the shopper's next visit.
  // Features and events are what was known at each by event time (FeatureStore::FeaturesAsOf):
  // nothing later is looked at but for the labels. Labels that are not settled yet at
  // `known_until_us` are empty.
  //
  // Errors: those of FeaturesAsOf.
  absl::StatusOr<MomentSet> Draw(const MomentOptions& options) const;

 private:
  struct Step {
    Micros time_us = 0;
    EventType type{};
  };
  struct Shopper {
    std::string user_id{};  // One of the two.
    std::string visitor_id{};
    std::vector<Step> steps{};  // By time, those of one moment as they came.
  };
  class Drawing;

  explicit ShopperTimelines(const FeatureStore& store) : store_(&store) {}

  const FeatureStore* store_;
  std::vector<Shopper> shoppers_;
  Micros end_us_ = 0;
  std::size_t num_events_ = 0;
};

// How good one yes or no was foreseen.
struct PurchaseHeadMeasures {
  std::size_t num_cases = 0;
  std::size_t num_orders = 0;
  std::optional<ClassificationMetrics> metrics{};  // At one half; none without a case.
  std::vector<ThresholdRates> curve{};             // Of the same.
  double base_log_loss = 0;  // Of the share of orders among the moments learned from.
  bool is_better = false;    // See MeasureSessionPredictor.
};

struct NextEventMeasures {
  std::size_t num_cases = 0;
  std::array<std::size_t, kNumNextEvents> counts{};  // By NextEvent, of what came.
  double accuracy = 0;
  double base_accuracy = 0;  // Of always naming what came most often in the moments learned from.
  double log_loss = 0;
  double base_log_loss = 0;  // Of the shares there.
  bool is_better = false;
};

struct SessionMeasures {
  Settings settings{};
  Micros cut_us = 0;
  Micros until_us = 0;
  std::size_t num_train = 0;  // Moments.
  std::size_t num_test = 0;
  PurchaseHeadMeasures session{};
  PurchaseHeadMeasures shopper{};
  NextEventMeasures next{};
  double train_seconds = 0;
};

// Learns from the moments before `cut_us` and what was known by then, and measures on those from
// there to `until_us`. A head is better where its mean log loss is below that of the base rate by
// more than two standard errors of the mean of the difference, case by case.
//
// Errors: those of Draw and TrainSessionPredictor.
absl::StatusOr<SessionMeasures> MeasureSessionPredictor(const ShopperTimelines& timelines,
                                                        const SessionLearning& learning,
                                                        Micros cut_us, Micros until_us,
                                                        const TrainingContext& context,
                                                        const StageReport& report);

// The purchase predictor of a store: measured on the latest `test_fraction` of the events, then
// learned from all of them. Only heads that are better than the base rates are live; without any
// the predictor is null. `metrics` get "purchase.shopper.auc" and the like.
//
// Errors: those of MeasureSessionPredictor; FAILED_PRECONDITION too few events to measure on.
absl::StatusOr<PurchaseModel> TrainPurchaseModel(const FeatureStore& store,
                                                 const Settings& settings, double test_fraction,
                                                 const TrainingContext& context,
                                                 const StageReport& report,
                                                 std::map<std::string, double>& metrics);

}  // namespace vitrine
