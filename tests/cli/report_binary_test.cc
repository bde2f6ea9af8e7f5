// From a list that the binary prints to the report on what came of it, and lists that are drawn.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "cli/binary_fixture.h"
#include "cli/server_child.h"

namespace vitrine::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ReportBinaryTest : public BinaryTest {
 protected:
  using Json = nlohmann::json;

  static std::string EventLine(const char* type, const Json& list, std::size_t item,
                               const std::string& more = "") {
    return absl::StrFormat(R"({"event_type":"%s","user_id":"ann","attribution_token":"%s",)"
                           R"("items":[{"item_id":"%s"%s}]})"
                           "\n",
                           type, list["attribution_token"].get<std::string>(),
                           list["items"][item]["item_id"].get<std::string>(), more);
  }

  static Json Parsed(const std::string& arguments) {
    const Outcome outcome = Run(arguments);
    EXPECT_EQ(outcome.status, 0) << arguments << "\n" << outcome.err;
    return Json::parse(outcome.out, nullptr, /*allow_exceptions=*/false);
  }
};

TEST_F(ReportBinaryTest, AStoreAndItsServerReportWhatCameOfAList) {
  ASSERT_EQ(Run("import --store DIR/shown --items SHOP/items.csv").status, 0);
  EXPECT_THAT(Run("report --store DIR/shown").out, HasSubstr("attribution_token"));
  const Json list = Parsed("recommend --store DIR/shown --user ann --count 4 --json");
  ASSERT_EQ(list["items"].size(), 4U);
  WriteText(
      *folder_ / "shown.jsonl",
      EventLine("impression", list, 0) + EventLine("recommendation-click", list, 3) +
          EventLine("purchase-complete", list, 3,
                    R"(,"quantity":2,"unit_price":{"currency_code":"EUR","micros":"2500000"})"));
  const Outcome imported = Run("import --store DIR/shown --events DIR/shown.jsonl");
  ASSERT_EQ(imported.status, 0) << imported.err;

  WriteText(*folder_ / "private.toml",
            "[privacy]\nmin_group = 1\n[lifecycle]\nauto_train_events = 0\n");
  const Json of_store = Parsed("report --store DIR/shown --config DIR/private.toml --json");
  const Outcome text = Run("report --store DIR/shown --config DIR/private.toml");
  testing::ServerChild server(*folder_ / "shown", *folder_ / "private.toml", *folder_ / "log");
  const std::string address = server.WaitForAddress();
  ASSERT_NE(address, "");
  const Json of_server = Parsed("report --target " + address + " --json");

  EXPECT_EQ(of_store["events"], 3);
  ASSERT_EQ(of_store["figures"].size(), 1U) << of_store;
  const Json& row = of_store["figures"][0];
  EXPECT_EQ(row["placement"], "recommended-for-you");
  EXPECT_EQ(row["model_version"], "");
  EXPECT_EQ(row["shown_items"], 1);
  EXPECT_EQ(row["clicks"], 1);
  EXPECT_EQ(row["purchases"], 1);
  EXPECT_EQ(row["mean_click_position"], 4);
  EXPECT_EQ(row["revenue"], Json::parse(R"([{"currency":"EUR","micros":5000000}])"));
  EXPECT_EQ(of_server, of_store);
  EXPECT_THAT(text.out, HasSubstr("5.00 EUR"));
  const Outcome of_one = Run("report --store DIR/shown");
  EXPECT_THAT(of_one.out, HasSubstr("(small groups)"));
  EXPECT_THAT(of_one.out, Not(HasSubstr("5.00 EUR")));  // It is one shopper's.
  const Json fairness =
      Parsed("report --store DIR/shown --config DIR/private.toml --fairness --json");
  EXPECT_EQ(fairness["shown_items"], 1);
  EXPECT_EQ(fairness["tables"].size(), 3U);
  EXPECT_THAT(Run("report --store DIR/shown --fairness").out, HasSubstr("by brand"));
  EXPECT_EQ(Parsed("report --store DIR/shown --until 2020-01-01 --json")["events"], 0);
}

TEST_F(ReportBinaryTest, WrongUsageOfReportsAndDrawsIsTold) {
  for (const auto& [arguments, says] : std::vector<std::pair<std::string, std::string>>{
           {"report", "--target"},
           {"report --store STORE --since yesterday", "--since has"},
           {"report --target 127.0.0.1:1 --fairness", "--fairness reads a store"},
           {"report --store STORE --fairness --merit beauty", "--merit"},
           {"report --store STORE --since 2026-02-01 --until 2026-02-01", "--until is not after"},
           {"report --store STORE --attribution-days 91", "--attribution-days"},
           {"recommend --store STORE --explore 11", "--explore is '11'"}}) {
    const Outcome outcome = Run(arguments);
    EXPECT_EQ(outcome.status, 2) << arguments;
    EXPECT_THAT(outcome.err, HasSubstr(says));
  }
  const Outcome both = Run("recommend --store STORE --explore 1 --diversity mmr:0.5");
  EXPECT_EQ(both.status, 1);
  EXPECT_THAT(both.err, HasSubstr("leave one of the two out"));
}

TEST_F(ReportBinaryTest, ADrawnListSaysHowLikelyEachItemWas) {
  const std::string ask = "recommend --store STORE --user u-1 --count 5 --explore 0.5:3";

  const Json drawn = Parsed(ask + " --json");

  ASSERT_EQ(drawn["items"].size(), 5U);
  for (const Json& item : drawn["items"]) {
    EXPECT_GT(item["propensity"].get<double>(), 0);
    EXPECT_LE(item["propensity"].get<double>(), 1);
  }
  EXPECT_EQ(Parsed(ask + " --json")["items"], drawn["items"]);
  EXPECT_THAT(Run(ask).out, HasSubstr("  p 0."));
  EXPECT_FALSE(
      Parsed("recommend --store STORE --user u-1 --json")["items"][0].contains("propensity"));
}

}  // namespace
}  // namespace vitrine::cli
