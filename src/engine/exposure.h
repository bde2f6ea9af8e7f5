#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/filter/filtered_items.h"
#include "vitrine/engine/controls.h"
#include "vitrine/engine/pipeline.h"
#include "vitrine/feature_store/catalogue.h"

// A share of a list for items that rankings rarely find.
namespace vitrine {

// Which items are of a group, remembered from request to request. Thread-safe.
class ExposedGroups {
 public:
  // All but the most popular that make up kHeadShare of the sum; the smaller index is the more
  // popular of equals. Looks at what is popular once for each `popularity`; who asks meanwhile
  // waits. REQUIRES: popularity is not null
  ItemBitmap LongTailOf(const ItemBitmap& allowed,
                        const std::shared_ptr<const std::vector<float>>& popularity) const;

  // Those that were published after `since`, and before now where `allowed` is servable.
  static ItemBitmap PublishedSince(Micros since, const ItemBitmap& allowed,
                                   const Catalogue& catalogue, const FilteredItems& filtered);

 private:
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const std::vector<float>> popularity_{};  // Guarded by mutex_.
  mutable std::shared_ptr<const ItemBitmap> head_{};                // Of it. Guarded by mutex_.
};

// How far a list owes places to a group: of its first n items, pins included, at least n * share,
// rounded down, are to be of it.
class ExposureQuota {
 public:
  // `group` must outlive this; null: nothing is owed. `pins`: still to come, by position.
  ExposureQuota(double share, const ItemBitmap* group,
                std::span<const std::pair<std::size_t, ItemIndex>> pins);

  // One more item stands on the list, a pin or another.
  void Count(ItemIndex item);

  // Whether another item at `position`, the next, would break the quota there or further down,
  // where pins leave no place to catch up.
  bool IsDue(std::size_t position) const;

 private:
  bool IsExposed(ItemIndex item) const { return group_ != nullptr && group_->Contains(item); }

  const double share_;
  const ItemBitmap* const group_;
  std::vector<std::pair<std::size_t, bool>> pins_;  // Position, whether exposed. Ascending.
  std::size_t num_exposed_ = 0;
};

// The items of a group, best first, asked for as they are needed: those that a ranking has, then
// those of another source.
class ExposedItems {
 public:
  using Source = std::function<std::vector<BlendedItem>(std::size_t k)>;

  // `sources`: each gives its best k, fewer where it has no more.
  explicit ExposedItems(std::vector<Source> sources) : sources_(std::move(sources)) {}

  // The next that is open; what is not, is not asked about again before Restart. Nothing where none
  // is left.
  std::optional<BlendedItem> Next(const std::function<bool(ItemIndex)>& is_open);

  // From the first on.
  void Restart();

 private:
  const std::vector<Source> sources_;
  std::vector<std::vector<BlendedItem>> found_{};  // By source, as far as asked.
  std::vector<std::size_t> asked_{};               // How many each was asked for.
  std::size_t source_ = 0;                         // Where Next goes on.
  std::size_t next_ = 0;
};

}  // namespace vitrine
