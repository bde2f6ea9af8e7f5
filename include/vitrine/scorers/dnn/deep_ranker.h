#pragma once

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
#include "vitrine/scorers/dnn/ranker_features.h"
#include "vitrine/scorers/ranker.h"

namespace vitrine {

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
//   f(x) = w x + w_c cross_n(... cross_1(x)) + w_d relu(W2 relu(W1 x + b1) + b2) + b
//
// w, w_c, w_d and b begin at 0: before it learns, f is 0 for every x.
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

  // `input` [rows x num_features]. Returns cache.output, f(x) [rows x 1].
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

// What the learning came to: mean ndcg@20 of the lessons' shoppers, each ranked by the network that
// learned nothing of him.
struct RankerGain {
  double ndcg_of_blend = 0;
  double ndcg = 0;
  double standard_error = 0;  // Of the difference.
  bool is_used = false;       // Else the networks were dropped, and the order is the blend's.
  std::size_t num_impression_lists = 0;  // That it learned from; 0: from sampled negatives.
};

// What DeepRanker is made of. The log-odds of a candidate are
//
//   slope (blend_slope ln(blended / best) + mean over networks of f(x)) + shift
//
// so that without networks the order is the blend's.
struct DeepRankerTable {
  std::vector<std::string> scorers{};  // Whose scores are features; empty where no network is.
  Matrix item_facts{};                 // [num_items x kNumItemFacts]
  Matrix unknown_facts{};              // [1 x kNumItemFacts] Of items that the training had not.
  ItemBehaviour item_behaviour{};      // Of as many items, or of none.
  Matrix means{};                      // [1 x features] Taken off the features,
  Matrix scales{};                     // [1 x features] which are then multiplied with these: x.
  // Of each network. One that was saved before there were behaviour features is without them.
  DeepRankerShape shape{};
  std::vector<DeepRankerNetwork> networks{};
  double blend_slope = 1;  // >= 0
  double slope = 1;        // > 0. These are learned on shoppers that taught the network nothing
  double shift = 0;        // (Platt, 1999).
  RankerGain gain{};       // All 0: nothing was learned.
  double deadline_ms = 5;
  std::size_t num_candidates = 300;
};

// Features further from the mean than so many deviations are brought back.
inline constexpr float kMostRankerDeviations = 5;

// x of DeepRankerNetwork: features less their means, times the scales, within +-5. In place.
void Standardise(const Matrix& means, const Matrix& scales, Matrix& features);

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

  std::span<const std::string> listens_to() const override {
    return table_.networks.empty() ? std::span<const std::string>() : table_.scorers;
  }
  bool Rank(const RankerCandidates& candidates, const std::function<bool()>& is_late,
            std::span<float> probabilities) const override;
  std::string learned() const override;
  double deadline_ms() const override { return table_.deadline_ms; }
  std::size_t num_candidates() const override { return table_.num_candidates; }

  // By integrated gradients (Sundararajan, Taly, Yan, ICML 2017) in 64 steps from the means of all
  // features; the residuals are what so many steps leave over. Nothing where there are no networks.
  ExplainedRanking ExplainRanking(const RankerCandidates& candidates,
                                  std::span<const std::size_t> rows) const override;

  const DeepRankerTable& table() const { return table_; }
  const std::vector<std::string>& feature_names() const { return feature_names_; }

 private:
  explicit DeepRanker(DeepRankerTable table);
  Matrix Features(const RankerCandidates& candidates) const;
  // Adds the mean of the networks' f(x) to `sums` [rows]. `inputs`: x.
  void AddNetworks(const Matrix& inputs, DeepRankerNetwork::Cache& cache,
                   Eigen::VectorXf& sums) const;
  // How the networks' mean output grows with each feature, in the mean over the way from 0 to
  // `inputs` [rows x features].
  Matrix MeanSlopes(const Matrix& inputs) const;

  DeepRankerTable table_;
  std::vector<std::string> feature_names_;
};

void Save(const DeepRanker& ranker, ByteWriter& writer);

// Row r of what was saved becomes item row_to_index[r], 0xFFFFFFFF drops it; `num_items` items.
// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const DeepRanker>> LoadDeepRanker(
    ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items);

}  // namespace vitrine
