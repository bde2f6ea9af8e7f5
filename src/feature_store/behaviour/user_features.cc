#include "feature_store/behaviour/user_features.h"

#include <string_view>
#include <unordered_map>

#include "feature_store/behaviour/user_feature_parts.h"

namespace vitrine {
namespace {

const UserFeature* Find(std::string_view name) {
  static const auto* const by_name = [] {
    auto* made = new std::unordered_map<std::string_view, const UserFeature*>();
    for (const UserFeature& feature : UserFeatures()) made->emplace(feature.spec.name, &feature);
    return made;
  }();
  const auto found = by_name->find(name);
  return found != by_name->end() ? found->second : nullptr;
}

UserFacts GatherFacts(const UserSources& sources, unsigned parts, Micros now) {
  UserFacts facts{.activity = sources.activity, .now = now};
  if ((parts & kSessionPart) != 0) facts.sessions = FindSessions(sources.activity.steps.entries());
  if ((parts & kOrderPart) != 0) facts.orders = SumOrders(sources.activity.orders, now);
  if ((parts & kWordPart) != 0) facts.words = CountWords(sources.activity.words.entries());
  if ((parts & kAffinityPart) == 0) return facts;
  facts.affinities = WeighAffinities(sources.history, sources.weights, sources.facets);
  return facts;
}

}  // namespace

std::span<const UserFeature> UserFeatures() {
  static const auto* const features = [] {
    auto* made = new std::vector<UserFeature>(VisitFeatures());
    for (const auto& part : {ConductFeatures(), SessionFeatures(), MoneyFeatures()}) {
      made->insert(made->end(), part.begin(), part.end());
    }
    return made;
  }();
  return *features;
}

UserSelection::UserSelection(std::span<const std::string> names) : names_(names) {
  features_.reserve(names.empty() ? UserFeatures().size() : names.size());
  for (const std::string& name : names) features_.push_back(Find(name));
  if (names.empty()) {
    for (const UserFeature& feature : UserFeatures()) features_.push_back(&feature);
  }
  for (const UserFeature* feature : features_) parts_ |= feature != nullptr ? feature->parts : 0;
}

std::vector<Feature> UserSelection::Read(const UserSources& sources, Micros now) const {
  const bool is_known = sources.activity.has_events();
  const UserFacts facts = GatherFacts(sources, is_known ? parts_ : kActivityPart, now);
  std::vector<Feature> read(features_.size());
  for (std::size_t i = 0; i < features_.size(); ++i) {
    const UserFeature* feature = features_[i];
    read[i].name = feature != nullptr ? feature->spec.name : names_[i];
    if (feature == nullptr) continue;
    const bool is_used =
        (feature->parts & kPricePart) == 0 || sources.catalogue == CatalogueUse::kPresent;
    if (is_known && is_used) read[i].value = feature->value(facts);
    if (std::holds_alternative<std::monostate>(read[i].value)) {
      read[i].value = feature->spec.missing;
      continue;
    }
    read[i].status = FeatureStatus::kPresent;
    const bool is_of_orders = (feature->parts & kOrderPart) != 0 && facts.orders.num_orders > 0;
    read[i].time_us = is_of_orders ? facts.orders.last_us : sources.activity.last_us;
  }
  return read;
}

}  // namespace vitrine
