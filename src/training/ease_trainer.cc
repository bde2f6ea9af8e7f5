#include "training/ease_trainer.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

#include "absl/strings/str_format.h"
#include "training/co_occurrence.h"
#include "training/item_shards.h"
#include "training/neighbour_table.h"
#include "training/pair_weights.h"
#include "training/setting_reader.h"
#include "training/trainers.h"
#include "vitrine/base/log.h"
#include "vitrine/base/memory.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/math/sparse_product.h"
#include "vitrine/math/spd_inverse.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/collaborative/item_neighbours.h"
#include "vitrine/scorers/collaborative/linear_map.h"

namespace vitrine {

namespace {

Settings Defaults() {
  return {{"lambda", "200"},
          {"neighbours", "200"},
          {"weighting", "binary"},
          {"context_weight", "3"},
          {"as_paper", "false"}};
}

// Parts of the progress: the products of all pairs of items are quick beside the inverse.
constexpr double kGramDone = 0.05;
constexpr double kInverseDone = 0.95;

// From here on what a training takes is said on the terminal too.
constexpr std::uint64_t kMuchMemory = 256U << 20U;

// X with the columns that anybody touched, and which those are.
struct TouchedColumns {
  std::vector<std::uint32_t> items{};
  CsrMatrix by_user{};
};

TouchedColumns KeepTouched(const CsrMatrix& interactions) {
  TouchedColumns kept;
  std::vector<std::uint32_t> place(interactions.num_cols, 0);
  for (const std::uint32_t item : interactions.column) place[item] = 1;
  for (std::uint32_t item = 0; item < place.size(); ++item) {
    if (place[item] == 0) continue;
    place[item] = static_cast<std::uint32_t>(kept.items.size());
    kept.items.push_back(item);
  }
  kept.by_user = interactions;
  kept.by_user.num_cols = kept.items.size();
  for (std::uint32_t& item : kept.by_user.column) item = place[item];
  return kept;
}

// X'X + lambda I.
absl::StatusOr<Matrix> RidgeGram(const CsrMatrix& by_user, double lambda,
                                 const TrainingContext& context) {
  const CsrMatrix by_item = Transpose(by_user);
  const auto size = static_cast<Eigen::Index>(by_item.num_rows);
  Matrix gram(size, size);
  VITRINE_RETURN_IF_ERROR(
      ForEachShard({.trainer = "ease", .num_items = by_item.num_rows, .to = kGramDone}, context,
                   [&](std::size_t begin, std::size_t end) {
                     CoOccurrence shared(by_user, by_item);
                     for (std::size_t item = begin; item < end; ++item) {
                       const auto index = static_cast<Eigen::Index>(item);
                       auto row = gram.row(index);
                       row.setZero();
                       shared.Compute(static_cast<std::uint32_t>(item));
                       for (const std::uint32_t other : shared.items())
                         row[other] = shared.With(other);
                       row[index] += static_cast<float>(lambda);
                     }
                   }));
  return gram;
}

// B of P, in its place.
void DivideByDiagonal(Matrix& inverse) {
  const Eigen::RowVectorXf scale = -inverse.diagonal().cwiseInverse().transpose();
  for (Eigen::Index row = 0; row < inverse.rows(); ++row) {
    inverse.row(row).array() *= scale.array();
    inverse(row, row) = 0;
  }
}

// B cut to its largest weights, over all items.
absl::StatusOr<CsrMatrix> Truncated(const EaseWeights& ease, std::size_t num_items,
                                    std::size_t mean_neighbours, const TrainingContext& context) {
  const auto sources = [&ease](std::size_t begin, std::size_t end) {
    std::vector<std::vector<ScoredItem>> found(end - begin);
    for (std::size_t source = 0; source < ease.items.size(); ++source) {
      for (std::size_t target = begin; target < end; ++target) {
        const float weight =
            ease.weights(static_cast<Eigen::Index>(source), static_cast<Eigen::Index>(target));
        if (weight == 0) continue;
        found[target - begin].push_back({ItemIndex{static_cast<std::uint32_t>(source)}, weight});
      }
    }
    return found;
  };
  VITRINE_ASSIGN_OR_RETURN(
      const CsrMatrix cut,
      CutNeighbourTable({.trainer = "ease", .num_items = ease.items.size(), .from = kInverseDone},
                        mean_neighbours, context, sources));

  CsrMatrix table;
  table.num_rows = num_items;
  table.num_cols = num_items;
  table.row_begin.assign(num_items + 1, 0);
  for (std::size_t i = 0; i < ease.items.size(); ++i) {
    table.row_begin[ease.items[i] + 1] = cut.Columns(i).size();
  }
  std::partial_sum(table.row_begin.begin(), table.row_begin.end(), table.row_begin.begin());
  table.value = cut.value;
  table.column.reserve(cut.column.size());
  for (const std::uint32_t column : cut.column) table.column.push_back(ease.items[column]);
  return table;
}

// Scores with the whole of B.
std::shared_ptr<const Scorer> Untruncated(EaseWeights ease, std::size_t num_items,
                                          const TouchWeights& touch_weights) {
  const auto shared = std::make_shared<const EaseWeights>(std::move(ease));
  std::vector<std::uint32_t> place(num_items, 0);
  LinearMapParts parts{.name = "ease", .known = ItemBitmap(num_items)};
  parts.touch_weights = touch_weights;
  parts.num_items = num_items;
  for (std::uint32_t i = 0; i < shared->items.size(); ++i) {
    place[shared->items[i]] = i;
    parts.known.Insert(ItemIndex{shared->items[i]});
  }
  parts.map = [shared, place](const CsrMatrix& weights) {
    CsrMatrix touched = weights;
    touched.num_cols = shared->items.size();
    for (std::uint32_t& item : touched.column) item = place[item];
    const Matrix found = Multiply(touched, shared->weights, nullptr);
    Matrix scores = Matrix::Zero(found.rows(), static_cast<Eigen::Index>(weights.num_cols));
    for (std::size_t i = 0; i < shared->items.size(); ++i) {
      scores.col(shared->items[i]) = found.col(static_cast<Eigen::Index>(i));
    }
    return scores;
  };
  return std::make_shared<const LinearMap>(std::move(parts));
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader("ease", Defaults(), settings);
  const double lambda = reader.Number("lambda", 1e-6, 1e9);
  const std::size_t mean_neighbours = reader.Count("neighbours", 1, 1'000'000);
  const bool is_as_paper = reader.Flag("as_paper");
  ItemNeighboursTable table{.name = "ease"};
  table.touch_weights = ReadTouchWeights(reader, dataset);
  VITRINE_RETURN_IF_ERROR(reader.status());

  const CsrMatrix interactions = LikedPairWeights(dataset, table.touch_weights);
  VITRINE_ASSIGN_OR_RETURN(
      EaseWeights ease,
      EaseMatrix(interactions, lambda, std::min(AvailableMemoryBytes(), context.memory_bytes),
                 context));
  VITRINE_ASSIGN_OR_RETURN(table.neighbours,
                           Truncated(ease, dataset.num_items(), mean_neighbours, context));
  const TouchWeights touch_weights = table.touch_weights;
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, ItemNeighbours::Create(std::move(table)));
  Model model = MakeModel(scorer);
  if (is_as_paper)
    model.as_paper = Untruncated(std::move(ease), dataset.num_items(), touch_weights);
  model.settings = reader.complete();
  return model;
}

}  // namespace

std::uint64_t EaseMemoryBytes(std::size_t num_items) {
  constexpr std::uint64_t kTileColumns = 2 * 512;  // Beside the matrix; see InvertPositiveDefinite.
  return sizeof(float) * num_items * (num_items + kTileColumns);
}

absl::StatusOr<EaseWeights> EaseMatrix(const CsrMatrix& interactions, double lambda,
                                       std::uint64_t available_bytes,
                                       const TrainingContext& context) {
  if (IsCancelled(context)) return Cancelled("ease");
  TouchedColumns touched = KeepTouched(interactions);
  const std::uint64_t wanted_bytes = EaseMemoryBytes(touched.items.size());
  const std::string what = absl::StrFormat("ease of %d items", touched.items.size());
  Log(wanted_bytes < kMuchMemory ? LogLevel::kInfo : LogLevel::kWarning, "ease.memory",
      {{"items", touched.items.size()},
       {"wanted_bytes", wanted_bytes},
       {"available_bytes", available_bytes}});
  VITRINE_RETURN_IF_ERROR(CheckMemory(what, wanted_bytes, available_bytes,
                                      "give it more, or train ease_sparse, which wants little"));

  EaseWeights ease{.items = std::move(touched.items)};
  VITRINE_ASSIGN_OR_RETURN(ease.weights, RidgeGram(touched.by_user, lambda, context));
  VITRINE_RETURN_IF_ERROR(
      InvertPositiveDefinite(ease.weights, *context.pool, [&context](double done) {
        if (IsCancelled(context)) return false;
        ReportProgress(context, kGramDone + (kInverseDone - kGramDone) * done);
        return true;
      }));
  DivideByDiagonal(ease.weights);
  return ease;
}

Trainer EaseTrainer() {
  return {.name = "ease",
          .description = "linear autoencoder in closed form: every item explained by all others",
          .defaults = Defaults(),
          .ranges = {BetweenLog("lambda", 1, 5000), WholeBetweenLog("neighbours", 50, 1000)},
          .train = &Train};
}

}  // namespace vitrine
