#pragma once

#include "vitrine/feature_store/feature.h"
#include "vitrine/feature_store/mutation.h"
#include "vitrine/server/convert.h"
#include "vitrine/v1/feature_service.pb.h"

// Between features of the store and messages of FeatureService.
namespace vitrine {

Converted<FeatureSpec> FromProto(const v1::FeatureDefinition& message);
Converted<PutFeatures::Value> FromProto(const v1::PutFeatureValue& message, Micros now);

v1::FeatureDefinition ToProto(const FeatureSpec& spec);

// Sets all of `message`; a time is held as an integer, so the type must be told.
void SetFeature(const Feature& feature, FeatureType type, v1::Feature& message);

}  // namespace vitrine
