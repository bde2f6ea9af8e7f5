#include "training/rp3beta_trainer.h"

#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "training/pair_weights.h"
#include "training/product_rows.h"
#include "training/setting_reader.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/collaborative/item_neighbours.h"

namespace vitrine {

namespace {

Settings Defaults() {
  return {{"alpha", "0.6"},          {"beta", "0.1"},         {"neighbours", "350"},
          {"include_self", "false"}, {"weighting", "binary"}, {"context_weight", "3"}};
}

// Each row as the probabilities of a step from it, to the power of `alpha`.
CsrMatrix Steps(CsrMatrix matrix, double alpha) {
  for (std::size_t row = 0; row < matrix.num_rows; ++row) {
    const auto values = matrix.Values(row);
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    for (std::size_t i = matrix.row_begin[row]; i < matrix.row_begin[row + 1]; ++i) {
      matrix.value[i] = static_cast<float>(std::pow(matrix.value[i] / sum, alpha));
    }
  }
  return matrix;
}

// The columns of `by_source` cut as its rows were.
absl::StatusOr<CsrMatrix> CutColumns(const CsrMatrix& by_source, const WalkOptions& options,
                                     const TrainingContext& context) {
  const CsrMatrix by_target = Transpose(by_source);
  const auto new_maker = [&]() -> RowMaker {
    return [&](std::size_t item, std::vector<ScoredItem>& entries) {
      const auto sources = by_target.Columns(item);
      const auto scores = by_target.Values(item);
      for (std::size_t i = 0; i < sources.size(); ++i) {
        entries.push_back({ItemIndex{sources[i]}, scores[i]});
      }
      KeepNeighbours(item, options.num_neighbours, options.include_self, entries);
    };
  };
  VITRINE_ASSIGN_OR_RETURN(const CsrMatrix cut, MakeRows(by_target.num_rows, new_maker, "rp3beta",
                                                         {context.pool, {}, context.is_cancelled}));
  return Transpose(cut);
}

// What each item's score is multiplied with.
std::vector<float> PopularityPenalties(const CsrMatrix& by_item, double beta) {
  std::vector<float> penalties(by_item.num_rows);
  for (std::size_t item = 0; item < by_item.num_rows; ++item) {
    const auto degree = static_cast<double>(by_item.Columns(item).size());
    penalties[item] = degree > 0 ? static_cast<float>(std::pow(degree, -beta)) : 0;
  }
  return penalties;
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader("rp3beta", Defaults(), settings);
  WalkOptions options;
  options.alpha = reader.Number("alpha", 0, 10);
  options.beta = reader.Number("beta", 0, 10);
  options.num_neighbours = reader.Count("neighbours", 1, 100'000);
  options.include_self = reader.Flag("include_self");
  ItemNeighboursTable table{.name = "rp3beta"};
  table.touch_weights = ReadTouchWeights(reader, dataset);
  VITRINE_RETURN_IF_ERROR(reader.status());

  const CsrMatrix weights = LikedPairWeights(dataset, table.touch_weights);
  VITRINE_ASSIGN_OR_RETURN(table.neighbours, WalkedItems(weights, options, context));
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, ItemNeighbours::Create(std::move(table)));
  Model model = MakeModel(scorer);
  model.settings = reader.complete();
  return model;
}

}  // namespace

absl::StatusOr<CsrMatrix> WalkedItems(const CsrMatrix& weights, const WalkOptions& options,
                                      const TrainingContext& context) {
  const CsrMatrix from_item = Steps(Transpose(weights), options.alpha);
  const CsrMatrix from_user = Steps(weights, options.alpha);
  const std::vector<float> penalties = PopularityPenalties(from_item, options.beta);
  const auto new_maker = [&]() -> RowMaker {
    return [&, rows = ProductRows(from_item, from_user)](std::size_t item,
                                                         std::vector<ScoredItem>& entries) mutable {
      rows.ForEach(item, [&](std::uint32_t other, float walked) {
        entries.push_back({ItemIndex{other}, walked * penalties[other]});
      });
      KeepNeighbours(item, options.num_neighbours, options.include_self, entries);
      double sum = 0;
      for (const ScoredItem& entry : entries) sum += entry.score;
      if (!(sum > 0)) entries.clear();  // High powers of small shares are 0.
      for (ScoredItem& entry : entries) entry.score = static_cast<float>(entry.score / sum);
    };
  };
  VITRINE_ASSIGN_OR_RETURN(const CsrMatrix by_source,
                           MakeRows(from_item.num_rows, new_maker, "rp3beta", context));
  return CutColumns(by_source, options, context);
}

Trainer Rp3betaTrainer() {
  return {.name = "rp3beta",
          .description = "a walk from item to shopper to item that does not favour popular ones",
          .defaults = Defaults(),
          .ranges = {Between("alpha", 0.2, 1.5), Between("beta", 0, 1),
                     WholeBetweenLog("neighbours", 50, 1000)},
          .train = &Train};
}

}  // namespace vitrine
