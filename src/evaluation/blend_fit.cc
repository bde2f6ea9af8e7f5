#include "vitrine/evaluation/blend_fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "evaluation/blend_cases.h"

namespace vitrine {
namespace {

// With fewer cases there is more luck in the weights than knowledge.
constexpr std::size_t kLeastCases = 30;

constexpr int kMostRounds = 8;

// Of all weights, what one that speaks for new shoppers and items keeps.
constexpr double kLeastForNew = 0.01;

// A step counts when it gains that share of what is reached; less is noise.
constexpr double kLeastGain = 1e-4;

// Of what is reached without, on unseen cases, before weights may grow with the query.
constexpr double kLeastGrowthGain = 2e-3;

// Weights that are tried: shares of all others', and factors of what it is. No round ones: the best
// answers of two models would be equals but for rounding.
constexpr std::array kShares = {0.03, 0.1, 0.2, 0.35, 0.6, 0.95, 1.8, 3.5};
constexpr std::array kFactors = {0.75, 0.9, 1.1, 1.3};
constexpr std::array kColdStarts = {0.0, 0.1, 0.3, 1.0, 3.0, 10.0};
constexpr std::array kTrendPowers = {0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 1.2};
constexpr std::array kGrowthSteps = {-0.6, -0.25, -0.1, 0.1, 0.25, 0.6};

using Half = BlendCases::Half;

struct Reached {
  Blending blending{};
  double ndcg = 0;
};

double Total(const std::vector<BlendWeight>& weights) {
  return std::accumulate(weights.begin(), weights.end(), 0.0,
                         [](double sum, const BlendWeight& each) { return sum + each.weight; });
}

struct Problem {
  std::span<const Model> models{};
  const BlendCases& cases;
  const std::atomic<bool>* is_cancelled = nullptr;
};

// Climbs from given weights, one at a time.
class Climber {
 public:
  Climber(const Problem& problem, Half half, bool with_growth)
      : models_(problem.models),
        cases_(problem.cases),
        is_cancelled_(problem.is_cancelled),
        half_(half),
        with_growth_(with_growth) {}

  Reached From(Blending start) {
    for (std::size_t m = 0; m < start.weights.size(); ++m) {
      double& weight = start.weights[m].weight;
      weight = std::max(weight, Least(m, Total(start.weights)));
    }
    best_ = {.blending = start, .ndcg = cases_.Ndcg(start, half_)};
    for (int round = 0; round < kMostRounds; ++round) {
      const double before = best_.ndcg;
      if (cases_.HasFamilies()) ClimbColdStart();
      if (cases_.HasTrends()) ClimbTrend();
      for (std::size_t m = 0; m < models_.size(); ++m) ClimbWeight(m);
      for (std::size_t m = 0; with_growth_ && m < models_.size(); ++m) ClimbGrowth(m);
      if (best_.ndcg <= before * (1 + kLeastGain)) break;
    }
    return best_;
  }

 private:
  double Least(std::size_t model, double others) const {
    return models_[model].family == ModelFamily::kBehaviour ? 0 : kLeastForNew * others;
  }

  void Try(Blending blending) {
    if (is_cancelled_ != nullptr && *is_cancelled_) return;
    const double ndcg = cases_.Ndcg(blending, half_);
    if (ndcg > best_.ndcg * (1 + kLeastGain)) best_ = {std::move(blending), ndcg};
  }

  void ClimbColdStart() {
    Blending changed = best_.blending;
    for (const double events : kColdStarts) {
      changed.cold_start_events = events;
      Try(changed);
    }
  }

  void ClimbTrend() {
    Blending changed = best_.blending;
    for (changed.trend = 0; changed.trend < kTrendHalfLives.size(); ++changed.trend) {
      for (const double power : kTrendPowers) {
        changed.trend_power = power;
        Try(changed);
      }
    }
    changed.trend = 0;
    changed.trend_power = 0;
    Try(changed);
  }

  void ClimbWeight(std::size_t model) {
    const Blending from = best_.blending;
    const double now = from.weights[model].weight;
    const double others = Total(from.weights) - now;
    if (others <= 0) return;
    const auto with = [&](double weight) {
      Blending changed = from;
      changed.weights[model].weight = std::max(weight, Least(model, others));
      return changed;
    };
    for (const double share : kShares) Try(with(share * others));
    for (const double factor : kFactors) {
      if (now > 0) Try(with(factor * now));
    }
    // One model fewer is worth what a step must gain.
    Blending without = with(0);
    if (best_.blending.weights[model].weight <= without.weights[model].weight) return;
    without.weights[model].growth = {};
    const double ndcg = cases_.Ndcg(without, half_);
    if (ndcg >= best_.ndcg * (1 - kLeastGain)) best_ = {std::move(without), ndcg};
  }

  // Turns around the mean of the feature, so that the weight stays what it is for most.
  void ClimbGrowth(std::size_t model) {
    if (best_.blending.weights[model].weight == 0) return;
    for (std::size_t f = 0; f < kNumQueryFeatures; ++f) {
      if (!cases_.Varies(f)) continue;
      const Blending from = best_.blending;
      for (const double step : kGrowthSteps) {
        Blending changed = from;
        changed.weights[model].growth[f] += step;
        changed.weights[model].weight *= std::exp(-step * cases_.mean_features()[f]);
        Try(std::move(changed));
      }
    }
  }

  std::span<const Model> models_;
  const BlendCases& cases_;
  const std::atomic<bool>* is_cancelled_;
  const Half half_;
  const bool with_growth_;
  Reached best_;
};

Blending Alone(std::size_t model, std::size_t num_models) {
  Blending alone{.weights = std::vector<BlendWeight>(num_models)};
  alone.weights[model].weight = 1;
  return alone;
}

Blending AllAlike(std::size_t num_models) {
  return {.weights = std::vector<BlendWeight>(num_models, {.weight = 1})};
}

// From the best model alone, and from all alike.
Reached Search(const Problem& problem, Half half) {
  const std::size_t num_models = problem.models.size();
  std::vector<double> alone;
  for (std::size_t m = 0; m < num_models; ++m) {
    alone.push_back(problem.cases.Ndcg(Alone(m, num_models), half));
  }
  const auto best =
      static_cast<std::size_t>(std::max_element(alone.begin(), alone.end()) - alone.begin());
  Climber climber(problem, half, /*with_growth=*/false);
  Reached from_best = climber.From(Alone(best, num_models));
  Reached from_all = climber.From(AllAlike(num_models));
  return from_all.ndcg > from_best.ndcg ? std::move(from_all) : std::move(from_best);
}

// Whether weights that grow with the features do better on the half that they did not see.
bool GrowthHelps(const Problem& problem) {
  const BlendCases& cases = problem.cases;
  double gain = 0;
  double plain = 0;
  for (const auto& [seen, unseen] :
       {std::pair(Half::kEven, Half::kOdd), std::pair(Half::kOdd, Half::kEven)}) {
    const Reached without = Search(problem, seen);
    const Reached with = Climber(problem, seen, /*with_growth=*/true).From(without.blending);
    plain += cases.Ndcg(without.blending, unseen);
    gain += cases.Ndcg(with.blending, unseen) - cases.Ndcg(without.blending, unseen);
  }
  return gain > kLeastGrowthGain * plain;
}

}  // namespace

BlendFit FitBlend(std::span<const Model> models, const Split& validation,
                  const BlendFitOptions& options, ThreadPool& pool) {
  const BlendCases cases(models, validation, options, pool);
  BlendFit fit{.num_cases = cases.size()};
  if (cases.size() < kLeastCases || models.empty()) return fit;
  const Problem problem{models, cases, options.is_cancelled};
  Reached found = Search(problem, Half::kBoth);
  if (models.size() > 1 && GrowthHelps(problem)) {
    found = Climber(problem, Half::kBoth, /*with_growth=*/true).From(found.blending);
  }
  if (options.is_cancelled != nullptr && *options.is_cancelled) return fit;
  fit.ndcg = found.ndcg;
  const Blending& best = found.blending;
  fit.cold_start_events = best.cold_start_events;
  fit.trend.power = best.trend_power;
  fit.trend.half_life_days = kTrendHalfLives[best.trend];
  const double total = Total(best.weights);
  for (std::size_t m = 0; m < models.size(); ++m) {
    fit.alone[models[m].name] = cases.Ndcg(Alone(m, models.size()), Half::kBoth);
    BlendWeight& weight = fit.weights[models[m].name];
    weight = best.weights[m];
    weight.weight /= total;
  }
  return fit;
}

}  // namespace vitrine
