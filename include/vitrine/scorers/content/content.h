#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/item_bitmap.h"
#include "vitrine/base/matrix.h"
#include "vitrine/math/coarse_index.h"
#include "vitrine/math/sparse.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine {

struct FactorTable;

class SparseScores;  // Private to the module.

// How a shopper's profile is made of what they touched.
struct ContentOptions {
  double half_life_days = 30;          // An interaction this old counts half; 0: age does not count
  double rank_decay = 0.98;            // Each more recent interaction multiplies by this. (0, 1]
  float context_weight = 3;            // Of a context or cart item, as EventWeights. >= 0
  std::size_t profile_features = 256;  // Features kept, by absolute weight. >= 1
  float meaning_weight = 0;            // Of the meaning beside the words. >= 0
};

// What Content is made of.
struct ContentTable {
  std::vector<std::string> features{};  // As people read them: "word: mug", "brand: Acme".
  CsrMatrix items{};                    // [num_items x features] Rows of length 1, or empty.
  // [num_items x dimensions] Rows of length 1 for items that are alike, whatever their words; zeros
  // where nothing is known of an item. No rows: there is no meaning.
  Matrix meaning{};
  ContentOptions options{};
};

// Items described like those that the shopper touched:
//
//   score(i) = <profile, v_i> + meaning_weight <sense, m_i>
//
// where v_i is the unit TF-IDF vector of an item's text and attributes, m_i its unit vector of
// meaning, and profile and sense are the weighted means of those of the touched items: w *
// 2^(-age / half life) * rank_decay^rank for the history (rank 0 is the latest), context_weight for
// what the page is about. Words alone never find a cup for a mug; meaning does. Works for an item
// that nobody touched yet. An item that shares no feature with the profile is kUnscored, unless it
// has a meaning. Sources: Salton, Buckley, "Term-weighting approaches in automatic text retrieval",
// 1988; profile after Rocchio, 1971; where the meaning is from: docs/scorers/content.md.
// Immutable, thread-safe.
class Content final : public Scorer, public Explainer {
 public:
  // `fewest_in_blocks`: fewer items are retrieved by a look at all that share a feature. Errors:
  // INVALID_ARGUMENT sizes that do not match, a value that is not finite, or an option out of
  // range.
  static absl::StatusOr<std::shared_ptr<const Content>> Create(
      ContentTable table, std::size_t fewest_in_blocks = CoarseIndex::kFewestInBlocks);

  std::string_view name() const override { return "content"; }

  // O(items that share a feature + items) a query, and num_items floats of scratch a call; with
  // meaning O(dimensions) more for each item.
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override;

  // The meaning from eight bits.
  float Sketch(const Query& query, std::span<float> scores) const override;

  // Of few items visits those that share a feature with the profile, through an inverted index, and
  // with meaning all others too. Many are in blocks of such that are alike: visits the blocks that
  // can have one of the best, and finds these exactly.
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override;

  // One kFeature for each feature that profile and item share, and with meaning what each touched
  // item adds by it.
  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override;
  std::vector<std::vector<Contribution>> ExplainAll(
      const Query& query, std::span<const ItemIndex> items) const override;

  const ContentTable& table() const { return table_; }
  std::size_t num_items() const { return table_.items.num_rows; }

 private:
  struct Feature {
    std::uint32_t feature = 0;
    float weight = 0;
  };

  // A touched item that the model knows, and its share in what the query is about.
  struct Touched {
    ItemIndex item{};
    double share = 0;  // Below 0: dislike. Their sizes sum to 1.
    Contribution::Source source{};
  };
  // What the query is about.
  struct Profile {
    std::vector<Feature> features{};  // Ascending.
    Eigen::VectorXf sense{};          // [dimensions] Times meaning_weight; empty: none.
  };

  class Blocks;  // Private to the module, as is
  class Search;  // this.

  Content(ContentTable table, std::size_t fewest_in_blocks);
  bool IsKnown(ItemIndex item) const;
  std::vector<Touched> TouchedItems(const Query& query) const;
  // What all of the query is about; remembered where the query has a memo.
  std::shared_ptr<const Profile> ProfileOf(const Query& query) const;
  std::vector<Feature> FeaturesOf(std::span<const Touched> touched) const;
  std::vector<Feature> Strongest(std::vector<Feature> profile) const;
  Eigen::VectorXf SenseOf(std::span<const Touched> touched) const;
  void AddFeatures(const Profile& profile, SparseScores& scores) const;
  void AddMeaning(const Profile& profile, SparseScores& scores) const;
  std::size_t CountValues(const Profile& profile) const;  // That AddFeatures adds.
  // By feature, to be told to WordsOf.
  void AddWeights(const Profile& profile, SparseScores& weights) const;
  // What the features of one item say, kUnscored where it has none of the profile's.
  float WordsOf(const SparseScores& weights, ItemIndex item) const;
  // What the features say of a few items: as sketched, else each looked at by itself.
  void ScoreByFeatures(const Query& query, const Profile& profile, std::span<const ItemIndex> items,
                       std::span<float> scores) const;
  FactorTable MeaningTable() const;
  void ExplainFeatures(const Profile& profile, ItemIndex item,
                       std::vector<Contribution>& contributions) const;
  // For each of `items`, what each of `touched` adds by what both are about.
  void ExplainMeaning(std::span<const Touched> touched, std::span<const ItemIndex> items,
                      std::vector<std::vector<Contribution>>& explained) const;

  ContentTable table_;
  CsrMatrix postings_;                       // [features x num_items]
  ItemBitmap has_meaning_;                   // Rows of table_.meaning that are not zero
  std::vector<std::uint32_t> with_meaning_;  // and their indices, ascending.
  CoarseIndex coarse_meaning_;
  std::shared_ptr<const Blocks> blocks_{};  // Null where items are few.
};

void Save(const Content& scorer, ByteWriter& writer);

// Row r of what was saved becomes item row_to_index[r], 0xFFFFFFFF drops it; `num_items` items.
// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const Content>> LoadContent(ByteReader& reader,
                                                           std::span<const ItemIndex> row_to_index,
                                                           std::size_t num_items);

}  // namespace vitrine
