#include "client/latency_histogram.h"

#include <gtest/gtest.h>

namespace vitrine {
namespace {

TEST(LatencyHistogramTest, QuantilesAreWithinOnePercent) {
  LatencyHistogram latencies;
  for (int us = 1; us <= 10'000; ++us) latencies.Add(us);

  EXPECT_EQ(latencies.count(), 10'000U);
  EXPECT_NEAR(latencies.Quantile(0.5), 5'000, 50);
  EXPECT_NEAR(latencies.Quantile(0.99), 9'900, 99);
  EXPECT_NEAR(latencies.Quantile(0.999), 9'990, 100);
  EXPECT_EQ(latencies.Quantile(1), 10'000);
  EXPECT_EQ(latencies.max_us(), 10'000);
  EXPECT_NEAR(latencies.mean_us(), 5'000.5, 1e-6);
}

TEST(LatencyHistogramTest, AStallOfOneCallInAHundredIsSeenByItsPercentile) {
  LatencyHistogram latencies;
  for (int i = 0; i < 980; ++i) latencies.Add(100);
  for (int i = 0; i < 20; ++i) latencies.Add(50'000);

  EXPECT_NEAR(latencies.Quantile(0.5), 100, 1);
  EXPECT_NEAR(latencies.Quantile(0.99), 50'000, 500);
}

TEST(LatencyHistogramTest, TakesAnythingAndSaysNothingOfNothing) {
  LatencyHistogram latencies;
  EXPECT_EQ(latencies.Quantile(0.5), 0);
  EXPECT_EQ(latencies.mean_us(), 0);

  latencies.Add(0);
  latencies.Add(1e12);

  EXPECT_EQ(latencies.count(), 2U);
  EXPECT_EQ(latencies.Quantile(1), latencies.Quantile(0.99));
}

}  // namespace
}  // namespace vitrine
