#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/matrix.h"
#include "vitrine/feature_store/transform/pipeline.h"
#include "vitrine/nn/dense.h"

namespace vitrine {

// Log-odds by a perceptron: two hidden layers of rectified units.
struct PurchaseNetwork {
  nn::Dense first{};   // [inputs -> hidden]
  nn::Dense second{};  // [hidden -> hidden]
  nn::Dense last{};    // [hidden -> 1]

  void AddParameters(nn::ParameterList& list);
};

// A probability and what made it: base + the sum of the effects are its log-odds, within 1e-4 of
// their size.
struct ExplainedPurchase {
  double probability = 0;
  double base = 0;  // The log-odds of a row that is average in every number, of no category.
  struct Effect {
    std::string column{};  // Of the rows given.
    double value = 0;
  };
  std::vector<Effect> effects{};  // One for each column, the strongest first.
};

// The probability that a session, or a shopper, buys, from a row of features: what a transform
// pipeline makes of the row goes through some perceptrons that differ in their random beginnings,
// and their log-odds are averaged. Immutable, thread-safe.
class PurchasePredictor {
 public:
  // Errors: INVALID_ARGUMENT no network, networks of different or of impossible shapes, or weights
  // that are not finite.
  static absl::StatusOr<std::shared_ptr<const PurchasePredictor>> Create(
      TransformPipeline pipeline, std::vector<PurchaseNetwork> networks);

  // [rows] The label may be missing. Errors: INVALID_ARGUMENT as TransformPipeline::Apply, or the
  // pipeline makes another number of columns of these rows, or leaves a number missing.
  absl::StatusOr<std::vector<double>> Predict(FeatureTable rows) const;

  // By the rescale rule of DeepLIFT (Shrikumar, Greenside, Kundaje, ICML 2017, section 3.5.1),
  // which shares out the whole difference to the base. Errors: those of Predict.
  absl::StatusOr<std::vector<ExplainedPurchase>> Explain(FeatureTable rows) const;

  const TransformPipeline& pipeline() const { return pipeline_; }
  const std::vector<PurchaseNetwork>& networks() const { return networks_; }

 private:
  PurchasePredictor(TransformPipeline pipeline, std::vector<PurchaseNetwork> networks)
      : pipeline_(std::move(pipeline)), networks_(std::move(networks)) {}
  Eigen::Index num_inputs() const { return networks_.front().first.weight.value.cols(); }

  TransformPipeline pipeline_;
  std::vector<PurchaseNetwork> networks_;
};

// The numbers of a transformed table as the networks read them [rows x columns], without the column
// `target`. Errors: INVALID_ARGUMENT a column of texts, or a missing number.
absl::StatusOr<Matrix> NetworkInputs(const FeatureTable& table, std::string_view target);

void Save(const PurchasePredictor& predictor, ByteWriter& writer);

// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const PurchasePredictor>> LoadPurchasePredictor(ByteReader& reader);

}  // namespace vitrine
