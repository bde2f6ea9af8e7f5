#pragma once

#include <span>
#include <string_view>

#include "vitrine/feature_store/feature.h"

namespace vitrine {

// Every behaviour feature that the store computes from events, those of shoppers first; a name has
// one meaning, whether it speaks of shoppers or of items. docs/features.md has the same as a table,
// and what windows, decays and late events mean. Lives as long as the process.
std::span<const FeatureSpec> BehaviourFeatures();

// The entry of that name; null when there is none.
const FeatureSpec* FindFeature(std::string_view name);

}  // namespace vitrine
