#include "scorers/sparse_scores.h"

#include <utility>

#include "vitrine/math/top_k.h"

namespace vitrine {

namespace {

// What SparseScores of this thread have left: numbers that are all untouched. A new vector for each
// would cost a single query more than its answer.
std::vector<std::vector<float>>& SpareSums() {
  thread_local std::vector<std::vector<float>> spare;
  return spare;
}

}  // namespace

SparseScores::SparseScores(std::size_t size) : size_(size) {
  if (!SpareSums().empty()) {
    sums_ = std::move(SpareSums().back());
    SpareSums().pop_back();
  }
  if (sums_.size() < size) sums_.resize(size, kUntouched);
}

SparseScores::~SparseScores() {
  Clear();
  SpareSums().push_back(std::move(sums_));
}

std::vector<ScoredItem> SparseScores::TakeBest(const Query& query, const ItemBitmap* allowed,
                                               std::size_t k) {
  for (const ItemIndex item : query.excluded) {
    if (Row(item) < size_) sums_[Row(item)] = kUntouched;
  }
  TopK best(k);
  const auto offer = [&](std::uint32_t index) {
    const float sum = sums_[index];
    // The threshold first: it turns nearly all away, and costs least.
    if (sum < best.threshold() || IsUntouched(sum)) return;
    if (allowed == nullptr || allowed->Contains(ItemIndex{index}))
      best.Offer(ItemIndex{index}, sum);
  };
  if (!is_dense_) {
    for (const std::uint32_t index : touched_) {
      offer(index);
      sums_[index] = kUntouched;  // One that zeros were added to may be there again.
    }
    Clear();
    return best.Take();
  }
  constexpr std::size_t kBlock = 64;
  for (std::size_t begin = 0; begin < size_; begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, size_);
    const float threshold = best.threshold();
    std::uint32_t num_good = 0;  // Counted, so that the compiler compares many at once.
    for (std::size_t i = begin; i < end; ++i) num_good += sums_[i] >= threshold ? 1U : 0U;
    if (num_good == 0) continue;
    for (std::size_t i = begin; i < end; ++i) offer(static_cast<std::uint32_t>(i));
  }
  Clear();
  return best.Take();
}

void SparseScores::Clear() {
  if (is_dense_) {
    std::fill_n(sums_.begin(), size_, kUntouched);
  } else {
    for (const std::uint32_t index : touched_) sums_[index] = kUntouched;
  }
  touched_.clear();
  is_dense_ = false;
}

}  // namespace vitrine
