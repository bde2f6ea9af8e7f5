#include "training/ease_sparse_trainer.h"

#include <Eigen/Cholesky>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "training/co_occurrence.h"
#include "training/item_shards.h"
#include "training/neighbour_table.h"
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
  return {
      {"neighbours", "200"}, {"lambda", "50"}, {"weighting", "binary"}, {"context_weight", "3"}};
}

// The regressions of one shard, which share their scratch.
class Regressions {
 public:
  Regressions(const CsrMatrix& by_user, const CsrMatrix& by_item, const SparseEaseOptions& options)
      : by_item_(by_item),
        options_(options),
        shared_(by_user, by_item),
        latest_(by_user.num_rows, kNone) {}

  std::vector<ScoredItem> Solve(std::uint32_t target, const std::vector<float>& lengths) {
    shared_.Compute(target);
    TopK nearest(options_.num_neighbours);
    for (const std::uint32_t other : shared_.items()) {
      if (other != target) nearest.Offer(ItemIndex{other}, shared_.With(other) / lengths[other]);
    }
    std::vector<ScoredItem> sources = nearest.Take();
    if (sources.empty()) return sources;

    const auto size = static_cast<Eigen::Index>(sources.size());
    Eigen::VectorXf shared_with_target(size);
    for (Eigen::Index i = 0; i < size; ++i) {
      const ScoredItem& source = sources[static_cast<std::size_t>(i)];
      shared_with_target[i] = shared_.With(static_cast<std::uint32_t>(source.item));
    }
    const Eigen::VectorXf solution = Gram(sources).llt().solve(shared_with_target);
    for (Eigen::Index i = 0; i < size; ++i) {
      sources[static_cast<std::size_t>(i)].score = solution[i];
    }
    return sources;
  }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  // One user's interaction with a source, and the one of the same user before it.
  struct Touch {
    std::uint32_t source = 0;  // Place in the list of sources.
    std::uint32_t before = kNone;
    float weight = 0;
  };

  // X_S' X_S + lambda I, the lower triangle.
  Eigen::MatrixXf Gram(const std::vector<ScoredItem>& sources) {
    const auto size = static_cast<Eigen::Index>(sources.size());
    Eigen::MatrixXf gram = Eigen::MatrixXf::Zero(size, size);
    touches_.clear();
    for (std::uint32_t place = 0; place < sources.size(); ++place) {
      const auto users = by_item_.Columns(Row(sources[place].item));
      const auto weights = by_item_.Values(Row(sources[place].item));
      for (std::size_t u = 0; u < users.size(); ++u) {
        std::uint32_t& latest = latest_[users[u]];
        const auto self = static_cast<std::uint32_t>(touches_.size());
        touches_.push_back({place, latest, weights[u]});
        latest = self;
        for (std::uint32_t touch = self; touch != kNone; touch = touches_[touch].before) {
          gram(place, touches_[touch].source) += weights[u] * touches_[touch].weight;
        }
      }
    }
    gram.diagonal().array() += static_cast<float>(options_.lambda);
    for (const ScoredItem& source : sources) {
      for (const std::uint32_t user : by_item_.Columns(Row(source.item))) latest_[user] = kNone;
    }
    return gram;
  }

  const CsrMatrix& by_item_;
  const SparseEaseOptions& options_;
  CoOccurrence shared_;
  std::vector<std::uint32_t> latest_;  // [users] Their latest touch; kNone between regressions.
  std::vector<Touch> touches_{};
};

std::vector<float> RowLengths(const CsrMatrix& matrix) {
  std::vector<float> lengths(matrix.num_rows);
  for (std::size_t row = 0; row < matrix.num_rows; ++row) {
    double sum = 0;
    for (const float value : matrix.Values(row)) sum += static_cast<double>(value) * value;
    lengths[row] = static_cast<float>(std::sqrt(sum));
  }
  return lengths;
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader("ease_sparse", Defaults(), settings);
  SparseEaseOptions options;
  options.num_neighbours = reader.Count("neighbours", 1, 5000);
  options.lambda = reader.Number("lambda", 1e-6, 1e9);
  ItemNeighboursTable table{.name = "ease_sparse"};
  table.touch_weights = ReadTouchWeights(reader, dataset);
  VITRINE_RETURN_IF_ERROR(reader.status());

  const CsrMatrix weights = LikedPairWeights(dataset, table.touch_weights);
  VITRINE_ASSIGN_OR_RETURN(table.neighbours, SparseEaseNeighbours(weights, options, context));
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, ItemNeighbours::Create(std::move(table)));
  Model model = MakeModel(scorer);
  model.settings = reader.complete();
  return model;
}

}  // namespace

absl::StatusOr<CsrMatrix> SparseEaseNeighbours(const CsrMatrix& weights,
                                               const SparseEaseOptions& options,
                                               const TrainingContext& context) {
  const CsrMatrix by_item = Transpose(weights);
  const std::vector<float> lengths = RowLengths(by_item);
  return NeighbourTable(
      {.trainer = "ease_sparse", .num_items = by_item.num_rows}, context,
      [&](std::size_t begin, std::size_t end) {
        Regressions regressions(weights, by_item, options);
        std::vector<std::vector<ScoredItem>> sources;
        for (std::size_t item = begin; item < end; ++item) {
          sources.push_back(regressions.Solve(static_cast<std::uint32_t>(item), lengths));
        }
        return sources;
      });
}

Trainer EaseSparseTrainer() {
  return {.name = "ease_sparse",
          .description = "ridge regression of every item on its nearest items: EASE, sparse",
          .defaults = Defaults(),
          .ranges = {BetweenLog("lambda", 1, 1000), WholeBetweenLog("neighbours", 20, 400)},
          .train = &Train};
}

}  // namespace vitrine
