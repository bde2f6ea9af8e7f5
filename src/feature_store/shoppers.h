#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "feature_store/item_shoppers.h"
#include "feature_store/shopper_past.h"
#include "feature_store/store_codec.h"
#include "vitrine/base/bytes.h"
#include "vitrine/feature_store/event.h"

namespace vitrine {

// The view of all shoppers: the dictionary from ids to dense indices, profiles, who was merged into
// whom, and the latest interactions of each and items they were shown. Thread-safe; written by the
// commit thread alone.
//
// Memory: about 275 bytes a shopper (an id of more than 15 bytes: twice its size more), and 24
// bytes (up to 48 while their number grows) for each of at most `history_limit` interactions and of
// at most kMaxShownItems items shown.
class Shoppers {
 public:
  static constexpr std::size_t kNumShards = 64;

  // `items`, where it is not null, counts the shoppers of each item from their histories; it must
  // outlive this.
  explicit Shoppers(std::size_t history_limit, ItemShoppers* items = nullptr)
      : history_limit_(history_limit), items_(items) {}

  std::optional<UserIndex> Find(ShopperKind kind, std::string_view id) const;

  // What the dictionary has at `index`; nothing when the shopper was erased.
  std::optional<ShopperRow> Row(UserIndex index) const;

  // The shopper that `index` is now: itself, or the user that the visitor was merged into.
  std::optional<UserIndex> Resolve(UserIndex index) const;

  struct View {
    std::vector<HistoryEntry> history{};  // Oldest first.
    std::shared_ptr<const User> profile{};
    bool is_known = false;  // Has any event or a profile.
  };
  // REQUIRES: `index` is resolved
  View Read(UserIndex index) const;

  // A user and a visitor, resolved, that are read as one. No visitor where both are one, no
  // part for an id that is empty or unknown.
  struct Parts {
    std::optional<UserIndex> user{};
    std::optional<UserIndex> visitor{};
  };
  Parts FindParts(const std::string& user_id, const std::string& visitor_id) const;
  View Read(const Parts& parts) const;

  // What impressions showed the parts, joined, oldest first.
  std::vector<HistoryEntry> ReadShown(const Parts& parts) const;

  // The distinct items that events of `type` in the history touched, ascending.
  std::vector<ItemIndex> ItemsOf(UserIndex index, EventType type) const;

  std::size_t history_limit() const { return history_limit_; }

  // Shoppers that are known, merged visitors not counted.
  std::size_t num_known() const { return num_known_.load(std::memory_order_relaxed); }

  // The commit thread's part.
  void SetRow(UserIndex index, const ShopperRow& row);
  void AddEvent(UserIndex index, std::span<const HistoryEntry> entries,
                std::span<const HistoryEntry> shown);
  // Hints that an event is about to be added, and a little later; for the thread that adds.
  void Prefetch(UserIndex index) const;
  void PrefetchHistory(UserIndex index) const;
  void Merge(UserIndex from, UserIndex into);  // Moves the past; the row comes by SetRow.
  void Erase(UserIndex index);
  void SetPast(UserIndex index, ShopperPast past, bool has_events);  // In any order.
  // Adds what an event leaves to a past of nobody yet, and holds no more than of any shopper.
  void AddToPast(const LogHead& head, std::uint64_t offset, const EventWeights& weights,
                 ShopperPast& past) const;

  // The visitors that were merged into `user`. Looks at every shopper.
  std::vector<UserIndex> VisitorsOf(UserIndex user) const;

  // The rows of all visitors that were merged into a user. Looks at every shopper.
  std::vector<std::pair<UserIndex, ShopperRow>> MergedRows() const;

  // The part of one shard's past that events before offset `end` made, at most. What later
  // events pushed out is missing, and comes out right again when those are added after Read.
  void WriteShard(std::size_t shard, std::uint64_t end, ByteWriter& writer) const;

  // Sets what WriteShard wrote, for shoppers whose rows are set; those erased since are skipped.
  // MoveMerged, once after all shards, hands the past of visitors merged since to their users.
  absl::Status ReadShard(ByteReader& reader);
  void MoveMerged();

 private:
  struct Shopper {
    ShopperRow row{};
    bool exists = false;
    bool has_events = false;
    ShopperPast past{};

    bool IsKnown() const {
      return exists && !row.merged_into.has_value() && (has_events || row.profile != nullptr);
    }
  };
  struct Shard {
    mutable std::mutex mutex;
    std::deque<Shopper> shoppers;  // Guarded by mutex: index / kNumShards.
  };
  struct Names {
    mutable std::mutex mutex;
    std::unordered_map<std::string, UserIndex> index_of;  // Guarded by mutex.
  };
  class Edit;  // One shopper under its lock; keeps num_known_ right.

  static std::string NameKey(ShopperKind kind, std::string_view id);
  const Names& NamesOf(const std::string& key) const;
  Names& NamesOf(const std::string& key);
  const Shard& ShardOf(UserIndex index) const;
  std::vector<HistoryEntry> ReadShown(UserIndex index) const;
  void SortAndTrim(ShopperPast& past) const;
  void CountItems(std::span<const HistoryEntry> before, std::span<const HistoryEntry> after);

  const std::size_t history_limit_;
  ItemShoppers* const items_;
  std::array<Names, kNumShards> names_;
  std::array<Shard, kNumShards> shards_;
  std::atomic<std::size_t> num_known_ = 0;
};

}  // namespace vitrine
