#include "training/sequence_learner.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "training/epochs.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/nn/loss.h"
#include "vitrine/nn/product.h"
#include "vitrine/nn/training_loop.h"

namespace vitrine {

namespace {

// Places, padding too, that are encoded together.
constexpr std::size_t kChunkPlaces = 2048;

class Learner {
 public:
  Learner(const SequenceData& data, const SequenceShape& shape, const SequenceLearning& learning,
          ThreadPool* pool)
      : data_(data), learning_(learning), pool_(pool) {
    Random random(learning.seed);
    network_ = SequenceNetwork(shape, learning.dropout, random);
    // Each step moves all items, as each is a negative.
    network_.items.weight.is_sparse = learning.negatives > 0;
    network_.AddParameters(parameters_);
    if (!HoldsLengths()) return;
    network_.items.weight.value.rowwise().normalize();
    const double length_of_ones = std::sqrt(static_cast<double>(shape.dimensions));
    network_.last_norm.weight.value.setConstant(
        static_cast<float>(1 / (learning.temperature * length_of_ones)));
  }

  absl::Status Train(const TrainingContext& context) {
    nn::TrainingLoopOptions loop;
    loop.batch_size = std::min(learning_.batch, data_.windows.size());
    loop.epochs = learning_.epochs;
    loop.seed = learning_.seed;
    loop.patience = learning_.patience;
    loop.schedule.rate = learning_.learning_rate;
    nn::TrainingCallbacks callbacks = CallbacksOf(context);
    callbacks.step = [this](std::span<const std::uint32_t> windows, Random& random) {
      return Step(windows, random);
    };
    if (!data_.held_out.empty()) {
      callbacks.validate = [this] {
        RestoreLengths();
        return Validate();
      };
    }
    const absl::Status status =
        TrainNetwork({.num_examples = data_.windows.size(), .parameters = parameters_}, loop,
                     callbacks, context);
    RestoreLengths();
    return status;
  }

  SequenceNetwork Take() { return std::move(network_); }

 private:
  // Which rows of what was encoded are asked what comes next.
  struct Questions {
    std::vector<std::uint32_t> rows{};
    std::vector<std::uint32_t> targets{};
  };

  bool HoldsLengths() const { return learning_.temperature > 0; }

  // After a step of the optimiser.
  void RestoreLengths() {
    if (HoldsLengths()) network_.items.weight.value.rowwise().normalize();
  }

  // Of the gradient of each item only what turns its vector counts.
  void KeepTurns() {
    if (!HoldsLengths()) return;
    nn::Parameter& items = network_.items.weight;
    const auto keep = [&items](Eigen::Index row) {
      auto gradient = items.gradient.row(row);
      gradient -= gradient.dot(items.value.row(row)) * items.value.row(row);
    };
    if (items.is_sparse) {
      for (const std::uint32_t row : items.touched) keep(row);
    } else {
      for (Eigen::Index row = 0; row < items.value.rows(); ++row) keep(row);
    }
  }

  // Calls body for windows of like length at a time, since padding costs as much as steps do.
  template <typename Body>
  void ForEachChunk(std::span<const std::uint32_t> windows, const Body& body) {
    order_.assign(windows.begin(), windows.end());
    std::sort(order_.begin(), order_.end(), [this](std::uint32_t a, std::uint32_t b) {
      const std::size_t length_a = data_.windows[a].count;
      const std::size_t length_b = data_.windows[b].count;
      return length_a != length_b ? length_a > length_b : a < b;
    });
    for (std::size_t begin = 0; begin < order_.size();) {
      const std::size_t length = data_.windows[order_[begin]].count - 1;
      std::size_t end = begin;
      batch_.Start(length, network_.shape.counts_back);
      while (end < order_.size() && (end - begin) * length < kChunkPlaces &&
             2 * data_.windows[order_[end]].count >= length) {
        batch_.Add(data_.Inputs(data_.windows[order_[end++]]));
      }
      body(std::span<const std::uint32_t>(order_).subspan(begin, end - begin));
      begin = end;
    }
  }

  // Of prefixes, whose last steps alone are asked, there is a row for each; else for each place.
  void Ask(std::span<const std::uint32_t> windows) {
    questions_.rows.clear();
    questions_.targets.clear();
    for (std::size_t s = 0; s < windows.size(); ++s) {
      const SequenceData::Window& window = data_.windows[windows[s]];
      const std::size_t first = data_.FirstAsked(window);
      for (std::size_t t = first; t < first + data_.NumAsked(window); ++t) {
        const std::size_t row = data_.has_prefixes ? s : s * batch_.length() + t;
        questions_.rows.push_back(static_cast<std::uint32_t>(row));
        questions_.targets.push_back(data_.steps[window.begin + t + 1].item);
      }
    }
  }

  const Matrix& Encode(const nn::Pass& pass) {
    return data_.has_prefixes ? network_.ForwardLast(batch_, cache_, pass)
                              : network_.Forward(batch_, cache_, pass);
  }

  void LearnFrom(const Matrix& by_encoded, const nn::Pass& pass) {
    if (data_.has_prefixes) {
      network_.BackwardLast(batch_, by_encoded, cache_, pass);
    } else {
      network_.Backward(batch_, by_encoded, cache_, pass);
    }
  }

  // The vectors of the questions.
  void Gather(const Matrix& encoded) {
    vectors_.resize(static_cast<Eigen::Index>(questions_.rows.size()), encoded.cols());
    for (std::size_t i = 0; i < questions_.rows.size(); ++i) {
      vectors_.row(static_cast<Eigen::Index>(i)) = encoded.row(questions_.rows[i]);
    }
  }

  double Step(std::span<const std::uint32_t> windows, Random& random) {
    RestoreLengths();
    const nn::Pass pass{.pool = pool_, .random = &random};
    std::size_t num_targets = 0;
    for (const std::uint32_t window : windows) num_targets += data_.NumAsked(data_.windows[window]);
    num_targets = std::max<std::size_t>(num_targets, 1);
    if (learning_.negatives > 0) DrawColumns(windows, num_targets, random);
    double loss = 0;
    ForEachChunk(windows, [&](std::span<const std::uint32_t> chunk) {
      Ask(chunk);
      if (questions_.rows.empty()) return;  // All held out.
      const Matrix& encoded = Encode(pass);
      Gather(encoded);
      const double share =
          static_cast<double>(questions_.rows.size()) / static_cast<double>(num_targets);
      loss += share * (learning_.negatives > 0 ? SampledLoss(share) : FullLoss(share));
      by_encoded_.setZero(encoded.rows(), encoded.cols());
      for (std::size_t i = 0; i < questions_.rows.size(); ++i) {
        by_encoded_.row(questions_.rows[i]) = by_vectors_.row(static_cast<Eigen::Index>(i));
      }
      LearnFrom(by_encoded_, pass);
    });
    KeepTurns();
    return loss;
  }

  // Leaves by_vectors_, and adds to the gradient of the items.
  double FullLoss(double share) {
    nn::Parameter& items = network_.items.weight;
    Logits(items.value);
    const double loss = nn::SoftmaxCrossEntropy(logits_, questions_.targets, logits_, pool_);
    logits_ *= static_cast<float>(share);
    by_vectors_.resize(vectors_.rows(), vectors_.cols());
    nn::Product(logits_, items.value, nn::Into::kSet, by_vectors_, pool_);
    nn::ProductOfTransposed(logits_, vectors_, nn::Into::kAdd, items.gradient, pool_);
    return loss;
  }

  double SampledLoss(double share) {
    const nn::Pass pass{.pool = pool_};
    const Matrix& columns = network_.items.Forward(columns_, columns_cache_, pass);
    for (std::uint32_t& target : questions_.targets) target = column_of_[target];
    Logits(columns);
    const double loss = nn::SampledSoftmaxCrossEntropy(
        logits_, questions_.targets, {.items = {}, .log_odds = log_odds_}, logits_, pool_);
    logits_ *= static_cast<float>(share);
    by_vectors_.resize(vectors_.rows(), vectors_.cols());
    nn::Product(logits_, columns, nn::Into::kSet, by_vectors_, pool_);
    by_columns_.resize(columns.rows(), columns.cols());
    nn::ProductOfTransposed(logits_, vectors_, nn::Into::kSet, by_columns_, pool_);
    network_.items.Backward(columns_, by_columns_, columns_cache_, pass);
    return loss;
  }

  void Logits(const Matrix& items) {
    logits_.resize(vectors_.rows(), items.rows());
    nn::ProductWithTransposed(vectors_, items, nn::Into::kSet, logits_, pool_);
  }

  // The targets of the step and items drawn evenly, each once, with the odds to be there.
  void DrawColumns(std::span<const std::uint32_t> windows, std::size_t num_targets,
                   Random& random) {
    const std::size_t num_items = data_.item_rows.size();
    columns_.clear();
    for (const std::uint32_t index : windows) {
      const SequenceData::Window& window = data_.windows[index];
      const std::size_t first = data_.FirstAsked(window);
      for (std::size_t t = first; t < first + data_.NumAsked(window); ++t) {
        columns_.push_back(data_.steps[window.begin + t + 1].item);
      }
    }
    for (std::size_t i = 0; i < learning_.negatives; ++i) {
      columns_.push_back(static_cast<std::uint32_t>(random.Below(num_items)));
    }
    std::sort(columns_.begin(), columns_.end());
    columns_.erase(std::unique(columns_.begin(), columns_.end()), columns_.end());
    column_of_.resize(num_items);
    log_odds_.resize(columns_.size());
    const double total = std::accumulate(data_.counts.begin(), data_.counts.end(), 0.0);
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      column_of_[columns_[column]] = static_cast<std::uint32_t>(column);
      const double drawn =
          static_cast<double>(num_targets) * data_.counts[columns_[column]] / total +
          static_cast<double>(learning_.negatives) / static_cast<double>(num_items);
      log_odds_[column] = static_cast<float>(std::log(-std::expm1(-drawn)));
    }
  }

  // Of an item, by row `row` of the logits: 1 for the largest.
  double RankOf(std::uint32_t item, Eigen::Index row) const {
    const float own = logits_(row, item);
    return static_cast<double>((logits_.row(row).array() >= own).count());
  }

  // Less the mean discounted gain, whatever the rank among all items, of what is held out: the
  // cross-entropy is at its best some epochs before the ranking is.
  double Validate() {
    const nn::Pass pass{.pool = pool_};
    double sum = 0;
    ForEachChunk(data_.held_out, [&](std::span<const std::uint32_t> chunk) {
      questions_.targets.clear();
      for (const std::uint32_t index : chunk) {
        const SequenceData::Window& window = data_.windows[index];
        questions_.targets.push_back(data_.steps[window.begin + window.count - 1].item);
      }
      vectors_ = network_.ForwardLast(batch_, cache_, pass);
      Logits(network_.items.weight.value);
      for (std::size_t i = 0; i < questions_.targets.size(); ++i) {
        sum += 1 / std::log2(1 + RankOf(questions_.targets[i], static_cast<Eigen::Index>(i)));
      }
    });
    return -sum / static_cast<double>(data_.held_out.size());
  }

  const SequenceData& data_;
  const SequenceLearning& learning_;
  ThreadPool* pool_;
  SequenceNetwork network_;
  nn::ParameterList parameters_;
  SequenceNetwork::Cache cache_;
  std::vector<std::uint32_t> order_;
  StepBatch batch_;
  Questions questions_;
  Matrix vectors_;     // [questions x d]
  Matrix by_vectors_;  // The same.
  Matrix by_encoded_;  // [places or windows x d]
  Matrix logits_;      // [questions x items or columns]
  // Of sampled softmax.
  std::vector<std::uint32_t> columns_;    // Items, ascending.
  std::vector<std::uint32_t> column_of_;  // [items]
  std::vector<float> log_odds_;           // [columns]
  nn::Embedding::Cache columns_cache_;
  Matrix by_columns_;
};

}  // namespace

absl::StatusOr<SequenceNetwork> LearnSequences(const SequenceData& data, SequenceShape shape,
                                               const SequenceLearning& learning,
                                               std::string_view trainer,
                                               const TrainingContext& context) {
  if (IsCancelled(context)) return Cancelled(trainer);
  ReportProgress(context, 0);
  shape.num_items = data.item_rows.size();
  Learner learner(data, shape, learning, context.pool);
  if (!data.windows.empty()) VITRINE_RETURN_IF_ERROR(learner.Train(context));
  ReportProgress(context, 1);
  return learner.Take();
}

}  // namespace vitrine
