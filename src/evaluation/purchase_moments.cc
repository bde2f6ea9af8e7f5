#include "vitrine/evaluation/purchase_moments.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/random.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/behaviour/visits_and_orders.h"

namespace vitrine {

namespace {

constexpr double kHalf = 0.5;
constexpr double kStandardErrors = 2;
constexpr double kLeastShare = 1e-6;

// A mean of differences, and whether it is above 0 by more than chance.
class Gain {
 public:
  void Add(double gain) {
    count_ += 1;
    sum_ += gain;
    squares_ += gain * gain;
  }
  bool IsCertain() const {
    if (count_ < 2) return false;
    const double mean = sum_ / count_;
    const double variance = std::max(0.0, squares_ / count_ - mean * mean);
    return mean > kStandardErrors * std::sqrt(variance / (count_ - 1));
  }

 private:
  double count_ = 0;
  double sum_ = 0;
  double squares_ = 0;
};

double LossOf(double probability) { return -std::log(std::max(probability, 1e-15)); }

using Label = std::optional<bool> LabelledMoment::*;

double ShareOf(const std::vector<LabelledMoment>& moments, Label label) {
  double count = 0;
  double yes = 0;
  for (const LabelledMoment& each : moments) {
    if (!(each.*label).has_value()) continue;
    count += 1;
    yes += *(each.*label) ? 1 : 0;
  }
  return count == 0 ? kHalf : std::clamp(yes / count, kLeastShare, 1 - kLeastShare);
}

absl::StatusOr<PurchaseHeadMeasures> MeasureHead(const std::vector<LabelledMoment>& test,
                                                 const std::vector<PurchaseOdds>& odds, Label label,
                                                 double base, double PurchaseOdds::*probability) {
  PurchaseHeadMeasures measures;
  std::vector<double> probabilities;
  std::vector<std::uint8_t> outcomes;
  Gain gain;
  for (std::size_t i = 0; i < test.size(); ++i) {
    const std::optional<bool>& known = test[i].*label;
    if (!known.has_value()) continue;
    const double said = odds[i].*probability;
    probabilities.push_back(said);
    outcomes.push_back(*known ? 1 : 0);
    const double base_loss = LossOf(*known ? base : 1 - base);
    gain.Add(base_loss - LossOf(*known ? said : 1 - said));
    measures.base_log_loss += base_loss;
  }
  measures.num_cases = outcomes.size();
  measures.num_orders =
      static_cast<std::size_t>(std::count(outcomes.begin(), outcomes.end(), std::uint8_t{1}));
  if (outcomes.empty()) return measures;
  measures.base_log_loss /= static_cast<double>(outcomes.size());
  const BinaryPredictions predictions{.probabilities = probabilities, .is_positive = outcomes};
  VITRINE_ASSIGN_OR_RETURN(measures.metrics, MeasureClassification(predictions, kHalf));
  measures.curve = ThresholdCurve(predictions);
  const bool has_both = measures.num_orders > 0 && measures.num_orders < measures.num_cases;
  measures.is_better = has_both && gain.IsCertain();
  return measures;
}

NextEventMeasures MeasureNext(const std::vector<LabelledMoment>& train,
                              const std::vector<LabelledMoment>& test,
                              const std::vector<PurchaseOdds>& odds) {
  std::array<double, kNumNextEvents> shares{};
  shares.fill(kLeastShare);
  for (const LabelledMoment& each : train) {
    if (each.next.has_value()) shares.at(static_cast<std::size_t>(*each.next)) += 1;
  }
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share /= sum;
  const auto usual = std::max_element(shares.begin(), shares.end()) - shares.begin();
  NextEventMeasures measures;
  Gain gain;
  for (std::size_t i = 0; i < test.size(); ++i) {
    if (!test[i].next.has_value()) continue;
    const auto came = static_cast<std::size_t>(*test[i].next);
    const auto& next = odds[i].next;
    ++measures.num_cases;
    ++measures.counts.at(came);
    const auto named = std::max_element(next.begin(), next.end()) - next.begin();
    measures.accuracy += static_cast<std::size_t>(named) == came ? 1 : 0;
    measures.base_accuracy += static_cast<std::size_t>(usual) == came ? 1 : 0;
    measures.log_loss += LossOf(next.at(came));
    measures.base_log_loss += LossOf(shares.at(came));
    gain.Add(LossOf(shares.at(came)) - LossOf(next.at(came)));
  }
  if (measures.num_cases == 0) return measures;
  for (double* mean :
       {&measures.accuracy, &measures.base_accuracy, &measures.log_loss, &measures.base_log_loss}) {
    *mean /= static_cast<double>(measures.num_cases);
  }
  measures.is_better = gain.IsCertain();
  return measures;
}

MomentOptions OptionsOf(const SessionLearning& learning) {
  return {.horizon_days = learning.horizon_days,
          .max_moments = learning.max_moments,
          .seed = learning.seed};
}

void AddMetrics(const SessionMeasures& measures, std::map<std::string, double>& metrics) {
  const auto add = [&](const std::string& head, const PurchaseHeadMeasures& of) {
    if (!of.metrics.has_value()) return;
    metrics["purchase." + head + ".log_loss"] = of.metrics->log_loss;
    metrics["purchase." + head + ".base_log_loss"] = of.base_log_loss;
    if (std::isfinite(of.metrics->auc)) metrics["purchase." + head + ".auc"] = of.metrics->auc;
  };
  add("session", measures.session);
  add("shopper", measures.shopper);
  if (measures.next.num_cases == 0) return;
  metrics["purchase.next.log_loss"] = measures.next.log_loss;
  metrics["purchase.next.base_log_loss"] = measures.next.base_log_loss;
  metrics["purchase.next.accuracy"] = measures.next.accuracy;
}

}  // namespace

// Draws the moments of one shopper after another.
class ShopperTimelines::Drawing {
 public:
  Drawing(const MomentOptions& options, MomentSet& drawn)
      : options_(options),
        known_until_(options.known_until_us == 0 ? options.until_us : options.known_until_us),
        horizon_(static_cast<Micros>(options.horizon_days * kMicrosPerDay)),
        drawn_(drawn) {}

  void Add(const Shopper& shopper, std::uint32_t number) {
    shopper_ = &shopper;
    number_ = number;
    const auto known =
        std::partition_point(shopper.steps.begin(), shopper.steps.end(),
                             [this](const Step& step) { return step.time_us < known_until_; });
    steps_ = {shopper.steps.begin(), known};
    std::uint64_t number_of_visit = 0;
    for (std::size_t begin = 0; begin < steps_.size(); ++number_of_visit) {
      std::size_t end = begin + 1;
      while (end < steps_.size() &&
             steps_[end].time_us - steps_[end - 1].time_us <= kSessionGapUs) {
        ++end;
      }
      // Of its own, so that no draw depends on what others did.
      Random random(options_.seed, (static_cast<std::uint64_t>(number) << 24U) + number_of_visit);
      AddVisit(begin, end, random);
      begin = end;
    }
  }

 private:
  void AddVisit(std::size_t begin, std::size_t end, Random& random) {
    const Micros first_us = steps_[begin].time_us;
    const Micros last_us = steps_[end - 1].time_us;
    const bool is_over = last_us + kSessionGapUs < known_until_;
    if (LabelledMoment* moment = Put(first_us - 1)) {
      moment->next = NextEventOf(steps_[begin].type);
      if (is_over) moment->orders_in_session = HasOrder(begin, end);
      moment->orders_in_horizon.reset();  // Nobody knows yet that the shopper is about to come.
    }
    AddWithin(begin, end, is_over, random);
    if (!is_over) return;
    const Micros away_us = std::max(last_us + kSessionGapUs + 1, options_.from_us);
    const Micros back_us =
        std::min(end < steps_.size() ? steps_[end].time_us : known_until_, options_.until_us);
    if (away_us < back_us) Put(away_us + Below(back_us - away_us, random));
  }

  // After the k-th distinct time of the visit and before the next.
  void AddWithin(std::size_t begin, std::size_t end, bool is_over, Random& random) {
    std::vector<std::size_t> next_of;  // Where the events of the time after each begin.
    for (std::size_t i = begin + 1; i <= end; ++i) {
      if (i == end || steps_[i].time_us != steps_[i - 1].time_us) next_of.push_back(i);
    }
    const std::size_t next = next_of[random.Below(next_of.size())];
    const Micros time_us = steps_[next - 1].time_us;
    const Micros until_us = next < end ? steps_[next].time_us : time_us + kSessionGapUs;
    const bool is_at_once = random.Below(2) == 0;
    const Micros pause_us = is_at_once ? 0 : Below(until_us - time_us, random);
    LabelledMoment* const moment = Put(time_us + pause_us);
    if (moment == nullptr) return;
    if (next < end) {
      moment->next = NextEventOf(steps_[next].type);
    } else if (is_over) {
      moment->next = NextEvent::kLeave;
    }
    if (is_over) moment->orders_in_session = HasOrder(next, end);
  }

  static Micros Below(Micros bound, Random& random) {
    return static_cast<Micros>(random.Below(static_cast<std::uint64_t>(bound)));
  }

  bool HasOrder(std::size_t begin, std::size_t end) const {
    return std::any_of(steps_.begin() + static_cast<std::ptrdiff_t>(begin),
                       steps_.begin() + static_cast<std::ptrdiff_t>(end),
                       [](const Step& step) { return step.type == EventType::kPurchaseComplete; });
  }

  // Null: out of the times asked for.
  LabelledMoment* Put(Micros time_us) {
    if (time_us < options_.from_us || time_us >= options_.until_us) return nullptr;
    drawn_.questions.push_back(
        {.user_id = shopper_->user_id, .visitor_id = shopper_->visitor_id, .time_us = time_us});
    LabelledMoment& moment = drawn_.moments.emplace_back();
    moment.shopper = number_;
    if (time_us + horizon_ < known_until_) {
      moment.orders_in_horizon = std::any_of(steps_.begin(), steps_.end(), [&](const Step& step) {
        return step.type == EventType::kPurchaseComplete && step.time_us > time_us &&
               step.time_us <= time_us + horizon_;
      });
    }
    return &moment;
  }

  const MomentOptions& options_;
  const Micros known_until_;
  const Micros horizon_;
  MomentSet& drawn_;
  const Shopper* shopper_ = nullptr;
  std::uint32_t number_ = 0;
  std::span<const Step> steps_;
};

absl::StatusOr<ShopperTimelines> ShopperTimelines::Read(const FeatureStore& store) {
  ShopperTimelines timelines(store);
  std::unordered_map<std::string, std::size_t> row_of;
  VITRINE_RETURN_IF_ERROR(store.ReadEvents(0, [&](std::uint64_t /*offset*/, const Event& event) {
    if (event.type == EventType::kImpression) return true;
    std::string user = event.user_id;
    if (user.empty()) user = store.UserOfVisitor(event.visitor_id);
    const std::string visitor = user.empty() ? event.visitor_id : "";
    const std::string key = user.empty() ? "v" + visitor : "u" + user;
    const auto [found, is_new] = row_of.emplace(key, timelines.shoppers_.size());
    if (is_new) timelines.shoppers_.push_back({.user_id = user, .visitor_id = visitor});
    timelines.shoppers_[found->second].steps.push_back(
        {.time_us = event.time_us, .type = event.type});
    timelines.end_us_ = std::max(timelines.end_us_, event.time_us + 1);
    ++timelines.num_events_;
    return true;
  }));
  for (Shopper& shopper : timelines.shoppers_) {
    std::stable_sort(shopper.steps.begin(), shopper.steps.end(),
                     [](const Step& a, const Step& b) { return a.time_us < b.time_us; });
  }
  return timelines;
}

Micros ShopperTimelines::CutAt(double fraction, Micros until_us) const {
  std::vector<Micros> times;
  times.reserve(num_events_);
  for (const Shopper& shopper : shoppers_) {
    for (const Step& step : shopper.steps) {
      if (step.time_us < until_us) times.push_back(step.time_us);
    }
  }
  if (times.empty()) return 0;
  const auto place = static_cast<std::size_t>((1 - fraction) * static_cast<double>(times.size()));
  const auto cut = times.begin() + static_cast<std::ptrdiff_t>(std::min(place, times.size() - 1));
  std::nth_element(times.begin(), cut, times.end());
  return *cut;
}

absl::StatusOr<MomentSet> ShopperTimelines::Draw(const MomentOptions& options) const {
  MomentSet all;
  Drawing drawing(options, all);
  for (std::size_t i = 0; i < shoppers_.size(); ++i) {
    drawing.Add(shoppers_[i], static_cast<std::uint32_t>(i));
  }
  MomentSet drawn;
  if (all.moments.size() > options.max_moments) {
    std::vector<std::size_t> rows(all.moments.size());
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    Random random(options.seed);
    random.Shuffle(rows);
    rows.resize(options.max_moments);
    std::sort(rows.begin(), rows.end());
    for (const std::size_t row : rows) {
      drawn.questions.push_back(std::move(all.questions[row]));
      drawn.moments.push_back(std::move(all.moments[row]));
    }
  } else {
    drawn = std::move(all);
  }
  AsOfOptions as_of{.known_since = KnownSince::kEventTime, .has_sessions = true};
  as_of.user_features = PurchaseFeatureNames();
  VITRINE_ASSIGN_OR_RETURN(const std::vector<FeatureRow> rows,
                           store_->FeaturesAsOf(drawn.questions, as_of));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    LabelledMoment& each = drawn.moments[i];
    // A moment that only the horizon asks about is one without a visit.
    const bool is_away = !each.next.has_value() && !each.orders_in_session.has_value();
    each.moment = {
        .features = ToNumbers(rows[i].user),
        .steps = StepsOf(rows[i].session, store_->catalogue(), drawn.questions[i].time_us,
                         is_away ? Absence::kIsAway : Absence::kBeginsVisit)};
  }
  return drawn;
}

absl::StatusOr<SessionMeasures> MeasureSessionPredictor(const ShopperTimelines& timelines,
                                                        const SessionLearning& learning,
                                                        Micros cut_us, Micros until_us,
                                                        const TrainingContext& context,
                                                        const StageReport& report) {
  SessionMeasures measures{.settings = learning.settings, .cut_us = cut_us, .until_us = until_us};
  if (report) report("moments", 0);
  MomentOptions options = OptionsOf(learning);
  options.until_us = cut_us;
  VITRINE_ASSIGN_OR_RETURN(const MomentSet train, timelines.Draw(options));
  options.from_us = cut_us;
  options.until_us = until_us;
  VITRINE_ASSIGN_OR_RETURN(const MomentSet test, timelines.Draw(options));
  measures.num_train = train.moments.size();
  measures.num_test = test.moments.size();
  TrainingContext learning_context = context;
  learning_context.progress = [&report](double done) {
    if (report) report("learn", done);
  };
  const Micros begin = MonotonicNow();
  VITRINE_ASSIGN_OR_RETURN(const auto predictor,
                           TrainSessionPredictor(train.moments, learning, learning_context));
  measures.train_seconds = static_cast<double>(MonotonicNow() - begin) / kMicrosPerSecond;
  std::vector<ShopperMoment> asked;
  for (const LabelledMoment& each : test.moments) asked.push_back(each.moment);
  const std::vector<PurchaseOdds> odds = predictor->Predict(asked);
  const auto measure = [&](Label label, double PurchaseOdds::*probability) {
    return MeasureHead(test.moments, odds, label, ShareOf(train.moments, label), probability);
  };
  VITRINE_ASSIGN_OR_RETURN(measures.session,
                           measure(&LabelledMoment::orders_in_session, &PurchaseOdds::session));
  VITRINE_ASSIGN_OR_RETURN(measures.shopper,
                           measure(&LabelledMoment::orders_in_horizon, &PurchaseOdds::shopper));
  measures.next = MeasureNext(train.moments, test.moments, odds);
  return measures;
}

absl::StatusOr<PurchaseModel> TrainPurchaseModel(const FeatureStore& store,
                                                 const Settings& settings, double test_fraction,
                                                 const TrainingContext& context,
                                                 const StageReport& report,
                                                 std::map<std::string, double>& metrics) {
  VITRINE_ASSIGN_OR_RETURN(const SessionLearning learning, ReadSessionLearning(settings));
  VITRINE_ASSIGN_OR_RETURN(const ShopperTimelines timelines, ShopperTimelines::Read(store));
  if (timelines.num_events() == 0) {
    return absl::FailedPreconditionError("the log has no event of a shopper to learn from");
  }
  VITRINE_ASSIGN_OR_RETURN(
      const SessionMeasures measures,
      MeasureSessionPredictor(timelines, learning,
                              timelines.CutAt(test_fraction, timelines.end_us()),
                              timelines.end_us(), context, report));
  AddMetrics(measures, metrics);
  const std::array is_live = {measures.session.is_better, measures.shopper.is_better,
                              measures.next.is_better};
  PurchaseModel model{.settings = learning.settings};
  if (std::none_of(is_live.begin(), is_live.end(), [](bool each) { return each; })) return model;
  MomentOptions options = OptionsOf(learning);
  options.until_us = timelines.end_us();
  VITRINE_ASSIGN_OR_RETURN(const MomentSet all, timelines.Draw(options));
  TrainingContext learning_context = context;
  learning_context.progress = {};
  VITRINE_ASSIGN_OR_RETURN(const auto predictor,
                           TrainSessionPredictor(all.moments, learning, learning_context));
  SessionPredictor::Parts parts = predictor->parts();
  std::copy(is_live.begin(), is_live.end(), parts.is_live.begin());
  VITRINE_ASSIGN_OR_RETURN(model.predictor, SessionPredictor::Create(std::move(parts)));
  return model;
}

}  // namespace vitrine
