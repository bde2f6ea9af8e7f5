// What MostPopular finds without scoring all there is: lists that are sorted already are walked
// from their heads until nothing that comes later can be among the best (Fagin, Lotem, Naor:
// Optimal aggregation algorithms for middleware, PODS 2001, the threshold algorithm).
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "scorers/sparse_scores.h"
#include "vitrine/math/top_k.h"
#include "vitrine/scorers/collaborative/most_popular.h"

namespace vitrine {

// One retrieval. Every sum is made of the same floats in the same order as the score, and leaves
// out none but some that are 0 or more: rounded or not, it grows with the popularity and with each
// further category. So what an item would score in all categories that are still to be walked
// bounds what comes after it.
class MostPopular::Walk {
 public:
  Walk(const MostPopular& scorer, const Query& query, const ItemBitmap* allowed, std::size_t k)
      : scorer_(scorer),
        query_(query),
        allowed_(allowed),
        best_(k),
        shares_(*scorer.Shares(query)),
        left_(shares_) {
    of_kind_.reserve(shares_.size());
  }

  std::vector<ScoredItem> Take() {
    WalkCategories();
    WalkAll();
    if (is_vain_) ScoreAllowed();
    return best_.Take();
  }

 private:
  // What each share adds most to comes first: few others can add much to what is found later.
  static bool IsWalkedBefore(const Share& a, const Share& b) {
    return a.factor != b.factor ? a.factor > b.factor : a.category < b.category;
  }

  float PopularityOf(ItemIndex item) const { return scorer_.table_.popularity[Row(item)]; }

  // What `item` scores where all of `shares` count.
  float Sum(std::span<const Share> shares, ItemIndex item) const {
    float sum = scorer_.everywhere_[Row(item)];
    for (const Share& share : shares) sum += Part(share, PopularityOf(item));
    return sum;
  }

  bool IsIn(const Share& share, ItemIndex item) const {
    const auto categories = scorer_.table_.categories.Columns(Row(item));
    return std::binary_search(categories.begin(), categories.end(), share.category);
  }

  bool Shows(ItemIndex item) {
    if (MayShow(query_, allowed_, item)) return true;
    if (allowed_ != nullptr) PassBy();
    return false;
  }

  // Gives up once more was turned away than it takes to score all that is allowed.
  void PassBy() {
    constexpr std::size_t kPassedPerScore = 4;  // Cost as much as one score, about.
    if (++num_passed_ < next_look_) return;
    is_vain_ = allowed_->HasAtMost(num_passed_ / kPassedPerScore);
    next_look_ *= 2;
  }

  void WalkCategories() {
    while (!left_.empty() && !is_vain_) {
      const auto next = std::min_element(left_.begin(), left_.end(), IsWalkedBefore);
      WalkCategory(next->category);
      left_.erase(next);
    }
  }

  void WalkCategory(std::uint32_t category) {
    for (const std::uint32_t kind : scorer_.kinds_.In(category)) {
      const std::span<const ItemIndex> items = scorer_.kinds_.Items(kind);
      if (Sum(left_, items.front()) < best_.threshold()) return;
      of_kind_.clear();
      for (const Share& share : shares_) {
        if (IsIn(share, items.front())) of_kind_.push_back(share);
      }
      // Another one's walk has been through it, or has ruled it out.
      if (std::min_element(of_kind_.begin(), of_kind_.end(), IsWalkedBefore)->category != category)
        continue;
      WalkKind(items);
      if (is_vain_) return;
    }
  }

  void WalkKind(std::span<const ItemIndex> items) {
    for (auto item = items.begin(); item != items.end() && !is_vain_;) {
      const ScoredItem scored{*item, Sum(of_kind_, *item)};
      if (scored.score < best_.threshold()) return;
      if (best_.Keeps(scored)) {
        if (Shows(scored.item)) best_.Offer(scored.item, scored.score);
        ++item;
        continue;
      }
      // It lost a tie, and so do the equally popular ones, whose indices are larger yet.
      item = std::partition_point(item, items.end(), [&](ItemIndex other) {
        return PopularityOf(other) >= PopularityOf(scored.item);
      });
    }
  }

  // What is in none of the categories, or adds 0 there.
  void WalkAll() {
    for (const ItemIndex item : scorer_.by_score_) {
      const ScoredItem scored{item, scorer_.everywhere_[Row(item)]};
      if (is_vain_ || !best_.Keeps(scored)) return;
      if (!Shows(item)) continue;
      const auto holds = [&](const Share& share) { return IsIn(share, item); };
      const bool is_walked =
          PopularityOf(item) > 0 && std::any_of(shares_.begin(), shares_.end(), holds);
      if (!is_walked) best_.Offer(item, scored.score);
    }
  }

  void ScoreAllowed() {
    best_.Take();
    allowed_->ForEach([&](ItemIndex item) {
      if (MayShow(query_, nullptr, item)) best_.Offer(item, scorer_.ScoreOf(shares_, item));
    });
  }

  const MostPopular& scorer_;
  const Query& query_;
  const ItemBitmap* allowed_;
  TopK best_;
  const std::vector<Share> shares_;  // By category,
  std::vector<Share> left_;          // those whose categories are still to be walked,
  std::vector<Share> of_kind_{};     // and those of the kind that is being walked.
  std::size_t num_passed_ = 0;       // May not be shown.
  std::size_t next_look_ = 1024;     // At what is allowed, when so many were passed.
  bool is_vain_ = false;
};

std::vector<std::vector<ScoredItem>> MostPopular::Retrieve(std::span<const Query> queries,
                                                           const ItemBitmap* allowed,
                                                           std::size_t k) const {
  std::vector<std::vector<ScoredItem>> result;
  result.reserve(queries.size());
  for (const Query& query : queries) result.push_back(Walk(*this, query, allowed, k).Take());
  return result;
}

}  // namespace vitrine
