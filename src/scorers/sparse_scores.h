#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/base/item_bitmap.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine {

// Whether the shopper of `query` may be shown `item`.
inline bool MayShow(const Query& query, const ItemBitmap* allowed, ItemIndex item) {
  return (allowed == nullptr || allowed->Contains(item)) &&
         !std::binary_search(query.excluded.begin(), query.excluded.end(), item);
}

// The scores of one query.
inline std::span<float> RowOf(Eigen::Ref<Matrix>& scores, std::size_t query) {
  return {scores.row(static_cast<Eigen::Index>(query)).data(),
          static_cast<std::size_t>(scores.cols())};
}

// Whether every item is among the first `size`.
inline bool AreAllBelow(std::size_t size, std::span<const ItemIndex> items) {
  std::uint32_t largest = 0;
  for (const ItemIndex item : items) largest = std::max(largest, static_cast<std::uint32_t>(item));
  return items.empty() || largest < size;
}

// Sums of one query over items or other things with an index, of which it mostly touches few. What
// nothing was added to, or nothing but -0, is kUnscored. Not thread-safe; its memory is the
// thread's and used again by the next one on the same thread.
class SparseScores {
 public:
  // Adding anything but -0 to -0 gives something else, even when it cancels out: no flags needed.
  static constexpr float kUntouched = -0.0F;
  static bool IsUntouched(float sum) {
    return std::bit_cast<std::uint32_t>(sum) == std::bit_cast<std::uint32_t>(kUntouched);
  }

  explicit SparseScores(std::size_t size);
  ~SparseScores();
  SparseScores(const SparseScores&) = delete;
  SparseScores& operator=(const SparseScores&) = delete;

  // Announces how many values are about to be added, at most, before the first of them: when they
  // are many, it is cheaper to look at everything in the end than to note what was touched.
  void Expect(std::size_t num_values) { is_dense_ = num_values > size_ / 4; }

  // Adds factor * values[i] to items[i].
  void Add(float factor, std::span<const std::uint32_t> items, std::span<const float> values) {
    if (is_dense_) {
      for (std::size_t i = 0; i < items.size(); ++i) sums_[items[i]] += factor * values[i];
      return;
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
      float& sum = sums_[items[i]];
      if (IsUntouched(sum)) touched_.push_back(items[i]);
      sum += factor * values[i];
    }
  }

  float Of(ItemIndex item) const {
    if (Row(item) >= size_ || IsUntouched(sums_[Row(item)])) return kUnscored;
    return sums_[Row(item)];
  }

  // Sets scores[i] to Of(items[i]).
  void Read(std::span<const ItemIndex> items, std::span<float> scores) const {
    const bool are_all_here = AreAllBelow(size_, items);
    for (std::size_t i = 0; i < items.size(); ++i) {
      scores[i] = are_all_here || Row(items[i]) < size_ ? sums_[Row(items[i])] : kUntouched;
    }
    // Apart from the above, so that the compiler compares many at once and guesses none.
    for (float& score : scores) score = IsUntouched(score) ? kUnscored : score;
  }

  // Sets scores[i] to Of item i.
  void ReadAll(std::span<float> scores) const {
    const std::size_t count = std::min(size_, scores.size());
    for (std::size_t i = 0; i < count; ++i) {
      scores[i] = IsUntouched(sums_[i]) ? kUnscored : sums_[i];
    }
    std::fill(scores.begin() + static_cast<std::ptrdiff_t>(count), scores.end(), kUnscored);
  }

  // Calls visit(index, sum) for all that is touched, in no order, and starts over.
  template <typename Visit>
  void TakeAll(Visit visit) {
    const auto see = [&](std::uint32_t index) {
      if (!IsUntouched(sums_[index])) visit(index, sums_[index]);
    };
    if (is_dense_) {
      for (std::size_t index = 0; index < size_; ++index) see(static_cast<std::uint32_t>(index));
    } else {
      for (const std::uint32_t index : touched_) {
        see(index);
        sums_[index] = kUntouched;  // One that zeros were added to may be there again.
      }
    }
    Clear();
  }

  // The best `k` items that `query` may be shown, best first. Starts over.
  std::vector<ScoredItem> TakeBest(const Query& query, const ItemBitmap* allowed, std::size_t k);

  // Starts over.
  void Clear();

 private:
  std::size_t size_;
  bool is_dense_ = false;
  std::vector<float> sums_;             // [>= size_]
  std::vector<std::uint32_t> touched_;  // Unless is_dense_: where something was added.
};

}  // namespace vitrine
