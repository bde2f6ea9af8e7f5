#include "training/neural_cf_learner.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "training/epochs.h"
#include "training/factor_sgd.h"
#include "training/fold_in_loss.h"
#include "training/history_parts.h"
#include "training/sgd_parts.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/nn/activation.h"
#include "vitrine/nn/dense.h"
#include "vitrine/nn/embedding.h"
#include "vitrine/nn/product.h"
#include "vitrine/nn/training_loop.h"

namespace vitrine {

namespace {

// Shoppers whose pairs go through the network together, so that its layers stay in the cache.
constexpr std::size_t kChunkUsers = 16;
// As many pairs at most, where all items are asked about.
constexpr Eigen::Index kPairsAtOnce = 8192;

// Of the first vectors: unit factors of items times this are logits that say something.
constexpr float kStartSharpness = 4;
constexpr double kStartDeviation = 0.3;

enum class Part { kFactors, kNetwork, kBoth };
constexpr std::array<const char*, 3> kPartNames = {"factors", "network", "both"};

class Learner {
 public:
  Learner(const HeldOutLikes& likes, const NeuralCfLearning& learning, Matrix first_factors,
          const TrainingContext& context)
      : likes_(likes),
        weights_(likes.weights),
        learning_(learning),
        context_(context),
        sampler_(weights_, learning.popularity_power),
        loss_(MakeCosineSoftmaxLoss(1, weights_.num_cols)) {
    Random random(learning.seed, 1);
    const std::size_t width = learning.factors + learning.hidden;
    history_ = nn::Embedding(weights_.num_cols, width, kStartDeviation, random);
    items_ = nn::Embedding(weights_.num_cols, width, kStartDeviation, random);
    hidden_ = nn::Dense(learning.hidden, learning.second, random);
    output_ = nn::Dense(learning.second, 1, random);
    const auto factors = static_cast<Eigen::Index>(learning.factors);
    history_.weight.value.leftCols(factors) = first_factors;
    items_.weight.value.leftCols(factors) = kStartSharpness * first_factors;
    users_ = HistoryParts::UsersOf(weights_);
  }

  absl::Status Train(std::string_view trainer) {
    if (users_.empty()) return absl::OkStatus();
    if (learning_.pretrain_epochs > 0) {
      VITRINE_RETURN_IF_ERROR(TrainPart(Part::kFactors, learning_.pretrain_epochs, trainer));
      VITRINE_RETURN_IF_ERROR(TrainPart(Part::kNetwork, learning_.pretrain_epochs, trainer));
      items_.weight.value.leftCols(static_cast<Eigen::Index>(learning_.factors)) *= 0.5F;
      output_.weight.value *= 0.5F;
    }
    return TrainPart(Part::kBoth, learning_.epochs, trainer);
  }

  NeuralCfWeights Take() {
    ClearUnliked(weights_, history_.weight.value);
    ClearUnliked(weights_, items_.weight.value);
    return {.history = std::move(history_.weight.value),
            .items = std::move(items_.weight.value),
            .hidden = std::move(hidden_.weight.value),
            .hidden_bias = std::move(hidden_.bias.value),
            .output = std::move(output_.weight.value),
            .factors = learning_.factors};
  }

 private:
  absl::Status TrainPart(Part part, std::size_t epochs, std::string_view trainer) {
    part_ = part;
    nn::ParameterList parameters;
    history_.AddParameters("history", parameters);
    items_.AddParameters("items", parameters);
    if (part != Part::kFactors) {
      hidden_.AddParameters("hidden", parameters);
      output_.AddParameters("output", parameters);
    }
    nn::TrainingLoopOptions loop =
        CosineEpochs(users_.size(), learning_.batch, epochs, learning_.learning_rate,
                     learning_.seed + static_cast<std::uint64_t>(part));
    loop.optimizer.kind = nn::OptimizerKind::kAdamW;
    loop.optimizer.weight_decay = learning_.decay;
    nn::TrainingCallbacks callbacks =
        CallbacksOf(context_, epochs_done_, learning_.epochs + 2 * learning_.pretrain_epochs);
    callbacks.step = [this](std::span<const std::uint32_t> examples, Random& random) {
      return Step(examples, random);
    };
    if (part == Part::kBoth && !likes_.users.empty()) {
      loop.patience = learning_.patience;
      callbacks.validate = [this] { return Validate(); };
    }
    const absl::Status learned =
        TrainNetwork({.part = kPartNames.at(static_cast<std::size_t>(part)),
                      .num_examples = users_.size(),
                      .parameters = parameters},
                     loop, callbacks, context_);
    if (absl::IsCancelled(learned)) return Cancelled(trainer);
    VITRINE_RETURN_IF_ERROR(learned);
    epochs_done_ += epochs;
    return absl::OkStatus();
  }

  double Step(std::span<const std::uint32_t> examples, Random& random) {
    const nn::Pass pass{.pool = context_.pool};
    batch_.clear();
    for (const std::uint32_t example : examples) batch_.push_back(users_[example]);
    parts_.Draw(weights_, batch_, learning_.target_share, random);
    pool_items_ = sampler_.Draw(learning_.pool_size, random);
    const nn::Bags bags = parts_.Read();
    const Matrix& users = history_.ForwardBags(bags, nn::BagKind::kSum, history_cache_, pass);
    columns_ = pool_items_;
    columns_.insert(columns_.end(), parts_.targets().begin(), parts_.targets().end());
    const Matrix& items = items_.Forward(columns_, items_cache_, pass);
    by_users_.setZero(users.rows(), users.cols());
    by_items_.setZero(items.rows(), items.cols());
    scale_ = 1 / parts_.SumOfTargetWeights();
    double loss = 0;
    for (std::size_t begin = 0; begin < batch_.size(); begin += kChunkUsers) {
      chunk_begin_ = begin;
      chunk_end_ = std::min(batch_.size(), begin + kChunkUsers);
      loss += StepChunk(users, items, random);
    }
    history_.BackwardBags(bags, nn::BagKind::kSum, by_users_, history_cache_, pass);
    items_.Backward(columns_, by_items_, items_cache_, pass);
    return scale_ * loss;
  }

  double Validate() {
    const auto score = [this](std::span<const std::uint32_t> users, Matrix& scores) {
      const nn::Pass pass{.pool = context_.pool};
      parts_.ReadAll(weights_, users);
      const Matrix& vectors =
          history_.ForwardBags(parts_.Read(), nn::BagKind::kSum, history_cache_, pass);
      scores.resize(vectors.rows(), items_.weight.value.rows());
      for (Eigen::Index user = 0; user < scores.rows(); ++user) {
        ScoreItemsFor(user, vectors, scores);
      }
    };
    return ValidationLoss(likes_, score, *context_.pool);
  }

  // Of one of `users`, in its row of `scores`.
  void ScoreItemsFor(Eigen::Index user, const Matrix& users, Matrix& scores) {
    for (Eigen::Index begin = 0; begin < scores.cols(); begin += kPairsAtOnce) {
      const Eigen::Index end = std::min(scores.cols(), begin + kPairsAtOnce);
      pairs_.clear();
      for (Eigen::Index item = begin; item < end; ++item) pairs_.push_back({user, item});
      ForwardPairs(users, items_.weight.value);
      scores.row(user).segment(begin, end - begin) = logits_.col(0).transpose();
    }
  }

  // A pair of the chunk: a shopper of the batch and a row of its items.
  struct Pair {
    Eigen::Index user = 0;
    Eigen::Index item = 0;
  };

  // First the pool, shopper by shopper, then the targets: pairs, and so rows of all that follows.
  void ListPairs() {
    pairs_.clear();
    for (std::size_t user = chunk_begin_; user < chunk_end_; ++user) {
      for (std::size_t i = 0; i < pool_items_.size(); ++i) {
        pairs_.push_back({static_cast<Eigen::Index>(user), static_cast<Eigen::Index>(i)});
      }
    }
    for (std::size_t user = chunk_begin_; user < chunk_end_; ++user) {
      for (std::size_t i = 0; i < parts_.NumTargets(user); ++i) {
        const std::size_t column = pool_items_.size() + parts_.TargetBegin(user) + i;
        pairs_.push_back({static_cast<Eigen::Index>(user), static_cast<Eigen::Index>(column)});
      }
    }
  }

  double StepChunk(const Matrix& users, const Matrix& items, Random& random) {
    ListPairs();
    ForwardPairs(users, items);
    const double loss = AskLoss(random);
    if (part_ != Part::kFactors) BackwardNetwork();
    if (part_ != Part::kNetwork) {
      const auto factors = static_cast<Eigen::Index>(learning_.factors);
      for (Eigen::Index row = 0; row < logits_.rows(); ++row) {
        const Pair& pair = pairs_[static_cast<std::size_t>(row)];
        const float by_logit = by_logits_(row, 0);
        by_users_.row(pair.user).head(factors) += by_logit * items.row(pair.item).head(factors);
        by_items_.row(pair.item).head(factors) += by_logit * users.row(pair.user).head(factors);
      }
    }
    return loss;
  }

  // Sets logits_ of the pairs.
  void ForwardPairs(const Matrix& users, const Matrix& items) {
    logits_.setZero(static_cast<Eigen::Index>(pairs_.size()), 1);
    if (part_ != Part::kFactors) ForwardNetwork(users, items);
    if (part_ == Part::kNetwork) return;
    const auto factors = static_cast<Eigen::Index>(learning_.factors);
    for (Eigen::Index row = 0; row < logits_.rows(); ++row) {
      const Pair& pair = pairs_[static_cast<std::size_t>(row)];
      logits_(row, 0) += users.row(pair.user).head(factors).dot(items.row(pair.item).head(factors));
    }
  }

  void ForwardNetwork(const Matrix& users, const Matrix& items) {
    const nn::Pass pass{.pool = context_.pool};
    const auto hidden = static_cast<Eigen::Index>(learning_.hidden);
    first_.resize(logits_.rows(), hidden);
    for (Eigen::Index row = 0; row < first_.rows(); ++row) {
      const Pair& pair = pairs_[static_cast<std::size_t>(row)];
      first_.row(row) = users.row(pair.user).tail(hidden) + items.row(pair.item).tail(hidden);
    }
    relu_.Forward(first_, first_cache_, pass);
    hidden_.Forward(first_cache_.output, hidden_cache_, pass);
    relu_.Forward(hidden_cache_.output, second_cache_, pass);
    logits_ = output_.Forward(second_cache_.output, output_cache_, pass);
  }

  void BackwardNetwork() {
    const nn::Pass pass{.pool = context_.pool};
    const auto hidden = static_cast<Eigen::Index>(learning_.hidden);
    output_.Backward(second_cache_.output, by_logits_, output_cache_, pass);
    relu_.Backward(hidden_cache_.output, output_cache_.by_input, second_cache_, pass);
    hidden_.Backward(first_cache_.output, second_cache_.by_input, hidden_cache_, pass);
    relu_.Backward(first_, hidden_cache_.by_input, first_cache_, pass);
    for (Eigen::Index row = 0; row < first_.rows(); ++row) {
      const Pair& pair = pairs_[static_cast<std::size_t>(row)];
      by_users_.row(pair.user).tail(hidden) += first_cache_.by_input.row(row);
      by_items_.row(pair.item).tail(hidden) += first_cache_.by_input.row(row);
    }
  }

  // Sets by_logits_ from logits_.
  double AskLoss(Random& random) {
    by_logits_.setZero(logits_.rows(), 1);
    double sum = 0;
    const std::size_t pool = pool_items_.size();
    std::size_t place = (chunk_end_ - chunk_begin_) * pool;  // Of the next target.
    for (std::size_t user = chunk_begin_; user < chunk_end_; ++user) {
      const std::size_t count = parts_.NumTargets(user);
      const std::size_t of_pool = (user - chunk_begin_) * pool;
      const std::span<float> pool_scores(logits_.data() + of_pool, pool);
      MaskLiked(weights_.Columns(batch_[user]), pool_items_, pool_scores);
      sum += loss_({.liked = {logits_.data() + place, count},
                    .weights = parts_.TargetWeights(user),
                    .pool = pool_scores},
                   {.liked = {by_logits_.data() + place, count},
                    .pool = {by_logits_.data() + of_pool, pool}},
                   random);
      place += count;
    }
    by_logits_ *= scale_;
    return sum;
  }

  const HeldOutLikes& likes_;
  const CsrMatrix& weights_;  // Those of likes_.
  const NeuralCfLearning& learning_;
  const TrainingContext& context_;
  const PoolSampler sampler_;
  const SgdLoss loss_;
  std::vector<std::uint32_t> users_;  // Those with two items or more.
  Part part_ = Part::kBoth;
  std::size_t epochs_done_ = 0;

  nn::Embedding history_;
  nn::Embedding items_;
  nn::Dense hidden_;
  nn::Dense output_;  // Its bias is the same for all items and stays zero.
  const nn::Activation relu_{nn::ActivationKind::kRelu};

  // Of a step:
  std::vector<std::uint32_t> batch_;  // Shoppers.
  HistoryParts parts_;
  std::vector<std::uint32_t> pool_items_;
  std::vector<std::uint32_t> columns_;  // Of the pool, then targets.
  nn::Embedding::Cache history_cache_;
  nn::Embedding::Cache items_cache_;
  Matrix by_users_;  // [shoppers x g + h]
  Matrix by_items_;  // [columns x g + h]
  float scale_ = 0;  // 1 / the weights of all targets.

  // Of a chunk:
  std::size_t chunk_begin_ = 0;  // Into batch_.
  std::size_t chunk_end_ = 0;
  std::vector<Pair> pairs_;
  Matrix first_;      // [pairs x h]
  Matrix logits_;     // [pairs x 1]
  Matrix by_logits_;  // The same.
  nn::Activation::Cache first_cache_;
  nn::Dense::Cache hidden_cache_;
  nn::Activation::Cache second_cache_;
  nn::Dense::Cache output_cache_;
};

}  // namespace

absl::StatusOr<NeuralCfWeights> LearnNeuralCf(const HeldOutLikes& likes,
                                              const NeuralCfLearning& learning,
                                              std::string_view trainer,
                                              const TrainingContext& context) {
  const FactorSgd start{
      .dimensions = learning.factors, .start_epochs = learning.start_epochs, .seed = learning.seed};
  VITRINE_ASSIGN_OR_RETURN(UserItemFactors first, FirstFactors(likes.weights, start, context));
  Learner learner(likes, learning, std::move(first.items), context);
  VITRINE_RETURN_IF_ERROR(learner.Train(trainer));
  return learner.Take();
}

}  // namespace vitrine
