#include "vitrine/scorers/dnn/light_gcn.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "absl/strings/str_format.h"
#include "scorers/factor_scan.h"
#include "scorers/saved_rows.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/math/unit_rows.h"

namespace vitrine {

absl::StatusOr<std::shared_ptr<const LightGcn>> LightGcn::Create(Matrix item_vectors,
                                                                 std::span<const float> degrees,
                                                                 const TouchWeights& weights) {
  if (item_vectors.cols() == 0) {
    return absl::InvalidArgumentError("lightgcn wants at least one dimension, got none");
  }
  if (static_cast<std::size_t>(item_vectors.rows()) != degrees.size()) {
    return absl::InvalidArgumentError(absl::StrFormat("lightgcn got %d items and %d degrees",
                                                      item_vectors.rows(), degrees.size()));
  }
  if (!item_vectors.allFinite()) {
    return absl::InvalidArgumentError("lightgcn got an item vector that is not finite");
  }
  if (!IsSound(weights)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("lightgcn wants context_weight >= 0 and scale > 0, got %g and %g",
                        weights.context_weight, weights.scale));
  }
  Matrix pulls = Matrix::Zero(item_vectors.rows(), 1);
  for (Eigen::Index item = 0; item < item_vectors.rows(); ++item) {
    if (item_vectors.row(item).isZero(0)) continue;
    const float degree = degrees[static_cast<std::size_t>(item)];
    pulls(item, 0) = item_vectors.row(item).norm() / std::sqrt(degree);
    if (!(degree > 0) || !std::isfinite(pulls(item, 0))) {
      return absl::InvalidArgumentError(
          absl::StrFormat("lightgcn wants a degree above 0 of item %d, got %g", item, degree));
    }
  }
  NormalizeRows(item_vectors);
  return std::shared_ptr<const LightGcn>(
      new LightGcn(std::move(item_vectors), std::move(pulls), weights));
}

LightGcn::LightGcn(Matrix directions, Matrix pulls, const TouchWeights& weights)
    : directions_(std::move(directions)),
      pulls_(std::move(pulls)),
      touch_weights_(weights),
      known_items_(KnownRows(directions_)) {}

std::vector<TouchedItem> LightGcn::Touched(const Query& query) const {
  std::vector<TouchedItem> touched = TouchedItems(query, touch_weights_, known_items_.size());
  std::erase_if(touched,
                [this](const TouchedItem& item) { return !known_items_.Contains(item.item); });
  for (TouchedItem& item : touched) {
    item.weight *= pulls_(static_cast<Eigen::Index>(Row(item.item)), 0);
  }
  return touched;
}

Eigen::RowVectorXf LightGcn::Sum(std::span<const TouchedItem> touched) const {
  Eigen::RowVectorXf sum = Eigen::RowVectorXf::Zero(directions_.cols());
  const bool is_anything_liked = std::any_of(
      touched.begin(), touched.end(), [](const TouchedItem& item) { return item.weight > 0; });
  if (!is_anything_liked) return sum;
  for (const TouchedItem& item : touched) {
    sum += item.weight * directions_.row(static_cast<Eigen::Index>(Row(item.item)));
  }
  return sum;
}

Matrix LightGcn::UserVectors(std::span<const Query> queries) const {
  Matrix vectors(static_cast<Eigen::Index>(queries.size()), directions_.cols());
  for (std::size_t q = 0; q < queries.size(); ++q) {
    vectors.row(static_cast<Eigen::Index>(q)) = Sum(Touched(queries[q])).normalized();
  }
  return vectors;
}

void LightGcn::Score(std::span<const Query> queries, std::span<const ItemIndex> items,
                     Eigen::Ref<Matrix> scores) const {
  ScoreByFactors({&directions_, &known_items_, nullptr}, UserVectors(queries), items, scores);
}

std::vector<std::vector<ScoredItem>> LightGcn::Retrieve(std::span<const Query> queries,
                                                        const ItemBitmap* allowed,
                                                        std::size_t k) const {
  return RetrieveByFactors({&directions_, &known_items_, nullptr}, UserVectors(queries), queries,
                           allowed, k);
}

std::vector<Contribution> LightGcn::Explain(const Query& query, ItemIndex item) const {
  if (!known_items_.Contains(item)) return {};
  const std::vector<TouchedItem> touched = Touched(query);
  const float length = Sum(touched).norm();
  if (length == 0) return {};
  const auto target = directions_.row(static_cast<Eigen::Index>(Row(item)));
  std::vector<Contribution> contributions;
  for (const TouchedItem& each : touched) {
    const auto vector = directions_.row(static_cast<Eigen::Index>(Row(each.item)));
    contributions.push_back({.source = each.source,
                             .item = each.item,
                             .feature = {},
                             .value = each.weight * vector.dot(target) / length});
  }
  return contributions;
}

void Save(const LightGcn& scorer, ByteWriter& writer) {
  Write(scorer.touch_weights_, writer);
  writer.Write(scorer.directions_);
  writer.Write(scorer.pulls_);
}

absl::StatusOr<std::shared_ptr<const LightGcn>> LoadLightGcn(
    ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items) {
  const RowMapping mapping{row_to_index, num_items};
  const TouchWeights weights = ReadTouchWeights(reader);
  const Matrix directions = reader.ReadMatrix();
  const Matrix pulls = reader.ReadMatrix();
  VITRINE_RETURN_IF_ERROR(reader.status("lightgcn"));
  VITRINE_RETURN_IF_ERROR(
      CheckRows(static_cast<std::size_t>(directions.rows()), mapping, "lightgcn"));
  const bool is_sound = directions.cols() > 0 && directions.allFinite() && IsSound(weights) &&
                        pulls.rows() == directions.rows() && pulls.cols() == 1 &&
                        pulls.allFinite() && (pulls.array() >= 0).all();
  if (!is_sound) return absl::DataLossError("lightgcn holds numbers that no training makes");
  return std::shared_ptr<const LightGcn>(
      new LightGcn(RemapRows(directions, mapping), RemapRows(pulls, mapping), weights));
}

}  // namespace vitrine
