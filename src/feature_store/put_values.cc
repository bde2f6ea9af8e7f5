#include "feature_store/put_values.h"

#include <algorithm>

namespace vitrine {
namespace {

// A handful of values each: a search from the front is as fast as any.
template <typename Entries>
auto FindEntry(Entries& entries, PutFeatureIndex feature) {
  return std::find_if(entries.begin(), entries.end(),
                      [feature](const auto& entry) { return entry.first == feature; });
}

}  // namespace

FeatureStatus PutValue::StatusAt(Micros now) const {
  if (ttl_us == 0 || now < time_us + ttl_us) return FeatureStatus::kPresent;
  return now < time_us + 2 * ttl_us ? FeatureStatus::kStale : FeatureStatus::kMissing;
}

bool IsHeldAs(FeatureType type, const FeatureValue& value) {
  if (std::holds_alternative<std::monostate>(value)) return true;
  switch (type) {
    case FeatureType::kInteger:
    case FeatureType::kTime:
      return std::holds_alternative<std::int64_t>(value);
    case FeatureType::kNumber:
      return std::holds_alternative<double>(value);
    case FeatureType::kText:
      return std::holds_alternative<std::string>(value);
    case FeatureType::kWeights:
      return std::holds_alternative<WeightedNames>(value);
  }
  return false;
}

const FeatureSpec* PutFeatureSpecs::Find(const std::string& name) const {
  const auto found = index_of.find(name);
  return found == index_of.end() ? nullptr : &specs[static_cast<std::size_t>(found->second)];
}

void PutFeatureSpecs::Set(PutFeatureIndex index, FeatureSpec spec) {
  const auto row = static_cast<std::size_t>(index);
  if (row >= specs.size()) specs.resize(row + 1);
  index_of[spec.name] = index;
  specs[row] = std::move(spec);
}

const PutValues::Shard& PutValues::ShardOf(FeatureEntity entity, std::uint32_t row) const {
  return (entity == FeatureEntity::kUser ? users_ : items_)[row % kNumShards];
}

PutValues::Shard& PutValues::ShardOf(FeatureEntity entity, std::uint32_t row) {
  return (entity == FeatureEntity::kUser ? users_ : items_)[row % kNumShards];
}

std::optional<PutValue> PutValues::Get(const PutKey& key) const {
  const Shard& shard = ShardOf(key.entity, key.row);
  std::lock_guard lock(shard.mutex);
  const auto entries = shard.entries.find(key.row);
  if (entries == shard.entries.end()) return std::nullopt;
  const auto entry = FindEntry(entries->second, key.feature);
  if (entry == entries->second.end()) return std::nullopt;
  return entry->second;
}

std::vector<Feature> PutValues::Read(FeatureEntity entity, std::optional<std::uint32_t> row,
                                     std::span<const std::string> names, Micros now) const {
  const auto specs = specs_.Get();
  std::vector<Feature> features;
  features.reserve(names.size());
  for (const std::string& name : names) {
    const FeatureSpec* spec = specs->Find(name);
    features.push_back({.name = name, .value = spec != nullptr ? spec->missing : FeatureValue()});
  }
  if (!row.has_value()) return features;
  const Shard& shard = ShardOf(entity, *row);
  std::lock_guard lock(shard.mutex);
  const auto entries = shard.entries.find(*row);
  if (entries == shard.entries.end()) return features;
  for (Feature& feature : features) {
    const auto index = specs->index_of.find(feature.name);
    if (index == specs->index_of.end()) continue;
    const auto entry = FindEntry(entries->second, index->second);
    if (entry == entries->second.end()) continue;
    const FeatureStatus status = entry->second.StatusAt(now);
    if (status == FeatureStatus::kMissing) continue;
    feature.value = entry->second.value;
    feature.status = status;
    feature.time_us = entry->second.time_us;
  }
  return features;
}

void PutValues::Apply(const PutChanges& changes) {
  if (!changes.definitions.empty()) {
    auto specs = std::make_shared<PutFeatureSpecs>(*specs_.Get());
    for (const auto& [index, spec] : changes.definitions) specs->Set(index, spec);
    specs_.Set(std::move(specs));
  }
  for (const auto& [key, value] : changes.values) Set(key, value);
}

void PutValues::Set(const PutKey& key, const std::optional<PutValue>& value) {
  Shard& shard = ShardOf(key.entity, key.row);
  std::lock_guard lock(shard.mutex);
  if (!value.has_value() && !shard.entries.contains(key.row)) return;
  std::vector<Entry>& entries = shard.entries[key.row];
  const auto entry = FindEntry(entries, key.feature);
  if (value.has_value() && entry != entries.end()) {
    entry->second = *value;
  } else if (value.has_value()) {
    entries.emplace_back(key.feature, *value);
  } else if (entry != entries.end()) {
    entries.erase(entry);
  }
  if (entries.empty()) shard.entries.erase(key.row);
}

void PutValues::EraseUser(UserIndex user) {
  const auto row = static_cast<std::uint32_t>(Row(user));
  Shard& shard = ShardOf(FeatureEntity::kUser, row);
  std::lock_guard lock(shard.mutex);
  shard.entries.erase(row);
}

}  // namespace vitrine
