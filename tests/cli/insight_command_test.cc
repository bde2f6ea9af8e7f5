// Runs `vitrine insight` on the sample shop, alone and beside the server that owns the store.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "cli/server_child.h"
#include "testing/temporary_folder.h"

namespace vitrine::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::vitrine::testing::ServerChild;
using ::vitrine::testing::TemporaryFolder;
using Json = nlohmann::json;

struct Outcome {
  int status = -1;
  std::string out{};
  std::string err{};
};

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class InsightCommandTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    store_ = *folder_ / "store";
    const std::string shop = std::string(VITRINE_TEST_DATA) + "/sample-shop/";
    const Outcome imported = Run("import --store '" + store_ + "' --items '" + shop +
                                 "items.csv' --events '" + shop + "events.jsonl'");
    ASSERT_EQ(imported.status, 0) << imported.err;
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static Outcome Run(const std::string& arguments) {
    const std::string out = *folder_ / "out";
    const std::string err = *folder_ / "err";
    const std::string command =
        std::string(VITRINE_BINARY) + " " + arguments + " >'" + out + "' 2>'" + err + "'";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, ReadText(out), ReadText(err)};
  }

  static Outcome RunInsight(const std::string& arguments) {
    return Run("insight --store '" + store_ + "' " + arguments);
  }

  static std::unique_ptr<TemporaryFolder> folder_;
  static std::string store_;
};

std::unique_ptr<TemporaryFolder> InsightCommandTest::folder_;
std::string InsightCommandTest::store_;

TEST_F(InsightCommandTest, PrintsTheReport) {
  const Outcome outcome = RunInsight("");

  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("4,500 events since 2026-01-01 09:07."));
  for (const char* const part : {"Overview", "Funnel", "Segments", "Paths", "Cohorts"}) {
    EXPECT_THAT(outcome.out, HasSubstr(part));
  }
}

TEST_F(InsightCommandTest, JsonHoldsTheSameCountsAsTheEventsFile) {
  const std::string config = *folder_ / "whole.toml";
  std::ofstream(config) << "[privacy]\nmin_group = 1\n";
  const Outcome outcome = RunInsight("--json --config '" + config + "'");

  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json json = Json::parse(outcome.out, nullptr, /*allow_exceptions=*/false);
  ASSERT_TRUE(json.is_object()) << outcome.out;
  // grep -c purchase-complete data/sample-shop/events.jsonl, and so for returns.
  EXPECT_EQ(json["overview"]["events"], 4'500);
  EXPECT_EQ(json["overview"]["all"]["orders"], 168);
  EXPECT_EQ(json["overview"]["returns"], 3);
  EXPECT_EQ(json["currency"], "EUR");
  std::size_t in_segments = 0;
  for (const Json& segment : json["segmentation"]["segments"]) {
    in_segments += segment["size"].get<std::size_t>();
  }
  std::size_t in_cells = 0;
  for (const auto& [name, count] : json["rfm"]["cells"].items()) {
    in_cells += count.get<std::size_t>();
  }
  EXPECT_EQ(in_segments, json["overview"]["all"]["shoppers"]);
  EXPECT_EQ(in_cells, json["overview"]["buyers"]);
}

TEST_F(InsightCommandTest, GroupsOfAFewAreLeftOutUnlessToldOtherwise) {
  const Json json = Json::parse(RunInsight("--json").out, nullptr, /*allow_exceptions=*/false);

  EXPECT_EQ(json["min_group"], 5);
  EXPECT_GT(json["withheld"], 0);
  for (const auto& [name, count] : json["rfm"]["cells"].items()) EXPECT_GE(count, 5) << name;
  for (const Json& segment : json["segmentation"]["segments"]) EXPECT_GE(segment["size"], 5);
  EXPECT_THAT(RunInsight("").out, HasSubstr("Groups of fewer than 5 shoppers are not shown"));
}

TEST_F(InsightCommandTest, WritesAPageBesideTheText) {
  const std::string page = *folder_ / "report.html";

  const Outcome outcome = RunInsight("--html '" + page + "'");

  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("Overview"));
  EXPECT_THAT(ReadText(page), HasSubstr("<!doctype html>"));
  EXPECT_THAT(ReadText(page), HasSubstr("</html>"));
}

TEST_F(InsightCommandTest, OneShopperIsShownAndAnUnknownOneIsAnError) {
  const Outcome known = RunInsight("--user u00079");
  const Outcome unknown = RunInsight("--user nobody");

  EXPECT_EQ(known.status, 0) << known.err;
  EXPECT_THAT(known.out, HasSubstr("u00079: "));
  EXPECT_THAT(known.out, HasSubstr("last order"));
  EXPECT_THAT(known.out, Not(HasSubstr("Overview")));
  EXPECT_EQ(unknown.status, 1);
  EXPECT_EQ(unknown.err,
            "vitrine insight: there is no shopper 'nobody' with an event in this report\n");
}

TEST_F(InsightCommandTest, AReportOfThePastLeavesLaterEventsOut) {
  const Outcome outcome = RunInsight("--as-of 2026-02-01 --time-zone Europe/Berlin");

  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("Shoppers as of 2026-02-01 00:00 (Europe/Berlin): "));
  EXPECT_THAT(outcome.out, Not(HasSubstr("4,500 events")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("2026-03")));
}

TEST_F(InsightCommandTest, WrongUsageIsToldFromFailure) {
  EXPECT_EQ(RunInsight("--as-of yesterday").status, 2);
  EXPECT_THAT(RunInsight("--as-of yesterday").err,
              HasSubstr("--as-of has \"yesterday\"; wants a time after 1970 such as 2011-12-10"));
  EXPECT_EQ(RunInsight("--segments 99").status, 2);
  EXPECT_EQ(RunInsight("--choose-by dice").status, 2);
  EXPECT_EQ(Run("insight").status, 2);
  EXPECT_THAT(RunInsight("--time-zone Mars/Olympus").err, HasSubstr("Mars/Olympus"));
  EXPECT_EQ(RunInsight("--as-of 1999-01-01").status, 1);
  EXPECT_THAT(RunInsight("--as-of 1999-01-01").err,
              HasSubstr("the store has no events up to the moment asked for"));
  EXPECT_EQ(RunInsight("--html /nowhere/report.html").status, 1);
}

TEST_F(InsightCommandTest, WorksBesideTheServerThatOwnsTheStore) {
  const Outcome alone = RunInsight("");
  const std::string config = *folder_ / "serve.toml";
  std::ofstream(config) << "[lifecycle]\nauto_train_events = 0\n";
  ServerChild server(store_, config, *folder_ / "log");
  ASSERT_NE(server.WaitForAddress(), "");

  const Outcome beside = RunInsight("");

  EXPECT_EQ(beside.status, 0) << beside.err;
  EXPECT_EQ(beside.out, alone.out);
}

}  // namespace
}  // namespace vitrine::cli
