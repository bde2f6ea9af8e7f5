#include "vitrine/feature_store/behaviour/registry.h"

#include <algorithm>
#include <vector>

#include "feature_store/behaviour/item_features.h"
#include "feature_store/behaviour/user_features.h"

namespace vitrine {

std::span<const FeatureSpec> BehaviourFeatures() {
  static const auto* const specs = [] {
    auto* made = new std::vector<FeatureSpec>();
    for (const UserFeature& feature : UserFeatures()) made->push_back(feature.spec);
    for (const ItemFeature& feature : ItemFeatures()) made->push_back(feature.spec);
    return made;
  }();
  return *specs;
}

const FeatureSpec* FindFeature(std::string_view name) {
  const auto specs = BehaviourFeatures();
  const auto found = std::find_if(specs.begin(), specs.end(),
                                  [&](const FeatureSpec& spec) { return spec.name == name; });
  return found != specs.end() ? &*found : nullptr;
}

}  // namespace vitrine
