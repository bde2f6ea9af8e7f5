#include "training/two_tower_learner.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "training/epochs.h"
#include "training/held_out_likes.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/nn/loss.h"
#include "vitrine/nn/product.h"
#include "vitrine/nn/training_loop.h"

namespace vitrine {

namespace {

constexpr float kMasked = -std::numeric_limits<float>::infinity();
constexpr std::size_t kExamplesOfAShard = 16;

class Learner {
 public:
  Learner(const Dataset& dataset, const TowerExamples& examples, const OwnedBags& features,
          const TwoTowerLearning& learning, ThreadPool* pool, TwoTowerTable& table)
      : dataset_(dataset),
        examples_(examples),
        features_(features),
        learning_(learning),
        pool_(pool),
        table_(table) {
    for (const ItemIndex item : examples.learned().Items()) {
      learned_.push_back(static_cast<std::uint32_t>(item));
    }
    Random random(learning.seed);
    table.items = ItemTower(table.shape, dataset.num_items(), learning.dropout, random);
    table.users = UserTower(table.shape, learning.dropout, random);
    table.items.ids.AddParameters("ids", parameters_);
    table.items.AddServedParameters("items", parameters_);
    table.users.AddParameters("users", parameters_);
  }

  absl::Status Train(const TrainingContext& context) {
    nn::TrainingLoopOptions loop = CosineEpochs(examples_.size(), learning_.batch, learning_.epochs,
                                                learning_.learning_rate, learning_.seed);
    loop.patience = learning_.patience;
    loop.optimizer.kind = nn::OptimizerKind::kAdamW;
    loop.optimizer.weight_decay = learning_.weight_decay;
    loop.optimizer.max_gradient_norm = 5;
    nn::TrainingCallbacks callbacks = CallbacksOf(context);
    callbacks.step = [this](std::span<const std::uint32_t> batch, Random& random) {
      return Step(batch, random);
    };
    if (examples_.num_held_out() > 0) callbacks.validate = [this] { return Validate(); };
    return TrainNetwork({.num_examples = examples_.size(), .parameters = parameters_}, loop,
                        callbacks, context);
  }

  // The vectors of all items: of those that were learned by id and features, of others by features.
  void Finish() {
    TowerVectors vectors = EncodeByFeatures(table_.items, features_.view());
    table_.targets = std::move(vectors.targets);
    table_.inputs = std::move(vectors.inputs);
    table_.is_learned.assign(dataset_.num_items(), 0);
    if (learned_.empty()) return;
    EncodeLearned();
    for (std::size_t i = 0; i < learned_.size(); ++i) {
      const auto row = static_cast<Eigen::Index>(learned_[i]);
      table_.targets.row(row) = items_.target.output.row(static_cast<Eigen::Index>(i));
      table_.inputs.row(row) = items_.history.output.row(static_cast<Eigen::Index>(i));
      table_.is_learned[learned_[i]] = 1;
    }
  }

 private:
  // Items of a step: the columns of the logits, then others that histories have.
  struct StepItems {
    std::vector<std::uint32_t> rows{};
    std::size_t num_columns = 0;
    std::vector<std::uint32_t> ids{};  // As rows, nn::kNoId where the id is left out.
    OwnedBags features{};
    std::vector<std::uint32_t> place{};  // [num_items] In rows, or nn::kNoId.
  };

  double Step(std::span<const std::uint32_t> batch, Random& random) {
    const nn::Pass pass{.pool = pool_, .random = &random};
    AskBatch(batch, random);
    ChooseItems(random);
    Describe(&random);
    table_.items.Forward(step_.ids, step_.features.view(), items_, pass);
    FillInputs();
    const Matrix& users = table_.users.Forward(inputs_, users_, pass);
    const auto targets = items_.target.output.topRows(static_cast<Eigen::Index>(step_.num_columns));
    logits_.resize(users.rows(), targets.rows());
    nn::ProductWithTransposed(users, targets, nn::Into::kSet, logits_, pool_);
    Mask();
    const double loss = nn::MultinomialCrossEntropy(
        logits_, {right_.begin, right_.ids, right_.weights}, log_odds_, logits_, pool_);
    by_users_.resize(users.rows(), users.cols());
    nn::Product(logits_, targets, nn::Into::kSet, by_users_, pool_);
    by_targets_.setZero(items_.target.output.rows(), users.cols());
    nn::ProductOfTransposed(logits_, users, nn::Into::kSet, by_targets_.topRows(targets.rows()),
                            pool_);
    BackwardInputs(table_.users.Backward(inputs_, by_users_, users_, pass));
    table_.items.Backward(step_.ids, step_.features.view(), by_targets_, histories_.weight.gradient,
                          items_, pass);
    return loss;
  }

  // Every example draws from numbers of its own, so that threads change nothing.
  void AskBatch(std::span<const std::uint32_t> batch, Random& random) {
    asked_.resize(batch.size());
    std::vector<std::uint64_t> seeds(batch.size());
    for (std::uint64_t& seed : seeds) seed = random.NextBits();
    const std::size_t num_shards = (batch.size() + kExamplesOfAShard - 1) / kExamplesOfAShard;
    pool_->ParallelFor(num_shards, [&](std::size_t shard) {
      const std::size_t end = std::min((shard + 1) * kExamplesOfAShard, batch.size());
      for (std::size_t i = shard * kExamplesOfAShard; i < end; ++i) {
        Random own(seeds[i]);
        asked_[i] = examples_.Ask(batch[i], learning_.split, own);
      }
    });
  }

  void ChooseItems(Random& random) {
    step_.rows.clear();
    log_odds_.clear();
    if (learning_.softmax == TowerSoftmax::kFull) {
      step_.rows = learned_;
    } else {
      DrawColumns(random);
    }
    step_.num_columns = step_.rows.size();
    step_.place.assign(dataset_.num_items(), nn::kNoId);
    const auto place = [this](std::uint32_t row, std::size_t at) {
      step_.place[row] = static_cast<std::uint32_t>(at);
    };
    for (std::size_t i = 0; i < step_.rows.size(); ++i) place(step_.rows[i], i);
    for (const TowerExample& example : asked_) {
      for (const TowerTouch& touch : example.touches) {
        const auto row = static_cast<std::uint32_t>(touch.item);
        if (step_.place[row] != nn::kNoId) continue;
        place(row, step_.rows.size());
        step_.rows.push_back(row);
      }
    }
    right_ = {};
    for (const TowerExample& example : asked_) {
      for (std::size_t t = 0; t < example.targets.size(); ++t) {
        right_.Add(step_.place[example.targets[t]], example.weights[t]);
      }
      right_.EndBag();
    }
  }

  // The targets of the step and items drawn evenly, each once, with the odds to be there.
  void DrawColumns(Random& random) {
    double num_targets = 0;
    for (const TowerExample& example : asked_) {
      step_.rows.insert(step_.rows.end(), example.targets.begin(), example.targets.end());
      num_targets += static_cast<double>(example.targets.size());
    }
    const std::size_t num_drawn =
        learning_.softmax == TowerSoftmax::kSampled ? learning_.negatives : 0;
    for (std::size_t i = 0; i < num_drawn; ++i) {
      step_.rows.push_back(learned_[random.Below(learned_.size())]);
    }
    std::sort(step_.rows.begin(), step_.rows.end());
    step_.rows.erase(std::unique(step_.rows.begin(), step_.rows.end()), step_.rows.end());
    const double total = std::accumulate(examples_.counts().begin(), examples_.counts().end(), 0.0);
    const double evenly = static_cast<double>(num_drawn) / static_cast<double>(learned_.size());
    for (const std::uint32_t row : step_.rows) {
      const double drawn = num_targets * examples_.counts()[row] / total + evenly;
      log_odds_.push_back(static_cast<float>(std::log(-std::expm1(-drawn))));
    }
  }

  // Ids and features of the step's items; without `random` all of them.
  void Describe(Random* random) {
    step_.ids = step_.rows;
    step_.features = {};
    for (std::size_t i = 0; i < step_.rows.size(); ++i) {
      const std::uint32_t row = step_.rows[i];
      const std::size_t end = features_.begin[row + 1];
      const bool has_features = features_.begin[row] < end;
      if (random != nullptr && has_features && random->Uniform() < learning_.id_dropout) {
        step_.ids[i] = nn::kNoId;
      }
      for (std::size_t f = features_.begin[row]; f < end; ++f) {
        const bool stays = random == nullptr || random->Uniform() >= learning_.feature_dropout;
        step_.features.Add(stays ? features_.ids[f] : nn::kNoId, features_.weights[f]);
      }
      step_.features.EndBag();
    }
  }

  // The user tower's inputs from the items' c.
  void FillInputs() {
    histories_.weight.value = items_.history.output;
    in_all_ = {};
    in_recent_ = {};
    for (const TowerExample& example : asked_) {
      for (const TowerTouch& touch : example.touches) {
        const std::uint32_t place = step_.place[Row(touch.item)];
        in_all_.Add(place, touch.in_all);
        in_recent_.Add(place, touch.in_recent);
      }
      in_all_.EndBag();
      in_recent_.EndBag();
    }
    const nn::Pass pass{.pool = pool_};
    const auto d = static_cast<Eigen::Index>(table_.shape.dimensions);
    inputs_.setZero(static_cast<Eigen::Index>(asked_.size()),
                    static_cast<Eigen::Index>(UserTower::NumInputs(table_.shape)));
    inputs_.leftCols(d) =
        histories_.ForwardBags(in_all_.view(), nn::BagKind::kSum, all_cache_, pass);
    inputs_.middleCols(d, d) =
        histories_.ForwardBags(in_recent_.view(), nn::BagKind::kSum, recent_cache_, pass);
    for (std::size_t i = 0; i < asked_.size(); ++i) {
      inputs_(static_cast<Eigen::Index>(i), UserTower::CountColumn(table_.shape.dimensions)) =
          std::log1p(static_cast<float>(asked_[i].touches.size())) / 4;
    }
    if (table_.shape.user_buckets > 0) FillProfiles();
  }

  void FillProfiles() {
    in_profile_ = {};
    for (const TowerExample& example : asked_) {
      for (const std::uint32_t bucket : example.profile) in_profile_.Add(bucket);
      in_profile_.EndBag();
    }
    inputs_.rightCols(static_cast<Eigen::Index>(table_.shape.dimensions)) =
        table_.users.profile.ForwardBags(in_profile_.view(), nn::BagKind::kSum, profile_cache_,
                                         {.pool = pool_});
  }

  // Leaves the derivatives by the items' c in histories_.weight.gradient, and adds those by the
  // profiles' features to theirs.
  void BackwardInputs(const Matrix& by_inputs) {
    const nn::Pass pass{.pool = pool_};
    const auto d = static_cast<Eigen::Index>(table_.shape.dimensions);
    histories_.weight.is_sparse = true;
    histories_.weight.touched.clear();
    histories_.weight.gradient.setZero(histories_.weight.value.rows(), d);
    by_bag_ = by_inputs.leftCols(d);
    histories_.BackwardBags(in_all_.view(), nn::BagKind::kSum, by_bag_, all_cache_, pass);
    by_bag_ = by_inputs.middleCols(d, d);
    histories_.BackwardBags(in_recent_.view(), nn::BagKind::kSum, by_bag_, recent_cache_, pass);
    if (table_.shape.user_buckets == 0) return;
    by_bag_ = by_inputs.rightCols(d);
    table_.users.profile.BackwardBags(in_profile_.view(), nn::BagKind::kSum, by_bag_,
                                      profile_cache_, pass);
  }

  // What a history has is not asked for, so it is no negative either.
  void Mask() {
    for (std::size_t i = 0; i < asked_.size(); ++i) {
      for (const TowerTouch& touch : asked_[i].touches) {
        const std::uint32_t place = step_.place[Row(touch.item)];
        if (place < step_.num_columns) logits_(static_cast<Eigen::Index>(i), place) = kMasked;
      }
    }
  }

  void EncodeLearned() {
    step_.rows = learned_;
    step_.num_columns = learned_.size();
    step_.place.assign(dataset_.num_items(), nn::kNoId);
    for (std::size_t i = 0; i < learned_.size(); ++i) {
      step_.place[learned_[i]] = static_cast<std::uint32_t>(i);
    }
    Describe(nullptr);
    table_.items.Forward(step_.ids, step_.features.view(), items_, {.pool = pool_});
  }

  // The ndcg of one shopper's logits.
  double NdcgOfAsked(std::size_t i) const {
    const auto row = logits_.row(static_cast<Eigen::Index>(i));
    std::vector<std::uint32_t> places;
    for (const std::uint32_t target : asked_[i].targets) places.push_back(step_.place[target]);
    return NdcgOf({row.data(), static_cast<std::size_t>(row.size())}, places);
  }

  // Less the mean ndcg of what is held out, where who was asked about what is old counts less.
  double Validate() {
    EncodeLearned();
    double sum = 0;
    double total = 0;
    for (std::size_t first = 0; first < examples_.num_held_out(); first += learning_.batch) {
      const std::size_t end = std::min(first + learning_.batch, examples_.num_held_out());
      asked_.clear();
      for (std::size_t i = first; i < end; ++i) asked_.push_back(examples_.HeldOut(i));
      FillInputs();
      const Matrix& users = table_.users.Forward(inputs_, users_, {.pool = pool_});
      logits_.resize(users.rows(), items_.target.output.rows());
      nn::ProductWithTransposed(users, items_.target.output, nn::Into::kSet, logits_, pool_);
      Mask();
      for (std::size_t i = 0; i < asked_.size(); ++i) {
        if (asked_[i].targets.empty()) continue;
        const std::vector<float>& weights = asked_[i].weights;
        const double weight =
            static_cast<double>(*std::max_element(weights.begin(), weights.end()));
        sum += weight * NdcgOfAsked(i);
        total += weight;
      }
    }
    return total > 0 ? -sum / total : 0;
  }

  const Dataset& dataset_;
  const TowerExamples& examples_;
  const OwnedBags& features_;
  const TwoTowerLearning& learning_;
  ThreadPool* pool_;
  TwoTowerTable& table_;
  std::vector<std::uint32_t> learned_;  // Rows of items, ascending.
  nn::ParameterList parameters_;
  std::vector<TowerExample> asked_;  // Of the batch.
  OwnedBags right_;                  // The same, of columns.
  StepItems step_;
  ItemTower::Cache items_;
  UserTower::Cache users_;
  nn::Embedding histories_;  // The c of the step's items, as a table.
  OwnedBags in_all_;
  OwnedBags in_recent_;
  OwnedBags in_profile_;
  nn::Embedding::Cache all_cache_;
  nn::Embedding::Cache recent_cache_;
  nn::Embedding::Cache profile_cache_;
  Matrix inputs_;                // [users x inputs]
  Matrix logits_;                // [users x columns]
  Matrix by_users_;              // [users x d]
  Matrix by_targets_;            // [items x d]
  Matrix by_bag_;                // [users x d]
  std::vector<float> log_odds_;  // [columns] or empty.
};

}  // namespace

absl::Status LearnTwoTower(const Dataset& dataset, const TowerExamples& examples,
                           const OwnedBags& features, const TwoTowerLearning& learning,
                           const TrainingContext& context, TwoTowerTable& table) {
  if (IsCancelled(context)) return Cancelled("two_tower");
  ReportProgress(context, 0);
  Learner learner(dataset, examples, features, learning, context.pool, table);
  if (examples.size() > 0) VITRINE_RETURN_IF_ERROR(learner.Train(context));
  learner.Finish();
  ReportProgress(context, 1);
  return absl::OkStatus();
}

}  // namespace vitrine
