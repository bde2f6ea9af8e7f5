#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine::testing {

// What a store should be, as slowly and plainly as it can be said: a list of events that every
// question reads from front to back.
class ModelStore {
 public:
  explicit ModelStore(const FeatureStoreOptions& options) : options_(options) {}

  // The outcome without sequence numbers.
  absl::StatusOr<WriteResult> Write(const Mutation& mutation, Micros now);

  struct Touch {
    Micros time_us = 0;
    std::string item{};
    float value = 0;
    EventType type{};
    bool operator==(const Touch&) const = default;
  };
  std::vector<Touch> History(const std::string& user_id, const std::string& visitor_id) const;
  // What impressions showed these two.
  std::vector<Touch> Shown(const std::string& user_id, const std::string& visitor_id) const;
  // All that these two did, in log order, merges followed.
  std::vector<Event> EventsOf(const std::string& user_id, const std::string& visitor_id) const;

  // Who did it, merges followed: "user:ann", "visitor:phone".
  std::string OwnerName(const Event& event) const;

  std::optional<User> GetUser(const std::string& user_id) const;
  bool IsKnown(const std::string& user_id, const std::string& visitor_id) const;
  std::map<std::string, double> Popularity(Micros now) const;  // By item.
  std::map<std::string, double> Trends(Micros now) const;      // By item.

  std::vector<Feature> ReadFeatures(FeatureEntity entity, const std::string& id, Micros now) const;
  std::vector<std::string> FeatureNames(FeatureEntity entity) const;
  std::string UserOf(const std::string& user_id, const std::string& visitor_id) const;

  const FeatureStoreOptions& options() const { return options_; }
  const std::vector<Event>& log() const { return log_; }
  const std::vector<std::string>& item_ids() const { return item_ids_; }
  const std::map<std::string, Item>& items() const { return items_; }

 private:
  using Shopper = std::pair<bool, std::string>;  // Whether a visitor; id.

  absl::StatusOr<WriteResult> Apply(const RecordEvents& mutation, Micros now);
  absl::StatusOr<WriteResult> Apply(const UpsertItems& mutation, Micros now);
  absl::StatusOr<WriteResult> Apply(const DeleteItems& mutation, Micros now);
  absl::StatusOr<WriteResult> Apply(const ReplaceCatalogue& mutation, Micros now);
  absl::StatusOr<WriteResult> Apply(const UpdateInventory& mutation, Micros now);
  absl::StatusOr<WriteResult> Apply(const UpsertUsers& mutation, Micros now);
  absl::StatusOr<WriteResult> Apply(const MergeUsers& mutation, Micros now);
  absl::StatusOr<WriteResult> Apply(const EraseUser& mutation, Micros now);
  absl::StatusOr<WriteResult> Apply(const PutFeatures& mutation, Micros now);
  absl::StatusOr<WriteResult> Apply(const ForgetOldEvents& mutation, Micros now);
  void MentionShoppers(const Event& event, std::set<Shopper>& mentioned) const;
  bool HasMoreThanEvents(const Shopper& shopper, Micros now) const;
  void ApplyValue(const PutFeatures::Value& value, Micros now, WriteResult& result);

  std::map<std::string, double> Demand(Micros now, double half_life_days) const;
  // Who touched each item, as far as their histories are kept.
  std::map<std::string, std::set<Shopper>> ShoppersOfItems() const;
  bool IsErased(const Event& event) const;
  void MeetItem(const std::string& id);
  Shopper OwnerOf(const Event& event) const;
  Shopper Resolve(const Shopper& shopper) const;
  std::vector<Touch> HistoryOf(const std::set<Shopper>& owners) const;

  const FeatureStoreOptions options_;
  std::vector<Event> log_;
  std::map<std::string, Event> sent_;  // By event id, as sent.
  std::vector<std::string> item_ids_;  // In order of first mention.
  std::map<std::string, Item> items_;
  std::map<std::string, User> profiles_;
  std::set<std::string> users_;
  std::map<std::string, std::string> merged_;  // Visitor to user.
  std::set<Shopper> erased_;
  std::vector<FeatureSpec> features_;
  using Named = std::tuple<FeatureEntity, std::string, std::string>;  // Entity, id, feature.
  std::map<Named, PutFeatures::Value> puts_;
};

// The next of a random stream of mutations over a small shop: repeats, conflicts, late events,
// merges and erasures are frequent. At most one of twenty erases.
Mutation RandomMutation(Random& random, Micros now);

std::vector<std::string> ModelUsers();
std::vector<std::string> ModelVisitors();

}  // namespace vitrine::testing
