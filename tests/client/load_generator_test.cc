#include "vitrine/client/load_generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using ::vitrine::testing::StatusIs;

TEST(LoadGeneratorTest, OptionsOutOfRangeAreRefusedBeforeAnythingIsCalled) {
  LoadOptions no_flight;
  no_flight.concurrency = 0;
  LoadOptions no_time;
  no_time.seconds = 0;
  LoadOptions too_fast;
  too_fast.rate = 1e9;
  LoadOptions no_items;
  no_items.mix = {{LoadCall::kRecordEvents, 1}};
  LoadOptions no_items_to_rank;
  no_items_to_rank.mix = {{LoadCall::kRecommendItems, 0.5}, {LoadCall::kRankItems, 0.5}};
  LoadOptions too_little;
  too_little.mix = {{LoadCall::kRecommendItems, 0.5}};
  LoadOptions too_late;
  too_late.deadline_ms = -1;
  LoadOptions too_skewed;
  too_skewed.skew = 11;

  for (const LoadOptions& options : {no_flight, no_time, too_fast, no_items, no_items_to_rank,
                                     too_little, too_late, too_skewed}) {
    EXPECT_THAT(GenerateLoad(options), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(LoadGeneratorTest, WithoutAServerItSaysWhereItLooked) {
  LoadOptions options;
  options.address = "unix:/nonexistent/vitrine.sock";

  const auto report = GenerateLoad(options);

  EXPECT_THAT(report, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(std::string(report.status().message()), HasSubstr(options.address));
}

}  // namespace
}  // namespace vitrine
