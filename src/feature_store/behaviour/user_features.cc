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

std::vector<const UserFeature*> FindAll(std::span<const std::string> names) {
  std::vector<const UserFeature*> features;
  features.reserve(names.empty() ? UserFeatures().size() : names.size());
  for (const std::string& name : names) features.push_back(Find(name));
  if (!names.empty()) return features;
  for (const UserFeature& feature : UserFeatures()) features.push_back(&feature);
  return features;
}

unsigned PartsOf(std::span<const UserFeature* const> features) {
  unsigned parts = kActivityPart;
  for (const UserFeature* feature : features) parts |= feature != nullptr ? feature->parts : 0;
  return parts;
}

UserFacts GatherFacts(const UserSources& sources, unsigned parts, Micros now) {
  UserFacts facts{.activity = sources.activity, .now = now};
  if ((parts & kSessionPart) != 0) facts.sessions = FindSessions(sources.activity.steps);
  if ((parts & kOrderPart) != 0) facts.orders = SumOrders(sources.activity.orders, now);
  if ((parts & kWordPart) != 0) facts.words = CountWords(sources.activity.words);
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

std::vector<Feature> ReadFeatures(const UserSources& sources, std::span<const std::string> names,
                                  Micros now) {
  const std::vector<const UserFeature*> features = FindAll(names);
  const bool is_known = sources.activity.has_events();
  const UserFacts facts = GatherFacts(sources, is_known ? PartsOf(features) : kActivityPart, now);
  std::vector<Feature> read(features.size());
  for (std::size_t i = 0; i < features.size(); ++i) {
    const UserFeature* feature = features[i];
    read[i].name = feature != nullptr ? feature->spec.name : names[i];
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

bool NeedsHistory(std::span<const std::string> names) {
  return (PartsOf(FindAll(names)) & kAffinityPart) != 0;
}

}  // namespace vitrine
