#include "client/latency_histogram.h"

#include <algorithm>
#include <cmath>

namespace vitrine {
namespace {

constexpr double kGrowth = 1.01;
constexpr std::size_t kNumBuckets = 2400;  // 1.01^2400 us is more than six hours.

}  // namespace

LatencyHistogram::LatencyHistogram() : buckets_(kNumBuckets) {}

void LatencyHistogram::Add(double us) {
  const double place = us <= 1 ? 0 : std::log(us) / std::log(kGrowth);
  ++buckets_[std::min(static_cast<std::size_t>(place), kNumBuckets - 1)];
  ++count_;
  sum_us_ += us;
  max_us_ = std::max(max_us_, us);
}

double LatencyHistogram::mean_us() const {
  return count_ == 0 ? 0 : sum_us_ / static_cast<double>(count_);
}

double LatencyHistogram::Quantile(double quantile) const {
  if (count_ == 0) return 0;
  const double wanted = quantile * static_cast<double>(count_);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen > 0 && static_cast<double>(seen) >= wanted) {
      return std::min(std::pow(kGrowth, static_cast<double>(i + 1)), max_us_);
    }
  }
  return max_us_;
}

}  // namespace vitrine
