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
  no_items.call = LoadCall::kRecordEvents;

  for (const LoadOptions& options : {no_flight, no_time, too_fast, no_items}) {
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
