#include "feature_store/put_values.h"

#include <algorithm>
#include <iterator>

#include "vitrine/feature_store/behaviour/registry.h"

namespace vitrine {
namespace {

// A handful of values each: a search from the front is as fast as any.
template <typename Entries>
auto FindEntry(Entries& entries, PutFeatureIndex feature) {
  return std::find_if(entries.begin(), entries.end(),
                      [feature](const auto& entry) { return entry.first == feature; });
}

std::shared_ptr<const FeatureRegistry> MakeRegistry(const PutFeatureSpecs& puts) {
  auto registry = std::make_shared<FeatureRegistry>();
  for (const FeatureSpec& spec : BehaviourFeatures()) registry->Add(spec);
  for (const FeatureSpec& spec : puts.specs) registry->Add(spec);
  return registry;
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
  if (FindFeature(spec.name) == nullptr) index_of[spec.name] = index;
  specs[row] = std::move(spec);
}

std::vector<Feature> FeatureSources::Join(std::vector<Feature> from_computed,
                                          std::vector<Feature> from_put) const {
  if (asked.empty()) {
    from_computed.insert(from_computed.end(), std::make_move_iterator(from_put.begin()),
                         std::make_move_iterator(from_put.end()));
    return from_computed;
  }
  std::vector<Feature> joined;
  joined.reserve(asked.size());
  auto next_computed = from_computed.begin();
  auto next_put = from_put.begin();
  for (const std::string& name : asked) {
    const bool is_put = next_put != from_put.end() && next_put->name == name;
    joined.push_back(std::move(is_put ? *next_put++ : *next_computed++));
  }
  return joined;
}

PutValues::PutValues() : registry_(MakeRegistry(PutFeatureSpecs())) {}

FeatureSources PutValues::SourcesOf(FeatureEntity entity,
                                    std::span<const std::string> names) const {
  FeatureSources sources{.asked = names};
  const auto specs = specs_.Get();
  if (specs->specs.empty()) return sources;
  const auto is_put = [&](const std::string& name) {
    const FeatureSpec* spec = specs->Find(name);
    return spec != nullptr && spec->entity == entity;
  };
  if (names.empty()) {
    for (const FeatureSpec& spec : specs->specs) {
      if (is_put(spec.name)) sources.put.push_back(spec.name);
    }
    return sources;
  }
  std::copy_if(names.begin(), names.end(), std::back_inserter(sources.put), is_put);
  if (sources.put.empty()) return sources;
  std::copy_if(names.begin(), names.end(), std::back_inserter(sources.rest),
               [&](const std::string& name) { return !is_put(name); });
  return sources;
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
    auto registry = MakeRegistry(*specs);
    specs_.Set(std::move(specs));
    registry_.Set(std::move(registry));
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
