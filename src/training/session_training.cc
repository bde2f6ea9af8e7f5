#include "vitrine/training/session_training.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_format.h"
#include "training/epochs.h"
#include "training/setting_reader.h"
#include "training/trainers.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/fingerprint.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/nn/activation.h"
#include "vitrine/nn/loss.h"
#include "vitrine/nn/normalization.h"
#include "vitrine/nn/training_loop.h"

namespace vitrine {

namespace {

constexpr std::string_view kName = "purchase_predictor";

// Moments whose prefixes are padded to one length: cheaper when they are of like length.
constexpr std::size_t kChunkMoments = 32;

// What is known of a batch, head by head.
struct Targets {
  std::array<std::vector<std::uint32_t>, 2> rows{};  // Of kSession and kShopper.
  std::array<Matrix, 2> labels{};                    // [rows x 1]
  std::vector<std::uint32_t> next{};                 // [batch] nn::kNoTarget where none is known.
};

class Learner {
 public:
  Learner(std::span<const LabelledMoment> moments, const SessionLearning& learning,
          ThreadPool* pool)
      : moments_(moments), learning_(learning), pool_(pool) {
    Random random(learning.seed);
    std::vector<ShopperMoment> known;
    HoldOut(random);
    for (const std::uint32_t row : train_) known.push_back(moments[row].moment);
    scale_ = FeatureScale::Fit(known, learning.shape.num_features);
    network_ = SessionNetwork(learning.shape, random);
    network_.AddParameters(parameters_);
    dropout_.rate = learning.dropout;
  }

  absl::Status Train(const TrainingContext& context) {
    nn::TrainingLoopOptions loop = CosineEpochs(train_.size(), learning_.batch, learning_.epochs,
                                                learning_.learning_rate, learning_.seed);
    loop.patience = held_out_.empty() ? 0 : learning_.patience;
    loop.optimizer = {.kind = nn::OptimizerKind::kAdamW,
                      .weight_decay = learning_.weight_decay,
                      .max_gradient_norm = 5};
    nn::TrainingCallbacks callbacks = CallbacksOf(context);
    callbacks.step = [this](std::span<const std::uint32_t> rows, Random& random) {
      return Step(rows, random);
    };
    if (!held_out_.empty()) callbacks.validate = [this] { return Validate(); };
    return TrainNetwork({.num_examples = train_.size(), .parameters = parameters_}, loop, callbacks,
                        context);
  }

  SessionPredictor::Parts Take() {
    return {.features = PurchaseFeatureNames(),
            .scale = std::move(scale_),
            .horizon_days = learning_.horizon_days,
            .network = std::move(network_)};
  }

 private:
  void HoldOut(Random& random) {
    std::vector<std::uint32_t> shoppers;
    for (const LabelledMoment& each : moments_) shoppers.push_back(each.shopper);
    std::sort(shoppers.begin(), shoppers.end());
    shoppers.erase(std::unique(shoppers.begin(), shoppers.end()), shoppers.end());
    random.Shuffle(shoppers);
    shoppers.resize(
        static_cast<std::size_t>(learning_.held_out_share * static_cast<double>(shoppers.size())));
    const std::unordered_set<std::uint32_t> held(shoppers.begin(), shoppers.end());
    for (std::uint32_t row = 0; row < moments_.size(); ++row) {
      (held.contains(moments_[row].shopper) ? held_out_ : train_).push_back(row);
    }
  }

  // In order of length: a chunk is padded to its longest.
  std::vector<std::uint32_t> ByLength(std::span<const std::uint32_t> rows,
                                      const std::vector<std::uint32_t>& part) const {
    std::vector<std::uint32_t> sorted;
    for (const std::uint32_t row : rows) sorted.push_back(part[row]);
    std::sort(sorted.begin(), sorted.end(), [this](std::uint32_t a, std::uint32_t b) {
      const std::size_t length_a = moments_[a].moment.steps.size();
      const std::size_t length_b = moments_[b].moment.steps.size();
      return length_a != length_b ? length_a > length_b : a < b;
    });
    return sorted;
  }

  Targets TargetsOf(std::span<const std::uint32_t> rows) const {
    Targets targets;
    std::array<std::vector<float>, 2> labels;
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
      const LabelledMoment& each = moments_[rows[i]];
      const std::array known = {each.orders_in_session, each.orders_in_horizon};
      for (std::size_t head = 0; head < known.size(); ++head) {
        if (!known.at(head).has_value()) continue;
        targets.rows.at(head).push_back(i);
        labels.at(head).push_back(*known.at(head) ? 1.0F : 0.0F);
      }
      targets.next.push_back(each.next.has_value() ? static_cast<std::uint32_t>(*each.next)
                                                   : nn::kNoTarget);
    }
    for (std::size_t head = 0; head < labels.size(); ++head) {
      targets.labels.at(head) = Eigen::Map<const Matrix>(
          labels.at(head).data(), static_cast<Eigen::Index>(labels.at(head).size()), 1);
    }
    return targets;
  }

  // [rows x outputs]
  const Matrix& Forward(std::span<const std::uint32_t> rows, const nn::Pass& pass) {
    some_.clear();
    for (const std::uint32_t row : rows) some_.push_back(&moments_[row].moment);
    outputs_.setZero(static_cast<Eigen::Index>(rows.size()), Eigen::Index{kNumPurchaseOutputs});
    if (network_.shape.hidden > 0) outputs_ += ForwardFeatures(pass);
    if (network_.shape.dimensions > 0) outputs_ += ForwardEvents(pass);
    return outputs_;
  }

  const Matrix& ForwardFeatures(const nn::Pass& pass) {
    x_.resize(outputs_.rows(), static_cast<Eigen::Index>(2 * network_.shape.num_features));
    for (std::size_t i = 0; i < some_.size(); ++i) {
      scale_.Apply(some_[i]->features, {x_.row(static_cast<Eigen::Index>(i)).data(),
                                        static_cast<std::size_t>(x_.cols())});
    }
    network_.first.Forward(x_, first_, pass);
    relu_.Forward(first_.output, first_relu_, pass);
    dropout_.Forward(first_relu_.output, first_dropout_, pass);
    network_.second.Forward(first_dropout_.output, second_, pass);
    relu_.Forward(second_.output, second_relu_, pass);
    dropout_.Forward(second_relu_.output, second_dropout_, pass);
    return network_.from_features.Forward(second_dropout_.output, from_features_, pass);
  }

  const Matrix& ForwardEvents(const nn::Pass& pass) {
    batch_.emplace(some_);
    for (std::size_t i = 0; i < tables_.size(); ++i) {
      const Matrix& each = network_.tables[i].Forward(batch_->ids[i], tables_[i], pass);
      if (i == 0) {
        sum_ = each;
      } else {
        sum_ += each;
      }
    }
    network_.lstm.Forward(sum_, batch_->sequences(), lstm_, pass);
    states_.resize(outputs_.rows(), lstm_.output.cols());
    for (Eigen::Index i = 0; i < states_.rows(); ++i) states_.row(i) = lstm_.output.row(LastOf(i));
    dropout_.Forward(states_, states_dropout_, pass);
    return network_.from_events.Forward(states_dropout_.output, from_events_, pass);
  }

  // Padding leaves the state as it was.
  Eigen::Index LastOf(Eigen::Index sequence) const {
    return (sequence + 1) * static_cast<Eigen::Index>(batch_->length) - 1;
  }

  void Backward(const Matrix& by_outputs, const nn::Pass& pass) {
    if (network_.shape.hidden > 0) {
      network_.from_features.Backward(second_dropout_.output, by_outputs, from_features_, pass);
      dropout_.Backward(second_relu_.output, from_features_.by_input, second_dropout_, pass);
      relu_.Backward(second_.output, second_dropout_.by_input, second_relu_, pass);
      network_.second.Backward(first_dropout_.output, second_relu_.by_input, second_, pass);
      dropout_.Backward(first_relu_.output, second_.by_input, first_dropout_, pass);
      relu_.Backward(first_.output, first_dropout_.by_input, first_relu_, pass);
      network_.first.BackwardParameters(x_, first_relu_.by_input, pass);
    }
    if (network_.shape.dimensions == 0) return;
    network_.from_events.Backward(states_dropout_.output, by_outputs, from_events_, pass);
    dropout_.Backward(states_, from_events_.by_input, states_dropout_, pass);
    by_states_.setZero(lstm_.output.rows(), lstm_.output.cols());
    for (Eigen::Index i = 0; i < states_.rows(); ++i) {
      by_states_.row(LastOf(i)) = states_dropout_.by_input.row(i);
    }
    network_.lstm.Backward(sum_, batch_->sequences(), by_states_, lstm_, pass);
    for (std::size_t i = 0; i < tables_.size(); ++i) {
      network_.tables[i].Backward(batch_->ids[i], lstm_.by_input, tables_[i], pass);
    }
  }

  // The sum of the heads' losses, each a mean over what is known; leaves by_outputs_.
  double Loss(const Targets& targets, const Matrix& outputs) {
    by_outputs_.setZero(outputs.rows(), outputs.cols());
    double loss = 0;
    for (std::size_t head = 0; head < targets.rows.size(); ++head) {
      const std::vector<std::uint32_t>& rows = targets.rows.at(head);
      if (rows.empty()) continue;
      const auto column = static_cast<Eigen::Index>(head);
      logits_.resize(static_cast<Eigen::Index>(rows.size()), 1);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        logits_(static_cast<Eigen::Index>(i), 0) = outputs(rows[i], column);
      }
      loss += nn::BinaryCrossEntropy(logits_, targets.labels.at(head), logits_);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        by_outputs_(rows[i], column) = logits_(static_cast<Eigen::Index>(i), 0);
      }
    }
    const bool has_next = std::any_of(targets.next.begin(), targets.next.end(),
                                      [](std::uint32_t next) { return next != nn::kNoTarget; });
    if (!has_next) return loss;
    logits_ = outputs.rightCols(kNumNextEvents);
    loss += nn::SoftmaxCrossEntropy(logits_, targets.next, logits_, pool_);
    by_outputs_.rightCols(kNumNextEvents) = logits_;
    return loss;
  }

  double Step(std::span<const std::uint32_t> batch, Random& random) {
    const nn::Pass pass{.pool = pool_, .random = &random};
    const std::vector<std::uint32_t> sorted = ByLength(batch, train_);
    double loss = 0;
    for (std::size_t begin = 0; begin < sorted.size(); begin += kChunkMoments) {
      const auto rows = std::span<const std::uint32_t>(sorted).subspan(
          begin, std::min(kChunkMoments, sorted.size() - begin));
      const double share = static_cast<double>(rows.size()) / static_cast<double>(sorted.size());
      loss += share * Loss(TargetsOf(rows), Forward(rows, pass));
      by_outputs_ *= static_cast<float>(share);
      Backward(by_outputs_, pass);
    }
    return loss;
  }

  double Validate() {
    std::vector<std::uint32_t> all(held_out_.size());
    std::iota(all.begin(), all.end(), 0U);
    const std::vector<std::uint32_t> sorted = ByLength(all, held_out_);
    // The mean over all held out of each head, so that few labels in a chunk weigh little.
    Matrix outputs(static_cast<Eigen::Index>(sorted.size()), Eigen::Index{kNumPurchaseOutputs});
    constexpr std::size_t kAtOnce = 256;
    for (std::size_t begin = 0; begin < sorted.size(); begin += kAtOnce) {
      const auto rows = std::span<const std::uint32_t>(sorted).subspan(
          begin, std::min(kAtOnce, sorted.size() - begin));
      outputs.middleRows(static_cast<Eigen::Index>(begin), static_cast<Eigen::Index>(rows.size())) =
          Forward(rows, {.pool = pool_});
    }
    return Loss(TargetsOf(sorted), outputs);
  }

  std::span<const LabelledMoment> moments_;
  const SessionLearning& learning_;
  ThreadPool* pool_;
  std::vector<std::uint32_t> train_;
  std::vector<std::uint32_t> held_out_;
  FeatureScale scale_;
  SessionNetwork network_;
  nn::ParameterList parameters_;
  nn::Activation relu_{};
  nn::Dropout dropout_{};
  std::vector<const ShopperMoment*> some_;
  std::optional<SessionBatch> batch_;
  Matrix x_, sum_, states_, outputs_, by_outputs_, by_states_, logits_;
  nn::Dense::Cache first_, second_, from_features_, from_events_;
  nn::Activation::Cache first_relu_, second_relu_;
  nn::Dropout::Cache first_dropout_, second_dropout_, states_dropout_;
  std::array<nn::Embedding::Cache, 4> tables_;
  nn::Recurrent::Cache lstm_;
};

bool HasBoth(std::span<const LabelledMoment> moments, std::optional<bool> LabelledMoment::*label) {
  bool has_yes = false;
  bool has_no = false;
  for (const LabelledMoment& each : moments) {
    has_yes = has_yes || each.*label == true;
    has_no = has_no || each.*label == false;
  }
  return has_yes && has_no;
}

// Of all that is learned from.
std::uint64_t FingerprintOf(std::span<const LabelledMoment> moments) {
  Fingerprint fingerprint;
  const auto label = [](const auto& known) {
    return known.has_value() ? static_cast<std::uint64_t>(*known) + 1 : 0;
  };
  for (const LabelledMoment& each : moments) {
    ByteWriter& writer = fingerprint.writer();
    writer.Array(each.moment.features);
    for (const SessionStep& step : each.moment.steps) {
      for (const std::uint8_t part : {step.kind, step.pause, step.item, step.category}) {
        writer.Unsigned(part);
      }
    }
    writer.Unsigned(each.moment.steps.size());
    writer.Unsigned(each.shopper);
    writer.Unsigned(label(each.orders_in_session));
    writer.Unsigned(label(each.orders_in_horizon));
    writer.Unsigned(label(each.next));
  }
  return fingerprint.Take();
}

}  // namespace

Settings SessionPredictorDefaults() {
  return {{"inputs", "both"},    {"hidden", "32"},         {"dimensions", "32"},
          {"horizon_days", "7"}, {"max_moments", "30000"}, {"epochs", "30"},
          {"patience", "4"},     {"batch", "128"},         {"learning_rate", "0.003"},
          {"dropout", "0.2"},    {"weight_decay", "0.01"}, {"held_out_share", "0.1"},
          {"seed", "1"}};
}

absl::StatusOr<SessionLearning> ReadSessionLearning(const Settings& settings) {
  SettingReader reader(kName, SessionPredictorDefaults(), settings);
  SessionLearning learning;
  const std::string inputs = reader.Choice("inputs", {"both", "features", "events"});
  learning.shape.num_features = PurchaseFeatureNames().size();
  learning.shape.hidden = reader.Count("hidden", 1, 512);
  learning.shape.dimensions = reader.Count("dimensions", 1, 512);
  if (inputs == "events") learning.shape.hidden = 0;
  if (inputs == "features") learning.shape.dimensions = 0;
  learning.horizon_days = reader.Number("horizon_days", 0.01, 365);
  learning.max_moments = reader.Count("max_moments", 100, 1'000'000);
  learning.epochs = reader.Count("epochs", 1, 10'000);
  learning.patience = reader.Count("patience", 0, 10'000);
  learning.batch = reader.Count("batch", 1, 100'000);
  learning.learning_rate = reader.Number("learning_rate", 1e-9, 10);
  learning.dropout = reader.Number("dropout", 0, 0.95);
  learning.weight_decay = reader.Number("weight_decay", 0, 10);
  learning.held_out_share = reader.Number("held_out_share", 0, 0.5);
  learning.seed = reader.Count("seed", 0, UINT32_MAX);
  VITRINE_RETURN_IF_ERROR(reader.status());
  learning.settings = reader.complete();
  return learning;
}

absl::StatusOr<std::shared_ptr<const SessionPredictor>> TrainSessionPredictor(
    std::span<const LabelledMoment> moments, const SessionLearning& learning,
    const TrainingContext& context) {
  if (IsCancelled(context)) return Cancelled(kName);
  if (moments.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d moments are too few to learn from, 2 are wanted", moments.size()));
  }
  const bool has_next = std::any_of(moments.begin(), moments.end(),
                                    [](const auto& each) { return each.next.has_value(); });
  if (!has_next && !HasBoth(moments, &LabelledMoment::orders_in_session) &&
      !HasBoth(moments, &LabelledMoment::orders_in_horizon)) {
    return absl::FailedPreconditionError(
        "no moment of the log is followed by an order, or all are: there is nothing to learn");
  }
  ReportProgress(context, 0);
  Learner learner(moments, learning, context.pool);
  const std::uint64_t data = context.networks.on_start ? FingerprintOf(moments) : 0;
  VITRINE_RETURN_IF_ERROR(learner.Train(ForNetworks(context, kName, data, learning.settings)));
  ReportProgress(context, 1);
  return SessionPredictor::Create(learner.Take());
}

}  // namespace vitrine
