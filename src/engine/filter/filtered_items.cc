#include "engine/filter/filtered_items.h"

#include <optional>
#include <vector>

#include "absl/strings/str_format.h"
#include "engine/filter/item_fields.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

namespace {

// Few enough that a write waits for a millisecond or so.
constexpr std::size_t kItemsAtATime = 4096;

// The same for every category, and no other filter's.
std::string CategoryText(const std::string& path) { return "category: " + Quoted(path); }

}  // namespace

FilteredItems::Looked FilteredItems::CountAs(const std::string& cache, Counters* counters) {
  if (counters == nullptr) return {};
  return {.hit = &counters->Get("cache." + cache + ".hit"),
          .missed = &counters->Get("cache." + cache + ".miss")};
}

FilteredItems::FilteredItems(const Catalogue& catalogue, Counters* counters)
    : catalogue_(catalogue),
      filters_(CountAs("filters", counters)),
      bitmaps_(CountAs("filter_items", counters)) {}

absl::StatusOr<std::shared_ptr<const ItemBitmap>> FilteredItems::Matching(
    const std::string& filter) const {
  const auto remembered = Find(filter, [&filter] { return ParseFilter(filter); });
  if (!remembered.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("filter: %s", std::string(remembered.status().message())));
  }
  return UpToDate(**remembered);
}

ItemBitmap FilteredItems::InCategories(std::span<const std::string> categories) const {
  ItemBitmap items;
  for (const std::string& category : categories) {
    const auto remembered = Find(CategoryText(category), [&category] {
      return absl::StatusOr<FilterExpression>(FilterExpression{.is = InCategory(category)});
    });
    items.UnionWith(*UpToDate(**remembered));
  }
  return items;
}

absl::StatusOr<std::shared_ptr<FilteredItems::Remembered>> FilteredItems::Find(
    const std::string& text, const Compile& compile) const {
  {
    std::lock_guard lock(mutex_);
    const auto found = by_text_.find(text);
    if (found != by_text_.end()) {
      by_use_.splice(by_use_.begin(), by_use_, found->second);
      filters_.Note(true);
      return found->second->second;
    }
  }
  filters_.Note(false);
  VITRINE_ASSIGN_OR_RETURN(FilterExpression filter, compile());
  std::lock_guard lock(mutex_);
  const auto found = by_text_.find(text);  // Another thread may have been as fast.
  if (found != by_text_.end()) return found->second->second;
  if (by_use_.size() == kMaxRemembered) {
    by_text_.erase(by_use_.back().first);
    by_use_.pop_back();
  }
  by_use_.emplace_front(text, std::make_shared<Remembered>(std::move(filter)));
  by_text_.emplace(by_use_.front().first, by_use_.begin());
  return by_use_.front().second;
}

std::shared_ptr<const ItemBitmap> FilteredItems::UpToDate(Remembered& remembered) const {
  std::lock_guard lock(remembered.mutex);
  // Before any item is read: what changes meanwhile is read again the next time.
  const Catalogue::Changes changes = catalogue_.ChangesSince(remembered.version);
  bitmaps_.Note(remembered.items != nullptr && changes.items && changes.items->empty());
  if (remembered.items == nullptr || !changes.items) {
    remembered.items = std::make_shared<const ItemBitmap>(Scan(remembered.filter));
  } else {
    std::optional<ItemBitmap> changed;
    for (const ItemIndex index : *changes.items) {
      const std::shared_ptr<const Item> item = catalogue_.Get(index);
      const bool is_in = item != nullptr && Matches(remembered.filter, *item);
      if (is_in == (changed ? *changed : *remembered.items).Contains(index)) continue;
      if (!changed) changed = *remembered.items;
      if (is_in) {
        changed->Insert(index);
      } else {
        changed->Erase(index);
      }
    }
    if (changed) remembered.items = std::make_shared<const ItemBitmap>(*std::move(changed));
  }
  remembered.version = changes.version;
  return remembered.items;
}

ItemBitmap FilteredItems::Scan(const FilterExpression& filter) const {
  ItemBitmap items(catalogue_.num_indices());
  std::uint32_t first = 0;
  while (catalogue_.Visit(ItemIndex{first}, kItemsAtATime, [&](ItemIndex index, const Item& item) {
    if (Matches(filter, item)) items.Insert(index);
  })) {
    first += kItemsAtATime;
  }
  return items;
}

}  // namespace vitrine
