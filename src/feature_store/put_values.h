#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "vitrine/base/clock.h"
#include "vitrine/base/ids.h"
#include "vitrine/base/published.h"
#include "vitrine/feature_store/feature.h"
#include "vitrine/feature_store/feature_registry.h"

namespace vitrine {

// FeatureSpec::window of what the shop puts: what it looks back on is the shop's to say.
inline constexpr char kPutWindow[] = "put";

// Dense number of a feature that the shop defined, in the order of the definitions, for good.
enum class PutFeatureIndex : std::uint32_t {};

// A value that the shop put.
struct PutValue {
  FeatureValue value{};
  Micros time_us = 0;
  Micros ttl_us = 0;  // 0: for good.
  bool operator==(const PutValue&) const = default;

  // kPresent until time + ttl, kStale until time + 2 ttl, then kMissing.
  FeatureStatus StatusAt(Micros now) const;
};

// Whose value, of which feature. `row` is that of a UserIndex or an ItemIndex.
struct PutKey {
  FeatureEntity entity{};
  std::uint32_t row = 0;
  PutFeatureIndex feature{};
  bool operator==(const PutKey&) const = default;
};

// Whether a value of `type` is held as `value` is; std::monostate is of any type.
bool IsHeldAs(FeatureType type, const FeatureValue& value);

// Features as the shop defined them; a value.
struct PutFeatureSpecs {
  std::vector<FeatureSpec> specs{};  // By PutFeatureIndex.
  // Without those that this binary computes itself, whatever an older one let the shop define.
  std::unordered_map<std::string, PutFeatureIndex> index_of{};

  const FeatureSpec* Find(const std::string& name) const;
  void Set(PutFeatureIndex index, FeatureSpec spec);
};

// Where the features that are asked for come from, in two lists and back to one.
struct FeatureSources {
  std::span<const std::string> asked{};  // Empty: all.
  std::vector<std::string> put{};        // Those that the shop put.
  std::vector<std::string> rest{};       // The others, where any of those asked for is put.

  // What to ask of the behaviour features, if any; an empty list asks for all.
  std::span<const std::string> computed() const { return put.empty() ? asked : rest; }
  bool HasComputed() const { return asked.empty() || !computed().empty(); }

  // In the order in which they were asked for; all: the computed ones first.
  std::vector<Feature> Join(std::vector<Feature> from_computed,
                            std::vector<Feature> from_put) const;
};

// What one commit changes, in order.
struct PutChanges {
  std::vector<std::pair<PutFeatureIndex, FeatureSpec>> definitions{};
  std::vector<std::pair<PutKey, std::optional<PutValue>>> values{};  // None: it goes.
};

// The view of all values that the shop put, by user and by item. Thread-safe; written by the commit
// thread alone.
//
// Memory: 72 bytes a value and what its text takes, and about 80 for a user or an item with any.
class PutValues {
 public:
  PutValues();

  std::shared_ptr<const PutFeatureSpecs> specs() const { return specs_.Get(); }
  // All features that can be read, behaviour features first.
  std::shared_ptr<const FeatureRegistry> registry() const { return registry_.Get(); }

  // Views `names`. An empty list: all features of the entity.
  FeatureSources SourcesOf(FeatureEntity entity, std::span<const std::string> names) const;

  std::optional<PutValue> Get(const PutKey& key) const;

  // The features `names` of one user or item, in their order; missing are those that nothing is
  // known of, all of them where `row` is unset. REQUIRES: each is a feature of `entity`
  std::vector<Feature> Read(FeatureEntity entity, std::optional<std::uint32_t> row,
                            std::span<const std::string> names, Micros now) const;

  // The commit thread's part.
  void Apply(const PutChanges& changes);
  void EraseUser(UserIndex user);

 private:
  static constexpr std::size_t kNumShards = 64;
  using Entry = std::pair<PutFeatureIndex, PutValue>;
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<std::uint32_t, std::vector<Entry>> entries;  // Guarded by mutex: by row.
  };

  const Shard& ShardOf(FeatureEntity entity, std::uint32_t row) const;
  Shard& ShardOf(FeatureEntity entity, std::uint32_t row);
  void Set(const PutKey& key, const std::optional<PutValue>& value);

  Published<PutFeatureSpecs> specs_{std::make_shared<const PutFeatureSpecs>()};
  Published<FeatureRegistry> registry_;
  std::array<Shard, kNumShards> users_;
  std::array<Shard, kNumShards> items_;
};

}  // namespace vitrine
