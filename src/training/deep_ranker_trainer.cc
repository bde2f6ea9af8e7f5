#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "training/deep_ranker_data.h"
#include "training/setting_reader.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/nn/loss.h"
#include "vitrine/nn/training_loop.h"
#include "vitrine/scorers/dnn/deep_ranker.h"

namespace vitrine {

namespace {

constexpr std::string_view kName = "deep_ranker";
constexpr std::size_t kLeastShoppers = 20;  // Fewer teach nothing, and the blend's order stays.
constexpr std::size_t kCutoff = 20;         // Of the validation's ndcg.
constexpr double kStopShare = 0.1;          // Of the shoppers, to stop by,
constexpr double kCalibrationShare = 0.15;  // and to calibrate by.
constexpr float kPadding = -std::numeric_limits<float>::infinity();

Settings Defaults() {
  return {{"scorers", "most_popular,content,item_knn,ials"},
          {"candidates", "300"},
          {"asked_share", "0.2"},
          {"crosses", "2"},
          {"hidden", "64"},
          {"dropout", "0.1"},
          {"epochs", "40"},
          {"batch", "16"},
          {"learning_rate", "0.001"},
          {"weight_decay", "0.01"},
          {"pointwise_weight", "5"},
          {"patience", "6"},
          {"deadline_ms", "5"},
          {"seed", "1"}};
}

struct RankerLearning {
  double dropout = 0;
  std::size_t epochs = 0;
  std::size_t batch = 0;  // Shoppers.
  double learning_rate = 0;
  double weight_decay = 0;
  double pointwise_weight = 0;  // Of the binary cross-entropy beside that of the list.
  std::size_t patience = 0;
  std::uint64_t seed = 0;
};

class Learner {
 public:
  Learner(const RankerData& data, const RankerLearning& learning, ThreadPool* pool,
          DeepRankerTable& table)
      : data_(data), learning_(learning), pool_(pool), table_(table) {
    Random random(learning.seed);
    std::vector<std::uint32_t> shoppers(data.num_shoppers());
    for (std::size_t i = 0; i < shoppers.size(); ++i) shoppers[i] = static_cast<std::uint32_t>(i);
    random.Shuffle(shoppers);
    const auto count = [&](double share) {
      return static_cast<std::ptrdiff_t>(share * static_cast<double>(shoppers.size()));
    };
    const auto stop = shoppers.begin() + count(kStopShare);
    const auto calibrate = stop + count(kCalibrationShare);
    stop_ = {shoppers.begin(), stop};
    calibrate_ = {stop, calibrate};
    learn_ = {calibrate, shoppers.end()};
    Standardise();
    table.network = DeepRankerNetwork(table.shape, learning.dropout, random);
    table.network.AddParameters(parameters_);
  }

  absl::Status Train(const TrainingContext& context) {
    nn::TrainingLoopOptions loop;
    loop.batch_size = std::min(learning_.batch, learn_.size());
    loop.epochs = learning_.epochs;
    loop.seed = learning_.seed;
    loop.patience = learning_.patience;
    loop.schedule.kind = nn::ScheduleKind::kCosine;
    loop.schedule.rate = learning_.learning_rate;
    loop.schedule.num_steps =
        learning_.epochs * ((learn_.size() + loop.batch_size - 1) / loop.batch_size);
    loop.optimizer.kind = nn::OptimizerKind::kAdamW;
    loop.optimizer.weight_decay = learning_.weight_decay;
    loop.optimizer.max_gradient_norm = 5;
    nn::TrainingCallbacks callbacks;
    callbacks.step = [this](std::span<const std::uint32_t> examples, Random& random) {
      std::vector<std::uint32_t> shoppers;
      for (const std::uint32_t each : examples) shoppers.push_back(learn_[each]);
      return Step(shoppers, random);
    };
    callbacks.validate = [this] { return -MeanNdcg(stop_); };
    callbacks.on_progress = [&](const nn::TrainingProgress& at) {
      const double share = static_cast<double>(at.step) / static_cast<double>(at.num_steps);
      ReportProgress(context, 0.5 + 0.499 * (static_cast<double>(at.epoch - 1) + share) /
                                        static_cast<double>(at.num_epochs));
    };
    callbacks.is_cancelled = [&] { return IsCancelled(context); };
    return nn::RunTrainingLoop(learn_.size(), parameters_, loop, callbacks, pool_).status();
  }

  // Platt's sigmoid on what taught the network nothing: the most likely slope and shift, by
  // Newton's method (Lin, Lin, Weng, Machine Learning 68, 2007), with his smoothed labels.
  void Calibrate() {
    Gather(calibrate_);
    const Matrix z = table_.network.Forward(input_, cache_, {.pool = pool_});
    double positives = 0;
    for (const float label : labels_.reshaped()) positives += static_cast<double>(label);
    const double negatives = static_cast<double>(labels_.size()) - positives;
    const double yes = (positives + 1) / (positives + 2);
    const double no = 1 / (negatives + 2);
    double a = 1;
    double b = 0;
    for (int round = 0; round < 100; ++round) {
      double by_a = 0;
      double by_b = 0;
      double by_aa = 1e-9;  // So that it can always be divided by the determinant.
      double by_ab = 0;
      double by_bb = 1e-9;
      for (Eigen::Index i = 0; i < z.rows(); ++i) {
        const double x = z(i, 0);
        const double p = 1 / (1 + std::exp(-(a * x + b)));
        const double target = labels_(i, 0) > 0 ? yes : no;
        by_a += (p - target) * x;
        by_b += p - target;
        by_aa += p * (1 - p) * x * x;
        by_ab += p * (1 - p) * x;
        by_bb += p * (1 - p);
      }
      const double determinant = by_aa * by_bb - by_ab * by_ab;
      const double step_a = (by_bb * by_a - by_ab * by_b) / determinant;
      const double step_b = (by_aa * by_b - by_ab * by_a) / determinant;
      a -= std::clamp(step_a, -1.0, 1.0);
      b -= std::clamp(step_b, -1.0, 1.0);
      if (std::abs(step_a) + std::abs(step_b) < 1e-9) break;
    }
    table_.slope = std::max(a, 1e-3);
    table_.shift = b;
  }

 private:
  void Standardise() {
    const Eigen::Index features = data_.features.cols();
    Eigen::RowVectorXd sums = Eigen::RowVectorXd::Zero(features);
    Eigen::RowVectorXd squares = Eigen::RowVectorXd::Zero(features);
    double count = 0;
    for (const std::uint32_t shopper : learn_) {
      for (std::size_t row = data_.begin[shopper]; row < data_.begin[shopper + 1]; ++row) {
        const Eigen::RowVectorXd at =
            data_.features.row(static_cast<Eigen::Index>(row)).cast<double>();
        sums += at;
        squares += at.cwiseProduct(at);
        count += 1;
      }
    }
    const Eigen::RowVectorXd means = sums / count;
    table_.means = means.cast<float>();
    table_.scales.resize(1, features);
    for (Eigen::Index f = 0; f < features; ++f) {
      const double variance = squares[f] / count - means[f] * means[f];
      // One that never differs says nothing.
      table_.scales(0, f) = variance > 1e-10 ? static_cast<float>(1 / std::sqrt(variance)) : 0;
    }
  }

  // Inputs and labels of the shoppers' candidates, one shopper after another.
  void Gather(std::span<const std::uint32_t> shoppers) {
    begin_ = {0};
    for (const std::uint32_t shopper : shoppers) {
      begin_.push_back(begin_.back() + data_.begin[shopper + 1] - data_.begin[shopper]);
    }
    input_.resize(static_cast<Eigen::Index>(begin_.back()), data_.features.cols());
    labels_.resize(input_.rows(), 1);
    for (std::size_t s = 0; s < shoppers.size(); ++s) {
      const std::size_t from = data_.begin[shoppers[s]];
      const auto first = static_cast<Eigen::Index>(begin_[s]);
      const auto count = static_cast<Eigen::Index>(begin_[s + 1]) - first;
      input_.middleRows(first, count) =
          data_.features.middleRows(static_cast<Eigen::Index>(from), count);
      for (Eigen::Index i = 0; i < count; ++i) {
        labels_(first + i, 0) = data_.is_wanted[from + static_cast<std::size_t>(i)];
      }
    }
    input_.rowwise() -= table_.means.row(0);
    input_.array().rowwise() *= table_.scales.row(0).array();
    input_ = input_.cwiseMin(kMostRankerDeviations).cwiseMax(-kMostRankerDeviations).eval();
  }

  double Step(std::span<const std::uint32_t> shoppers, Random& random) {
    const nn::Pass pass{.pool = pool_, .random = &random};
    Gather(shoppers);
    const Matrix& z = table_.network.Forward(input_, cache_, pass);
    double loss = learning_.pointwise_weight * nn::BinaryCrossEntropy(z, labels_, by_output_);
    by_output_ *= static_cast<float>(learning_.pointwise_weight);
    loss += AddListLoss(z, shoppers.size());
    table_.network.Backward(input_, by_output_, cache_, pass);
    return loss;
  }

  // Cross-entropy of the softmax over each shopper's candidates.
  double AddListLoss(const Matrix& z, std::size_t num_shoppers) {
    std::size_t most = 0;
    targets_ = {0};
    wanted_.clear();
    for (std::size_t s = 0; s < num_shoppers; ++s) {
      most = std::max(most, begin_[s + 1] - begin_[s]);
      for (std::size_t i = begin_[s]; i < begin_[s + 1]; ++i) {
        if (labels_(static_cast<Eigen::Index>(i), 0) > 0) {
          wanted_.push_back(static_cast<std::uint32_t>(i - begin_[s]));
        }
      }
      targets_.push_back(wanted_.size());
    }
    lists_.setConstant(static_cast<Eigen::Index>(num_shoppers), static_cast<Eigen::Index>(most),
                       kPadding);
    const auto list = [&](std::size_t s) {
      return lists_.row(static_cast<Eigen::Index>(s))
          .head(static_cast<Eigen::Index>(begin_[s + 1] - begin_[s]));
    };
    const auto rows = [&](auto& column, std::size_t s) {
      return column.col(0).segment(static_cast<Eigen::Index>(begin_[s]),
                                   static_cast<Eigen::Index>(begin_[s + 1] - begin_[s]));
    };
    for (std::size_t s = 0; s < num_shoppers; ++s) list(s) = rows(z, s).transpose();
    const double loss = nn::MultinomialCrossEntropy(lists_, {targets_, wanted_}, {}, lists_, pool_);
    for (std::size_t s = 0; s < num_shoppers; ++s) rows(by_output_, s) += list(s).transpose();
    return loss;
  }

  double MeanNdcg(const std::vector<std::uint32_t>& shoppers) {
    Gather(shoppers);
    const Matrix& z = table_.network.Forward(input_, cache_, {.pool = pool_});
    double sum = 0;
    for (std::size_t s = 0; s < shoppers.size(); ++s) sum += NdcgOf(z, begin_[s], begin_[s + 1]);
    return sum / static_cast<double>(std::max<std::size_t>(shoppers.size(), 1));
  }

  double NdcgOf(const Matrix& z, std::size_t begin, std::size_t end) const {
    std::vector<std::size_t> order;
    for (std::size_t i = begin; i < end; ++i) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return z(static_cast<Eigen::Index>(a), 0) > z(static_cast<Eigen::Index>(b), 0);
    });
    double gain = 0;
    double ideal = 0;
    std::size_t num_wanted = 0;
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
      if (labels_(static_cast<Eigen::Index>(order[rank]), 0) == 0) continue;
      if (rank < kCutoff) gain += 1 / std::log2(2.0 + static_cast<double>(rank));
      if (num_wanted < kCutoff) ideal += 1 / std::log2(2.0 + static_cast<double>(num_wanted));
      ++num_wanted;
    }
    return ideal > 0 ? gain / ideal : 0;
  }

  const RankerData& data_;
  const RankerLearning& learning_;
  ThreadPool* pool_;
  DeepRankerTable& table_;
  std::vector<std::uint32_t> stop_;
  std::vector<std::uint32_t> calibrate_;
  std::vector<std::uint32_t> learn_;
  nn::ParameterList parameters_;
  std::vector<std::size_t> begin_;  // [shoppers + 1] Rows of the batch.
  Matrix input_;                    // [rows x features]
  Matrix labels_;                   // [rows x 1]
  Matrix by_output_;                // [rows x 1]
  Matrix lists_;                    // [shoppers x most candidates]
  std::vector<std::size_t> targets_;
  std::vector<std::uint32_t> wanted_;
  DeepRankerNetwork::Cache cache_;
};

absl::StatusOr<std::vector<std::string>> ReadScorers(const Settings& settings) {
  std::vector<std::string> scorers;
  for (const auto name : absl::StrSplit(settings.at("scorers"), ',')) scorers.emplace_back(name);
  for (const std::string& name : scorers) {
    if (name != kName && FindTrainer(name) != nullptr) continue;
    return absl::InvalidArgumentError(absl::StrFormat(
        "deep_ranker: scorers = \"%s\" names \"%s\", which is no scorer; wanted are names such as "
        "most_popular,item_knn,ials",
        settings.at("scorers"), name));
  }
  return scorers;
}

// A ranker to whom all candidates are alike, so that they stay as they come.
void MakeIndifferent(DeepRankerTable& table) {
  Random random(0);
  const auto features = static_cast<Eigen::Index>(table.shape.num_features);
  table.means = Matrix::Zero(1, features);
  table.scales = Matrix::Zero(1, features);
  table.network = DeepRankerNetwork(table.shape, 0, random);
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader(kName, Defaults(), settings);
  DeepRankerTable table;
  RankerDataOptions options;
  RankerLearning learning;
  options.num_candidates = table.num_candidates = reader.Count("candidates", 2, 10'000);
  options.asked_share = reader.Number("asked_share", 0.01, 0.9);
  table.shape.num_crosses = reader.Count("crosses", 0, 8);
  table.shape.hidden = reader.Count("hidden", 2, 1024);
  table.deadline_ms = reader.Number("deadline_ms", 0, 60'000);
  learning.dropout = reader.Number("dropout", 0, 0.95);
  learning.epochs = reader.Count("epochs", 1, 100'000);
  learning.batch = reader.Count("batch", 1, 1'000'000);
  learning.learning_rate = reader.Number("learning_rate", 1e-9, 10);
  learning.weight_decay = reader.Number("weight_decay", 0, 10);
  learning.pointwise_weight = reader.Number("pointwise_weight", 0, 1e6);
  learning.patience = reader.Count("patience", 0, 100'000);
  learning.seed = reader.Count("seed", 0, 1'000'000'000);
  VITRINE_RETURN_IF_ERROR(reader.status());
  VITRINE_ASSIGN_OR_RETURN(options.scorers, ReadScorers(reader.complete()));
  if (IsCancelled(context)) return Cancelled(kName);

  table.scorers = options.scorers;
  table.shape.num_features = RankerFeatureNames(options.scorers).size();
  VITRINE_RETURN_IF_ERROR(CheckShape(table.shape));
  table.item_facts = ItemFacts(dataset);
  table.unknown_facts = UnknownItemFacts();
  VITRINE_ASSIGN_OR_RETURN(const RankerData data, RankerDataOf(dataset, options, context));
  if (data.num_shoppers() < kLeastShoppers) {
    MakeIndifferent(table);
  } else {
    Learner learner(data, learning, context.pool, table);
    VITRINE_RETURN_IF_ERROR(learner.Train(context));
    learner.Calibrate();
  }
  VITRINE_ASSIGN_OR_RETURN(const auto ranker, DeepRanker::Create(std::move(table)));
  ReportProgress(context, 1);
  Model model = MakeModel(ranker);
  model.settings = reader.complete();
  return model;
}

}  // namespace

Trainer DeepRankerTrainer() {
  return {.name = kName,
          .description = "ranks the best of the blend anew: wide and deep with crosses of features",
          .defaults = Defaults(),
          .ranges = {},
          .train = &Train};
}

}  // namespace vitrine
