#include "vitrine/scorers/dnn/neural_cf.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include "scorers/factor_scan.h"
#include "scorers/saved_rows.h"
#include "scorers/sparse_scores.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/math/top_k.h"

namespace vitrine {

namespace {

// Items that are scored at once: their hidden layers take 64 KiB with 32 units.
constexpr Eigen::Index kBlockItems = 512;

absl::Status CheckParts(const NeuralCfWeights& weights, const TouchWeights& touch_weights) {
  const Eigen::Index hidden = weights.items.cols() - static_cast<Eigen::Index>(weights.factors);
  if (weights.items.cols() == 0 || hidden < 0 || weights.history.rows() != weights.items.rows() ||
      weights.history.cols() != weights.items.cols() || weights.hidden.cols() != hidden ||
      weights.hidden_bias.rows() != 1 || weights.hidden_bias.cols() != weights.hidden.rows() ||
      weights.output.rows() != 1 || weights.output.cols() != weights.hidden.rows()) {
    return absl::InvalidArgumentError("neural_cf got parts whose shapes do not fit each other");
  }
  for (const Matrix* part :
       {&weights.history, &weights.items, &weights.hidden, &weights.hidden_bias, &weights.output}) {
    if (part->allFinite()) continue;
    return absl::InvalidArgumentError("neural_cf got a weight that is not finite");
  }
  if (!IsSound(touch_weights)) {
    return absl::InvalidArgumentError("neural_cf wants context_weight >= 0 and scale > 0");
  }
  return absl::OkStatus();
}

// The slope of relu between two points.
double Rescaled(double from, double to) {
  if (std::abs(to - from) < 1e-6) return from > 0 ? 1 : 0;
  return (std::max(to, 0.0) - std::max(from, 0.0)) / (to - from);
}

}  // namespace

// What a block of items is scored in.
struct NeuralCf::Block {
  Matrix first{};            // [items x h]
  Matrix second{};           // [items x h2]
  Eigen::VectorXf scores{};  // [items]
  Matrix gathered{};         // [items x g + h]
};

absl::StatusOr<std::shared_ptr<const NeuralCf>> NeuralCf::Create(
    NeuralCfWeights weights, const TouchWeights& touch_weights) {
  VITRINE_RETURN_IF_ERROR(CheckParts(weights, touch_weights));
  return std::shared_ptr<const NeuralCf>(new NeuralCf(std::move(weights), touch_weights));
}

NeuralCf::NeuralCf(NeuralCfWeights weights, const TouchWeights& touch_weights)
    : weights_(std::move(weights)),
      touch_weights_(touch_weights),
      known_items_(KnownRows(weights_.items)) {}

std::vector<TouchedItem> NeuralCf::Touched(const Query& query) const {
  return EvenTouchedItems(query, touch_weights_, known_items_);
}

Matrix NeuralCf::UserVectors(std::span<const Query> queries) const {
  Matrix vectors = Matrix::Zero(static_cast<Eigen::Index>(queries.size()), weights_.history.cols());
  for (std::size_t q = 0; q < queries.size(); ++q) {
    for (const TouchedItem& item : Touched(queries[q])) {
      vectors.row(static_cast<Eigen::Index>(q)) +=
          item.weight * weights_.history.row(static_cast<Eigen::Index>(Row(item.item)));
    }
  }
  return vectors;
}

void NeuralCf::ScoreBlock(const Eigen::Ref<const Eigen::RowVectorXf>& user,
                          const nn::ConstView& items, Block& block) const {
  const auto factors = static_cast<Eigen::Index>(weights_.factors);
  const Eigen::Index hidden = items.cols() - factors;
  block.scores.noalias() = items.leftCols(factors) * user.head(factors).transpose();
  if (hidden == 0) return;
  block.first = items.rightCols(hidden).rowwise() + user.tail(hidden);
  block.first = block.first.cwiseMax(0);
  block.second.noalias() = block.first * weights_.hidden.transpose();
  block.second.rowwise() += weights_.hidden_bias.row(0);
  block.second = block.second.cwiseMax(0);
  block.scores.noalias() += block.second * weights_.output.row(0).transpose();
}

void NeuralCf::Score(std::span<const Query> queries, std::span<const ItemIndex> items,
                     Eigen::Ref<Matrix> scores) const {
  const Matrix vectors = UserVectors(queries);
  Block block;
  for (std::size_t begin = 0; begin < items.size(); begin += kBlockItems) {
    const std::size_t count = std::min<std::size_t>(kBlockItems, items.size() - begin);
    block.gathered.setZero(static_cast<Eigen::Index>(count), weights_.items.cols());
    for (std::size_t i = 0; i < count; ++i) {
      if (!known_items_.Contains(items[begin + i])) continue;
      block.gathered.row(static_cast<Eigen::Index>(i)) =
          weights_.items.row(static_cast<Eigen::Index>(Row(items[begin + i])));
    }
    for (std::size_t q = 0; q < queries.size(); ++q) {
      const auto user = vectors.row(static_cast<Eigen::Index>(q));
      const std::span<float> row = RowOf(scores, q).subspan(begin, count);
      std::fill(row.begin(), row.end(), kUnscored);
      if (user.isZero(0)) continue;
      ScoreBlock(user, block.gathered, block);
      for (std::size_t i = 0; i < count; ++i) {
        if (known_items_.Contains(items[begin + i])) {
          row[i] = block.scores[static_cast<Eigen::Index>(i)];
        }
      }
    }
  }
}

std::vector<std::vector<ScoredItem>> NeuralCf::Retrieve(std::span<const Query> queries,
                                                        const ItemBitmap* allowed,
                                                        std::size_t k) const {
  std::vector<std::vector<ScoredItem>> result(queries.size());
  const Matrix vectors = UserVectors(queries);
  const Eigen::Index num_items = weights_.items.rows();
  Block block;
  for (std::size_t q = 0; q < queries.size(); ++q) {
    const auto user = vectors.row(static_cast<Eigen::Index>(q));
    if (user.isZero(0)) continue;
    TopK best(k);
    for (Eigen::Index first = 0; first < num_items; first += kBlockItems) {
      const Eigen::Index count = std::min(kBlockItems, num_items - first);
      ScoreBlock(user, weights_.items.middleRows(first, count), block);
      for (Eigen::Index i = 0; i < count; ++i) {
        if (!(block.scores[i] >= best.threshold())) continue;
        const ItemIndex item{static_cast<std::uint32_t>(first + i)};
        if (known_items_.Contains(item) && MayShow(queries[q], allowed, item)) {
          best.Offer(item, block.scores[i]);
        }
      }
    }
    result[q] = best.Take();
  }
  return result;
}

std::vector<Contribution> NeuralCf::Explain(const Query& query, ItemIndex item) const {
  return std::move(ExplainAll(query, {&item, 1}).front());
}

std::vector<std::vector<Contribution>> NeuralCf::ExplainAll(
    const Query& query, std::span<const ItemIndex> items) const {
  std::vector<std::vector<Contribution>> explained(items.size());
  const std::vector<TouchedItem> touched = Touched(query);
  if (touched.empty()) return explained;
  Eigen::MatrixXd pushes(static_cast<Eigen::Index>(touched.size()), weights_.history.cols());
  for (std::size_t j = 0; j < touched.size(); ++j) {
    pushes.row(static_cast<Eigen::Index>(j)) =
        static_cast<double>(touched[j].weight) *
        weights_.history.row(static_cast<Eigen::Index>(Row(touched[j].item))).cast<double>();
  }
  const Eigen::RowVectorXd user = pushes.colwise().sum();
  if (user.isZero(0)) return explained;
  const Eigen::Index hidden = user.size() - static_cast<Eigen::Index>(weights_.factors);
  const Eigen::MatrixXd layer = weights_.hidden.cast<double>();
  const Eigen::VectorXd bias = weights_.hidden_bias.row(0).transpose().cast<double>();
  const Eigen::VectorXd output = weights_.output.row(0).transpose().cast<double>();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!known_items_.Contains(items[i])) continue;
    const Eigen::RowVectorXd target =
        weights_.items.row(static_cast<Eigen::Index>(Row(items[i]))).cast<double>();
    const Eigen::VectorXd before = target.tail(hidden).transpose();
    const Eigen::VectorXd after = before + user.tail(hidden).transpose();
    const Eigen::VectorXd second_before = layer * before.cwiseMax(0) + bias;
    const Eigen::VectorXd second_after = layer * after.cwiseMax(0) + bias;
    const Eigen::VectorXd by_second =
        output.cwiseProduct(second_before.binaryExpr(second_after, &Rescaled));
    Eigen::VectorXd slopes = target.transpose();  // Of the score by the shopper's numbers.
    slopes.tail(hidden) =
        (layer.transpose() * by_second).cwiseProduct(before.binaryExpr(after, &Rescaled));
    explained[i] = PartsOf(output.dot(second_before.cwiseMax(0)), touched, pushes * slopes);
  }
  return explained;
}

void Save(const NeuralCf& scorer, ByteWriter& writer) {
  Write(scorer.touch_weights_, writer);
  const NeuralCfWeights& weights = scorer.weights_;
  writer.Unsigned(weights.factors);
  for (const Matrix* part :
       {&weights.history, &weights.items, &weights.hidden, &weights.hidden_bias, &weights.output}) {
    writer.Write(*part);
  }
}

absl::StatusOr<std::shared_ptr<const NeuralCf>> LoadNeuralCf(
    ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items) {
  const RowMapping mapping{row_to_index, num_items};
  const TouchWeights touch_weights = ReadTouchWeights(reader);
  NeuralCfWeights weights;
  weights.factors = reader.Unsigned();
  for (Matrix* part :
       {&weights.history, &weights.items, &weights.hidden, &weights.hidden_bias, &weights.output}) {
    *part = reader.ReadMatrix();
  }
  VITRINE_RETURN_IF_ERROR(reader.status("neural_cf"));
  VITRINE_RETURN_IF_ERROR(
      CheckRows(static_cast<std::size_t>(weights.items.rows()), mapping, "neural_cf"));
  const bool is_sound = weights.factors <= static_cast<std::size_t>(weights.items.cols()) &&
                        CheckParts(weights, touch_weights).ok();
  if (!is_sound) return absl::DataLossError("neural_cf holds numbers that no training makes");
  weights.history = RemapRows(std::move(weights.history), mapping);
  weights.items = RemapRows(std::move(weights.items), mapping);
  return NeuralCf::Create(std::move(weights), touch_weights);
}

}  // namespace vitrine
