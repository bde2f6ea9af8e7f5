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
  return {{"dimensions", "64"},
          {"epochs", "8"},
          {"lambda", "0.01"},
          {"unobserved_weight", "auto"},
          {"nu", "1"},
          {"solver", "cholesky"},
          {"cg_steps", "3"},
          {"block_size", "32"},
          {"seed", "1"},
          {"weighting", "log"},
          {"start", "random"},
          {"live_epochs", "2"},
          {"context_weight", "3"}};
}

constexpr std::size_t kShardRows = 64;

std::size_t CountKnown(const Matrix& factors) {
  std::size_t num_known = 0;
  for (Eigen::Index row = 0; row < factors.rows(); ++row) {
    if (!factors.row(row).isZero(0)) ++num_known;
  }
  return num_known;
}

std::vector<bool> TouchedColumns(const CsrMatrix& weights) {
  std::vector<bool> is_touched(weights.num_cols, false);
  for (const std::uint32_t item : weights.column) is_touched[item] = true;
  return is_touched;
}

// The rows that `is_kept` names, the others empty.
CsrMatrix RowsOf(const CsrMatrix& matrix, const std::vector<bool>& is_kept) {
  CsrMatrix kept;
  kept.num_rows = matrix.num_rows;
  kept.num_cols = matrix.num_cols;
  for (std::size_t row = 0; row < matrix.num_rows; ++row) {
    if (is_kept[row]) {
      const auto columns = matrix.Columns(row);
      const auto values = matrix.Values(row);
      kept.column.insert(kept.column.end(), columns.begin(), columns.end());
      kept.value.insert(kept.value.end(), values.begin(), values.end());
    }
    kept.row_begin.push_back(kept.column.size());
  }
  return kept;
}

// The live model's item factors, where there is one of these dimensions; else null.
const Matrix* LiveFactors(const TrainingContext& context, std::size_t dimensions) {
  const Model* live = LiveModel(context, "ials");
  if (live == nullptr) return nullptr;
  const Matrix& factors = static_cast<const Ials&>(*live->scorer).item_factors();
  return factors.cols() == static_cast<Eigen::Index>(dimensions) ? &factors : nullptr;
}

// All the unobserved pairs of a shopper together weigh as many observed ones: what was best on
// shops of 3,000 and of 40,000 items alike, while the best weight of one pair differed 15-fold.
constexpr double kUnobservedSum = 600;

IalsSolver ReadSolver(SettingReader& reader) {
  const std::string solver = reader.Choice("solver", {"cholesky", "cg", "blocks"});
  if (solver == "cg") return IalsSolver::kConjugateGradients;
  return solver == "blocks" ? IalsSolver::kBlocks : IalsSolver::kCholesky;
}

// The new factors of row `row`. `start` is as that of IalsHalfStep.
Eigen::VectorXf Solved(const RidgeProblem& problem, const Matrix& start, Eigen::Index row,
                       const IalsTraining& training) {
  switch (training.solver) {
    case IalsSolver::kConjugateGradients:
      return SolveRidgeByGradients(problem, start.row(row), training.gradient_steps);
    case IalsSolver::kBlocks:
      // With few interactions the exact solution costs less than a sweep.
      if (problem.rows.rows() <= static_cast<Eigen::Index>(training.block_size)) break;
      return SolveRidgeByBlocks(problem, start.row(row), training.block_size, 1);
    case IalsSolver::kCholesky:
      break;
  }
  return SolveRidge(problem);
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader("ials", Defaults(), settings);
  IalsTraining training;
  training.dimensions = reader.Count("dimensions", 1, 4096);
  training.epochs = reader.Count("epochs", 1, 1000);
  training.gradient_steps = reader.Count("cg_steps", 1, 100);
  training.seed = reader.Count("seed", 0, SIZE_MAX);
  const bool starts_live = reader.Choice("start", {"random", "live"}) == "live";
  const std::size_t live_epochs = reader.Count("live_epochs", 0, 1000);
  training.block_size = reader.Count("block_size", 1, 4096);
  training.solver = ReadSolver(reader);
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

  const Matrix* live = starts_live ? LiveFactors(context, training.dimensions) : nullptr;
  if (live != nullptr) training.epochs = live_epochs;
  VITRINE_ASSIGN_OR_RETURN(
      Matrix factors,
      ContinueIalsFactors(weights,
                          live == nullptr ? FirstIalsFactors(weights, training)
                                          : WithNewIalsItems(weights, *live, training, context),
                          training, context));
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, Ials::Create(std::move(factors), options));
  Model model = MakeModel(scorer);
  model.settings = reader.complete();
  return model;
}

}  // namespace

float UsualUnobservedWeight(const CsrMatrix& weights) {
  const std::vector<bool> is_touched = TouchedColumns(weights);
  const auto num_touched =
      static_cast<double>(std::count(is_touched.begin(), is_touched.end(), true));
  return static_cast<float>(std::clamp(kUnobservedSum / std::max(num_touched, 1.0), 0.001, 0.5));
}

Matrix IalsHalfStep(const CsrMatrix& weights, const RotatedFactors& others, const Matrix& start,
                    const IalsTraining& training, const TrainingContext& context) {
  const Eigen::VectorXf penalties = training.options.unobserved_weight * others.gram;
  const IalsSide side{&others.factors, &penalties, CountKnown(others.factors)};
  Matrix factors = Matrix::Zero(static_cast<Eigen::Index>(weights.num_rows), others.factors.cols());
  // No penalty is left then: exactly solved that is 0 / 0, and other solvers would stay at `start`.
  if (side.num_known == 0) return factors;
  const std::size_t num_shards = (weights.num_rows + kShardRows - 1) / kShardRows;
  context.pool->ParallelFor(num_shards, [&](std::size_t shard) {
    if (IsCancelled(context)) return;
    const std::size_t end = std::min((shard + 1) * kShardRows, weights.num_rows);
    for (std::size_t row = shard * kShardRows; row < end; ++row) {
      if (weights.Columns(row).empty()) continue;
      const RidgeProblem problem =
          IalsProblem(side, training.options, weights.Columns(row), weights.Values(row));
      const auto index = static_cast<Eigen::Index>(row);
      factors.row(index) = Solved(problem, start, index, training);
    }
  });
  return factors;
}

Matrix FirstIalsFactors(const CsrMatrix& weights, const IalsTraining& training) {
  const std::vector<bool> is_touched = TouchedColumns(weights);
  const auto dimensions = static_cast<Eigen::Index>(training.dimensions);
  const double deviation = 0.1 / std::sqrt(static_cast<double>(training.dimensions));
  Random random(training.seed);
  Matrix factors = Matrix::Zero(static_cast<Eigen::Index>(weights.num_cols), dimensions);
  for (std::size_t item = 0; item < weights.num_cols; ++item) {
    if (!is_touched[item]) continue;
    for (Eigen::Index k = 0; k < dimensions; ++k) {
      factors(static_cast<Eigen::Index>(item), k) = static_cast<float>(deviation * random.Normal());
    }
  }
  return factors;
}

Matrix WithNewIalsItems(const CsrMatrix& weights, const Matrix& known, const IalsTraining& training,
                        const TrainingContext& context) {
  const std::vector<bool> is_touched = TouchedColumns(weights);
  const Eigen::Index num_kept = std::min(known.rows(), static_cast<Eigen::Index>(weights.num_cols));
  Matrix items = Matrix::Zero(static_cast<Eigen::Index>(weights.num_cols), known.cols());
  for (Eigen::Index row = 0; row < num_kept; ++row) {
    if (is_touched[static_cast<std::size_t>(row)]) items.row(row) = known.row(row);
  }
  std::vector<bool> is_new = is_touched;
  for (std::size_t item = 0; item < is_new.size(); ++item) {
    if (!items.row(static_cast<Eigen::Index>(item)).isZero(0)) is_new[item] = false;
  }
  if (std::find(is_new.begin(), is_new.end(), true) == is_new.end()) return items;

  IalsTraining exact = training;
  exact.solver = IalsSolver::kCholesky;
  const RotatedFactors fixed_items = DiagonaliseGram(items, context.pool);
  const Matrix users = IalsHalfStep(weights, fixed_items, {}, exact, context);
  const RotatedFactors fixed_users = DiagonaliseGram(users, context.pool);
  const CsrMatrix by_item = RowsOf(Transpose(weights), is_new);
  Matrix folded = IalsHalfStep(by_item, fixed_users, {}, exact, context);
  // Both in the basis of the shoppers.
  return folded + fixed_items.factors * fixed_users.rotation;
}

absl::StatusOr<Matrix> TrainIalsFactors(const CsrMatrix& weights, const IalsTraining& training,
                                        const TrainingContext& context) {
  return ContinueIalsFactors(weights, FirstIalsFactors(weights, training), training, context);
}

absl::StatusOr<Matrix> ContinueIalsFactors(const CsrMatrix& weights, Matrix first,
                                           const IalsTraining& training,
                                           const TrainingContext& context) {
  if (IsCancelled(context)) return Cancelled("ials");  // What made `first` may have stopped early.
  const CsrMatrix by_item = Transpose(weights);
  Matrix items = std::move(first);
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
