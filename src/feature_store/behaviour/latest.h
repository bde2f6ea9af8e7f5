#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

namespace vitrine {

template <typename Entry>
bool IsEarlier(const Entry& a, const Entry& b) {
  if (a.time_us != b.time_us) return a.time_us < b.time_us;
  return a.offset < b.offset;
}

// The latest kLimit entries by time, those of one moment by their place in the log. Which these are
// does not depend on the order in which entries come. `Entry` has time_us and offset, and offsets
// of one moment differ or are equal for entries that keep their order.
//
// Memory: up to kLimit and a quarter, since what is too old is thrown away many at once.
template <typename Entry, std::size_t kLimit>
class Latest {
 public:
  Latest() = default;
  explicit Latest(std::vector<Entry> sorted) : kept_(std::move(sorted)) {}

  // Oldest first.
  std::span<const Entry> entries() const {
    return std::span(kept_).last(std::min(kLimit, kept_.size()));
  }

  void Add(Entry entry) {
    if (kept_.size() >= kLimit && IsEarlier(entry, entries().front())) return;
    if (kept_.size() == kMost) kept_.erase(kept_.begin(), kept_.end() - kLimit);
    if (kept_.size() == kept_.capacity()) {
      kept_.reserve(std::min(kMost, 2 * kept_.size() + 2));
    }
    const bool is_last = kept_.empty() || !IsEarlier(entry, kept_.back());  // Nearly always.
    const auto place = is_last
                           ? kept_.end()
                           : std::upper_bound(kept_.begin(), kept_.end(), entry, IsEarlier<Entry>);
    kept_.insert(place, std::move(entry));
  }

  void Merge(Latest other) {
    if (other.kept_.empty()) return;
    std::vector<Entry> joined;
    joined.reserve(kept_.size() + other.kept_.size());
    std::merge(std::make_move_iterator(kept_.begin()), std::make_move_iterator(kept_.end()),
               std::make_move_iterator(other.kept_.begin()),
               std::make_move_iterator(other.kept_.end()), std::back_inserter(joined),
               IsEarlier<Entry>);
    if (joined.size() > kLimit) joined.erase(joined.begin(), joined.end() - kLimit);
    kept_ = std::move(joined);
  }

  // Hints that an entry is about to be added.
  void Prefetch() const { __builtin_prefetch(kept_.data() + kept_.size(), 1); }

  bool operator==(const Latest& other) const {
    return std::ranges::equal(entries(), other.entries());
  }

 private:
  static constexpr std::size_t kMost = kLimit + kLimit / 4;

  std::vector<Entry> kept_;  // Its last kLimit are those.
};

}  // namespace vitrine
