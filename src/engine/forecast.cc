#include "engine/forecast.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "vitrine/scorers/dnn/session_predictor.h"

namespace vitrine {

namespace {

// What a forecast is made of, and what its parts are called.
struct Known {
  std::span<const Feature> features{};      // [features]
  std::span<const SessionEvent> session{};  // Oldest first.
  const Catalogue& catalogue;
};

// Of step `t` of a moment with `num_steps`, 0 being that the visit begins.
PurchaseReason ReasonOfStep(const Known& known, std::size_t t, std::size_t num_steps) {
  if (t + 1 == num_steps) {
    return {.kind = PurchaseReason::Kind::kPause, .time_us = known.session.back().time_us};
  }
  // The steps before the last are the latest events.
  const SessionEvent& event = known.session[known.session.size() - (num_steps - 1) + t];
  PurchaseReason reason{
      .kind = PurchaseReason::Kind::kEvent, .type = event.type, .time_us = event.time_us};
  if (event.item.has_value()) reason.item_id = known.catalogue.Id(*event.item);
  return reason;
}

PurchaseForecast Forecast(const ExplainedOdds& odds, const Known& known, std::size_t num_reasons) {
  PurchaseForecast forecast{.probability = 1 / (1 + std::exp(-odds.log_odds)),
                            .base_log_odds = odds.base};
  for (std::size_t j = 0; j < odds.features.size(); ++j) {
    forecast.reasons.push_back({.kind = PurchaseReason::Kind::kFeature,
                                .feature = known.features[j],
                                .log_odds = odds.features[j]});
  }
  for (std::size_t t = 1; t < odds.steps.size(); ++t) {
    forecast.reasons.push_back(ReasonOfStep(known, t, odds.steps.size()));
    forecast.reasons.back().log_odds = odds.steps[t];
  }
  std::stable_sort(forecast.reasons.begin(), forecast.reasons.end(),
                   [](const PurchaseReason& a, const PurchaseReason& b) {
                     return std::abs(a.log_odds) > std::abs(b.log_odds);
                   });
  for (std::size_t i = num_reasons; i < forecast.reasons.size(); ++i) {
    forecast.other_log_odds += forecast.reasons[i].log_odds;
  }
  forecast.reasons.resize(std::min(num_reasons, forecast.reasons.size()));
  return forecast;
}

}  // namespace

absl::StatusOr<PurchaseReply> ForecastPurchase(const FeatureStore& store, const ModelSet& models,
                                               const PurchaseRequest& request, Micros now) {
  const SessionPredictor* const predictor = models.purchases.predictor.get();
  if (predictor == nullptr) {
    return absl::NotFoundError(
        "the models that are live have no purchase predictor: set lifecycle.purchase_predictor and "
        "train; where it says no more than the shop's base rate, none goes live");
  }
  const std::vector<Feature> features =
      store.ReadUserFeatures(request.user_id, request.visitor_id, predictor->parts().features, now);
  const std::vector<SessionEvent> session =
      store.ReadSession(request.user_id, request.visitor_id, now);
  const Known known{.features = features, .session = session, .catalogue = store.catalogue()};
  // Of the visit, and of the shopper: they differ where no visit is under way.
  const auto moment_of = [&](Absence absence) {
    return ShopperMoment{.features = ToNumbers(features),
                         .steps = StepsOf(session, known.catalogue, now, absence)};
  };
  const ShopperMoment visit = moment_of(Absence::kBeginsVisit);
  PurchaseReply reply{.horizon_days = predictor->parts().horizon_days,
                      .num_session_events = session.size(),
                      .model_version = models.version};
  if (predictor->IsLive(PurchaseHead::kSession)) {
    reply.session =
        Forecast(predictor->Explain(visit, PurchaseHead::kSession), known, request.num_reasons);
  }
  if (predictor->IsLive(PurchaseHead::kShopper)) {
    reply.shopper =
        Forecast(predictor->Explain(moment_of(Absence::kIsAway), PurchaseHead::kShopper), known,
                 request.num_reasons);
  }
  if (predictor->IsLive(PurchaseHead::kNext)) {
    reply.next = predictor->Predict({&visit, 1}).front().next;
  }
  return reply;
}

}  // namespace vitrine
