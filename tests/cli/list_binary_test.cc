// The binary's lists: their traces, the rows of a page, and a load of several calls.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>

#include "cli/binary_fixture.h"
#include "cli/server_child.h"

namespace vitrine::cli {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

std::vector<std::string> Names(const Json& stages) {
  std::vector<std::string> names;
  for (const Json& stage : stages) names.push_back(stage["name"]);
  return names;
}

TEST_F(BinaryTest, ATraceSaysHowAListCameAbout) {
  const std::string ask = "recommend --store STORE --user u-1 --count 5 --trace";

  const Json trace = Json::parse(Run(ask + " --json").out)["trace"];
  const std::string text = Run(ask).out;

  EXPECT_THAT(Names(trace["stages"]),
              AllOf(Contains("query"), Contains("filter"), Contains("score:most_popular"),
                    Contains("blend"), Contains("explain")));
  for (const Json& stage : trace["stages"]) EXPECT_GE(stage["micros"].get<double>(), 0);
  EXPECT_THAT(text, AllOf(HasSubstr("stage"), HasSubstr("score:most_popular"), HasSubstr("in all"),
                          HasSubstr("left out: not-servable")));
}

TEST_F(BinaryTest, RowsOfAPageRepeatNothing) {
  WriteText(*folder_ / "page.json",
            R"({"rows": [{"placement": "home", "pageSize": 4},
                         {"page_size": 6, "filter": "price > 0"}]})");
  const std::string ask = "recommend --store STORE --user u-1 --rows DIR/page.json";

  const Outcome outcome = Run(ask + " --json");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json page = Json::parse(outcome.out);
  std::set<std::string> items;
  for (const Json& row : page["rows"]) {
    for (const Json& item : row["items"]) items.insert(item["item_id"]);
  }

  ASSERT_EQ(page["rows"].size(), 2U);
  EXPECT_EQ(page["rows"][0]["items"].size(), 4U);
  EXPECT_EQ(page["rows"][1]["items"].size(), 6U);
  EXPECT_EQ(items.size(), 10U);
  EXPECT_THAT(Run(ask).out, AllOf(HasSubstr("row 1: model"), HasSubstr("row 2: model")));
}

TEST_F(BinaryTest, WhatIsWrongWithRowsIsNamed) {
  WriteText(*folder_ / "wrong.json", R"({"rows": [{"pagesize": 4}]})");
  WriteText(*folder_ / "large.json", R"({"rows": [{"page_size": 4}, {"page_size": 400}]})");
  const std::string ask = "recommend --store STORE --user u-1 --rows DIR/";

  const Outcome wrong = Run(ask + "wrong.json");
  EXPECT_EQ(wrong.status, 2);
  EXPECT_THAT(wrong.err, AllOf(HasSubstr("wrong.json"), HasSubstr("pagesize")));
  const Outcome large = Run(ask + "large.json");
  EXPECT_NE(large.status, 0);
  EXPECT_THAT(large.err, HasSubstr("rows[1].page_size"));
  EXPECT_EQ(Run(ask + "large.json --filter 'price > 0'").status, 2);
}

TEST_F(BinaryTest, AServerTakesRowsAndALoadOfManyCalls) {
  vitrine::testing::ServerChild server(*folder_ / "store", *folder_ / "small.toml",
                                       *folder_ / "serve.log");
  const std::string target = " --target " + server.WaitForAddress();
  WriteText(*folder_ / "page.json", R"({"rows": [{"page_size": 4}, {"page_size": 4}]})");
  WriteText(*folder_ / "users.tsv", "u-1\t1\nu-2\t1\nu-3\t1\n");

  const Outcome rows = Run("recommend --user u-1 --rows DIR/page.json --trace --json" + target);
  const Outcome load = Run(
      "bench --mix recommend=0.6,similar=0.1,rank=0.1,events=0.1,check=0.1 --skew 1 "
      "--data DIR/users.tsv --filter 'price > 0' --filter 'price > 5' --duration 0.2 --warm-up 0 "
      "--against-check --json" +
      target);
  const Outcome chart =
      Run("bench --mix recommend=0.9,events=0.1 --rates 50,100 --chart DIR/load.svg --duration 0.3 "
          "--warm-up 0.1 --json" +
          target);

  ASSERT_EQ(rows.status, 0) << rows.err;
  EXPECT_EQ(Json::parse(rows.out)["rows"].size(), 2U);
  EXPECT_THAT(Names(Json::parse(rows.out)["rows"][1]["trace"]["stages"]), Contains("select"));
  ASSERT_EQ(load.status, 0) << load.err;
  const Json report = Json::parse(load.out);
  EXPECT_EQ(report["errors"], 0);
  EXPECT_EQ(report["cut_short"], 0);
  EXPECT_EQ(report["users"], 3);
  EXPECT_EQ(report["items"], 200);
  EXPECT_EQ(report["by_call"].size(), 5U);
  EXPECT_GT(report["by_call"]["RankItems"]["p50_us"].get<double>(), 0);
  for (const std::string figure : {"p50", "p99", "calls_per_second"}) {
    const std::string unit = figure == "calls_per_second" ? "" : "_us";
    const Json& against = report["against_check"];
    EXPECT_GT(against["ratio_" + figure].get<double>(), 0);
    EXPECT_NEAR(
        against["ratio_" + figure].get<double>() * against["check_" + figure + unit].get<double>(),
        against["load_" + figure + unit].get<double>(), 1e-6);
  }
  ASSERT_EQ(chart.status, 0) << chart.err;
  const Json runs = Json::parse(chart.out)["runs"];
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[1]["rate"], 100);
  EXPECT_THAT(ReadText(*folder_ / "load.svg"),
              AllOf(HasSubstr("<svg"), HasSubstr("100 due a second: median"), HasSubstr("</svg>")));
  EXPECT_EQ(server.End(SIGTERM), 0);
}

TEST_F(BinaryTest, ALoadIsMeasuredOverItsTimeAndOneCallMakesNoRate) {
  vitrine::testing::ServerChild server(*folder_ / "store", *folder_ / "small.toml",
                                       *folder_ / "serve.log");
  const std::string target = " --target " + server.WaitForAddress();

  const Outcome paced = Run("bench --rpc Check --rate 5 --duration 1 --warm-up 0 --json" + target);
  const Outcome counted = Run("bench --rpc Check --rate 10 --count 2 --warm-up 0 --json" + target);
  const Outcome one = Run("bench --rpc Check --count 1 --warm-up 0 --json" + target);
  const Outcome one_told = Run("bench --rpc Check --count 1 --warm-up 0" + target);

  ASSERT_EQ(paced.status, 0) << paced.err;
  EXPECT_GE(Json::parse(paced.out)["seconds"].get<double>(), 1);  // Not 0.8, to the last answer.
  EXPECT_LE(Json::parse(paced.out)["calls_per_second"].get<double>(), 5);
  ASSERT_EQ(counted.status, 0) << counted.err;
  EXPECT_LE(Json::parse(counted.out)["calls_per_second"].get<double>(), 10);
  ASSERT_EQ(one.status, 0) << one.err;
  EXPECT_EQ(Json::parse(one.out)["calls"], 1);
  EXPECT_TRUE(Json::parse(one.out)["calls_per_second"].is_null()) << one.out;
  EXPECT_THAT(one_told.out, AllOf(HasSubstr(": 1 calls in "), Not(HasSubstr("a second"))));
  EXPECT_EQ(server.End(SIGTERM), 0);
}

TEST_F(BinaryTest, ThroughputsAreComparedOfAClosedLoopAlone) {
  vitrine::testing::ServerChild server(*folder_ / "store", *folder_ / "small.toml",
                                       *folder_ / "serve.log");
  const std::string target = " --target " + server.WaitForAddress();
  const std::string ask = "bench --rpc RankItems --duration 0.1 --warm-up 0 --against-check";

  const Outcome closed = Run(ask + target);
  const Outcome paced = Run(ask + " --rate 100 --json" + target);

  ASSERT_EQ(closed.status, 0) << closed.err;
  EXPECT_THAT(closed.out,
              ContainsRegex("medians of 5: p50 .*; [0-9.]+ and [0-9.]+ a second, [0-9.]+ times"));
  ASSERT_EQ(paced.status, 0) << paced.err;
  const Json against = Json::parse(paced.out)["against_check"];
  EXPECT_GT(against["check_calls_per_second"].get<double>(), 0);
  EXPECT_TRUE(against["ratio_calls_per_second"].is_null()) << paced.out;
  EXPECT_EQ(server.End(SIGTERM), 0);
}

TEST_F(BinaryTest, ALoadIsAboutAllItemsOfTheShopNotTheFirstPage) {
  ASSERT_EQ(Run("simulate --out DIR/wide --items 1200 --users 20 --events 100").status, 0);
  ASSERT_EQ(Run("import --store DIR/wide_store --items DIR/wide/items.csv").status, 0);
  vitrine::testing::ServerChild server(*folder_ / "wide_store", *folder_ / "small.toml",
                                       *folder_ / "serve.log");

  const Outcome load = Run("bench --rpc RecordEvents --count 10 --warm-up 0 --json --target " +
                           server.WaitForAddress());

  ASSERT_EQ(load.status, 0) << load.err;
  EXPECT_EQ(Json::parse(load.out)["items"], 1200);
  EXPECT_EQ(Json::parse(load.out)["errors"], 0);
  EXPECT_EQ(server.End(SIGTERM), 0);
}

struct BenchMisuse {
  std::string arguments{};
  std::string says{};
};

TEST_F(BinaryTest, AMixOrAChartThatCannotBeMeantIsRefused) {
  for (const auto& [arguments, says] :
       {BenchMisuse{"--mix recommend=0.5,events=0.4", "sum to 0.9"},
        BenchMisuse{"--mix buy=1", "\"buy\" is no call"},
        BenchMisuse{"--mix recommend=1 --rpc Check", "--rpc"},
        BenchMisuse{"--rates 10,20", "--chart"},
        BenchMisuse{"--chart DIR/none/load.svg", "there is no folder"},
        BenchMisuse{"--rates 100,0.1 --duration 5 --chart DIR/load.svg", "none is due in the 5 s"},
        BenchMisuse{"--rate 0.5 --duration 0.5", "none is due in the 0.5 s"},
        BenchMisuse{"--skew 11", "--skew"}}) {
    const Outcome outcome = Run("bench " + arguments);
    EXPECT_EQ(outcome.status, 2) << arguments;
    EXPECT_THAT(outcome.out + outcome.err, HasSubstr(says)) << arguments;
  }
}

}  // namespace
}  // namespace vitrine::cli
