#include "vitrine/client/load_comparison.h"

#include <gtest/gtest.h>

#include <vector>

namespace vitrine {
namespace {

LoadReport Report(double p50_us, double p99_us, double calls_per_second) {
  LoadReport report;
  report.p50_us = p50_us;
  report.p99_us = p99_us;
  report.calls_per_second = calls_per_second;
  return report;
}

LoadOptions SomeLoad() {
  LoadOptions load;
  load.address = "unix:/shop";
  load.client.key = "a key";
  load.mix = {{LoadCall::kSimilarItems, 0.5}, {LoadCall::kRankItems, 0.5}};
  load.concurrency = 8;
  load.seconds = 2;
  load.warm_up_seconds = 3;
  load.rate = 40;
  load.deadline_ms = 50;
  load.max_calls = 60;
  load.user_ids = {"user-1", "user-2"};
  load.item_ids = {"item-1", "item-2"};
  load.seed = 7;
  return load;
}

TEST(LoadComparisonTest, RatiosAreOfMediansOverTheRepeatsEachByItself) {
  const std::vector<LoadReport> loads = {Report(300, 900, 50), Report(100, 600, 40),
                                         Report(200, 3'000, 10)};
  const std::vector<LoadReport> checks = {Report(50, 100, 100), Report(10, 300, 160),
                                          Report(90, 200, 5'000)};

  const AgainstCheck against = CompareWithCheck(loads, checks);

  EXPECT_EQ(against.num_repeats, 3);
  EXPECT_DOUBLE_EQ(against.load_p50_us, 200);
  EXPECT_DOUBLE_EQ(against.load_p99_us, 900);
  EXPECT_DOUBLE_EQ(against.load_calls_per_second, 40);
  EXPECT_DOUBLE_EQ(against.check_p50_us, 50);
  EXPECT_DOUBLE_EQ(against.check_p99_us, 200);
  EXPECT_DOUBLE_EQ(against.check_calls_per_second, 160);
  EXPECT_DOUBLE_EQ(against.ratio_p50, 4);
  EXPECT_DOUBLE_EQ(against.ratio_p99, 4.5);
  EXPECT_DOUBLE_EQ(against.ratio_calls_per_second, 0.25);
}

TEST(LoadComparisonTest, RepeatsSendOtherRequestsOfTheSameLoad) {
  const LoadOptions load = SomeLoad();

  EXPECT_EQ(RepeatOf(load, 0).seed, 7U);
  EXPECT_EQ(RepeatOf(load, 4).seed, 11U);
  EXPECT_EQ(RepeatOf(load, 4).mix, load.mix);
  EXPECT_EQ(RepeatOf(load, 4).user_ids, load.user_ids);
}

TEST(LoadComparisonTest, EmptyCallsAreUnderTheSameConditionsAndAboutNothing) {
  const LoadOptions check = EmptyCallsOf(SomeLoad());

  EXPECT_EQ(check.mix, std::vector<LoadShare>{{LoadCall::kCheck}});
  EXPECT_EQ(check.address, "unix:/shop");
  EXPECT_EQ(check.client.key, "a key");
  EXPECT_EQ(check.concurrency, 8U);
  EXPECT_EQ(check.seconds, 2);
  EXPECT_EQ(check.warm_up_seconds, 3);
  EXPECT_EQ(check.rate, 40);
  EXPECT_EQ(check.deadline_ms, 50);
  EXPECT_EQ(check.max_calls, 60U);
  EXPECT_TRUE(check.user_ids.empty());
  EXPECT_TRUE(check.item_ids.empty());
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
