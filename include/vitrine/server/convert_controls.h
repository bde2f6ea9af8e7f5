#pragma once

#include <optional>
#include <string>
#include <vector>

#include "vitrine/engine/controls.h"
#include "vitrine/engine/seen_policy.h"
#include "vitrine/feature_store/validate.h"
#include "vitrine/v1/recommendation_service.pb.h"
#include "vitrine/v1/serving_config_service.pb.h"

// What requests and placements want of a list, between the API's messages and the engine's values.
namespace vitrine {

// What is wrong is added to `violations`, each field with `prefix` before its name.
ListControls ReadControls(const v1::RecommendItemsRequest& message, const std::string& prefix,
                          std::vector<FieldViolation>& violations);
ListControls ReadControls(const v1::Placement& message, const std::string& prefix,
                          std::vector<FieldViolation>& violations);
void SetControls(const ListControls& controls, v1::RecommendItemsRequest& message);
void SetControls(const ListControls& controls, v1::Placement& message);

// Nothing for UNSPECIFIED.
std::optional<SeenPolicy> ReadSeenPolicy(v1::SeenItemsPolicy message, const std::string& prefix,
                                         std::vector<FieldViolation>& violations);
v1::SeenItemsPolicy ToProto(SeenPolicy policy);

}  // namespace vitrine
