#include "vitrine/math/exposure_metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace vitrine {
namespace {

double Sum(std::span<const std::uint64_t> counts) {
  return static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}));
}

// G = 2 sum_i i x_i / (n sum_i x_i) - (n + 1) / n, with x ascending and i from 1.
double Gini(std::span<const std::uint64_t> counts) {
  std::vector<std::uint64_t> ascending(counts.begin(), counts.end());
  std::sort(ascending.begin(), ascending.end());
  const auto n = static_cast<double>(ascending.size());
  double ranked = 0;
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    ranked += static_cast<double>(i + 1) * static_cast<double>(ascending[i]);
  }
  return 2 * ranked / (n * Sum(ascending)) - (n + 1) / n;
}

}  // namespace

std::vector<bool> Bestsellers(std::span<const std::uint64_t> num_owners) {
  std::vector<std::size_t> order(num_owners.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return num_owners[a] > num_owners[b]; });
  const double wanted = kBestsellerShare * Sum(num_owners);
  std::vector<bool> is_bestseller(num_owners.size(), false);
  double held = 0;
  for (const std::size_t item : order) {
    if (held >= wanted) break;
    held += static_cast<double>(num_owners[item]);
    is_bestseller[item] = true;
  }
  return is_bestseller;
}

ExposureMetrics MeasureExposure(std::span<const std::uint64_t> shown,
                                std::span<const std::uint64_t> num_owners, std::size_t num_users) {
  const double num_shown = Sum(shown);
  if (num_shown == 0) return {};
  const std::vector<bool> is_bestseller = Bestsellers(num_owners);
  ExposureMetrics metrics{.gini = Gini(shown)};
  for (std::size_t item = 0; item < shown.size(); ++item) {
    if (shown[item] == 0) continue;
    const auto times = static_cast<double>(shown[item]);
    const auto owners = static_cast<double>(std::max<std::uint64_t>(num_owners[item], 1));
    const auto users = static_cast<double>(std::max<std::size_t>(num_users, 1));
    ++metrics.coverage;
    metrics.novelty -= times * std::log2(owners / users);
    if (!is_bestseller[item]) metrics.long_tail += times;
  }
  metrics.coverage /= static_cast<double>(shown.size());
  metrics.novelty /= num_shown;
  metrics.long_tail /= num_shown;
  return metrics;
}

}  // namespace vitrine
