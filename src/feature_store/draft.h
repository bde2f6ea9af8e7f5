#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "feature_store/storage.h"
#include "feature_store/store_codec.h"
#include "feature_store/store_key.h"
#include "feature_store/store_views.h"
#include "vitrine/base/clock.h"
#include "vitrine/feature_store/mutation.h"

namespace vitrine {

// Hashes of erased shoppers (StoreKey::Tombstone).
using Tombstones = std::unordered_set<std::string>;

// What a draft starts from: the store as the last commit left it.
struct DraftBase {
  const Storage& storage;
  const StoreViews& views;
  const StoreKey& key;
  const Tombstones& tombstones;
  StoreState state{};
};

// Decides mutations one after the other, each as if those before had been committed, and collects
// what one commit then writes and applies. A mutation that is refused leaves no trace. Not
// thread-safe; the views must not change meanwhile.
class Draft {
 public:
  explicit Draft(const DraftBase& base) : base_(base), state_(base.state) {}

  // The answer for when the draft is committed. REQUIRES: it is no EraseUser
  absl::StatusOr<WriteResult> Stage(const Mutation& mutation, Micros now);

  // The rows to write, the state's included; empty when nothing changed.
  Batch TakeBatch();
  StoreChanges& changes() { return changes_; }
  const StoreState& state() const { return state_; }

 private:
  absl::StatusOr<WriteResult> Decide(const RecordEvents& mutation);
  absl::StatusOr<WriteResult> Decide(const UpsertItems& mutation);
  absl::StatusOr<WriteResult> Decide(const DeleteItems& mutation);
  absl::StatusOr<WriteResult> Decide(const ReplaceCatalogue& mutation);
  absl::StatusOr<WriteResult> Decide(const UpdateInventory& mutation);
  absl::StatusOr<WriteResult> Decide(const UpsertUsers& mutation);
  absl::StatusOr<WriteResult> Decide(const MergeUsers& mutation);
  absl::StatusOr<WriteResult> Decide(const EraseUser& mutation);
  absl::StatusOr<WriteResult> Decide(const ForgetOldEvents& mutation);
  absl::StatusOr<WriteResult> Decide(const PutFeatures& mutation);

  // Event ids of one mutation, by StoreKey::EventIdKey, to the hash of their content.
  using EventIds = std::unordered_map<std::string, std::uint64_t>;
  struct Decision {
    EventOutcome outcome = EventOutcome::kRecorded;
    std::string id_key{};  // StoreKey::EventIdKey; empty: the event has no id.
    std::uint64_t content_hash = 0;
  };
  absl::StatusOr<Decision> DecideEvent(const Event& event, EventIds& own_ids) const;
  absl::StatusOr<std::optional<std::uint64_t>> KnownContent(const std::string& id_key,
                                                            const EventIds& own_ids) const;
  void AddEvent(const Event& event, const Decision& decision);
  Micros Arrive();  // The time that what comes now is known since; never goes back.

  // draft_put.cc
  using NewSpecs = std::map<std::string, const FeatureSpec*>;  // Of one mutation, by name.
  absl::Status CheckDefinitions(const PutFeatures& mutation, NewSpecs& own) const;
  absl::Status CheckValue(const PutFeatures::Value& value, const NewSpecs& own) const;
  const PutFeatureSpecs& put_specs() const;
  void Define(const FeatureSpec& definition);
  void Put(const PutFeatures::Value& value, WriteResult& result);
  std::optional<PutValue> GetPut(const PutKey& key) const;

  bool IsErased(ShopperKind kind, std::string_view id) const;
  std::optional<UserIndex> FindShopper(ShopperKind kind, std::string_view id) const;
  UserIndex FindOrAddShopper(ShopperKind kind, std::string_view id);
  ShopperRow GetShopper(UserIndex index) const;
  void WriteShopper(UserIndex index, const ShopperRow& row);  // On disk alone.
  void SetShopper(UserIndex index, const ShopperRow& row);

  std::optional<ItemIndex> FindItem(const std::string& id) const;
  ItemIndex FindOrAddItem(const std::string& id);
  std::shared_ptr<const Item> GetItem(ItemIndex index) const;
  void SetItem(ItemIndex index, std::shared_ptr<const Item> item);
  void StoreItem(const Item& item);

  const DraftBase& base_;
  StoreState state_;
  Micros now_ = 0;
  bool has_changed_ = false;  // By the mutation at hand.
  Batch batch_;
  StoreChanges changes_;

  // What the mutations so far have changed.
  EventIds event_ids_;
  std::unordered_map<std::string, UserIndex> new_shoppers_;  // By kind and id.
  std::unordered_map<std::uint32_t, ShopperRow> shopper_rows_;
  std::unordered_map<std::string, ItemIndex> new_items_;
  std::unordered_map<std::uint32_t, std::shared_ptr<const Item>> items_;
  std::shared_ptr<const PutFeatureSpecs> put_specs_;               // Null: those of the views.
  std::unordered_map<std::string, std::optional<PutValue>> puts_;  // By row on disk.
};

// For a refusal that is about one shopper or feature: FAILED_PRECONDITION with the reason.
absl::Status RefusedBecause(const char* reason, const std::string& message);
absl::Status ErasedError();

}  // namespace vitrine
