#include "feature_store/local_store.h"

namespace vitrine {
namespace {

std::vector<std::string> NamesOf(const PutFeatureSpecs& specs, FeatureEntity entity) {
  std::vector<std::string> names;
  for (const FeatureSpec& spec : specs.specs) {
    if (spec.entity == entity) names.push_back(spec.name);
  }
  return names;
}

}  // namespace

std::vector<FeatureSpec> LocalStore::ListFeatures() const {
  return views_->put_values().specs()->specs;
}

std::vector<Feature> LocalStore::ReadUserFeatures(const std::string& user_id,
                                                  const std::string& visitor_id,
                                                  std::span<const std::string> names,
                                                  Micros now) const {
  const PutValues& puts = views_->put_values();
  std::optional<std::uint32_t> row;
  if (const auto user = views_->FindUser(user_id, visitor_id)) {
    row = static_cast<std::uint32_t>(Row(*user));
  }
  if (!names.empty()) return puts.Read(FeatureEntity::kUser, row, names, now);
  return puts.Read(FeatureEntity::kUser, row, NamesOf(*puts.specs(), FeatureEntity::kUser), now);
}

std::vector<Feature> LocalStore::ReadItemFeatures(const std::string& item_id,
                                                  std::span<const std::string> names,
                                                  Micros now) const {
  const PutValues& puts = views_->put_values();
  std::optional<std::uint32_t> row;
  if (const auto item = catalogue().Find(item_id)) row = static_cast<std::uint32_t>(Row(*item));
  if (!names.empty()) return puts.Read(FeatureEntity::kItem, row, names, now);
  return puts.Read(FeatureEntity::kItem, row, NamesOf(*puts.specs(), FeatureEntity::kItem), now);
}

}  // namespace vitrine
