#include "vitrine/evaluation/ratings.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "absl/strings/str_format.h"
#include "evaluation/split_builder.h"
#include "vitrine/base/random.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/scorers/rated_items.h"

namespace vitrine {
namespace {

std::vector<Interaction> LatestFirst(std::span<const Interaction> history) {
  return {history.rbegin(), history.rend()};
}

// [begin, end) of the ratings of one user.
struct Run {
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::vector<Run> RunsByUser(const std::vector<HeldRating>& held) {
  std::vector<Run> runs;
  for (std::size_t i = 0; i < held.size(); ++i) {
    if (i == 0 || held[i].user != held[i - 1].user) runs.push_back({i, i});
    runs.back().end = i + 1;
  }
  return runs;
}

// The lowest and the highest rating that shoppers gave.
struct Scale {
  float low = 0;
  float high = 0;
};

Scale ScaleOf(const Dataset& dataset) {
  Scale scale;
  bool is_first = true;
  for (const Interaction& each : dataset.interactions) {
    if (each.type != EventType::kRate) continue;
    scale.low = is_first ? each.value : std::min(scale.low, each.value);
    scale.high = is_first ? each.value : std::max(scale.high, each.value);
    is_first = false;
  }
  return scale;
}

// Predicts what `fold` held back.
void Predict(const RatingPredictor& predictor, const Dataset& train,
             const std::vector<HeldRating>& held, std::uint32_t fold, ThreadPool& pool,
             std::vector<float>& predicted) {
  const Scale scale = ScaleOf(train);
  const std::vector<Run> runs = RunsByUser(held);
  pool.ParallelFor(runs.size(), [&](std::size_t i) {
    std::vector<std::size_t> asked;
    std::vector<ItemIndex> items;
    for (std::size_t h = runs[i].begin; h < runs[i].end; ++h) {
      if (held[h].fold != fold) continue;
      asked.push_back(h);
      items.push_back(held[h].item);
    }
    if (asked.empty()) return;
    const std::vector<Interaction> history = LatestFirst(train.History(held[asked[0]].user));
    const auto profile = train.ProfileOf(held[asked[0]].user);
    const Query query{.history = history, .profile = profile.get(), .now_us = train.now_us};
    const std::vector<float> ratings = predictor.PredictRatings(query, items);
    for (std::size_t a = 0; a < asked.size(); ++a) {
      predicted[asked[a]] = std::clamp(ratings[a], scale.low, scale.high);
    }
  });
}

double ErrorOf(const HeldRating& held, float predicted) {
  return static_cast<double>(predicted) - static_cast<double>(held.rating);
}

void Summarise(const std::vector<HeldRating>& held, std::size_t num_folds, RatingRow& row) {
  std::vector<RatingErrors> sums(num_folds + 1);  // The last one of all.
  for (std::size_t i = 0; i < held.size(); ++i) {
    const double error = ErrorOf(held[i], row.predicted[i]);
    for (RatingErrors* sum : {&sums[held[i].fold], &sums.back()}) {
      ++sum->num_ratings;
      sum->rmse += error * error;
      sum->mae += std::abs(error);
    }
  }
  for (RatingErrors& sum : sums) {
    sum.rmse = std::sqrt(sum.rmse / static_cast<double>(sum.num_ratings));
    sum.mae /= static_cast<double>(sum.num_ratings);
  }
  row.all = sums.back();
  sums.pop_back();
  row.folds = std::move(sums);
}

// Squared and absolute errors by user; less those of `other`, where there is one.
GroupSums ErrorsByUser(const std::vector<HeldRating>& held, const RatingRow& row,
                       const RatingRow* other) {
  GroupSums sums{.num_columns = 2};
  for (const Run& run : RunsByUser(held)) {
    double squared = 0;
    double absolute = 0;
    for (std::size_t i = run.begin; i < run.end; ++i) {
      const double error = ErrorOf(held[i], row.predicted[i]);
      const double subtracted = other == nullptr ? 0 : ErrorOf(held[i], other->predicted[i]);
      squared += error * error - subtracted * subtracted;
      absolute += std::abs(error) - std::abs(subtracted);
    }
    sums.sums.insert(sums.sums.end(), {squared, absolute});
    sums.cases.push_back(static_cast<std::uint32_t>(run.end - run.begin));
  }
  return sums;
}

}  // namespace

std::vector<HeldRating> DrawFolds(const Dataset& dataset, const FoldOptions& options) {
  std::vector<HeldRating> held;
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    const std::vector<Interaction> history = LatestFirst(dataset.History(user));
    for (const RatedItem& rated : RatedItems(history, dataset.num_items())) {
      held.push_back({static_cast<std::uint32_t>(user), rated.item, rated.rating});
    }
  }
  std::vector<std::size_t> order(held.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  Random(options.seed).Shuffle(order);
  for (std::size_t i = 0; i < order.size(); ++i) {
    held[order[i]].fold = static_cast<std::uint32_t>(i % options.num_folds);
  }
  return held;
}

Dataset WithoutFold(const Dataset& dataset, const std::vector<HeldRating>& held,
                    std::uint32_t fold) {
  Dataset rest;
  rest.item_ids = dataset.item_ids;
  rest.items = dataset.items;
  rest.now_us = dataset.now_us;
  auto next = held.begin();
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    std::vector<ItemIndex> left_out;  // Ascending.
    for (; next != held.end() && next->user == user; ++next) {
      if (next->fold == fold) left_out.push_back(next->item);
    }
    std::vector<Interaction> history;
    for (const Interaction& each : dataset.History(user)) {
      if (!std::binary_search(left_out.begin(), left_out.end(), each.item)) {
        history.push_back(each);
      }
    }
    AppendUser(dataset, user, history, rest);
  }
  SetFingerprint(rest);
  return rest;
}

absl::StatusOr<RatingRow> MeasureRatings(const Dataset& dataset,
                                         const std::vector<HeldRating>& held,
                                         const std::string& name, const ComparisonOptions& options,
                                         const TrainingContext& context,
                                         const StageReport& report) {
  std::uint32_t num_folds = 2;
  for (const HeldRating& each : held) num_folds = std::max(num_folds, each.fold + 1);
  if (held.size() < num_folds) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%d ratings are too few to be held back in %d folds", held.size(), num_folds));
  }
  ComparisonOptions asked = options;
  KeepOnly(name, asked);

  RatingRow row{.name = name};
  row.num_users = RunsByUser(held).size();
  row.predicted.resize(held.size());
  for (std::uint32_t fold = 0; fold < num_folds; ++fold) {
    const Dataset train = WithoutFold(dataset, held, fold);
    const StageReport part = [&](std::string_view stage, double done) {
      if (report) report(absl::StrFormat("fold %d, %s", fold + 1, stage), done);
    };
    VITRINE_ASSIGN_OR_RETURN(const std::vector<TimedModel> trained,
                             TrainEach(train, asked, context, part));
    const TimedModel& timed = trained.front();
    if (timed.model.ratings == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrFormat("model '%s' orders items and says no ratings", name));
    }
    const Micros start = MonotonicNow();
    Predict(*timed.model.ratings, train, held, fold, *context.pool, row.predicted);
    row.evaluate_seconds +=
        static_cast<double>(MonotonicNow() - start) / static_cast<double>(kMicrosPerSecond);
    row.train_seconds += timed.train_seconds;
    row.settings = timed.model.settings;
  }
  Summarise(held, num_folds, row);
  if (options.resampling.has_value()) {
    const auto intervals =
        BootstrapMeans(ErrorsByUser(held, row, nullptr), *options.resampling, *context.pool);
    row.rmse_interval = {std::sqrt(intervals[0].low), std::sqrt(intervals[0].high)};
    row.mae_interval = intervals[1];
  }
  return row;
}

RatingDifferences CompareRatings(const std::vector<HeldRating>& held, const RatingRow& row,
                                 const RatingRow& other, const ResamplingOptions& options,
                                 ThreadPool& pool) {
  const GroupSums sums = ErrorsByUser(held, row, &other);
  const std::vector<Interval> intervals = BootstrapMeans(sums, options, pool);
  const std::vector<double> p_values = SignFlipPValues(sums, options, pool);
  const double squared = row.all.rmse * row.all.rmse - other.all.rmse * other.all.rmse;
  return {.squared = {squared, intervals[0], p_values[0]},
          .absolute = {row.all.mae - other.all.mae, intervals[1], p_values[1]}};
}

}  // namespace vitrine
