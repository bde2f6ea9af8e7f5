#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "training/epochs.h"
#include "training/factor_sgd.h"
#include "training/fold_in_loss.h"
#include "training/held_out_likes.h"
#include "training/mf_contrastive_trainer.h"
#include "training/pair_weights.h"
#include "training/sgd_parts.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/math/unit_rows.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/nn/product.h"
#include "vitrine/nn/propagation.h"
#include "vitrine/nn/training_loop.h"
#include "vitrine/scorers/collaborative/mean_factors.h"

namespace vitrine {
namespace {

constexpr std::string_view kName = "lightgcn";

Settings Defaults() {
  return {{"dimensions", "128"},       {"layers", "3"},           {"epochs", "30"},
          {"batch", "auto"},           {"negatives", "2048"},     {"popularity_power", "0"},
          {"loss", "contrastive"},     {"temperature", "0.1"},    {"margin", "0.6"},
          {"negative_weight", "auto"}, {"learning_rate", "0.02"}, {"start_epochs", "2"},
          {"patience", "5"},           {"held_out_share", "0"},   {"seed", "1"},
          {"weighting", "binary"},     {"context_weight", "3"}};
}

// Batches of an epoch where the setting is auto, and their least and largest size.
constexpr std::size_t kUsualBatches = 128;
constexpr std::size_t kSmallestBatch = 16;
constexpr std::size_t kLargestBatch = 2048;

struct Learning {
  FactorSgd factors{};  // dimensions, epochs, users_per_batch, pool_size and so on
  std::size_t hops = 1;
  SgdLoss loss{};
  std::size_t patience = 5;  // Epochs without a better validation that are borne; 0: all.
};

std::vector<float> Degrees(const CsrMatrix& weights) {
  std::vector<double> degrees(weights.num_cols, 0);
  for (std::size_t i = 0; i < weights.column.size(); ++i) {
    degrees[weights.column[i]] += static_cast<double>(weights.value[i]);
  }
  return {degrees.begin(), degrees.end()};
}

// Each pair's weight over the root of its item's degree: what a user is folded in with.
CsrMatrix PullsOf(const CsrMatrix& weights, std::span<const float> degrees) {
  CsrMatrix pulls = weights;
  for (std::size_t i = 0; i < pulls.column.size(); ++i) {
    pulls.value[i] /= std::sqrt(degrees[pulls.column[i]]);
  }
  return pulls;
}

std::vector<std::uint32_t> Likers(const CsrMatrix& weights) {
  std::vector<std::uint32_t> users;
  for (std::size_t user = 0; user < weights.num_rows; ++user) {
    if (!weights.Columns(user).empty()) users.push_back(static_cast<std::uint32_t>(user));
  }
  return users;
}

// How convolved vectors rank what is held out: by the sums of what is left, with c of `pulls`.
double Validate(const HeldOutLikes& likes, const CsrMatrix& pulls, const Matrix& convolved,
                ThreadPool& pool) {
  Matrix directions = convolved;
  NormalizeRows(directions);
  Matrix sums;
  // Of each shopper cosines times the length of the sum, which are in the order of cosines.
  const auto score = [&](std::span<const std::uint32_t> users, Matrix& scores) {
    sums.setZero(static_cast<Eigen::Index>(users.size()), convolved.cols());
    for (std::size_t i = 0; i < users.size(); ++i) {
      for (std::size_t k = 0; k < pulls.Columns(users[i]).size(); ++k) {
        sums.row(static_cast<Eigen::Index>(i)) +=
            pulls.Values(users[i])[k] * convolved.row(pulls.Columns(users[i])[k]);
      }
    }
    scores.resize(sums.rows(), directions.rows());
    nn::ProductWithTransposed(sums, directions, nn::Into::kSet, scores, &pool);
  };
  return ValidationLoss(likes, score, pool);
}

// The convolved vectors [items x d]; zero where nobody likes the item.
absl::StatusOr<Matrix> Learn(const HeldOutLikes& likes, const Learning& learning,
                             const TrainingContext& context) {
  const CsrMatrix& weights = likes.weights;
  VITRINE_ASSIGN_OR_RETURN(UserItemFactors first, FirstFactors(weights, learning.factors, context));
  const std::vector<std::uint32_t> users = Likers(weights);
  if (users.empty()) return std::move(first.items);
  nn::Parameter items({weights.num_cols, learning.factors.dimensions});
  items.value = std::move(first.items);

  const CsrMatrix pairs = nn::NormalizedPairs(weights);
  const nn::ItemPropagation propagation{
      .by_user = pairs, .by_item = Transpose(pairs), .hops = learning.hops};
  nn::ItemPropagation::Cache cache;
  const CsrMatrix pulls = PullsOf(weights, Degrees(weights));
  FoldInLoss fold_in(weights, pulls, context.pool);
  const PoolSampler sampler(weights, learning.factors.popularity_power);
  const nn::Pass pass{.pool = context.pool};
  Matrix by_convolved;
  std::vector<std::uint32_t> batch;

  const FactorSgd& factors = learning.factors;
  nn::TrainingLoopOptions loop = CosineEpochs(users.size(), factors.users_per_batch, factors.epochs,
                                              factors.learning_rate, factors.seed);
  nn::TrainingCallbacks callbacks = CallbacksOf(context);
  callbacks.step = [&](std::span<const std::uint32_t> examples, Random& random) {
    batch.clear();
    for (const std::uint32_t example : examples) batch.push_back(users[example]);
    const std::vector<std::uint32_t> drawn = sampler.Draw(learning.factors.pool_size, random);
    const Matrix& convolved = propagation.Forward(items.value, cache, pass);
    const double loss =
        fold_in.Compute(batch, drawn, convolved, learning.loss, random.NextBits(), by_convolved);
    items.gradient += propagation.Backward(items.value, by_convolved, cache, pass);
    return loss;
  };
  if (!likes.users.empty()) {
    loop.patience = learning.patience;
    callbacks.validate = [&] {
      return Validate(likes, pulls, propagation.Forward(items.value, cache, pass), *context.pool);
    };
  }
  const absl::Status learned = TrainNetwork(
      {.num_examples = users.size(), .parameters = {{"items", &items}}}, loop, callbacks, context);
  if (absl::IsCancelled(learned)) return Cancelled(kName);
  VITRINE_RETURN_IF_ERROR(learned);
  return propagation.Forward(items.value, cache, pass);
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader(kName, Defaults(), settings);
  Learning learning;
  learning.factors = ReadFactorSgd(reader);
  const std::string layers = reader.Choice("layers", {"1", "3", "5", "7"});
  learning.hops = static_cast<std::size_t>(layers.front() - '1') / 2;
  const bool is_softmax = reader.Choice("loss", {"softmax", "contrastive"}) == "softmax";
  const double temperature = reader.Number("temperature", 1e-3, 1e3);
  const bool is_auto = reader.IsAuto("batch");
  if (!is_auto) learning.factors.users_per_batch = reader.Count("batch", 1, 1'000'000);
  learning.patience = reader.Count("patience", 0, 100'000);
  HoldOutOptions holding;
  holding.share = reader.Number("held_out_share", 0, 1);
  holding.seed = learning.factors.seed;
  const TouchWeights touch_weights = ReadTouchWeights(reader, dataset);
  CsrMatrix weights = LikedPairWeights(dataset, touch_weights);
  const ContrastiveLoss contrastive = ReadContrastiveLoss(reader, weights);
  VITRINE_RETURN_IF_ERROR(reader.status());

  if (IsCancelled(context)) return Cancelled(kName);
  ReportProgress(context, 0);
  const HeldOutLikes likes = HoldOutLast(dataset, std::move(weights), holding);
  if (is_auto) {
    learning.factors.users_per_batch =
        std::clamp(Likers(likes.weights).size() / kUsualBatches, kSmallestBatch, kLargestBatch);
  }
  learning.loss = is_softmax ? MakeCosineSoftmaxLoss(temperature, likes.weights.num_cols)
                             : MakeContrastiveLoss(contrastive);
  const TrainingContext own = ForNetworks(context, kName, dataset.fingerprint, reader.complete());
  VITRINE_ASSIGN_OR_RETURN(Matrix convolved, Learn(likes, learning, own));
  ReportProgress(context, 1);
  const std::vector<float> degrees = Degrees(likes.weights);
  for (std::size_t item = 0; item < degrees.size(); ++item) {
    if (degrees[item] > 0) {
      convolved.row(static_cast<Eigen::Index>(item)) /= std::sqrt(degrees[item]);
    }
  }
  VITRINE_ASSIGN_OR_RETURN(const auto scorer,
                           MeanFactors::Create(kName, std::move(convolved), touch_weights));
  Model model = MakeModel(scorer);
  model.settings = reader.complete();
  return model;
}

}  // namespace

Trainer LightGcnTrainer() {
  return {.name = kName,
          .description = "graph convolution over shoppers and items",
          .defaults = Defaults(),
          .ranges = {WholeBetween("epochs", 10, 120), BetweenLog("learning_rate", 2e-3, 0.1),
                     Between("margin", 0, 0.9), OneOf("layers", {"1", "3", "5"})},
          .learns_by_epochs = true,
          .train = &Train};
}

}  // namespace vitrine
