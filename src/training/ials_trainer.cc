#include "training/ials_trainer.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "training/pair_weights.h"
#include "training/setting_reader.h"
#include "training/trainers.h"
#include "vitrine/base/random.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_kinds.h"

namespace vitrine {

namespace {

Settings Defaults() {
  return {{"dimensions", "64"}, {"epochs", "8"},
          {"lambda", "0.01"},   {"unobserved_weight", "auto"},
          {"nu", "1"},          {"solver", "cholesky"},
          {"cg_steps", "3"},    {"seed", "1"},
          {"weighting", "log"}, {"context_weight", "3"}};
}

constexpr std::size_t kShardRows = 64;

std::size_t CountKnown(const Matrix& factors) {
  std::size_t num_known = 0;
  for (Eigen::Index row = 0; row < factors.rows(); ++row) {
    if (!factors.row(row).isZero(0)) ++num_known;
  }
  return num_known;
}

// Random factors for the columns that anybody interacted with, zero for the others.
Matrix FirstItemFactors(const CsrMatrix& by_item, const IalsTraining& training) {
  const auto dimensions = static_cast<Eigen::Index>(training.dimensions);
  const double deviation = 0.1 / std::sqrt(static_cast<double>(training.dimensions));
  Random random(training.seed);
  Matrix factors = Matrix::Zero(static_cast<Eigen::Index>(by_item.num_rows), dimensions);
  for (std::size_t item = 0; item < by_item.num_rows; ++item) {
    if (by_item.Columns(item).empty()) continue;
    for (Eigen::Index k = 0; k < dimensions; ++k) {
      factors(static_cast<Eigen::Index>(item), k) = static_cast<float>(deviation * random.Normal());
    }
  }
  return factors;
}

// All the unobserved pairs of a shopper together weigh as many observed ones: what was best on
// shops of 3,000 and of 40,000 items alike, while the best weight of one pair differed 15-fold.
constexpr double kUnobservedSum = 600;

float UsualUnobservedWeight(const CsrMatrix& weights) {
  std::vector<bool> is_touched(weights.num_cols, false);
  for (const std::uint32_t item : weights.column) is_touched[item] = true;
  const auto num_touched =
      static_cast<double>(std::count(is_touched.begin(), is_touched.end(), true));
  return static_cast<float>(std::clamp(kUnobservedSum / std::max(num_touched, 1.0), 0.001, 0.5));
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader("ials", Defaults(), settings);
  IalsTraining training;
  training.dimensions = reader.Count("dimensions", 1, 4096);
  training.epochs = reader.Count("epochs", 1, 1000);
  training.gradient_steps = reader.Count("cg_steps", 1, 100);
  training.seed = reader.Count("seed", 0, SIZE_MAX);
  if (reader.Choice("solver", {"cholesky", "cg"}) == "cg") {
    training.solver = IalsSolver::kConjugateGradients;
  }
  IalsOptions& options = training.options;
  options.lambda = static_cast<float>(reader.Number("lambda", 1e-9, 1e9));
  options.nu = static_cast<float>(reader.Number("nu", 0, 1));
  options.touch_weights = ReadTouchWeights(reader, dataset);
  const CsrMatrix weights = SignedPairWeights(dataset, options.touch_weights);
  options.unobserved_weight =
      reader.IsAuto("unobserved_weight")
          ? UsualUnobservedWeight(weights)
          : static_cast<float>(reader.Number("unobserved_weight", 1e-9, 1e9));
  VITRINE_RETURN_IF_ERROR(reader.status());

  VITRINE_ASSIGN_OR_RETURN(Matrix factors, TrainIalsFactors(weights, training, context));
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, Ials::Create(std::move(factors), options));
  Model model = MakeModel(scorer);
  model.settings = reader.complete();
  return model;
}

}  // namespace

Matrix IalsHalfStep(const CsrMatrix& weights, const RotatedFactors& others, const Matrix& start,
                    const IalsTraining& training, const TrainingContext& context) {
  const Eigen::VectorXf penalties = training.options.unobserved_weight * others.gram;
  const IalsSide side{&others.factors, &penalties, CountKnown(others.factors)};
  Matrix factors = Matrix::Zero(static_cast<Eigen::Index>(weights.num_rows), others.factors.cols());
  const std::size_t num_shards = (weights.num_rows + kShardRows - 1) / kShardRows;
  context.pool->ParallelFor(num_shards, [&](std::size_t shard) {
    if (IsCancelled(context)) return;
    const std::size_t end = std::min((shard + 1) * kShardRows, weights.num_rows);
    for (std::size_t row = shard * kShardRows; row < end; ++row) {
      if (weights.Columns(row).empty()) continue;
      const RidgeProblem problem =
          IalsProblem(side, training.options, weights.Columns(row), weights.Values(row));
      const auto index = static_cast<Eigen::Index>(row);
      factors.row(index) =
          training.solver == IalsSolver::kCholesky
              ? SolveRidge(problem)
              : SolveRidgeByGradients(problem, start.row(index), training.gradient_steps);
    }
  });
  return factors;
}

absl::StatusOr<Matrix> TrainIalsFactors(const CsrMatrix& weights, const IalsTraining& training,
                                        const TrainingContext& context) {
  const CsrMatrix by_item = Transpose(weights);
  Matrix items = FirstItemFactors(by_item, training);
  Matrix users = Matrix::Zero(static_cast<Eigen::Index>(weights.num_rows), items.cols());
  for (std::size_t epoch = 0; epoch < training.epochs; ++epoch) {
    const auto report = [&](double done) {
      ReportProgress(context,
                     (static_cast<double>(epoch) + done) / static_cast<double>(training.epochs));
    };
    report(0);
    const RotatedFactors fixed_items = DiagonaliseGram(items, context.pool);
    users = IalsHalfStep(weights, fixed_items, users * fixed_items.rotation, training, context);
    if (IsCancelled(context)) return Cancelled("ials");
    report(0.5);
    const RotatedFactors fixed_users = DiagonaliseGram(users, context.pool);
    items = IalsHalfStep(by_item, fixed_users, fixed_items.factors * fixed_users.rotation, training,
                         context);
    if (IsCancelled(context)) return Cancelled("ials");
    users = fixed_users.factors;
  }
  ReportProgress(context, 1);
  return items;
}

Trainer IalsTrainer() {
  return {.name = "ials",
          .description = "matrix factorisation of implicit feedback, shoppers folded in live",
          .defaults = Defaults(),
          .ranges = {WholeBetween("epochs", 4, 20), BetweenLog("lambda", 1e-4, 1),
                     BetweenLog("unobserved_weight", 1e-3, 1), Between("nu", 0, 1),
                     OneOf("weighting", {"linear", "log", "binary"})},
          .train = &Train};
}

}  // namespace vitrine
