#pragma once

#include "absl/status/status.h"
#include "vitrine/base/clock.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/v1/feature_service.pb.h"

namespace vitrine {

// The reading calls of FeatureService, each from its request to its response.
absl::Status ListFeatures(const FeatureStore& store, const v1::ListFeaturesRequest& request,
                          v1::ListFeaturesResponse& response);
absl::Status GetUserFeatures(const FeatureStore& store, Micros now,
                             const v1::GetUserFeaturesRequest& request,
                             v1::GetUserFeaturesResponse& response);
absl::Status GetItemFeatures(const FeatureStore& store, Micros now,
                             const v1::GetItemFeaturesRequest& request,
                             v1::GetItemFeaturesResponse& response);
absl::Status BatchGetUserFeatures(const FeatureStore& store, Micros now,
                                  const v1::BatchGetUserFeaturesRequest& request,
                                  v1::BatchGetUserFeaturesResponse& response);
absl::Status BatchGetItemFeatures(const FeatureStore& store, Micros now,
                                  const v1::BatchGetItemFeaturesRequest& request,
                                  v1::BatchGetItemFeaturesResponse& response);

// What is wrong with a name that is no feature of `entity`: the names that are nearest.
std::string NoSuchFeature(const FeatureRegistry& registry, FeatureEntity entity,
                          const std::string& name);

}  // namespace vitrine
