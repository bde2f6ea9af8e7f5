#include "vitrine/scorers/collaborative/mean_factors.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "scorers/factor_scan.h"
#include "scorers/saved_rows.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

namespace {

absl::Status CheckParts(std::string_view name, const Matrix& item_factors,
                        const TouchWeights& weights) {
  if (item_factors.cols() == 0 || item_factors.cols() > CoarseRows::kMostDimensions) {
    return absl::InvalidArgumentError(absl::StrFormat("%s wants 1 to %d dimensions, got %d", name,
                                                      CoarseRows::kMostDimensions,
                                                      item_factors.cols()));
  }
  if (!item_factors.allFinite()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s got an item factor that is not finite", name));
  }
  if (!IsSound(weights)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s wants context_weight >= 0 and scale > 0, got %g and %g", name,
                        weights.context_weight, weights.scale));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const MeanFactors>> MeanFactors::Create(
    std::string_view name, Matrix item_factors, const TouchWeights& weights) {
  VITRINE_RETURN_IF_ERROR(CheckParts(name, item_factors, weights));
  return std::shared_ptr<const MeanFactors>(
      new MeanFactors(name, std::move(item_factors), weights));
}

MeanFactors::MeanFactors(std::string_view name, Matrix item_factors, const TouchWeights& weights)
    : name_(name),
      item_factors_(std::move(item_factors)),
      touch_weights_(weights),
      known_items_(KnownRows(item_factors_)),
      per_length_(Eigen::VectorXf::Zero(item_factors_.rows())) {
  for (const ItemIndex item : known_items_.Items()) {
    const auto row = static_cast<Eigen::Index>(Row(item));
    const float length = item_factors_.row(row).stableNorm();
    // Of shorter ones floats keep few digits, or the inverse is infinite.
    if (length < std::numeric_limits<float>::min()) {
      known_items_.Erase(item);
    } else {
      per_length_[row] = 1 / length;
    }
  }
  coarse_ = CoarseIndex(per_length_.asDiagonal() * item_factors_);
}

FactorTable MeanFactors::Table() const {
  return {&item_factors_, &known_items_, &per_length_, &coarse_};
}

std::vector<TouchedItem> MeanFactors::Touched(const Query& query) const {
  return KnownTouchedItems(query, touch_weights_, known_items_);
}

Eigen::RowVectorXf MeanFactors::Sum(std::span<const TouchedItem> touched) const {
  Eigen::RowVectorXf sum = Eigen::RowVectorXf::Zero(item_factors_.cols());
  if (!IsAnythingLiked(touched)) return sum;
  for (const TouchedItem& item : touched) {
    sum += item.weight * item_factors_.row(static_cast<Eigen::Index>(Row(item.item)));
  }
  return sum;
}

Matrix MeanFactors::UserVectors(std::span<const Query> queries) const {
  Matrix vectors(static_cast<Eigen::Index>(queries.size()), item_factors_.cols());
  for (std::size_t q = 0; q < queries.size(); ++q) {
    vectors.row(static_cast<Eigen::Index>(q)) = Sum(Touched(queries[q])).stableNormalized();
  }
  return vectors;
}

void MeanFactors::Score(std::span<const Query> queries, std::span<const ItemIndex> items,
                        Eigen::Ref<Matrix> scores) const {
  ScoreByFactors(Table(), UserVectors(queries), items, scores);
}

float MeanFactors::Sketch(const Query& query, std::span<float> scores) const {
  return SketchByFactors(Table(), UserVectors({&query, 1}), scores);
}

std::vector<std::vector<ScoredItem>> MeanFactors::Retrieve(std::span<const Query> queries,
                                                           const ItemBitmap* allowed,
                                                           std::size_t k) const {
  return RetrieveByFactors(Table(), UserVectors(queries), queries, allowed, k);
}

std::vector<Contribution> MeanFactors::Explain(const Query& query, ItemIndex item) const {
  return std::move(ExplainAll(query, {&item, 1}).front());
}

std::vector<std::vector<Contribution>> MeanFactors::ExplainAll(
    const Query& query, std::span<const ItemIndex> items) const {
  std::vector<std::vector<Contribution>> explained(items.size());
  const std::vector<TouchedItem> touched = Touched(query);
  const float length = Sum(touched).stableNorm();
  if (length == 0) return explained;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!known_items_.Contains(items[i])) continue;
    const auto row = static_cast<Eigen::Index>(Row(items[i]));
    const Eigen::RowVectorXf unit = per_length_[row] * item_factors_.row(row);
    for (const TouchedItem& each : touched) {
      const float product = item_factors_.row(static_cast<Eigen::Index>(Row(each.item))).dot(unit);
      explained[i].push_back({.source = each.source,
                              .item = each.item,
                              .feature = {},
                              .value = each.weight * product / length});
    }
  }
  return explained;
}

void Save(const MeanFactors& scorer, ByteWriter& writer) {
  Write(scorer.touch_weights_, writer);
  writer.Write(scorer.item_factors_);
}

absl::StatusOr<std::shared_ptr<const MeanFactors>> LoadMeanFactors(
    std::string_view name, ByteReader& reader, std::span<const ItemIndex> row_to_index,
    std::size_t num_items) {
  const RowMapping mapping{row_to_index, num_items};
  const TouchWeights weights = ReadTouchWeights(reader);
  Matrix saved = reader.ReadMatrix();
  VITRINE_RETURN_IF_ERROR(reader.status(name));
  VITRINE_RETURN_IF_ERROR(CheckRows(static_cast<std::size_t>(saved.rows()), mapping, name));
  if (!CheckParts(name, saved, weights).ok()) {
    return absl::DataLossError(absl::StrFormat("%s holds numbers that no training makes", name));
  }
  return std::shared_ptr<const MeanFactors>(
      new MeanFactors(name, RemapRows(std::move(saved), mapping), weights));
}

}  // namespace vitrine
