#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/nn/activation.h"
#include "vitrine/nn/cross.h"
#include "vitrine/nn/dense.h"
#include "vitrine/nn/normalization.h"
#include "vitrine/scorers/ranker.h"

namespace vitrine {

// What is known of an item beside what scorers say, each a column of a matrix [items x these].
inline constexpr std::array<std::string_view, 6> kItemFactNames = {
    "shoppers",          // ln(1 + shoppers who touched it)
    "trend of a week",   // ln((1 + recent) / (5 + all)): each by the age of the last touch,
    "trend of a month",  // half after 7 and 30 days.
    "days known",        // ln(1 + days since it was first touched)
    "days untouched",    // ln(1 + days since it was last touched)
    "price",             // ln(1 + price), 0 where there is none
};
inline constexpr std::size_t kNumItemFacts = kItemFactNames.size();

// What is known of a shopper.
inline constexpr std::array<std::string_view, 4> kShopperFactNames = {
    "items liked",            // ln(1 + distinct items of the history)
    "repeats",                // ln(interactions per distinct item)
    "days away",              // ln(1 + days since the latest interaction)
    "shoppers of the liked",  // Mean over the history of the items' "shoppers".
};
inline constexpr std::size_t kNumShopperFacts = kShopperFactNames.size();

struct DeepRankerShape {
  std::size_t num_features = 0;  // 1 to 1000
  std::size_t num_crosses = 2;   // 0 to 8
  std::size_t hidden = 64;       // Of the first hidden layer, the second has half. 2 to 1024
};

// INVALID_ARGUMENT where a number is out of its range.
absl::Status CheckShape(const DeepRankerShape& shape);

// Wide and deep with crosses of features (Cheng et al., DLRS 2016; Wang et al., DCN-v2, WWW 2021,
// the parallel form):
//
//   z = w x + w_c cross_n(... cross_1(x)) + w_d relu(W2 relu(W1 x + b1) + b2) + b
struct DeepRankerNetwork {
  struct Cache {
    std::vector<nn::Cross::Cache> crosses{};
    nn::Dense::Cache wide{};
    nn::Dense::Cache crossed{};
    nn::Dense::Cache first{};
    nn::Activation::Cache first_relu{};
    nn::Dropout::Cache dropout{};
    nn::Dense::Cache second{};
    nn::Activation::Cache second_relu{};
    nn::Dense::Cache deep{};
    Matrix output{};  // [rows x 1]
    Matrix by_input{};
    Matrix by_cross{};
  };

  DeepRankerNetwork() = default;
  // REQUIRES: CheckShape is OK
  DeepRankerNetwork(const DeepRankerShape& shape, double dropout_rate, Random& random);

  void AddParameters(nn::ParameterList& list);

  // `input` [rows x num_features]. Returns cache.output, z [rows x 1].
  const Matrix& Forward(const Matrix& input, Cache& cache, const nn::Pass& pass) const;
  // Leaves the derivatives by the input in cache.by_input.
  void Backward(const Matrix& input, const Matrix& by_output, Cache& cache, const nn::Pass& pass);

  std::vector<nn::Cross> crosses{};
  nn::Dense wide{};     // [1 x features]
  nn::Dense crossed{};  // [1 x features]
  nn::Dense first{};    // [hidden x features]
  nn::Dropout dropout{};
  nn::Dense second{};  // [hidden / 2 x hidden]
  nn::Dense deep{};    // [1 x hidden / 2]
};

// What DeepRanker is made of.
struct DeepRankerTable {
  std::vector<std::string> scorers{};  // Whose scores are features.
  Matrix item_facts{};                 // [num_items x kNumItemFacts]
  Matrix unknown_facts{};              // [1 x kNumItemFacts] Of items that the training had not.
  Matrix means{};                      // [1 x features] Taken off the features,
  Matrix scales{};                     // [1 x features] which are then multiplied with these.
  DeepRankerShape shape{};
  DeepRankerNetwork network{};
  double slope = 1;  // The log-odds are slope z + shift (Platt, 1999), learned on shoppers that
  double shift = 0;  // taught the network nothing.
  double deadline_ms = 5;
  std::size_t num_candidates = 300;
};

// Features further from the mean than so many deviations are brought back.
inline constexpr float kMostRankerDeviations = 5;

// The features of candidates before they are brought to mean 0 [items x features]: of each scorer
// its score by its best one, 1 / log2(1 + its rank), both 0 where it has nothing to say, then the
// facts of item and shopper. `rows`: of each of table.scorers its row in candidates.scores, or -1.
Matrix RankerFeatures(const RankerCandidates& candidates, std::span<const std::string> scorers,
                      const Matrix& item_facts, const Matrix& unknown_facts);

// Their names, as people read them: "score of ials", "rank in ials", "trend of a week".
std::vector<std::string> RankerFeatureNames(std::span<const std::string> scorers);

// Ranks what the blend found. As a scorer it says nothing: alone it finds no item. Immutable,
// thread-safe.
class DeepRanker final : public Scorer, public Explainer, public Ranker {
 public:
  // Errors: INVALID_ARGUMENT a shape out of range, sizes that do not match, a number that is not
  // finite.
  static absl::StatusOr<std::shared_ptr<const DeepRanker>> Create(DeepRankerTable table);

  std::string_view name() const override { return "deep_ranker"; }
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override;
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override;
  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override;

  std::span<const std::string> listens_to() const override { return table_.scorers; }
  bool Rank(const RankerCandidates& candidates, const std::function<bool()>& is_late,
            std::span<float> probabilities) const override;
  double deadline_ms() const override { return table_.deadline_ms; }
  std::size_t num_candidates() const override { return table_.num_candidates; }

  // What each feature adds to the log-odds of candidates against a candidate that is average in
  // everything, by integrated gradients (Sundararajan, Taly, Yan, ICML 2017) in 64 steps: row r
  // sums to the log-odds of items[r] less `base`, within 1e-2.
  struct Explained {
    double base = 0;
    Matrix effects{};  // [items x features]
  };
  Explained ExplainRanking(const RankerCandidates& candidates) const;

  const DeepRankerTable& table() const { return table_; }
  const std::vector<std::string>& feature_names() const { return feature_names_; }

 private:
  explicit DeepRanker(DeepRankerTable table);
  Matrix Inputs(const RankerCandidates& candidates) const;

  DeepRankerTable table_;
  std::vector<std::string> feature_names_;
};

void Save(const DeepRanker& ranker, ByteWriter& writer);

// Row r of what was saved becomes item row_to_index[r], 0xFFFFFFFF drops it; `num_items` items.
// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const DeepRanker>> LoadDeepRanker(
    ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items);

}  // namespace vitrine
