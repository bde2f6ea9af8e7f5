#include "vitrine/evaluation/cold_items.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "evaluation/split_builder.h"
#include "vitrine/base/random.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/evaluation/protocol.h"

namespace vitrine {

namespace {

// Described items that someone liked, ascending.
std::vector<ItemIndex> LikedDescribedItems(const Dataset& dataset) {
  ItemBitmap liked(dataset.num_items());
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    for (const ItemIndex item : LikedItems(dataset.History(user))) {
      const bool is_described =
          Row(item) < dataset.items.size() && dataset.items[Row(item)] != nullptr;
      if (is_described) liked.Insert(item);
    }
  }
  return liked.Items();
}

// What is held back: `cold` is asked for, `gone` is as if it were not there.
struct Drawn {
  ItemBitmap cold{};
  ItemBitmap gone{};
};

Drawn Draw(const Dataset& dataset, const ColdItemsOptions& options) {
  std::vector<ItemIndex> items = LikedDescribedItems(dataset);
  Random(options.seed).Shuffle(items);
  const auto count =
      static_cast<std::size_t>(std::llround(options.share * static_cast<double>(items.size())));
  Drawn drawn{ItemBitmap(dataset.num_items()), ItemBitmap(dataset.num_items())};
  const bool is_validation = options.part == Part::kValidation;
  for (std::size_t i = 0; i < std::min(count, items.size()); ++i) {
    (is_validation ? drawn.gone : drawn.cold).Insert(items[i]);
  }
  for (std::size_t i = count; is_validation && i < std::min(2 * count, items.size()); ++i) {
    drawn.cold.Insert(items[i]);
  }
  return drawn;
}

// A metric of every case by name, as in "ndcg@20".
std::map<std::string, std::vector<double>> ValuesByCase(const Evaluation& evaluation) {
  std::map<std::string, std::vector<double>> values;
  for (const auto& [k, by_case] : evaluation.by_case) {
    for (const RankingMetricField& field : kRankingMetricFields) {
      std::vector<double>& column = values[absl::StrFormat("%s@%d", field.name, k)];
      for (const RankingMetrics& metrics : by_case) column.push_back(metrics.*field.value);
    }
  }
  return values;
}

// Sums over all seeds, by user.
class UserSums {
 public:
  explicit UserSums(std::size_t num_users) : cases_(num_users, 0) {}

  void AddCase(std::size_t user) { ++cases_[user]; }

  void Add(const std::string& metric, std::size_t user, double value) {
    std::vector<double>& sums = sums_[metric];
    sums.resize(cases_.size(), 0);
    sums[user] += value;
  }

  std::map<std::string, double> Means() const {
    double num_cases = 0;
    for (const std::uint32_t count : cases_) num_cases += count;
    std::map<std::string, double> means;
    for (const auto& [metric, sums] : sums_) {
      double total = 0;
      for (const double sum : sums) total += sum;
      means[metric] = total / num_cases;
    }
    return means;
  }

  // This minus `other`, of the same cases.
  std::map<std::string, Difference> Minus(const UserSums& other, const ResamplingOptions& options,
                                          ThreadPool& pool) const {
    GroupSums differences{.num_columns = sums_.size()};
    for (std::size_t user = 0; user < cases_.size(); ++user) {
      if (cases_[user] == 0) continue;
      differences.cases.push_back(cases_[user]);
      for (const auto& [metric, sums] : sums_) {
        differences.sums.push_back(sums[user] - other.sums_.at(metric)[user]);
      }
    }
    const std::vector<Interval> intervals = BootstrapMeans(differences, options, pool);
    const std::vector<double> p_values = SignFlipPValues(differences, options, pool);
    const std::map<std::string, double> means = Means();
    const std::map<std::string, double> other_means = other.Means();
    std::map<std::string, Difference> result;
    std::size_t column = 0;
    for (const auto& [metric, mean] : means) {
      result[metric] = {mean - other_means.at(metric), intervals[column], p_values[column]};
      ++column;
    }
    return result;
  }

 private:
  std::vector<std::uint32_t> cases_;                   // [users]
  std::map<std::string, std::vector<double>> sums_{};  // By metric [users].
};

absl::Status NothingToTest(const ColdItems& cold) {
  return absl::FailedPreconditionError(absl::StrFormat(
      "nothing to test on: nobody liked one of %d cold items and touched another; describe items, "
      "record more events or hold out a larger share",
      cold.num_cold));
}

// Trains and measures one scorer on one drawing, and adds what it reached to its sums.
absl::StatusOr<std::map<std::string, double>> MeasureCold(const ColdItems& cold, ColdScorer& scorer,
                                                          const ColdComparisonOptions& options,
                                                          const TrainingContext& context,
                                                          UserSums& sums) {
  VITRINE_ASSIGN_OR_RETURN(const Model model,
                           TrainModel(scorer.name, cold.split.train, scorer.settings, context));
  scorer.settings = model.settings;
  const Evaluation evaluation =
      EvaluateModel(model, cold.split, {.cutoffs = options.cutoffs}, *context.pool);
  std::map<std::string, double> means;
  const auto user_of = [&cold](std::size_t i) {
    return cold.user[cold.split.cases[i].training_user];
  };
  for (std::size_t i = 0; i < cold.split.cases.size(); ++i) sums.AddCase(user_of(i));
  for (const auto& [metric, values] : ValuesByCase(evaluation)) {
    double total = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      sums.Add(metric, user_of(i), values[i]);
      total += values[i];
    }
    means[metric] = total / static_cast<double>(values.size());
  }
  return means;
}

}  // namespace

ColdItems HoldOutColdItems(const Dataset& dataset, const ColdItemsOptions& options) {
  const Drawn drawn = Draw(dataset, options);
  ColdItems result;
  result.num_cold = drawn.cold.Count();
  SplitBuilder builder(dataset, /*allow_repeats=*/false);
  Micros latest = 0;
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    std::vector<Interaction> shown;
    std::vector<Interaction> answers;
    for (const Interaction& each : dataset.History(user)) {
      latest = std::max(latest, each.time_us);
      if (drawn.gone.Contains(each.item)) continue;
      (drawn.cold.Contains(each.item) ? answers : shown).push_back(each);
    }
    if (shown.empty()) continue;
    result.user.push_back(static_cast<std::uint32_t>(user));
    builder.BeginGroup(user, shown, builder.Train(user, shown));
    builder.Ask(shown.size(), shown.back().time_us, LikedItems(answers));
  }
  result.split = builder.Take(latest);
  result.split.candidates = drawn.cold;
  if (result.split.train.items.empty()) return result;
  for (const ItemIndex item : drawn.gone.Items()) result.split.train.items[Row(item)] = nullptr;
  SetFingerprint(result.split.train);
  return result;
}

absl::StatusOr<ColdComparison> CompareOnColdItems(
    const Dataset& dataset, std::span<const ColdScorer> scorers,
    const ColdComparisonOptions& options, const TrainingContext& context,
    const std::function<void(std::string_view stage, double fraction)>& report) {
  for (const ColdScorer& scorer : scorers) {
    if (FindTrainer(scorer.name) != nullptr) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("cold items want a scorer that is trained alone, got \"%s\"", scorer.name));
  }
  ColdComparison comparison{.scorers = {scorers.begin(), scorers.end()}};
  std::vector<UserSums> sums(scorers.size(), UserSums(dataset.num_users()));
  for (std::size_t i = 0; i < options.num_seeds; ++i) {
    ColdItemsOptions drawing = options.items;
    drawing.seed += i;
    if (report) {
      report(absl::StrFormat("seed %d", drawing.seed),
             static_cast<double>(i) / static_cast<double>(options.num_seeds));
    }
    const ColdItems cold = HoldOutColdItems(dataset, drawing);
    if (cold.split.cases.empty()) return NothingToTest(cold);
    ColdSeed& seed = comparison.seeds.emplace_back();
    seed.seed = drawing.seed;
    seed.num_cold = cold.num_cold;
    seed.num_cases = cold.split.cases.size();
    for (std::size_t s = 0; s < scorers.size(); ++s) {
      VITRINE_ASSIGN_OR_RETURN(const auto means,
                               MeasureCold(cold, comparison.scorers[s], options, context, sums[s]));
      seed.means.push_back(means);
    }
  }
  for (const UserSums& each : sums) comparison.means.push_back(each.Means());
  if (sums.size() == 2) {
    comparison.differences = sums[0].Minus(sums[1], options.resampling, *context.pool);
  }
  return comparison;
}

}  // namespace vitrine
