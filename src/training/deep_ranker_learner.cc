#include "training/deep_ranker_learner.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "training/epochs.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/nn/loss.h"
#include "vitrine/nn/training_loop.h"

namespace vitrine {

namespace {

constexpr std::size_t kCutoff = 20;        // Of the ndcg that decides.
constexpr double kStandardErrors = 1.645;  // That it must gain: one-sided, 5 %.
constexpr double kLeastDeviation = 0.05;   // Of a feature; one that differs less says less.
constexpr double kMostGradientNorm = 5;
constexpr float kPadding = -std::numeric_limits<float>::infinity();

double Probability(double log_odds) { return 1 / (1 + std::exp(-log_odds)); }

struct Line {
  double slope = 1;
  double shift = 0;
};

// sigmoid(slope x + shift), fitted to labels by Platt's rule: the most likely one, with his
// smoothed labels, by Newton's method with backtracking (Lin, Lin, Weng, Machine Learning 68,
// 2007).
class SigmoidFit {
 public:
  SigmoidFit(std::span<const double> x, std::span<const std::uint8_t> labels)
      : x_(x), labels_(labels) {
    const auto positives = static_cast<double>(std::count(labels.begin(), labels.end(), 1));
    const double negatives = static_cast<double>(labels.size()) - positives;
    yes_ = (positives + 1) / (positives + 2);
    no_ = 1 / (negatives + 2);
    line_ = {.slope = 0, .shift = std::log((positives + 1) / (negatives + 1))};
    loss_ = LossOf(line_);
    for (int round = 0; round < 100 && Step(); ++round) {
    }
  }

  const Line& line() const { return line_; }

 private:
  double Target(std::size_t i) const { return labels_[i] != 0 ? yes_ : no_; }

  double LossOf(const Line& line) const {
    double loss = 0;
    for (std::size_t i = 0; i < x_.size(); ++i) {
      const double z = line.slope * x_[i] + line.shift;
      loss += std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z))) - Target(i) * z;
    }
    return loss;
  }

  // False where nothing is gained any more.
  bool Step() {
    double by_slope = 0;
    double by_shift = 0;
    double by_slopes = 1e-9;  // So that it can always be divided by the determinant.
    double by_both = 0;
    double by_shifts = 1e-9;
    for (std::size_t i = 0; i < x_.size(); ++i) {
      const double p = Probability(line_.slope * x_[i] + line_.shift);
      const double error = p - Target(i);
      by_slope += error * x_[i];
      by_shift += error;
      by_slopes += p * (1 - p) * x_[i] * x_[i];
      by_both += p * (1 - p) * x_[i];
      by_shifts += p * (1 - p);
    }
    const double determinant = by_slopes * by_shifts - by_both * by_both;
    const double slope_step = (by_shifts * by_slope - by_both * by_shift) / determinant;
    const double shift_step = (by_slopes * by_shift - by_both * by_slope) / determinant;
    for (double share = 1; share > 1e-6; share /= 2) {
      const Line next{.slope = line_.slope - share * slope_step,
                      .shift = line_.shift - share * shift_step};
      const double loss = LossOf(next);
      if (!(loss < loss_ - 1e-9)) continue;
      line_ = next;
      loss_ = loss;
      return true;
    }
    return false;
  }

  std::span<const double> x_;
  std::span<const std::uint8_t> labels_;
  double yes_ = 1;
  double no_ = 0;
  Line line_{};
  double loss_ = 0;
};

Line FitSigmoid(std::span<const double> x, std::span<const std::uint8_t> labels) {
  return SigmoidFit(x, labels).line();
}

// Columns [rows x 1] of one list after another as the rows of a matrix.
class Lists {
 public:
  // Cross-entropy of the softmax over each list's candidates; adds the derivatives by `z`.
  double Loss(std::span<const std::size_t> begin, const Matrix& z, const Matrix& labels,
              ThreadPool* pool, Matrix& by_z) {
    std::size_t most = 0;
    targets_ = {0};
    wanted_.clear();
    const std::size_t num_lists = begin.size() - 1;
    for (std::size_t s = 0; s < num_lists; ++s) {
      most = std::max(most, begin[s + 1] - begin[s]);
      for (std::size_t i = begin[s]; i < begin[s + 1]; ++i) {
        if (labels(static_cast<Eigen::Index>(i), 0) > 0) {
          wanted_.push_back(static_cast<std::uint32_t>(i - begin[s]));
        }
      }
      targets_.push_back(wanted_.size());
    }
    if (wanted_.empty()) return 0;
    lists_.setConstant(static_cast<Eigen::Index>(num_lists), static_cast<Eigen::Index>(most),
                       kPadding);
    for (std::size_t s = 0; s < num_lists; ++s) {
      for (std::size_t i = begin[s]; i < begin[s + 1]; ++i) At(s, i - begin[s]) = ValueOf(z, i);
    }
    const double loss = nn::MultinomialCrossEntropy(lists_, {targets_, wanted_}, {}, lists_, pool);
    for (std::size_t s = 0; s < num_lists; ++s) {
      for (std::size_t i = begin[s]; i < begin[s + 1]; ++i) {
        by_z(static_cast<Eigen::Index>(i), 0) += At(s, i - begin[s]);
      }
    }
    return loss;
  }

 private:
  float& At(std::size_t list, std::size_t place) {
    return lists_(static_cast<Eigen::Index>(list), static_cast<Eigen::Index>(place));
  }
  static float ValueOf(const Matrix& column, std::size_t row) {
    return column(static_cast<Eigen::Index>(row), 0);
  }

  Matrix lists_;  // [lists x most candidates]
  std::vector<std::size_t> targets_;
  std::vector<std::uint32_t> wanted_;
};

// The ndcg of candidates in the order of `z`, equals as they come.
double NdcgOf(std::span<const double> z, std::span<const std::uint8_t> is_wanted) {
  std::vector<std::size_t> order(z.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return z[a] > z[b]; });
  double gain = 0;
  double ideal = 0;
  std::size_t num_wanted = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    if (is_wanted[order[rank]] == 0) continue;
    if (rank < kCutoff) gain += 1 / std::log2(2.0 + static_cast<double>(rank));
    if (num_wanted < kCutoff) ideal += 1 / std::log2(2.0 + static_cast<double>(num_wanted));
    ++num_wanted;
  }
  return ideal > 0 ? gain / ideal : 0;
}

class RankerLearner {
 public:
  RankerLearner(const RankerLessons& lessons, const RankerLearning& learning,
                const TrainingContext& context, DeepRankerTable& table)
      : lessons_(lessons),
        learning_(learning),
        context_(context),
        table_(table),
        x_(lessons.features) {
    MeasureFeatures();
    Standardise(table.means, table.scales, x_);
    const Eigen::VectorXd of_blend = lessons.features.col(kLogBlendFeature).cast<double>();
    of_blend_ =
        FitSigmoid({of_blend.data(), static_cast<std::size_t>(of_blend.size())}, lessons.is_wanted);
    of_blend_.slope = std::max(of_blend_.slope, 0.0);
    table.blend_slope = of_blend_.slope;
    z_.resize(lessons.is_wanted.size());
    for (std::size_t i = 0; i < z_.size(); ++i) z_[i] = OfBlend(i);
    Random random(learning.seed);
    for (std::size_t s = 0; s < lessons.num_shoppers(); ++s) {
      fold_of_.push_back(static_cast<std::uint32_t>(s % learning.networks));
    }
    random.Shuffle(fold_of_);
    for (std::size_t n = 0; n < learning.networks; ++n) {
      table.networks.emplace_back(table.shape, learning.dropout, random);
    }
  }

  absl::Status Train() {
    for (std::size_t n = 0; n < learning_.networks; ++n) VITRINE_RETURN_IF_ERROR(Train(n));
    return absl::OkStatus();
  }

  // Compares the orders, and calibrates what is used.
  RankerGain Conclude() {
    RankerGain gain;
    double squares = 0;
    double count = 0;
    for (std::size_t list = 0; list < lessons_.num_lists();) {
      const Orders orders = OrdersOfShopperAt(list);
      if (orders.num_lists == 0) continue;
      const double before = orders.ndcg_of_blend / orders.num_lists;
      const double after = orders.ndcg / orders.num_lists;
      gain.ndcg_of_blend += before;
      gain.ndcg += after;
      squares += (after - before) * (after - before);
      count += 1;
    }
    count = std::max(count, 2.0);
    gain.ndcg_of_blend /= count;
    gain.ndcg /= count;
    const double mean = gain.ndcg - gain.ndcg_of_blend;
    gain.standard_error = std::sqrt(std::max(squares / count - mean * mean, 0.0) / (count - 1));
    gain.is_used = mean > kStandardErrors * gain.standard_error;
    if (!gain.is_used) {
      table_.networks.clear();
      for (std::size_t i = 0; i < z_.size(); ++i) z_[i] = OfBlend(i);
    }
    const Line line = FitSigmoid(z_, lessons_.is_wanted);
    table_.slope = std::max(line.slope, 1e-3);
    table_.shift = line.shift;
    return gain;
  }

 private:
  // Sums over the lists of one shopper that have something wanted. What one shopper does on several
  // lists is alike: shoppers are what a mean's error is told by.
  struct Orders {
    double ndcg_of_blend = 0;
    double ndcg = 0;
    double num_lists = 0;
  };

  // Of the shopper whose lists begin at `list`, which is then the next one's.
  Orders OrdersOfShopperAt(std::size_t& list) const {
    Orders orders;
    const std::size_t shopper = lessons_.ShopperOf(list);
    for (; list < lessons_.num_lists() && lessons_.ShopperOf(list) == shopper; ++list) {
      const std::size_t begin = lessons_.begin[list];
      const std::size_t size = lessons_.begin[list + 1] - begin;
      const auto wanted = std::span(lessons_.is_wanted).subspan(begin, size);
      if (std::find(wanted.begin(), wanted.end(), 1) == wanted.end()) continue;
      std::vector<double> blend(size);
      for (std::size_t i = 0; i < size; ++i) blend[i] = OfBlend(begin + i);
      orders.ndcg_of_blend += NdcgOf(blend, wanted);
      orders.ndcg += NdcgOf(std::span(z_).subspan(begin, size), wanted);
      orders.num_lists += 1;
    }
    return orders;
  }

  double OfBlend(std::size_t row) const {
    return of_blend_.slope *
           static_cast<double>(lessons_.features(static_cast<Eigen::Index>(row), kLogBlendFeature));
  }

  void MeasureFeatures() {
    const Eigen::Index features = lessons_.features.cols();
    table_.means = Matrix::Zero(1, features);
    table_.scales = Matrix::Zero(1, features);
    for (Eigen::Index f = 0; f < features; ++f) {
      const Eigen::VectorXd column = lessons_.features.col(f).cast<double>();
      const double mean = column.mean();
      const double deviation = std::sqrt((column.array() - mean).square().mean());
      table_.means(0, f) = static_cast<float>(mean);
      // One that never differs says nothing.
      if (deviation < 1e-5) continue;
      table_.scales(0, f) = static_cast<float>(1 / std::max(deviation, kLeastDeviation));
    }
  }

  // Inputs, labels and the blend's log-odds of the lists' candidates, one list after another.
  void Gather(std::span<const std::uint32_t> lists) {
    begin_ = {0};
    for (const std::uint32_t list : lists) {
      begin_.push_back(begin_.back() + lessons_.begin[list + 1] - lessons_.begin[list]);
    }
    const auto rows = static_cast<Eigen::Index>(begin_.back());
    input_.resize(rows, x_.cols());
    labels_.resize(rows, 1);
    of_blend_rows_.resize(rows, 1);
    for (std::size_t s = 0; s < lists.size(); ++s) {
      const std::size_t from = lessons_.begin[lists[s]];
      const std::size_t count = begin_[s + 1] - begin_[s];
      input_.middleRows(static_cast<Eigen::Index>(begin_[s]), static_cast<Eigen::Index>(count)) =
          x_.middleRows(static_cast<Eigen::Index>(from), static_cast<Eigen::Index>(count));
      for (std::size_t i = 0; i < count; ++i) {
        const auto row = static_cast<Eigen::Index>(begin_[s] + i);
        labels_(row, 0) = lessons_.is_wanted[from + i];
        of_blend_rows_(row, 0) = static_cast<float>(OfBlend(from + i) + of_blend_.shift);
      }
    }
  }

  // The loss on the gathered lists by `network`; leaves its derivatives by z.
  double Loss(const DeepRankerNetwork& network, const nn::Pass& pass) {
    logits_ = network.Forward(input_, cache_, pass);
    logits_ += of_blend_rows_;
    double loss = learning_.pointwise_weight * nn::BinaryCrossEntropy(logits_, labels_, by_logits_);
    by_logits_ *= static_cast<float>(learning_.pointwise_weight);
    loss += lists_.Loss(begin_, logits_, labels_, context_.pool, by_logits_);
    return loss;
  }

  absl::Status Train(std::size_t n) {
    std::vector<std::uint32_t> learn;
    std::vector<std::uint32_t> held_out;
    for (std::uint32_t list = 0; list < lessons_.num_lists(); ++list) {
      (fold_of_[lessons_.ShopperOf(list)] == n ? held_out : learn).push_back(list);
    }
    DeepRankerNetwork& network = table_.networks[n];
    nn::ParameterList parameters;
    network.AddParameters(parameters);
    nn::TrainingLoopOptions loop = CosineEpochs(learn.size(), learning_.batch, learning_.epochs,
                                                learning_.learning_rate, learning_.seed + n);
    loop.patience = learning_.patience;
    loop.optimizer.kind = nn::OptimizerKind::kAdamW;
    loop.optimizer.weight_decay = learning_.weight_decay;
    loop.optimizer.max_gradient_norm = kMostGradientNorm;
    nn::TrainingCallbacks callbacks =
        CallbacksOf(context_, n * learning_.epochs, learning_.networks * learning_.epochs);
    callbacks.step = [&](std::span<const std::uint32_t> examples, Random& random) {
      std::vector<std::uint32_t> lists;
      for (const std::uint32_t each : examples) lists.push_back(learn[each]);
      const nn::Pass pass{.pool = context_.pool, .random = &random};
      Gather(lists);
      const double loss = Loss(network, pass);
      network.Backward(input_, by_logits_, cache_, pass);
      return loss;
    };
    callbacks.validate = [&] { return Loss(network, held_out); };
    VITRINE_RETURN_IF_ERROR(TrainNetwork({.part = absl::StrFormat("%d", n + 1),
                                          .num_examples = learn.size(),
                                          .parameters = parameters},
                                         loop, callbacks, context_));
    Loss(network, held_out);
    Remember(held_out);
    return absl::OkStatus();
  }

  double Loss(const DeepRankerNetwork& network, std::span<const std::uint32_t> lists) {
    Gather(lists);
    return Loss(network, {.pool = context_.pool});
  }

  // Keeps what was said of the gathered lists' candidates, without the shift, as it is served.
  void Remember(std::span<const std::uint32_t> lists) {
    for (std::size_t s = 0; s < lists.size(); ++s) {
      for (std::size_t i = begin_[s]; i < begin_[s + 1]; ++i) {
        z_[lessons_.begin[lists[s]] + i - begin_[s]] =
            static_cast<double>(logits_(static_cast<Eigen::Index>(i), 0)) - of_blend_.shift;
      }
    }
  }

  const RankerLessons& lessons_;
  const RankerLearning& learning_;
  const TrainingContext& context_;
  DeepRankerTable& table_;
  Matrix x_;  // [rows x features] Of all lessons.
  Line of_blend_;
  std::vector<double> z_;               // [rows] Each by the network that did not learn from it.
  std::vector<std::uint32_t> fold_of_;  // [shoppers]
  std::vector<std::size_t> begin_;      // [lists + 1] Rows of what is gathered.
  Matrix input_;                        // [rows x features]
  Matrix labels_;                       // [rows x 1], as are the next three.
  Matrix of_blend_rows_;
  Matrix logits_;
  Matrix by_logits_;
  Lists lists_;
  DeepRankerNetwork::Cache cache_;
};

}  // namespace

absl::StatusOr<RankerGain> LearnRanker(const RankerLessons& lessons, const RankerLearning& learning,
                                       const TrainingContext& context, DeepRankerTable& table) {
  RankerLearner learner(lessons, learning, context, table);
  VITRINE_RETURN_IF_ERROR(learner.Train());
  return learner.Conclude();
}

}  // namespace vitrine
