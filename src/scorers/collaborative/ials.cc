#include "vitrine/scorers/collaborative/ials.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "absl/strings/str_format.h"
#include "scorers/factor_scan.h"
#include "scorers/saved_rows.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/math/gram.h"

namespace vitrine {

namespace {

absl::Status CheckOptions(const IalsOptions& options) {
  if (!(options.unobserved_weight > 0) || !(options.lambda > 0) || !(options.nu >= 0) ||
      !(options.nu <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("ials wants alpha0 > 0, lambda > 0 and nu from 0 to 1, got %g, %g and %g",
                        options.unobserved_weight, options.lambda, options.nu));
  }
  if (!IsSound(options.touch_weights)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("ials wants context_weight >= 0 and scale > 0, got %g and %g",
                        options.touch_weights.context_weight, options.touch_weights.scale));
  }
  return absl::OkStatus();
}

}  // namespace

double IalsRegularisation(const IalsOptions& options, double weight_sum, std::size_t num_others) {
  const double size = weight_sum + options.unobserved_weight * static_cast<double>(num_others);
  return options.lambda * std::pow(size, options.nu);
}

RidgeProblem IalsProblem(const IalsSide& side, const IalsOptions& options,
                         std::span<const std::uint32_t> columns, std::span<const float> weights) {
  const auto count = static_cast<Eigen::Index>(columns.size());
  RidgeProblem problem;
  problem.rows.resize(count, side.factors->cols());
  problem.weights.resize(count);
  problem.targets.resize(count);
  double weight_sum = 0;
  for (Eigen::Index j = 0; j < count; ++j) {
    const float weight = weights[static_cast<std::size_t>(j)];
    problem.rows.row(j) = side.factors->row(columns[static_cast<std::size_t>(j)]);
    problem.weights[j] = std::abs(weight);
    problem.targets[j] = weight > 0 ? 1.0F : 0.0F;
    // A row of zeros teaches nothing, whether it was never known or was dropped since.
    if (!problem.rows.row(j).isZero(0)) weight_sum += problem.weights[j];
  }
  const double regularisation = IalsRegularisation(options, weight_sum, side.num_known);
  problem.penalties = side.penalties->array() + static_cast<float>(regularisation);
  return problem;
}

absl::StatusOr<std::shared_ptr<const Ials>> Ials::Create(Matrix item_factors,
                                                         const IalsOptions& options,
                                                         std::string_view name) {
  VITRINE_RETURN_IF_ERROR(CheckOptions(options));
  if (item_factors.cols() == 0 || item_factors.cols() > CoarseRows::kMostDimensions) {
    return absl::InvalidArgumentError(absl::StrFormat("%s wants 1 to %d dimensions, got %d", name,
                                                      CoarseRows::kMostDimensions,
                                                      item_factors.cols()));
  }
  // Bounds the Gram matrix, too.
  if (!std::isfinite(item_factors.squaredNorm())) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s got an item factor that is not finite, or too large to square", name));
  }
  RotatedFactors rotated = DiagonaliseGram(item_factors, nullptr);
  // Rounding may not turn a row of zeros, an unknown item, into a known one.
  std::size_t num_known = 0;
  for (Eigen::Index row = 0; row < item_factors.rows(); ++row) {
    if (item_factors.row(row).isZero(0)) {
      rotated.factors.row(row).setZero();
    } else {
      ++num_known;
    }
  }
  rotated.gram *= options.unobserved_weight;
  return std::shared_ptr<const Ials>(
      new Ials(name, {std::move(rotated.factors), std::move(rotated.gram), num_known}, options));
}

Ials::Ials(std::string_view name, Served served, const IalsOptions& options)
    : name_(name),
      served_(std::move(served)),
      options_(options),
      known_items_(KnownRows(served_.item_factors)),
      coarse_(served_.item_factors) {}

FactorTable Ials::Table() const { return {&item_factors(), &known_items_, nullptr, &coarse_}; }

std::vector<TouchedItem> Ials::Touched(const Query& query) const {
  return KnownTouchedItems(query, options_.touch_weights, known_items_);
}

RidgeProblem Ials::Problem(std::span<const TouchedItem> touched) const {
  std::vector<std::uint32_t> columns;
  std::vector<float> weights;
  for (const TouchedItem& item : touched) {
    columns.push_back(static_cast<std::uint32_t>(item.item));
    weights.push_back(item.weight);
  }
  return IalsProblem({&item_factors(), &served_.penalties, served_.num_trained}, options_, columns,
                     weights);
}

std::shared_ptr<const Ials::FoldedIn> Ials::FoldIn(const Query& query) const {
  return QueryMemo::Recall<FoldedIn>(query.memo, this, [&] {
    std::vector<TouchedItem> touched = Touched(query);
    FactorizedRidge ridge(Problem(touched));
    Eigen::VectorXf vector = Eigen::VectorXf::Zero(item_factors().cols());
    if (IsAnythingLiked(touched)) vector = ridge.Solution();
    return FoldedIn{std::move(touched), std::move(ridge), std::move(vector)};
  });
}

Matrix Ials::UserVectors(std::span<const Query> queries) const {
  Matrix vectors(static_cast<Eigen::Index>(queries.size()), item_factors().cols());
  for (std::size_t q = 0; q < queries.size(); ++q) {
    vectors.row(static_cast<Eigen::Index>(q)) = FoldIn(queries[q])->vector.transpose();
  }
  return vectors;
}

void Ials::Score(std::span<const Query> queries, std::span<const ItemIndex> items,
                 Eigen::Ref<Matrix> scores) const {
  ScoreByFactors(Table(), UserVectors(queries), items, scores);
}

float Ials::Sketch(const Query& query, std::span<float> scores) const {
  return SketchByFactors(Table(), UserVectors({&query, 1}), scores);
}

std::vector<std::vector<ScoredItem>> Ials::Retrieve(std::span<const Query> queries,
                                                    const ItemBitmap* allowed,
                                                    std::size_t k) const {
  return RetrieveByFactors(Table(), UserVectors(queries), queries, allowed, k);
}

std::vector<Contribution> Ials::Explain(const Query& query, ItemIndex item) const {
  return std::move(ExplainAll(query, {&item, 1}).front());
}

Eigen::MatrixXf Ials::EffectsOn(const FoldedIn& folded_in, std::span<const ItemIndex> items) const {
  Matrix directions = Matrix::Zero(static_cast<Eigen::Index>(items.size()), item_factors().cols());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!known_items_.Contains(items[i])) continue;  // Zero: no part adds anything.
    directions.row(static_cast<Eigen::Index>(i)) =
        item_factors().row(static_cast<Eigen::Index>(Row(items[i])));
  }
  Eigen::MatrixXf effects = folded_in.ridge.Effects(directions);
  for (std::size_t j = 0; j < folded_in.touched.size(); ++j) {
    if (folded_in.touched[j].weight <= 0) effects.row(static_cast<Eigen::Index>(j)).setZero();
  }
  return effects;
}

std::vector<std::vector<Contribution>> Ials::ExplainAll(const Query& query,
                                                        std::span<const ItemIndex> items) const {
  const auto folded_in = FoldIn(query);
  const std::vector<TouchedItem>& touched = folded_in->touched;
  const Eigen::MatrixXf effects = EffectsOn(*folded_in, items);
  std::vector<std::vector<Contribution>> explained(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!known_items_.Contains(items[i])) continue;
    for (std::size_t j = 0; j < touched.size(); ++j) {
      if (touched[j].weight <= 0) continue;
      explained[i].push_back(
          {.source = touched[j].source,
           .item = touched[j].item,
           .feature = {},
           .value = effects(static_cast<Eigen::Index>(j), static_cast<Eigen::Index>(i))});
    }
  }
  return explained;
}

std::vector<StrongestContributions> Ials::ExplainStrongest(const Query& query,
                                                           std::span<const ItemIndex> items) const {
  const auto folded_in = FoldIn(query);
  const Eigen::MatrixXf effects = EffectsOn(*folded_in, items);
  std::vector<StrongestContributions> explained;
  explained.reserve(items.size());
  for (Eigen::Index i = 0; i < effects.cols(); ++i) {
    explained.push_back(StrongestOf(
        folded_in->touched, {effects.col(i).data(), static_cast<std::size_t>(effects.rows())}));
  }
  return explained;
}

void Save(const Ials& scorer, ByteWriter& writer) {
  const IalsOptions& options = scorer.options();
  writer.Float(options.unobserved_weight);
  writer.Float(options.lambda);
  writer.Float(options.nu);
  Write(options.touch_weights, writer);
  writer.Write(scorer.served_.item_factors);
  writer.Array(std::span<const float>(scorer.served_.penalties.data(),
                                      static_cast<std::size_t>(scorer.served_.penalties.size())));
  writer.Unsigned(scorer.served_.num_trained);
}

absl::StatusOr<std::shared_ptr<const Ials>> LoadIals(std::string_view name, ByteReader& reader,
                                                     std::span<const ItemIndex> row_to_index,
                                                     std::size_t num_items) {
  const RowMapping mapping{row_to_index, num_items};
  IalsOptions options;
  options.unobserved_weight = reader.Float();
  options.lambda = reader.Float();
  options.nu = reader.Float();
  options.touch_weights = ReadTouchWeights(reader);
  Matrix saved = reader.ReadMatrix();
  const std::vector<float> penalties = reader.Array<float>();
  Ials::Served served;
  served.num_trained = reader.Unsigned();
  VITRINE_RETURN_IF_ERROR(reader.status(name));
  VITRINE_RETURN_IF_ERROR(CheckRows(static_cast<std::size_t>(saved.rows()), mapping, name));
  served.penalties = Eigen::Map<const Eigen::VectorXf>(penalties.data(),
                                                       static_cast<Eigen::Index>(penalties.size()));
  const bool is_sound = CheckOptions(options).ok() && saved.cols() > 0 &&
                        saved.cols() <= CoarseRows::kMostDimensions && saved.allFinite() &&
                        served.penalties.size() == saved.cols() && served.penalties.allFinite() &&
                        (served.penalties.array() >= 0).all();
  if (!is_sound) {
    return absl::DataLossError(absl::StrFormat("%s holds numbers that no training makes", name));
  }

  served.item_factors = RemapRows(std::move(saved), mapping);
  return std::shared_ptr<const Ials>(new Ials(name, std::move(served), options));
}

}  // namespace vitrine
