#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "feature_store/store_views.h"
#include "vitrine/base/bytes.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine::testing {

// A store in memory whose contents a test sets piece by piece, live popularity included, so that
// every number of an answer can be checked by hand. Write and what reads the log answer
// UNIMPLEMENTED: for these there is the real store in a TemporaryFolder. Thread-safe.
class FakeFeatureStore final : public FeatureStore {
 public:
  FakeFeatureStore() : views_(FeatureStoreOptions{}) {}

  // Adds the item, or replaces it as a whole. Returns its index.
  ItemIndex Put(Item item) {
    const ItemIndex index = Name(item.id);
    Set(index, std::make_shared<const Item>(std::move(item)));
    return index;
  }

  // Takes the item out of the catalogue; its id keeps its index.
  void Retire(const std::string& id) { Set(Name(id), nullptr); }

  // The index of `id`, given now if it has none: what an event on an unknown item does.
  ItemIndex Name(const std::string& id) {
    if (const auto found = catalogue().Find(id); found.has_value()) return *found;
    StoreChanges changes;
    changes.catalogue.new_ids.push_back(id);
    views_.Apply(changes);
    return *catalogue().Find(id);
  }

  // The shopper, user or visitor, does something; later calls are later events.
  void Record(const std::string& shopper, EventType type, const std::string& item_id,
              float value = 1) {
    const ItemIndex item = Name(item_id);
    std::lock_guard lock(mutex_);
    ++sequence_;
    std::vector<Interaction>& history = histories_[shopper];
    history.insert(history.begin(), {.time_us = static_cast<Micros>(sequence_),
                                     .item = item,
                                     .weight = EventWeights{}.Of(type, value),
                                     .value = value,
                                     .type = type});
  }

  void SetPopularity(std::vector<float> popularity) {
    SetPopularity(RankValues(std::move(popularity)));
  }
  void SetPopularity(RankedValues popularity) {
    std::lock_guard lock(mutex_);
    popularity_ = std::make_shared<const RankedValues>(std::move(popularity));
  }

  using FeatureStore::Write;
  void Write(Mutation /*mutation*/, Done done) override { done(Unimplemented()); }
  const Catalogue& catalogue() const override { return views_.catalogue(); }

  ShopperState ReadShopper(const std::string& user_id,
                           const std::string& visitor_id) const override {
    std::lock_guard lock(mutex_);
    ShopperState state{.sequence = sequence_};
    for (const std::string& id : {user_id, visitor_id}) {
      const auto found = histories_.find(id);
      if (found == histories_.end()) continue;
      state.is_known = true;
      state.history.insert(state.history.end(), found->second.begin(), found->second.end());
    }
    std::stable_sort(
        state.history.begin(), state.history.end(),
        [](const Interaction& a, const Interaction& b) { return a.time_us > b.time_us; });
    return state;
  }

  std::optional<User> GetUser(const std::string& /*user_id*/) const override {
    return std::nullopt;
  }
  std::string UserOfVisitor(const std::string& /*visitor_id*/) const override { return ""; }
  std::vector<std::string> VisitorsOfUser(const std::string& /*user_id*/) const override {
    return {};
  }

  std::shared_ptr<const RankedValues> LivePopularity() const override {
    std::lock_guard lock(mutex_);
    return popularity_;
  }

  std::shared_ptr<const RankedValues> LiveTrends() const override {
    std::lock_guard lock(mutex_);
    return trends_;
  }
  void SetTrends(std::vector<float> trends) { SetTrends(RankValues(std::move(trends))); }
  void SetTrends(RankedValues trends) {
    std::lock_guard lock(mutex_);
    trends_ = std::make_shared<const RankedValues>(std::move(trends));
  }

  // The shopper is shown the item; later calls are later.
  void Show(const std::string& shopper, const std::string& item_id) {
    const ItemIndex item = Name(item_id);
    std::lock_guard lock(mutex_);
    ++sequence_;
    std::vector<ShownItem>& shown = shown_[shopper];
    shown.insert(shown.begin(), {.item = item, .time_us = static_cast<Micros>(sequence_)});
  }
  std::vector<ShownItem> ReadShownItems(const std::string& user_id,
                                        const std::string& visitor_id) const override {
    std::lock_guard lock(mutex_);
    std::vector<ShownItem> joined;
    for (const std::string& id : {user_id, visitor_id}) {
      const auto found = shown_.find(id);
      if (found == shown_.end()) continue;
      joined.insert(joined.end(), found->second.begin(), found->second.end());
    }
    std::stable_sort(joined.begin(), joined.end(),
                     [](const ShownItem& a, const ShownItem& b) { return a.time_us > b.time_us; });
    return joined;
  }

  std::shared_ptr<const FeatureRegistry> feature_registry() const override {
    return views_.put_values().registry();
  }
  std::vector<Feature> ReadUserFeatures(const std::string& user_id, const std::string& visitor_id,
                                        std::span<const std::string> names,
                                        Micros now) const override {
    return views_.ReadUserFeatures(user_id, visitor_id, names, now);
  }
  std::vector<Feature> ReadItemFeatures(const std::string& item_id,
                                        std::span<const std::string> names,
                                        Micros now) const override {
    return views_.ReadItemFeatures(item_id, names, now);
  }
  std::vector<SessionEvent> ReadSession(const std::string& user_id, const std::string& visitor_id,
                                        Micros now) const override {
    return views_.ReadSession(user_id, visitor_id, now);
  }
  absl::StatusOr<std::vector<FeatureRow>> FeaturesAsOf(
      std::span<const FeatureQuestion> /*questions*/,
      const AsOfOptions& /*options*/) const override {
    return Unimplemented();
  }

  absl::StatusOr<Dataset> Snapshot(Micros /*until_us*/) const override { return Unimplemented(); }
  absl::Status ReadEvents(
      std::uint64_t /*offset*/,
      const std::function<bool(std::uint64_t, const Event&)>& /*visit*/) const override {
    return Unimplemented();
  }

  std::string Seal(std::string_view text) const override {
    ByteWriter writer;
    writer.Fixed64(Checksum("a secret" + std::string(text)));
    writer.Fixed64(Checksum("another" + std::string(text)));
    return writer.Take();
  }

  std::uint64_t sequence() const override {
    std::lock_guard lock(mutex_);
    return sequence_;
  }
  StoreStatus status() const override { return {.sequence = sequence()}; }
  absl::StatusOr<BackupSummary> BackUp(const std::string& /*to*/,
                                       const std::function<bool()>& /*is_cancelled*/) override {
    return Unimplemented();
  }
  absl::Status Checkpoint() override { return absl::OkStatus(); }

 private:
  static absl::Status Unimplemented() {
    return absl::UnimplementedError("the fake store has no log");
  }

  void Set(ItemIndex index, std::shared_ptr<const Item> item) {
    StoreChanges changes;
    changes.catalogue.items.emplace_back(index, std::move(item));
    views_.Apply(changes);
    std::lock_guard lock(mutex_);
    ++sequence_;
  }

  StoreViews views_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Interaction>> histories_;  // Guarded by mutex_.
  std::map<std::string, std::vector<ShownItem>> shown_;        // Guarded by mutex_.
  std::shared_ptr<const RankedValues> trends_ =
      std::make_shared<const RankedValues>();  // Guarded by mutex_.
  std::shared_ptr<const RankedValues> popularity_ =
      std::make_shared<const RankedValues>();  // Guarded by mutex_.
  std::uint64_t sequence_ = 0;                 // Guarded by mutex_.
};

}  // namespace vitrine::testing
