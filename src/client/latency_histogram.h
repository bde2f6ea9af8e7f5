#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vitrine {

// Counts latencies in buckets that grow by 1 % each, from 1 us up to more than an hour, in constant
// memory. Not thread-safe.
class LatencyHistogram {
 public:
  LatencyHistogram();

  void Add(double us);

  std::uint64_t count() const { return count_; }
  double mean_us() const;
  double max_us() const { return max_us_; }

  // The latency that a share of `quantile` does not exceed, 0 to 1; 0 when nothing was added.
  double Quantile(double quantile) const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  double sum_us_ = 0;
  double max_us_ = 0;
};

}  // namespace vitrine
