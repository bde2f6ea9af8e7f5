#include "training/gan_cf_learner.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
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
#include "vitrine/nn/loss.h"
#include "vitrine/nn/optimizer.h"
#include "vitrine/nn/product.h"
#include "vitrine/nn/training_loop.h"

namespace vitrine {

namespace {

// Of the first decoder: unit factors times this are logits that say something.
constexpr float kStartSharpness = 4;
constexpr double kStartDeviation = 0.1;

// Judges vectors over some items of each shopper, given what the shopper is known by:
//   logit = dense(relu(sum over c of a_j + sum over the vector of v_j b_j))
class Judge {
 public:
  Judge(std::size_t num_items, std::size_t hidden, Random& random)
      : known_(num_items, hidden, kStartDeviation, random),
        seen_(num_items, hidden, kStartDeviation, random),
        output_(hidden, 1, random) {}

  nn::ParameterList Parameters() {
    nn::ParameterList parameters;
    known_.AddParameters("known", parameters);
    seen_.AddParameters("seen", parameters);
    output_.AddParameters("output", parameters);
    return parameters;
  }

  // The loss is the mean of -log of the odds that the judge gives to being real, or to being made.
  // Its derivatives are left for ByVector, and where `learns`, added to the gradients.
  void Ask(const nn::Bags& known, const nn::Bags& vectors, bool is_real, bool learns,
           const nn::Pass& pass) {
    first_ = known_.ForwardBags(known, nn::BagKind::kSum, known_cache_, pass);
    first_ += seen_.ForwardBags(vectors, nn::BagKind::kSum, seen_cache_, pass);
    relu_.Forward(first_, relu_cache_, pass);
    const Matrix& logits = output_.Forward(relu_cache_.output, output_cache_, pass);
    const Matrix wanted = Matrix::Constant(logits.rows(), 1, is_real ? 1.0F : 0.0F);
    nn::BinaryCrossEntropy(logits, wanted, by_logits_);
    output_.Backward(relu_cache_.output, by_logits_, output_cache_, pass);
    relu_.Backward(first_, output_cache_.by_input, relu_cache_, pass);
    if (learns) {
      known_.BackwardBags(known, nn::BagKind::kSum, relu_cache_.by_input, known_cache_, pass);
      seen_.BackwardBags(vectors, nn::BagKind::kSum, relu_cache_.by_input, seen_cache_, pass);
    }
  }

  // The derivative of the last Ask's loss by what shopper `user` has of `item`.
  float ByVector(Eigen::Index user, std::uint32_t item) const {
    return relu_cache_.by_input.row(user).dot(seen_.weight.value.row(item));
  }

 private:
  nn::Embedding known_;
  nn::Embedding seen_;
  nn::Dense output_;
  const nn::Activation relu_{nn::ActivationKind::kRelu};
  Matrix first_;
  Matrix by_logits_;
  nn::Embedding::Cache known_cache_;
  nn::Embedding::Cache seen_cache_;
  nn::Activation::Cache relu_cache_;
  nn::Dense::Cache output_cache_;
};

// Makes of scores their softmax times `total`. Summed in order, since Eigen's sum depends on where
// the numbers lie.
void MakeShares(std::span<float> scores, double total) {
  const float largest = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (float& score : scores) {
    score = std::exp(score - largest);
    sum += static_cast<double>(score);
  }
  for (float& score : scores) score *= static_cast<float>(total / sum);
}

class Learner {
 public:
  Learner(const HeldOutLikes& likes, const GanCfLearning& learning, const Matrix& first_factors,
          const TrainingContext& context)
      : likes_(likes),
        weights_(likes.weights),
        learning_(learning),
        context_(context),
        sampler_(weights_, learning.popularity_power),
        loss_(MakeCosineSoftmaxLoss(1, weights_.num_cols)) {
    Random random(learning.seed, 1);
    encoder_ = nn::Embedding(weights_.num_cols, learning.hidden, 0, random);
    encoder_.weight.value = first_factors;
    decoder_ = nn::Embedding(weights_.num_cols, learning.hidden + 1, 0, random);
    decoder_.weight.value.leftCols(first_factors.cols()) = kStartSharpness * first_factors;
    bias_ = nn::Parameter({learning.hidden});
    judge_.emplace(weights_.num_cols, learning.judge_hidden, random);
    users_ = HistoryParts::UsersOf(weights_);
  }

  absl::Status Train(std::string_view trainer) {
    if (users_.empty()) return absl::OkStatus();
    VITRINE_ASSIGN_OR_RETURN(judge_optimizer_,
                             nn::Optimizer::Create(judge_->Parameters(), nn::OptimizerOptions()));
    nn::ParameterList parameters;
    encoder_.AddParameters("encoder", parameters);
    parameters.push_back({"encoder.bias", &bias_});
    decoder_.AddParameters("decoder", parameters);
    nn::TrainingLoopOptions loop = CosineEpochs(users_.size(), learning_.batch, learning_.epochs,
                                                learning_.learning_rate, learning_.seed);
    loop.optimizer.kind = nn::OptimizerKind::kAdamW;
    loop.optimizer.weight_decay = learning_.decay;
    loop.state = judge_optimizer_->State();
    for (const nn::NamedParameter& named : judge_->Parameters()) {
      loop.state.push_back({named.name, &named.parameter->value});
    }
    for (nn::Optimizer::NamedState& each : loop.state) each.name = "judge." + each.name;
    nn::TrainingCallbacks callbacks = CallbacksOf(context_);
    callbacks.step = [this](std::span<const std::uint32_t> examples, Random& random) {
      return Step(examples, random);
    };
    if (!likes_.users.empty()) {
      loop.patience = learning_.patience;
      callbacks.validate = [this] { return Validate(); };
    }
    const absl::Status status = TrainNetwork(
        {.num_examples = users_.size(), .parameters = parameters}, loop, callbacks, context_);
    return absl::IsCancelled(status) ? Cancelled(trainer) : status;
  }

  GanCfWeights Take() {
    ClearUnliked(weights_, encoder_.weight.value);
    ClearUnliked(weights_, decoder_.weight.value);
    return {.encoder = std::move(encoder_.weight.value),
            .encoder_bias = std::move(bias_.value),
            .decoder = std::move(decoder_.weight.value)};
  }

 private:
  double Step(std::span<const std::uint32_t> examples, Random& random) {
    const nn::Pass pass{.pool = context_.pool};
    batch_.clear();
    for (const std::uint32_t example : examples) batch_.push_back(users_[example]);
    parts_.Draw(weights_, batch_, learning_.target_share, random);
    pool_items_ = sampler_.Draw(learning_.pool_size, random);
    columns_ = pool_items_;
    columns_.insert(columns_.end(), parts_.targets().begin(), parts_.targets().end());
    Encode(pass);
    const Matrix& items = decoder_.Forward(columns_, decoder_cache_, pass);
    const auto num_pool = static_cast<Eigen::Index>(pool_items_.size());
    pool_logits_.resize(codes_.rows(), num_pool);
    nn::ProductWithTransposed(codes_, items.topRows(num_pool), nn::Into::kSet, pool_logits_,
                              pass.pool);
    target_logits_.resize(parts_.targets().size());
    ForEachTarget([&](Eigen::Index user, std::size_t i) {
      target_logits_[i] = codes_.row(user).dot(items.row(num_pool + static_cast<Eigen::Index>(i)));
    });
    by_pool_.setZero(codes_.rows(), num_pool);
    by_targets_.assign(target_logits_.size(), 0);
    const double loss = Reconstruct(random);
    if (learning_.adversary_weight > 0) Contend(random, pass);
    Backward(items, pass);
    return loss;
  }

  // As it is served, of the generator alone.
  double Validate() {
    const auto score = [this](std::span<const std::uint32_t> users, Matrix& scores) {
      const nn::Pass pass{.pool = context_.pool};
      parts_.ReadAll(weights_, users);
      Encode(pass);
      const Matrix& items = decoder_.weight.value;
      scores.resize(codes_.rows(), items.rows());
      nn::ProductWithTransposed(codes_, items, nn::Into::kSet, scores, pass.pool);
    };
    return ValidationLoss(likes_, score, *context_.pool);
  }

  // Calls body(shopper, target) for all targets.
  template <typename Body>
  void ForEachTarget(const Body& body) const {
    for (std::size_t user = 0; user < batch_.size(); ++user) {
      const std::size_t begin = parts_.TargetBegin(user);
      for (std::size_t i = begin; i < begin + parts_.NumTargets(user); ++i) {
        body(static_cast<Eigen::Index>(user), i);
      }
    }
  }

  void Encode(const nn::Pass& pass) {
    sums_ = encoder_.ForwardBags(parts_.Read(), nn::BagKind::kSum, encoder_cache_, pass);
    sums_.rowwise() += bias_.value.row(0);
    tanh_.Forward(sums_, tanh_cache_, pass);
    codes_.resize(sums_.rows(), sums_.cols() + 1);
    codes_.leftCols(sums_.cols()) = tanh_cache_.output;
    codes_.rightCols(1).setOnes();
  }

  // Masks what shoppers have in the pool, and adds the derivatives of the cross-entropy.
  double Reconstruct(Random& random) {
    const float scale = 1 / parts_.SumOfTargetWeights();
    double sum = 0;
    for (std::size_t user = 0; user < batch_.size(); ++user) {
      const auto row = static_cast<Eigen::Index>(user);
      const std::span<float> pool(pool_logits_.row(row).data(), pool_items_.size());
      const std::size_t begin = parts_.TargetBegin(user);
      const std::size_t count = parts_.NumTargets(user);
      MaskLiked(weights_.Columns(batch_[user]), pool_items_, pool);
      sum += loss_({.liked = std::span(target_logits_).subspan(begin, count),
                    .weights = parts_.TargetWeights(user),
                    .pool = pool},
                   {.liked = std::span(by_targets_).subspan(begin, count),
                    .pool = {by_pool_.row(row).data(), pool_items_.size()}},
                   random);
    }
    by_pool_ *= scale;
    for (float& by_target : by_targets_) by_target *= scale;
    return sum * static_cast<double>(scale);
  }

  // Draws the zeros that the adversary sees, and makes both vectors over them and the targets.
  void MakeVectors(Random& random) {
    seen_begin_.assign(1, 0);
    seen_.clear();
    places_.clear();
    real_.clear();
    made_.clear();
    for (std::size_t user = 0; user < batch_.size(); ++user) {
      const std::size_t count = parts_.NumTargets(user);
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t target = parts_.TargetBegin(user) + i;
        seen_.push_back(parts_.targets()[target]);
        places_.push_back(target);
        real_.push_back(1);
        made_.push_back(target_logits_[target]);
      }
      for (std::size_t i = 0; i < learning_.masked_zeros; ++i) {
        const std::size_t place = random.Below(pool_items_.size());
        const float logit =
            pool_logits_(static_cast<Eigen::Index>(user), static_cast<Eigen::Index>(place));
        if (!std::isfinite(logit)) continue;
        seen_.push_back(pool_items_[place]);
        places_.push_back(place);
        real_.push_back(0);
        made_.push_back(logit);
      }
      MakeShares(std::span(made_).subspan(seen_begin_.back()), static_cast<double>(count));
      seen_begin_.push_back(made_.size());
    }
  }

  // One step of the adversary, then its opinion as a part of the generator's loss.
  void Contend(Random& random, const nn::Pass& pass) {
    MakeVectors(random);
    const nn::Bags known = parts_.Read();
    const nn::Bags real{.begin = seen_begin_, .ids = seen_, .weights = real_};
    const nn::Bags made{.begin = seen_begin_, .ids = seen_, .weights = made_};
    judge_->Ask(known, real, true, true, pass);
    judge_->Ask(known, made, false, true, pass);
    judge_optimizer_->Step(learning_.judge_learning_rate, pass.pool);
    judge_->Ask(known, made, true, false, pass);
    nn::ZeroGradients(judge_->Parameters());
    for (std::size_t user = 0; user < batch_.size(); ++user) AddOpinion(user);
  }

  // Through the softmax: d v_k / d logit_j = v_k ([j = k] - v_j / |t|).
  void AddOpinion(std::size_t user) {
    const auto row = static_cast<Eigen::Index>(user);
    const auto count = static_cast<float>(parts_.NumTargets(user));
    const std::size_t begin = seen_begin_[user];
    float mean = 0;
    by_made_.clear();
    for (std::size_t i = begin; i < seen_begin_[user + 1]; ++i) {
      by_made_.push_back(judge_->ByVector(row, seen_[i]));
      mean += by_made_.back() * made_[i] / count;
    }
    const auto weight = static_cast<float>(learning_.adversary_weight);
    for (std::size_t i = begin; i < seen_begin_[user + 1]; ++i) {
      const float by_logit = weight * made_[i] * (by_made_[i - begin] - mean);
      if (real_[i] > 0) {
        by_targets_[places_[i]] += by_logit;
      } else {
        by_pool_(row, static_cast<Eigen::Index>(places_[i])) += by_logit;
      }
    }
  }

  void Backward(const Matrix& items, const nn::Pass& pass) {
    const Eigen::Index num_pool = by_pool_.cols();
    by_items_.setZero(items.rows(), items.cols());
    by_codes_.resize(codes_.rows(), codes_.cols());
    nn::Product(by_pool_, items.topRows(num_pool), nn::Into::kSet, by_codes_, pass.pool);
    nn::ProductOfTransposed(by_pool_, codes_, nn::Into::kSet, by_items_.topRows(num_pool),
                            pass.pool);
    ForEachTarget([&](Eigen::Index user, std::size_t i) {
      const Eigen::Index row = num_pool + static_cast<Eigen::Index>(i);
      by_codes_.row(user) += by_targets_[i] * items.row(row);
      by_items_.row(row) = by_targets_[i] * codes_.row(user);
    });
    decoder_.Backward(columns_, by_items_, decoder_cache_, pass);
    by_hidden_ = by_codes_.leftCols(sums_.cols());
    tanh_.Backward(sums_, by_hidden_, tanh_cache_, pass);
    bias_.gradient.row(0) += tanh_cache_.by_input.colwise().sum();
    encoder_.BackwardBags(parts_.Read(), nn::BagKind::kSum, tanh_cache_.by_input, encoder_cache_,
                          pass);
  }

  const HeldOutLikes& likes_;
  const CsrMatrix& weights_;  // Those of likes_.
  const GanCfLearning& learning_;
  const TrainingContext& context_;
  const PoolSampler sampler_;
  const SgdLoss loss_;
  std::vector<std::uint32_t> users_;  // Those with two items or more.

  nn::Embedding encoder_;
  nn::Parameter bias_;
  nn::Embedding decoder_;
  const nn::Activation tanh_{nn::ActivationKind::kTanh};
  std::optional<Judge> judge_;
  std::optional<nn::Optimizer> judge_optimizer_;

  // Of a step:
  std::vector<std::uint32_t> batch_;  // Shoppers.
  HistoryParts parts_;
  std::vector<std::uint32_t> pool_items_;
  std::vector<std::uint32_t> columns_;  // The pool, then targets.
  nn::Embedding::Cache encoder_cache_;
  nn::Activation::Cache tanh_cache_;
  nn::Embedding::Cache decoder_cache_;
  Matrix sums_;                       // [shoppers x h]
  Matrix codes_;                      // [shoppers x h + 1]
  Matrix pool_logits_;                // [shoppers x pool]
  std::vector<float> target_logits_;  // [targets]
  Matrix by_pool_;                    // [shoppers x pool]
  std::vector<float> by_targets_;     // [targets]
  Matrix by_codes_;                   // [shoppers x h + 1]
  Matrix by_hidden_;                  // [shoppers x h]
  Matrix by_items_;                   // [columns x h + 1]

  // What the adversary sees: bags of a shopper's targets and zeros.
  std::vector<std::size_t> seen_begin_;  // [shoppers + 1]
  std::vector<std::uint32_t> seen_;      // Items.
  std::vector<std::size_t> places_;      // Of each among the targets, or in the pool.
  std::vector<float> real_;
  std::vector<float> made_;
  std::vector<float> by_made_;
};

}  // namespace

absl::StatusOr<GanCfWeights> LearnGanCf(const HeldOutLikes& likes, const GanCfLearning& learning,
                                        std::string_view trainer, const TrainingContext& context) {
  const FactorSgd start{
      .dimensions = learning.hidden, .start_epochs = learning.start_epochs, .seed = learning.seed};
  VITRINE_ASSIGN_OR_RETURN(const UserItemFactors first,
                           FirstFactors(likes.weights, start, context));
  Learner learner(likes, learning, first.items, context);
  VITRINE_RETURN_IF_ERROR(learner.Train(trainer));
  return learner.Take();
}

}  // namespace vitrine
