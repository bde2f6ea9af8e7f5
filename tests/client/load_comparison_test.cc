#include "vitrine/client/load_comparison.h"

#include <gtest/gtest.h>

namespace vitrine {
namespace {

LoadReport Report(double p50_us, double p99_us, double calls_per_second) {
  LoadReport report;
  report.p50_us = p50_us;
  report.p99_us = p99_us;
  report.calls_per_second = calls_per_second;
  return report;
}

TEST(LoadComparisonTest, RatiosAreOfMediansOverTheRepeatsEachByItself) {
  const std::vector<LoadReport> loads = {Report(300, 900, 50), Report(100, 600, 40),
                                         Report(200, 3'000, 10)};
  const std::vector<LoadReport> checks = {Report(50, 100, 100), Report(10, 300, 160),
                                          Report(90, 200, 5'000)};

  const AgainstCheck against = CompareWithCheck(loads, checks);

  EXPECT_EQ(against.num_repeats, 3);
  EXPECT_DOUBLE_EQ(against.check_p50_us, 50);
  EXPECT_DOUBLE_EQ(against.check_p99_us, 200);
  EXPECT_DOUBLE_EQ(against.check_calls_per_second, 160);
  EXPECT_DOUBLE_EQ(against.ratio_p50, 4);
  EXPECT_DOUBLE_EQ(against.ratio_p99, 4.5);
  EXPECT_DOUBLE_EQ(against.ratio_calls_per_second, 0.25);
}

TEST(LoadComparisonTest, WithoutAnythingToCompareWithThereIsNoRatio) {
  const std::vector<LoadReport> load = {Report(300, 900, 50)};
  const std::vector<LoadReport> check = {Report(0, 0, 0)};

  const AgainstCheck against = CompareWithCheck(load, check);

  EXPECT_EQ(against.ratio_p50, 0);
  EXPECT_EQ(against.ratio_p99, 0);
  EXPECT_EQ(against.ratio_calls_per_second, 0);
}

}  // namespace
}  // namespace vitrine
