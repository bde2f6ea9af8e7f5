#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/math/sparse.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine {

class SparseScores;  // Private to the module.

// How a shopper's profile is made of what they touched.
struct ContentOptions {
  double half_life_days = 30;          // An interaction this old counts half; 0: age does not count
  double rank_decay = 0.98;            // Each more recent interaction multiplies by this. (0, 1]
  float context_weight = 3;            // Of a context or cart item, as EventWeights. >= 0
  std::size_t profile_features = 256;  // Features kept, by absolute weight. >= 1
};

// What Content is made of.
struct ContentTable {
  std::vector<std::string> features{};  // As people read them: "word: mug", "brand: Acme".
  CsrMatrix items{};                    // [num_items x features] Rows of length 1, or empty.
  ContentOptions options{};
};

// Items described like those that the shopper touched: score(i) = <profile, v_i>, where v_i is the
// unit TF-IDF vector of an item's text and attributes, and the profile is the weighted mean of the
// vectors of the touched items: w * 2^(-age / half life) * rank_decay^rank for the history (rank 0
// is the latest), context_weight for what the page is about. Works for an item that nobody touched
// yet. An item that shares no feature with the profile is kUnscored. Source: Salton, Buckley,
// "Term-weighting approaches in automatic text retrieval", 1988; profile after Rocchio, 1971.
// Immutable, thread-safe.
class Content final : public Scorer, public Explainer {
 public:
  // Errors: INVALID_ARGUMENT sizes that do not match, a value that is not finite, or an option out
  // of range.
  static absl::StatusOr<std::shared_ptr<const Content>> Create(ContentTable table);

  std::string_view name() const override { return "content"; }

  // O(items that share a feature + items) a query, and num_items floats of scratch a call.
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override;

  // Visits the items that share a feature with the profile, through an inverted index.
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override;

  // One kFeature for each feature that profile and item share.
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

  explicit Content(ContentTable table);
  std::vector<Feature> Profile(const Query& query) const;
  std::vector<Feature> Strongest(std::vector<Feature> profile) const;
  void AddQuery(const Query& query, SparseScores& scores) const;
  std::vector<Contribution> ExplainOne(std::span<const Feature> profile, ItemIndex item) const;

  ContentTable table_;
  CsrMatrix postings_;  // [features x num_items]
};

void Save(const Content& scorer, ByteWriter& writer);

// Row r of what was saved becomes item row_to_index[r], 0xFFFFFFFF drops it; `num_items` items.
// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const Content>> LoadContent(ByteReader& reader,
                                                           std::span<const ItemIndex> row_to_index,
                                                           std::size_t num_items);

}  // namespace vitrine
