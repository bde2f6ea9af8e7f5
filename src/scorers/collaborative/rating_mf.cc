#include "vitrine/scorers/collaborative/rating_mf.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "scorers/factor_scan.h"
#include "scorers/saved_rows.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

namespace {

absl::Status CheckParts(const RatingMfParts& parts) {
  const Eigen::Index width = parts.item_vectors.cols();
  if (width < 1 || width > CoarseRows::kMostDimensions || parts.item_variances.cols() != width ||
      parts.item_variances.rows() != parts.item_vectors.rows() ||
      parts.user_penalties.size() != width) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "rating_mf wants vectors, variances and penalties of one width from 1 to %d, got %d, %d "
        "and %d",
        CoarseRows::kMostDimensions, width, parts.item_variances.cols(),
        parts.user_penalties.size()));
  }
  if (!std::isfinite(parts.mean_rating) || !parts.item_vectors.allFinite() ||
      !parts.item_variances.allFinite() || !(parts.item_variances.array() >= 0).all() ||
      !parts.user_penalties.allFinite() || !(parts.user_penalties.array() > 0).all()) {
    return absl::InvalidArgumentError(
        "rating_mf got a number that is not finite, a variance below 0 or a penalty that is not "
        "above 0");
  }
  return absl::OkStatus();
}

Eigen::Index IndexOf(ItemIndex item) { return static_cast<Eigen::Index>(Row(item)); }

}  // namespace

absl::StatusOr<std::shared_ptr<const RatingMf>> RatingMf::Create(RatingMfParts parts) {
  VITRINE_RETURN_IF_ERROR(CheckParts(parts));
  return std::shared_ptr<const RatingMf>(new RatingMf(std::move(parts)));
}

RatingMf::RatingMf(RatingMfParts parts)
    : parts_(std::move(parts)),
      known_items_(KnownRows(parts_.item_variances)),
      index_(IndexOfMany(parts_.item_vectors)) {}

FactorTable RatingMf::Table() const {
  return {&parts_.item_vectors, &known_items_, nullptr, index_.get()};
}

std::vector<RatedItem> RatingMf::Rated(const Query& query) const {
  std::vector<RatedItem> rated = RatedItems(query.history, known_items_.size());
  std::erase_if(rated, [this](const RatedItem& each) { return !known_items_.Contains(each.item); });
  return rated;
}

RidgeProblem RatingMf::Problem(std::span<const RatedItem> rated) const {
  const auto count = static_cast<Eigen::Index>(rated.size());
  const Eigen::Index dimensions = parts_.item_vectors.cols() - 1;
  RidgeProblem problem{.rows = Matrix::Ones(count, dimensions + 1),
                       .weights = Eigen::VectorXf::Ones(count),
                       .targets = Eigen::VectorXf(count),
                       .penalties = parts_.user_penalties};
  for (Eigen::Index j = 0; j < count; ++j) {
    const RatedItem& each = rated[static_cast<std::size_t>(j)];
    const auto vector = parts_.item_vectors.row(IndexOf(each.item));
    problem.rows.row(j).head(dimensions) = vector.head(dimensions);
    problem.targets[j] = each.rating - parts_.mean_rating - vector[dimensions];
    problem.penalties.head(dimensions) +=
        parts_.item_variances.row(IndexOf(each.item)).head(dimensions).transpose();
  }
  return problem;
}

Matrix RatingMf::Directions(std::span<const Query> queries) const {
  const Eigen::Index dimensions = parts_.item_vectors.cols() - 1;
  Matrix directions = Matrix::Ones(static_cast<Eigen::Index>(queries.size()), dimensions + 1);
  for (std::size_t q = 0; q < queries.size(); ++q) {
    directions.row(static_cast<Eigen::Index>(q)).head(dimensions) =
        SolveRidge(Problem(Rated(queries[q]))).head(dimensions).transpose();
  }
  return directions;
}

void RatingMf::Score(std::span<const Query> queries, std::span<const ItemIndex> items,
                     Eigen::Ref<Matrix> scores) const {
  ScoreByFactors(Table(), Directions(queries), items, scores);
}

std::vector<std::vector<ScoredItem>> RatingMf::Retrieve(std::span<const Query> queries,
                                                        const ItemBitmap* allowed,
                                                        std::size_t k) const {
  return RetrieveByFactors(Table(), Directions(queries), queries, allowed, k);
}

std::vector<Contribution> RatingMf::Explain(const Query& query, ItemIndex item) const {
  return std::move(ExplainAll(query, {&item, 1}).front());
}

std::vector<std::vector<Contribution>> RatingMf::ExplainAll(
    const Query& query, std::span<const ItemIndex> items) const {
  const std::vector<RatedItem> rated = Rated(query);
  const RidgeProblem problem = Problem(rated);
  const Eigen::Index dimensions = parts_.item_vectors.cols() - 1;
  Matrix directions = Matrix::Zero(static_cast<Eigen::Index>(items.size()), dimensions + 1);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!known_items_.Contains(items[i])) continue;  // Zero: no part adds anything.
    directions.row(static_cast<Eigen::Index>(i)).head(dimensions) =
        parts_.item_vectors.row(IndexOf(items[i])).head(dimensions);
  }
  const Eigen::MatrixXf effects = FactorizedRidge(problem).Effects(directions);

  std::vector<std::vector<Contribution>> explained(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!known_items_.Contains(items[i])) continue;
    explained[i].push_back({.source = Contribution::Source::kBase,
                            .item = {},
                            .feature = {},
                            .value = parts_.item_vectors(IndexOf(items[i]), dimensions)});
    for (std::size_t j = 0; dimensions > 0 && j < rated.size(); ++j) {
      const auto row = static_cast<Eigen::Index>(j);
      explained[i].push_back(
          {.source = Contribution::Source::kHistory,
           .item = rated[j].item,
           .feature = {},
           .value = effects(row, static_cast<Eigen::Index>(i)) * problem.targets[row]});
    }
  }
  return explained;
}

std::vector<float> RatingMf::PredictRatings(const Query& query,
                                            std::span<const ItemIndex> items) const {
  const Eigen::Index dimensions = parts_.item_vectors.cols() - 1;
  Eigen::VectorXf shopper = SolveRidge(Problem(Rated(query)));
  const float usual = parts_.mean_rating + shopper[dimensions];
  shopper[dimensions] = 1;
  std::vector<float> ratings(items.size(), usual);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!known_items_.Contains(items[i])) continue;
    ratings[i] += parts_.item_vectors.row(IndexOf(items[i])).dot(shopper);
  }
  return ratings;
}

void Save(const RatingMf& scorer, ByteWriter& writer) {
  const RatingMfParts& parts = scorer.parts();
  writer.Float(parts.mean_rating);
  writer.Write(parts.item_vectors);
  writer.Write(parts.item_variances);
  writer.Array(std::span<const float>(parts.user_penalties.data(),
                                      static_cast<std::size_t>(parts.user_penalties.size())));
}

absl::StatusOr<std::shared_ptr<const RatingMf>> LoadRatingMf(
    ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items) {
  const RowMapping mapping{row_to_index, num_items};
  RatingMfParts parts;
  parts.mean_rating = reader.Float();
  parts.item_vectors = reader.ReadMatrix();
  parts.item_variances = reader.ReadMatrix();
  const std::vector<float> penalties = reader.Array<float>();
  VITRINE_RETURN_IF_ERROR(reader.status("rating_mf"));
  VITRINE_RETURN_IF_ERROR(
      CheckRows(static_cast<std::size_t>(parts.item_vectors.rows()), mapping, "rating_mf"));
  parts.user_penalties = Eigen::Map<const Eigen::VectorXf>(
      penalties.data(), static_cast<Eigen::Index>(penalties.size()));
  if (!CheckParts(parts).ok()) {
    return absl::DataLossError("rating_mf holds numbers that no training makes");
  }
  parts.item_vectors = RemapRows(std::move(parts.item_vectors), mapping);
  parts.item_variances = RemapRows(std::move(parts.item_variances), mapping);
  return RatingMf::Create(std::move(parts));
}

}  // namespace vitrine
