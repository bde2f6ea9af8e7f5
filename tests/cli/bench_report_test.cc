#include "cli/bench_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <nlohmann/json.hpp>

namespace vitrine::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

BenchResult ResultOf(std::uint64_t num_cut_short) {
  BenchResult result{.name = "recommend=0.9,events=0.1", .is_mix = true};
  result.report.num_calls = 100;
  result.report.num_errors = 2;
  result.report.num_cut_short = num_cut_short;
  LoadLatencies& lists = result.report.by_call[LoadCall::kRecommendItems];
  lists.num_calls = 90;
  lists.num_cut_short = num_cut_short;
  result.report.by_call[LoadCall::kRecordEvents].num_calls = 10;
  return result;
}

TEST(BenchReportTest, ListsThatWereCutShortAreToldApartFromErrors) {
  const BenchResult result = ResultOf(7);

  EXPECT_THAT(Describe(result), HasSubstr("\n7 lists were cut short for want of time\n"));
  const auto json = nlohmann::json::parse(ToJson(result));
  EXPECT_EQ(json["cut_short"], 7);
  EXPECT_EQ(json["errors"], 2);
  EXPECT_EQ(json["by_call"]["RecommendItems"]["cut_short"], 7);
  EXPECT_EQ(json["by_call"]["RecordEvents"]["cut_short"], 0);
}

TEST(BenchReportTest, WhereNoneWasCutShortNothingIsSaidOfIt) {
  const BenchResult result = ResultOf(0);

  EXPECT_THAT(Describe(result), Not(HasSubstr("cut short")));
  EXPECT_EQ(nlohmann::json::parse(ToJson(result))["cut_short"], 0);
}

}  // namespace
}  // namespace vitrine::cli
