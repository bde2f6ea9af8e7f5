#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "absl/status/statusor.h"
#include "vitrine/base/counters.h"
#include "vitrine/base/item_bitmap.h"
#include "vitrine/engine/item_filter.h"
#include "vitrine/feature_store/catalogue.h"

namespace vitrine {

// Which items a filter holds for, as bitmaps that follow the catalogue: an answer reflects every
// change made before it was asked for. Each filter is compiled once and remembered by its text, as
// long as it is among the kMaxRemembered latest used.
//
// Cost: a filter not remembered reads every item once, some 0.1 us each; after that a request reads
// the items that changed since the last request with this filter, whatever it was that changed, and
// copies num_items bits where that changed the set. A price that changed costs one item a filter.
// Memory: num_items bits and the text of each filter remembered. Thread-safe; who asks for a filter
// that another thread reads the items for waits for it.
class FilteredItems {
 public:
  // Both must outlive this. Counted are, as hits and misses, "cache.filters": whether a filter was
  // compiled already; and "cache.filter_items": whether its bitmap held without reading an item.
  explicit FilteredItems(const Catalogue& catalogue, Counters* counters = nullptr);

  // Errors: as ParseFilter.
  absl::StatusOr<std::shared_ptr<const ItemBitmap>> Matching(const std::string& filter) const;

  // The items in any of `categories` or below, by path. REQUIRES: there is at least one.
  ItemBitmap InCategories(std::span<const std::string> categories) const;

  static constexpr std::size_t kMaxRemembered = 256;

 private:
  struct Remembered {
    explicit Remembered(FilterExpression expression) : filter(std::move(expression)) {}

    const FilterExpression filter;
    std::mutex mutex{};
    std::uint64_t version = 0;                  // Guarded by mutex.
    std::shared_ptr<const ItemBitmap> items{};  // Guarded by mutex.
  };

  // Null: nobody counts.
  struct Looked {
    Counter* hit = nullptr;
    Counter* missed = nullptr;

    void Note(bool is_hit) const {
      if (hit != nullptr) (is_hit ? hit : missed)->Add();
    }
  };
  static Looked CountAs(const std::string& cache, Counters* counters);

  using Compile = std::function<absl::StatusOr<FilterExpression>()>;
  absl::StatusOr<std::shared_ptr<Remembered>> Find(const std::string& text,
                                                   const Compile& compile) const;
  std::shared_ptr<const ItemBitmap> UpToDate(Remembered& remembered) const;
  ItemBitmap Scan(const FilterExpression& filter) const;

  const Catalogue& catalogue_;
  const Looked filters_;
  const Looked bitmaps_;
  mutable std::mutex mutex_;
  // The latest used first. Guarded by mutex_.
  mutable std::list<std::pair<std::string, std::shared_ptr<Remembered>>> by_use_;
  mutable std::unordered_map<std::string_view, decltype(by_use_)::iterator>
      by_text_;  // Guarded by mutex_; the keys are those of by_use_.
};

}  // namespace vitrine
