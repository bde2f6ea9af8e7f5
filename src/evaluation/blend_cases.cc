#include "evaluation/blend_cases.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>
#include <numeric>
#include <utility>

#include "evaluation/asked.h"

namespace vitrine {
namespace {

constexpr std::size_t kCasesPerBlock = 64;

// That are kept, of all models for the candidates of all cases: some 100 MB.
constexpr std::size_t kMostScores = 24'000'000;

std::size_t ListSize(const BlendFitOptions& options) {
  return std::max<std::size_t>(100, 2 * options.cutoff);
}

// How many cases fit, if the models' lists have half of their items in common.
std::size_t MostCases(std::size_t num_models, std::size_t num_items,
                      const BlendFitOptions& options) {
  const std::size_t candidates = std::min(num_items, (num_models + 1) * ListSize(options) / 2);
  return std::min(options.max_cases,
                  kMostScores / std::max<std::size_t>(num_models * candidates, 1));
}

Pipeline PipelineOf(std::span<const Model> models) {
  auto set = std::make_shared<ModelSet>();
  set->models.assign(models.begin(), models.end());
  return {std::move(set), BlendOptions()};
}

}  // namespace

std::vector<TestCase> Spread(const std::vector<TestCase>& cases, std::size_t count) {
  std::vector<TestCase> spread;
  if (count == 0) return spread;
  const std::size_t step = (cases.size() + count - 1) / count;
  for (std::size_t i = 0; i < cases.size(); i += step) spread.push_back(cases[i]);
  return spread;
}

BlendCases::BlendCases(std::span<const Model> models, const Split& validation,
                       const BlendFitOptions& options, ThreadPool& pool)
    : models_(models), pool_(pool) {
  for (std::size_t i = 0; i < options.cutoff; ++i) {
    gains_.push_back(1 / std::log2(static_cast<double>(i) + 2));
  }
  MeasureTrends(validation.train);
  const std::vector<TestCase> asked =
      Spread(validation.cases, MostCases(models.size(), validation.train.num_items(), options));
  cases_.resize(asked.size());
  const Pipeline pipeline = PipelineOf(models);
  const std::size_t num_blocks = (asked.size() + kCasesPerBlock - 1) / kCasesPerBlock;
  std::mutex mutex;
  std::size_t num_done = 0;
  pool.ParallelFor(num_blocks, [&](std::size_t block) {
    if (options.is_cancelled != nullptr && *options.is_cancelled) return;
    const std::size_t begin = block * kCasesPerBlock;
    const std::size_t count = std::min(kCasesPerBlock, asked.size() - begin);
    Ask(pipeline, validation, std::span(asked).subspan(begin, count), options,
        std::span(cases_).subspan(begin, count));
    if (!options.progress) return;
    const std::lock_guard lock(mutex);
    options.progress(static_cast<double>(++num_done) / static_cast<double>(num_blocks));
  });
  DescribeFeatures();
}

void BlendCases::Ask(const Pipeline& pipeline, const Split& validation,
                     std::span<const TestCase> asked, const BlendFitOptions& options,
                     std::span<Case> answered) const {
  EvaluationOptions evaluation;
  evaluation.history_limit = options.history_limit;
  const AskedCases queries(validation, asked, evaluation);
  std::vector<Pipeline::ScaledScores> candidates =
      pipeline.Candidates(queries.queries(), &validation.candidates, ListSize(options));
  for (std::size_t i = 0; i < asked.size(); ++i) {
    Case& one = answered[i];
    const Query& query = queries.queries()[i];
    const std::vector<ItemIndex>& relevant = asked[i].relevant;
    one = {.features = FeaturesOf(query),
           .num_signals = NumSignals(query),
           .group = asked[i].group,
           .scores = std::move(candidates[i].scores)};
    const auto num_candidates = static_cast<Eigen::Index>(candidates[i].items.size());
    if (has_trends_) one.trends.resize(kTrendHalfLives.size(), num_candidates);
    for (Eigen::Index c = 0; has_trends_ && c < num_candidates; ++c) {
      const std::size_t row = Row(candidates[i].items[static_cast<std::size_t>(c)]);
      for (std::size_t t = 0; t < trends_.size(); ++t) {
        one.trends(static_cast<Eigen::Index>(t), c) = trends_[t].ln_by_item[row];
      }
    }
    for (std::size_t c = 0; c < candidates[i].items.size(); ++c) {
      if (!std::binary_search(relevant.begin(), relevant.end(), candidates[i].items[c])) continue;
      one.right.push_back(static_cast<Eigen::Index>(c));
    }
    const auto num_ideal = static_cast<std::ptrdiff_t>(std::min(gains_.size(), relevant.size()));
    one.ideal = std::accumulate(gains_.begin(), gains_.begin() + num_ideal, 0.0);
  }
}

void BlendCases::MeasureTrends(const Dataset& dataset) {
  const auto other_time = std::find_if(
      dataset.interactions.begin(), dataset.interactions.end(), [&](const Interaction& each) {
        return each.time_us != dataset.interactions.front().time_us;
      });
  has_trends_ = other_time != dataset.interactions.end();
  for (std::size_t t = 0; has_trends_ && t < trends_.size(); ++t) {
    trends_[t] = MeasureTrend(dataset, 1, kTrendHalfLives[t]);
  }
}

bool BlendCases::HasFamilies() const {
  return std::any_of(models_.begin(), models_.end(),
                     [](const Model& model) { return model.family != ModelFamily::kBehaviour; });
}

void BlendCases::DescribeFeatures() {
  for (const Case& one : cases_) {
    for (std::size_t f = 0; f < kNumQueryFeatures; ++f) {
      mean_features_[f] += one.features[f] / static_cast<double>(cases_.size());
      varies_[f] = varies_[f] || one.features[f] != cases_.front().features[f];
    }
  }
}

double BlendCases::Ndcg(const Blending& blending, Half half) const {
  std::vector<double> by_case(cases_.size());
  const auto counts = [half](const Case& one) {
    return half == Half::kBoth || (one.group % 2 == 0) == (half == Half::kEven);
  };
  const std::size_t num_blocks = (cases_.size() + kCasesPerBlock - 1) / kCasesPerBlock;
  pool_.ParallelFor(num_blocks, [&](std::size_t block) {
    const std::size_t end = std::min((block + 1) * kCasesPerBlock, cases_.size());
    for (std::size_t i = block * kCasesPerBlock; i < end; ++i) {
      if (counts(cases_[i])) by_case[i] = Ndcg(cases_[i], blending);
    }
  });
  const auto num_counted = std::count_if(cases_.begin(), cases_.end(), counts);
  if (num_counted == 0) return 0;
  return std::accumulate(by_case.begin(), by_case.end(), 0.0) / static_cast<double>(num_counted);
}

double BlendCases::Ndcg(const Case& one, const Blending& blending) const {
  if (one.right.empty()) return 0;
  std::vector<double> for_query;
  for_query.reserve(blending.weights.size());
  for (const BlendWeight& each : blending.weights) for_query.push_back(each.At(one.features));
  SlideToFamilies(models_, one.num_signals, blending.cold_start_events, for_query);
  Eigen::RowVectorXf blended = Eigen::RowVectorXf::Zero(one.scores.cols());
  for (std::size_t m = 0; m < for_query.size(); ++m) {
    if (for_query[m] == 0) continue;
    blended += static_cast<float>(for_query[m]) * one.scores.row(static_cast<Eigen::Index>(m));
  }
  if (blending.trend_power != 0) {
    const auto trend = static_cast<Eigen::Index>(blending.trend);
    const Eigen::Array<float, 1, Eigen::Dynamic> factors =
        (static_cast<float>(blending.trend_power) * one.trends.row(trend).array()).exp();
    blended = (blended.array() < 0).select(blended.array() / factors, blended.array() * factors);
  }
  double gained = 0;
  for (const Eigen::Index right : one.right) {
    const float score = blended[right];
    // Of equals the first comes first.
    const Eigen::Index above =
        (blended.array() > score).count() + (blended.head(right).array() == score).count();
    if (static_cast<std::size_t>(above) < gains_.size()) {
      gained += gains_[static_cast<std::size_t>(above)];
    }
  }
  return gained / one.ideal;
}

}  // namespace vitrine
