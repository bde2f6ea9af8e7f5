#pragma once

#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"
#include "vitrine/engine/engine.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/models/model.h"

namespace vitrine {

// What Engine::PredictPurchase answers of a request that was checked; `sequence` is left as it is.
// Errors: NOT_FOUND `models` has no purchase predictor.
absl::StatusOr<PurchaseReply> ForecastPurchase(const FeatureStore& store, const ModelSet& models,
                                               const PurchaseRequest& request, Micros now);

}  // namespace vitrine
