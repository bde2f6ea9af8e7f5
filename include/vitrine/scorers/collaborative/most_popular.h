#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/math/sparse.h"
#include "vitrine/scorers/collaborative/item_kinds.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine {

// What MostPopular is made of.
struct MostPopularTable {
  std::vector<float> popularity{};            // [num_items] >= 0, or kUnscored: unknown item
  std::vector<std::string> category_names{};  // Paths, distinct.
  CsrMatrix categories{};                     // [num_items x categories] 1: in it; 2: its own path
  float category_mix = 1;                     // beta below, >= 0
};

// What everybody likes, and what everybody likes in the categories that this shopper is in.
//
//   score(i) = p(i) / P  +  beta * sum over c of a(c) * p(i) / P(c)     (c: categories that hold i)
//
// p is an item's popularity, P the largest of all, P(c) the largest within c, a(c) the shares of
// the categories that the query is about, which sum to 1: those of the page (`categories` and the
// own paths of the context items), or, when the page has none, the own paths of the items in the
// history by their positive weights. A query about no category gets p(i) / P. Items of popularity 0
// score 0, items the table does not hold are kUnscored. Source: the usual baseline; the category
// term is ours. Immutable, thread-safe.
class MostPopular final : public Scorer, public Explainer {
 public:
  // Errors: INVALID_ARGUMENT sizes that do not match, a popularity that is negative or NaN.
  static absl::StatusOr<std::shared_ptr<const MostPopular>> Create(MostPopularTable table);

  std::string_view name() const override { return "most_popular"; }

  // O(items x categories of an item) a query.
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override;

  // Exact. O(items + members of the query's categories)
  float Sketch(const Query& query, std::span<float> scores) const override;

  // Walks the items by popularity, of the query's categories too, until no other one can be among
  // the best k: O(k + what is filtered out), and a look at each kind of items in these categories
  // whose most popular could be. Scores all that is `allowed` instead where that costs less.
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override;

  // kBase, and one kFeature "category: PATH" for each category that adds.
  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override;
  std::vector<std::vector<Contribution>> ExplainAll(
      const Query& query, std::span<const ItemIndex> items) const override;

  const MostPopularTable& table() const { return table_; }

 private:
  struct Share {
    std::uint32_t category = 0;
    double factor = 0;  // beta * a(c) / P(c), whose divisor may be as small as floats go.
  };

  class Walk;

  // What an item of this popularity gets for being in the share's category.
  static float Part(const Share& share, float popularity) {
    return static_cast<float>(share.factor * popularity);
  }

  explicit MostPopular(MostPopularTable table);
  void SortItems();
  // The longest part of `path` that is a category of some item.
  std::optional<std::uint32_t> FindCategory(const std::string& path) const;
  std::shared_ptr<const std::vector<Share>> Shares(const Query& query) const;
  std::vector<Share> WorkOutShares(const Query& query) const;
  float ScoreOf(std::span<const Share> shares, ItemIndex item) const;
  // Adds what the shares add to the scores of all items. O(members of the shares' categories)
  void AddShares(std::span<const Share> shares, std::span<float> scores) const;
  std::vector<Contribution> ExplainOne(std::span<const Share> shares, ItemIndex item) const;

  MostPopularTable table_;
  std::vector<ItemIndex> by_score_;      // Known items by p(i) / P, best first.
  ItemKinds kinds_;                      // Of the items of popularity above 0.
  CsrMatrix members_;                    // [categories x num_items]
  std::vector<float> best_in_category_;  // P(c) [categories]
  std::vector<std::pair<std::string, std::uint32_t>> names_;  // Sorted, for look-up.
  std::vector<std::string> features_;                         // "category: PATH" [categories]
  float best_ = 0;                                            // P
  std::vector<float> everywhere_;  // p(i) / P, the score but for categories
};

void Save(const MostPopular& scorer, ByteWriter& writer);

// Row r of what was saved becomes item row_to_index[r], 0xFFFFFFFF drops it; `num_items` items.
// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const MostPopular>> LoadMostPopular(
    ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items);

}  // namespace vitrine
