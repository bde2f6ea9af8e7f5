#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/base/matrix.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/engine/pipeline.h"
#include "vitrine/evaluation/blend_fit.h"

namespace vitrine {

// Every n-th of the cases, at most `count` of them.
std::vector<TestCase> Spread(const std::vector<TestCase>& cases, std::size_t count);

// What a blend of given models is made of.
struct Blending {
  std::vector<BlendWeight> weights{};  // By model.
  double cold_start_events = 0;
  double trend_power = 0;
  std::size_t trend = 0;  // Index into kTrendHalfLives.
};

// Days after which a touch says half as much of an item's trend: what is tried.
inline constexpr std::array<double, 4> kTrendHalfLives = {3, 7, 14, 30};

// What every model says of a validation part's cases, kept, so that a blend of them is measured
// without asking any model again.
class BlendCases {
 public:
  // Which cases count: all, or those of every other user or session.
  enum class Half { kBoth, kEven, kOdd };

  BlendCases(std::span<const Model> models, const Split& validation, const BlendFitOptions& options,
             ThreadPool& pool);

  std::size_t size() const { return cases_.size(); }

  // The mean ndcg of the blended lists.
  double Ndcg(const Blending& blending, Half half) const;

  // Over all cases; and whether a feature differs between them at all.
  const QueryFeatures& mean_features() const { return mean_features_; }
  bool Varies(std::size_t feature) const { return varies_[feature]; }
  bool HasTrends() const { return has_trends_; }
  // Whether anybody may speak for a shopper of whom little is known.
  bool HasFamilies() const;

 private:
  struct Case {
    QueryFeatures features{};
    std::size_t num_signals = 0;
    std::uint32_t group = 0;
    Matrix scores{};                    // [models x candidates]
    Matrix trends{};                    // [half-lives x candidates], or empty.
    std::vector<Eigen::Index> right{};  // The candidates that are relevant, ascending.
    double ideal = 0;                   // Gain of a list without fault.
  };

  void Ask(const Pipeline& pipeline, const Split& validation, std::span<const TestCase> asked,
           const BlendFitOptions& options, std::span<Case> answered) const;
  double Ndcg(const Case& one, const Blending& blending) const;
  void MeasureTrends(const Dataset& dataset);
  void DescribeFeatures();

  std::span<const Model> models_;
  std::vector<double> gains_;  // By position in the list, up to the cut-off.
  std::vector<Case> cases_;
  bool has_trends_ = false;
  std::array<Trend, kTrendHalfLives.size()> trends_{};
  QueryFeatures mean_features_{};
  std::array<bool, kNumQueryFeatures> varies_{};
  ThreadPool& pool_;
};

}  // namespace vitrine
