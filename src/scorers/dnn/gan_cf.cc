#include "vitrine/scorers/dnn/gan_cf.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "absl/strings/str_format.h"
#include "scorers/factor_scan.h"
#include "scorers/saved_rows.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

namespace {

absl::Status CheckParts(const GanCfWeights& weights, const TouchWeights& touch_weights) {
  const Eigen::Index hidden = weights.encoder.cols();
  // The decoder has one number more, the bias.
  if (hidden == 0 || hidden >= CoarseRows::kMostDimensions) {
    return absl::InvalidArgumentError(absl::StrFormat("gan_cf wants 1 to %d hidden units, got %d",
                                                      CoarseRows::kMostDimensions - 1, hidden));
  }
  if (weights.encoder_bias.rows() != 1 || weights.encoder_bias.cols() != hidden ||
      weights.decoder.cols() != hidden + 1 || weights.decoder.rows() != weights.encoder.rows()) {
    return absl::InvalidArgumentError("gan_cf got parts whose shapes do not fit each other");
  }
  for (const Matrix* part : {&weights.encoder, &weights.encoder_bias, &weights.decoder}) {
    if (part->allFinite()) continue;
    return absl::InvalidArgumentError("gan_cf got a weight that is not finite");
  }
  if (!IsSound(touch_weights)) {
    return absl::InvalidArgumentError("gan_cf wants context_weight >= 0 and scale > 0");
  }
  return absl::OkStatus();
}

// The slope of tanh between two points.
double Rescaled(double from, double to) {
  if (std::abs(to - from) < 1e-6) return 1 - std::tanh(from) * std::tanh(from);
  return (std::tanh(to) - std::tanh(from)) / (to - from);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const GanCf>> GanCf::Create(GanCfWeights weights,
                                                           const TouchWeights& touch_weights) {
  VITRINE_RETURN_IF_ERROR(CheckParts(weights, touch_weights));
  return std::shared_ptr<const GanCf>(new GanCf(std::move(weights), touch_weights));
}

GanCf::GanCf(GanCfWeights weights, const TouchWeights& touch_weights)
    : weights_(std::move(weights)),
      touch_weights_(touch_weights),
      known_items_(KnownRows(weights_.decoder)),
      index_(IndexOfMany(weights_.decoder)) {}

FactorTable GanCf::Table() const {
  return {&weights_.decoder, &known_items_, nullptr, index_.get()};
}

std::vector<TouchedItem> GanCf::Touched(const Query& query) const {
  return EvenTouchedItems(query, touch_weights_, known_items_);
}

Matrix GanCf::UserVectors(std::span<const Query> queries) const {
  const Eigen::Index hidden = weights_.encoder.cols();
  Matrix vectors = Matrix::Zero(static_cast<Eigen::Index>(queries.size()), hidden + 1);
  for (std::size_t q = 0; q < queries.size(); ++q) {
    const std::vector<TouchedItem> touched = Touched(queries[q]);
    if (touched.empty()) continue;
    Eigen::RowVectorXf sum = weights_.encoder_bias.row(0);
    for (const TouchedItem& item : touched) {
      sum += item.weight * weights_.encoder.row(static_cast<Eigen::Index>(Row(item.item)));
    }
    vectors.row(static_cast<Eigen::Index>(q)) << sum.array().tanh().matrix(), 1.0F;
  }
  return vectors;
}

void GanCf::Score(std::span<const Query> queries, std::span<const ItemIndex> items,
                  Eigen::Ref<Matrix> scores) const {
  ScoreByFactors(Table(), UserVectors(queries), items, scores);
}

std::vector<std::vector<ScoredItem>> GanCf::Retrieve(std::span<const Query> queries,
                                                     const ItemBitmap* allowed,
                                                     std::size_t k) const {
  return RetrieveByFactors(Table(), UserVectors(queries), queries, allowed, k);
}

std::vector<Contribution> GanCf::Explain(const Query& query, ItemIndex item) const {
  return std::move(ExplainAll(query, {&item, 1}).front());
}

std::vector<std::vector<Contribution>> GanCf::ExplainAll(const Query& query,
                                                         std::span<const ItemIndex> items) const {
  std::vector<std::vector<Contribution>> explained(items.size());
  const std::vector<TouchedItem> touched = Touched(query);
  if (touched.empty()) return explained;
  const Eigen::Index hidden = weights_.encoder.cols();
  Eigen::MatrixXd pushes(static_cast<Eigen::Index>(touched.size()), hidden);
  for (std::size_t j = 0; j < touched.size(); ++j) {
    pushes.row(static_cast<Eigen::Index>(j)) =
        static_cast<double>(touched[j].weight) *
        weights_.encoder.row(static_cast<Eigen::Index>(Row(touched[j].item))).cast<double>();
  }
  const Eigen::RowVectorXd before = weights_.encoder_bias.row(0).cast<double>();
  const Eigen::RowVectorXd after = before + pushes.colwise().sum();
  const Eigen::RowVectorXd passes = before.binaryExpr(after, &Rescaled);
  const Eigen::RowVectorXd nobody = before.array().tanh();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!known_items_.Contains(items[i])) continue;
    const Eigen::RowVectorXd target =
        weights_.decoder.row(static_cast<Eigen::Index>(Row(items[i]))).cast<double>();
    const double base = target.head(hidden).dot(nobody) + target[hidden];
    const Eigen::VectorXd adds = pushes * target.head(hidden).cwiseProduct(passes).transpose();
    explained[i] = PartsOf(base, touched, adds);
  }
  return explained;
}

void Save(const GanCf& scorer, ByteWriter& writer) {
  Write(scorer.touch_weights_, writer);
  writer.Write(scorer.weights_.encoder);
  writer.Write(scorer.weights_.encoder_bias);
  writer.Write(scorer.weights_.decoder);
}

absl::StatusOr<std::shared_ptr<const GanCf>> LoadGanCf(ByteReader& reader,
                                                       std::span<const ItemIndex> row_to_index,
                                                       std::size_t num_items) {
  const RowMapping mapping{row_to_index, num_items};
  const TouchWeights touch_weights = ReadTouchWeights(reader);
  GanCfWeights weights;
  weights.encoder = reader.ReadMatrix();
  weights.encoder_bias = reader.ReadMatrix();
  weights.decoder = reader.ReadMatrix();
  VITRINE_RETURN_IF_ERROR(reader.status("gan_cf"));
  VITRINE_RETURN_IF_ERROR(
      CheckRows(static_cast<std::size_t>(weights.decoder.rows()), mapping, "gan_cf"));
  if (!CheckParts(weights, touch_weights).ok()) {
    return absl::DataLossError("gan_cf holds numbers that no training makes");
  }
  weights.encoder = RemapRows(std::move(weights.encoder), mapping);
  weights.decoder = RemapRows(std::move(weights.decoder), mapping);
  return GanCf::Create(std::move(weights), touch_weights);
}

}  // namespace vitrine
