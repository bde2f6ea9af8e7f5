#include "engine/exposure.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "vitrine/engine/expose.h"
#include "vitrine/math/top_k.h"

namespace vitrine {
namespace {

constexpr std::size_t kFirstAsked = 50;

// The fewest most popular items that have `share` of the sum. Halves, again and again, those among
// which the last of them is: O(n).
ItemBitmap MostPopularWith(double share, std::span<const float> popularity) {
  std::vector<ScoredItem> items;
  double total = 0;
  for (std::size_t row = 0; row < popularity.size(); ++row) {
    if (!(popularity[row] > 0)) continue;
    items.push_back({ItemIndex{static_cast<std::uint32_t>(row)}, popularity[row]});
    total += static_cast<double>(popularity[row]);
  }
  ItemBitmap head(popularity.size());
  const auto before = [](const ScoredItem& a, const ScoredItem& b) { return RanksBefore(a, b); };
  double missing = share * total;
  auto begin = items.begin();
  auto end = items.end();
  while (end - begin > 1) {
    const auto middle = begin + (end - begin) / 2;
    std::nth_element(begin, middle, end, before);
    double sum = 0;
    for (auto each = begin; each != middle; ++each) sum += static_cast<double>(each->score);
    if (sum < missing) {
      for (auto each = begin; each != middle; ++each) head.Insert(each->item);
      missing -= sum;
      begin = middle;
    } else {
      end = middle;
    }
  }
  if (begin != end && missing > 0) head.Insert(begin->item);
  return head;
}

// Items published on that day, counted from 1970, or later. One filter a day is remembered.
std::shared_ptr<const ItemBitmap> PublishedFrom(std::int64_t day, const FilteredItems& filtered) {
  const absl::Time start = absl::FromUnixSeconds(day * (kMicrosPerDay / kMicrosPerSecond));
  const std::string filter = absl::StrFormat(
      "publish_time >= \"%s\"", absl::FormatTime(absl::RFC3339_sec, start, absl::UTCTimeZone()));
  auto items = filtered.Matching(filter);
  assert(items.ok());
  return *std::move(items);
}

}  // namespace

ItemBitmap ExposedGroups::LongTailOf(
    const ItemBitmap& allowed, const std::shared_ptr<const std::vector<float>>& popularity) const {
  std::shared_ptr<const ItemBitmap> head;
  {
    std::lock_guard lock(mutex_);
    if (popularity_ != popularity) {
      head_ =
          std::make_shared<const ItemBitmap>(MostPopularWith(Exposure::kHeadShare, *popularity));
      popularity_ = popularity;
    }
    head = head_;
  }
  ItemBitmap tail = allowed;
  tail.Subtract(*head);
  return tail;
}

ItemBitmap ExposedGroups::PublishedSince(Micros since, const ItemBitmap& allowed,
                                         const Catalogue& catalogue,
                                         const FilteredItems& filtered) {
  const std::int64_t day = since / kMicrosPerDay;
  ItemBitmap items = allowed;
  items.IntersectWith(*PublishedFrom(day, filtered));
  // Of the day itself it is too much, and that alone is looked at.
  ItemBitmap of_day = items;
  of_day.Subtract(*PublishedFrom(day + 1, filtered));
  of_day.ForEach([&](ItemIndex index) {
    const std::shared_ptr<const Item> item = catalogue.Get(index);
    if (item == nullptr || item->publish_time_us <= since) items.Erase(index);
  });
  return items;
}

ExposureQuota::ExposureQuota(double share, const ItemBitmap* group,
                             std::span<const std::pair<std::size_t, ItemIndex>> pins)
    : share_(share), group_(group) {
  for (const auto& [position, item] : pins) pins_.emplace_back(position, IsExposed(item));
}

void ExposureQuota::Count(ItemIndex item) { num_exposed_ += IsExposed(item) ? 1 : 0; }

bool ExposureQuota::IsDue(std::size_t position) const {
  if (group_ == nullptr) return false;
  // Of n items; what n * share falls short of a whole number by rounding alone is not lost.
  const auto owed = [this](std::size_t n) {
    return static_cast<std::size_t>(std::floor(static_cast<double>(n) * share_ + 1e-9));
  };
  if (num_exposed_ < owed(position)) return true;
  // Up to each pin to come: what is there already, the pins, and all places free but this one.
  std::size_t num_exposed = num_exposed_;
  std::size_t num_pins = 0;
  for (const auto& [at, is_exposed] : pins_) {
    if (at < position) continue;
    ++num_pins;
    num_exposed += is_exposed ? 1 : 0;
    const std::size_t free_after = at - position - num_pins;
    if (num_exposed + free_after < owed(at)) return true;
  }
  return false;
}

std::vector<BlendedItem> Expose(double share, const ItemBitmap& group,
                                std::vector<BlendedItem> ranked, std::vector<BlendedItem> exposed,
                                std::size_t k) {
  ExposureQuota quota(share, &group, {});
  absl::flat_hash_set<ItemIndex> placed;
  std::vector<BlendedItem> list;
  const auto place_next_of = [&](std::vector<BlendedItem>& items, std::size_t& next) {
    while (next < items.size() && placed.contains(items[next].item)) ++next;
    if (next == items.size()) return false;
    placed.insert(items[next].item);
    quota.Count(items[next].item);
    list.push_back(std::move(items[next++]));
    return true;
  };
  std::size_t next_ranked = 0;
  std::size_t next_exposed = 0;
  while (list.size() < k) {
    if (quota.IsDue(list.size() + 1) && place_next_of(exposed, next_exposed)) continue;
    if (!place_next_of(ranked, next_ranked)) break;
  }
  return list;
}

std::optional<BlendedItem> ExposedItems::Next(const std::function<bool(ItemIndex)>& is_open) {
  found_.resize(sources_.size());
  asked_.resize(sources_.size());
  for (; source_ < sources_.size(); ++source_, next_ = 0) {
    std::vector<BlendedItem>& found = found_[source_];
    std::size_t& asked = asked_[source_];
    while (true) {
      for (; next_ < found.size(); ++next_) {
        if (is_open(found[next_].item)) return found[next_++];
      }
      if (asked > 0 && found.size() < asked) break;
      // More need not begin with what were fewer.
      asked = asked == 0 ? kFirstAsked : 4 * asked;
      found = sources_[source_](asked);
      next_ = 0;
    }
  }
  return std::nullopt;
}

void ExposedItems::Restart() { source_ = next_ = 0; }

}  // namespace vitrine
