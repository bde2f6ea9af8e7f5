#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/item_bitmap.h"
#include "vitrine/math/coarse_index.h"
#include "vitrine/scorers/dnn/two_tower_network.h"
#include "vitrine/scorers/scorer.h"
#include "vitrine/scorers/touched_items.h"

namespace vitrine {

struct FactorTable;

// How a history becomes the user tower's inputs.
struct TowerHistoryOptions {
  TouchWeights touch{};        // `scale` does not matter.
  double half_life_days = 30;  // Of `recent`: a touch this much older than the latest counts half.
};

// A liked item of a history, and what it counts in the two sums of the user tower.
struct TowerTouch {
  ItemIndex item{};
  float in_all = 0;  // Weight over the root of the sum of the squares of all.
  float in_recent =
      0;  // Weight * 2^(-age / half life), over their sum; ages from the latest touch.
  Contribution::Source source{};
};

// The touched items of `query` that are `known`, by index ascending. What the page is about counts
// as touched last.
std::vector<TowerTouch> TowerTouches(const Query& query, const TowerHistoryOptions& options,
                                     const ItemBitmap& known);

// The buckets of a profile's features, ascending and distinct: "country=UK", "age=30".
std::vector<std::uint32_t> ProfileBuckets(const std::map<std::string, AttributeValue>& profile,
                                          std::size_t buckets);

// What TwoTower is made of.
struct TwoTowerTable {
  TwoTowerShape shape{};
  TowerHistoryOptions history{};
  Matrix targets{};  // v [num_items x d]; a row of zeros is an item that nothing is known of.
  Matrix inputs{};   // c [num_items x d]; the same.
  std::vector<std::uint8_t> is_learned{};  // [num_items] 1: shoppers taught its vectors.
  ItemTower items{};                       // Without ids: makes the vectors of new items.
  UserTower users{};
};

// Two networks that meet in an inner product:
//
//   score(i) = <u, v_i>
//
// u is made by UserTower of the history, the page and the profile when it is asked, v_i by
// ItemTower of the item's id and features when it is trained; an item that is new since then gets
// its vectors of its features, when the catalogue is read again. It is the logit of i in the
// softmax that was trained. Yi et al., "Sampling-bias-corrected neural modeling for large corpus
// item recommendations", RecSys 2019; the dropped ids: Volkovs, Yu, Poutanen, "DropoutNet", NIPS
// 2017. A shopper of whom neither a known item nor a profile is there: nothing is scored.
// Immutable, thread-safe.
class TwoTower final : public Scorer, public Explainer {
 public:
  // Errors: INVALID_ARGUMENT a shape out of range, sizes that do not match, numbers that are not
  // finite.
  static absl::StatusOr<std::shared_ptr<const TwoTower>> Create(TwoTowerTable table);

  std::string_view name() const override { return "two_tower"; }

  // One run of the user tower a query, then O(d) an item.
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override;

  // From the factors in eight bits.
  float Sketch(const Query& query, std::span<float> scores) const override;

  // One query looks at blocks of a large catalogue until none can hold one of the best; batches
  // scan all items together.
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override;

  // What each touched item and the profile add against a shopper of whom nothing is known, by
  // DeepLIFT's rescale rule (Shrikumar et al., ICML 2017): exact but for rounding. kBase: the score
  // for that shopper, and what the number of touched items adds.
  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override;
  std::vector<std::vector<Contribution>> ExplainAll(
      const Query& query, std::span<const ItemIndex> items) const override;

  // u for each query [queries.size() x d]. Zero: nothing to say.
  Matrix UserVectors(std::span<const Query> queries) const;

  const TwoTowerTable& table() const { return table_; }

 private:
  // What is known of who asks.
  struct Shopper {
    std::vector<TowerTouch> touches{};
    Eigen::RowVectorXf profile{};  // Sum of the features' vectors; empty: none.
    bool is_known() const { return !touches.empty() || profile.size() > 0; }
  };

  struct Encoded {
    Shopper shopper{};
    Eigen::RowVectorXf vector{};  // u; zeros where nothing is known of the shopper.
  };

  explicit TwoTower(TwoTowerTable table);
  FactorTable Table() const;
  Shopper Know(const Query& query) const;
  std::shared_ptr<const Encoded> Encode(const Query& query) const;
  void FillInputs(const Shopper& shopper, Eigen::Ref<Eigen::RowVectorXf> inputs) const;

  TwoTowerTable table_;
  ItemBitmap known_items_;  // Rows of table_.targets that are not zero.
  CoarseIndex coarse_;      // table_.targets
};

// Vectors of an item by its features alone: buckets that no training item had count nothing. No
// columns where none is left. Bags as in ItemTower.
struct TowerVectors {
  Matrix targets{};  // [items x d]
  Matrix inputs{};   // [items x d]
};
TowerVectors EncodeByFeatures(const ItemTower& tower, const nn::Bags& features);

void Save(const TwoTower& scorer, ByteWriter& writer);

// Row r of what was saved becomes item row_to_index[r], 0xFFFFFFFF drops it; `num_items` items.
// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const TwoTower>> LoadTwoTower(
    ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items);

}  // namespace vitrine
