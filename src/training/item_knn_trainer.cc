#include "training/item_knn_trainer.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "training/pair_weights.h"
#include "training/setting_reader.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/math/top_k.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/collaborative/item_neighbours.h"

namespace vitrine {

namespace {

Settings Defaults() {
  return {{"neighbours", "50"},
          {"shrinkage", "50"},
          {"include_self", "false"},
          {"weighting", "binary"},
          {"context_weight", "3"}};
}

constexpr std::size_t kShardItems = 64;
constexpr std::size_t kShardsPerReport = 64;

// Computes rows of similarities; one per shard, since it holds scratch.
class CosineRows {
 public:
  CosineRows(const CsrMatrix& by_user, const CsrMatrix& by_item, const std::vector<double>& norms)
      : by_user_(by_user), by_item_(by_item), norms_(norms), products_(by_item.num_rows, 0) {}

  // The neighbours of `item` by index.
  std::vector<ScoredItem> Row(std::uint32_t item, const CosineOptions& options) {
    AddProducts(item);
    TopK best(options.num_neighbours);
    std::vector<ScoredItem> row;
    for (const std::uint32_t other : touched_) {
      const double bound = norms_[item] * norms_[other] + options.shrinkage;
      const ScoredItem scored{ItemIndex{other}, static_cast<float>(products_[other] / bound)};
      if (other != item) {
        best.Offer(scored.item, scored.score);
      } else if (options.include_self) {
        row.push_back(scored);
      }
      products_[other] = 0;
    }
    touched_.clear();
    const std::vector<ScoredItem> others = best.Take();
    row.insert(row.end(), others.begin(), others.end());
    std::sort(row.begin(), row.end(),
              [](const ScoredItem& a, const ScoredItem& b) { return a.item < b.item; });
    return row;
  }

 private:
  // products_[i] = <x_item, x_i>, for the items in touched_.
  void AddProducts(std::uint32_t item) {
    const auto users = by_item_.Columns(item);
    const auto user_weights = by_item_.Values(item);
    for (std::size_t u = 0; u < users.size(); ++u) {
      const auto others = by_user_.Columns(users[u]);
      const auto weights = by_user_.Values(users[u]);
      for (std::size_t i = 0; i < others.size(); ++i) {
        float& product = products_[others[i]];
        if (product == 0) touched_.push_back(others[i]);
        product += user_weights[u] * weights[i];
      }
    }
  }

  const CsrMatrix& by_user_;
  const CsrMatrix& by_item_;
  const std::vector<double>& norms_;
  std::vector<float> products_;         // [items] Positive where touched: so are all weights.
  std::vector<std::uint32_t> touched_;  // Items with a product.
};

std::vector<double> RowNorms(const CsrMatrix& matrix) {
  std::vector<double> norms(matrix.num_rows);
  for (std::size_t row = 0; row < matrix.num_rows; ++row) {
    double sum = 0;
    for (const float value : matrix.Values(row)) sum += static_cast<double>(value) * value;
    norms[row] = std::sqrt(sum);
  }
  return norms;
}

CsrMatrix Assembled(const std::vector<std::vector<ScoredItem>>& rows) {
  CsrMatrix matrix;
  matrix.num_rows = rows.size();
  matrix.num_cols = rows.size();
  for (const auto& row : rows) {
    for (const ScoredItem& entry : row) {
      matrix.column.push_back(static_cast<std::uint32_t>(entry.item));
      matrix.value.push_back(entry.score);
    }
    matrix.row_begin.push_back(matrix.column.size());
  }
  return matrix;
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader("item_knn", Defaults(), settings);
  CosineOptions options;
  options.num_neighbours = reader.Count("neighbours", 1, 100'000);
  options.shrinkage = reader.Number("shrinkage", 0, 1e9);
  options.include_self = reader.Flag("include_self");
  ItemNeighboursTable table{.name = "item_knn"};
  table.touch_weights = ReadTouchWeights(reader, dataset);
  VITRINE_RETURN_IF_ERROR(reader.status());

  const CsrMatrix weights = LikedPairWeights(dataset, table.touch_weights);
  VITRINE_ASSIGN_OR_RETURN(table.neighbours, CosineNeighbours(weights, options, context));
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, ItemNeighbours::Create(std::move(table)));
  Model model = MakeModel(scorer);
  model.settings = reader.complete();
  return model;
}

}  // namespace

absl::StatusOr<CsrMatrix> CosineNeighbours(const CsrMatrix& weights, const CosineOptions& options,
                                           const TrainingContext& context) {
  const CsrMatrix by_item = Transpose(weights);
  const std::vector<double> norms = RowNorms(by_item);
  std::vector<std::vector<ScoredItem>> rows(by_item.num_rows);
  const std::size_t num_shards = (rows.size() + kShardItems - 1) / kShardItems;
  for (std::size_t first = 0; first < num_shards; first += kShardsPerReport) {
    if (IsCancelled(context)) return Cancelled("item_knn");
    ReportProgress(context, static_cast<double>(first) / static_cast<double>(num_shards));
    const std::size_t count = std::min(kShardsPerReport, num_shards - first);
    context.pool->ParallelFor(count, [&](std::size_t shard) {
      CosineRows cosine(weights, by_item, norms);
      const std::size_t begin = (first + shard) * kShardItems;
      const std::size_t end = std::min(begin + kShardItems, rows.size());
      for (std::size_t item = begin; item < end; ++item) {
        rows[item] = cosine.Row(static_cast<std::uint32_t>(item), options);
      }
    });
  }
  ReportProgress(context, 1);
  // By target so far; a query starts from its own items. Truncating by source instead lets popular
  // items hear from too many: ndcg@20 falls from 0.109 to 0.086 on a real shop (Online Retail).
  return Transpose(Assembled(rows));
}

Trainer ItemKnnTrainer() {
  return {.name = "item_knn",
          .description = "items bought or viewed by the same shoppers: cosine with shrinkage",
          .defaults = Defaults(),
          .ranges = {WholeBetweenLog("neighbours", 10, 1000), BetweenLog("shrinkage", 0.1, 1000),
                     OneOf("weighting", {"linear", "log", "binary"})},
          .train = &Train};
}

}  // namespace vitrine
