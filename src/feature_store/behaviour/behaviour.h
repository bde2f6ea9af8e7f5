#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "feature_store/behaviour/event_details.h"
#include "feature_store/behaviour/item_activity.h"
#include "feature_store/behaviour/ledger.h"
#include "feature_store/behaviour/shopper_activity.h"
#include "feature_store/shoppers.h"
#include "feature_store/store_codec.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/ids.h"

namespace vitrine {

// The view of what every shopper has done and what was done with every item, beside the histories:
// what behaviour features are read from (FeatureReader). Thread-safe; written by the commit thread
// alone. Memory: ShopperActivity, ItemActivity.
class Behaviour {
 public:
  using Items = Ledger<ItemActivity>;

  ShopperActivity Shopper(UserIndex index) const { return shoppers_.Get(Row(index)); }
  // Calls read(const ShopperActivity&) under a lock that holds up events of this shopper.
  template <typename Visit>
  auto ReadShopper(UserIndex index, const Visit& read) const {
    return shoppers_.Read(Row(index), read);
  }
  ItemActivity Item(ItemIndex index) const { return items_.Get(Row(index)); }

  // An event is added to both sides. `owner`: whose it is, merges followed.
  void AddToShopper(UserIndex owner, std::uint64_t offset, const LogHead& head,
                    const EventDetails& details);
  void AddToItems(std::uint64_t offset, const LogHead& head) { AddToItems(offset, head, items_); }
  static void AddToItems(std::uint64_t offset, const LogHead& head, Items& items);

  // Hints that an event is about to be added, and a little later; for the thread that adds.
  void PrefetchShopper(UserIndex index) const { shoppers_.Prefetch(Row(index)); }
  void PrefetchShopperParts(UserIndex index) const { shoppers_.PrefetchParts(Row(index)); }
  void PrefetchItem(ItemIndex index) const { items_.Prefetch(Row(index)); }
  void PrefetchItemParts(ItemIndex index) const { items_.PrefetchParts(Row(index)); }

  void Merge(UserIndex from, UserIndex into);

  // For an erasure.
  void SetShopper(UserIndex index, ShopperActivity activity);
  void SetItems(Items& items) { items_.Replace(items); }

  // Takes all shoppers' decayed sums out, in the order of their numbers by shard: for a comparison.
  // A user who was a visitor has two sums added up, where a rebuild adds events: other last bits.
  std::vector<DecayedSum> TakeSums();

  // A consistent cut, as of Ledger: BeginCut between two commits, Write from any thread while
  // events go on but neither merges nor erasures.
  void BeginCut() const;
  void WriteCut(ByteWriter& writer) const;
  void EndCut() const;

  // What WriteCut wrote. Shoppers that `shoppers` does not have any more are skipped, those merged
  // since handed to their users.
  absl::Status Read(ByteReader& reader, const Shoppers& shoppers);

 private:
  Ledger<ShopperActivity> shoppers_;
  Items items_;
};

}  // namespace vitrine
