// Placements by the binary: shown, configured, changed while a server answers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/binary_fixture.h"
#include "cli/server_child.h"

namespace vitrine::cli {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class PlacementsBinaryTest : public BinaryTest {
 protected:
  using Json = nlohmann::json;

  static Json Parsed(const std::string& arguments) {
    const Outcome outcome = Run(arguments);
    EXPECT_EQ(outcome.status, 0) << arguments << "\n" << outcome.err;
    return Json::parse(outcome.out, nullptr, /*allow_exceptions=*/false);
  }

  // The first items of so many orders of the made-up shop that have two.
  static std::vector<std::string> OrderedTogether(std::size_t count) {
    std::vector<std::string> items;
    std::istringstream events(ReadText(*folder_ / "shop/events.jsonl"));
    for (std::string line; items.size() < count && std::getline(events, line);) {
      const Json event = Json::parse(line);
      if (event["event_type"] != "purchase-complete" || event["items"].size() < 2) continue;
      items.push_back(event["items"][0]["item_id"]);
    }
    return items;
  }
};

TEST_F(PlacementsBinaryTest, EveryReadyMadeOneIsListedAndGivesAFullPage) {
  const Outcome listed = Run("placements --store STORE");
  ASSERT_EQ(listed.status, 0) << listed.err;

  for (const char* name : {"recommended-for-you", "similar-items", "frequently-bought-together",
                           "complete-the-cart", "buy-it-again", "recently-viewed", "trending",
                           "new-arrivals", "popular-in-category", "on-sale"}) {
    EXPECT_THAT(listed.out, HasSubstr(std::string(name) + " "));
    const Json list = Parsed(std::string("recommend --store STORE --user u00001 --count 4 "
                                         "--context p00001 --cart p00002 --json --placement ") +
                             name);
    EXPECT_EQ(list["items"].size(), 4U) << name;
  }
}

TEST_F(PlacementsBinaryTest, ATrainingMakesTheModelsThatPlacementsName) {
  std::size_t num_found = 0;
  for (const std::string& item : OrderedTogether(10)) {
    const Json list = Parsed(
        "recommend --store STORE --visitor nobody --count 3 --strict --json --placement "
        "frequently-bought-together --context " +
        item);
    if (list["items"].empty()) continue;  // All that it was bought with is sold out.
    ++num_found;
    EXPECT_EQ(list["items"][0]["reasons"][0]["kind"], "bought-together");
    EXPECT_EQ(list["items"][0]["reasons"][0]["item_id"], item);
  }
  EXPECT_GT(num_found, 0U);
}

TEST_F(PlacementsBinaryTest, TheConfigurationMakesAndChangesPlacements) {
  WriteText(*folder_ / "placed.toml",
            "[placements.home]\nweights = { live_popular = 1 }\npage_size = 3\n"
            "boosts = [{ filter = \"price < 20\", strength = 0.5 }]\n"
            "[placements.trending]\npage_size = 2\n");

  EXPECT_EQ(
      Parsed("recommend --store STORE --config DIR/placed.toml --placement home --json")["items"]
          .size(),
      3U);
  const Json trending = Parsed("placements --store STORE --config DIR/placed.toml --name trending");
  EXPECT_EQ(trending["origin"], "ORIGIN_CONFIGURATION");
  EXPECT_EQ(trending["page_size"], 2);
  EXPECT_EQ(trending["weights"]["trending"], 1);
}

TEST_F(PlacementsBinaryTest, WhatIsPutCountsAtOnceAndOutlivesTheServer) {
  WriteText(*folder_ / "row.json", R"({"name": "mine", "weights": {"live_popular": 1},
                                       "page_size": 2, "filter": "price > 0"})");
  {
    testing::ServerChild server(*folder_ / "store", *folder_ / "small.toml", *folder_ / "log");
    const std::string target = " --target " + server.WaitForAddress();
    EXPECT_EQ(Run("placements --put DIR/row.json" + target).status, 0);
    EXPECT_EQ(Parsed("recommend --placement mine --json" + target)["items"].size(), 2U);
    EXPECT_THAT(Run("placements" + target).out, HasSubstr("live_popular 1, price > 0"));
    server.End(SIGTERM);
  }
  EXPECT_EQ(Parsed("placements --store STORE --name mine")["origin"], "ORIGIN_SERVICE");

  testing::ServerChild server(*folder_ / "store", *folder_ / "small.toml", *folder_ / "log");
  const std::string target = " --target " + server.WaitForAddress();
  EXPECT_EQ(Parsed("recommend --placement mine --json" + target)["items"].size(), 2U);
  EXPECT_EQ(Run("placements --delete mine" + target).status, 0);
  EXPECT_THAT(Parsed("recommend --placement mine --json" + target)["fallbacks"],
              Contains("unknown-placement"));
}

TEST_F(PlacementsBinaryTest, WhatIsWrongIsTold) {
  WriteText(*folder_ / "bad.toml", "[placements.home]\nweights = { no_model = 1 }\n");
  WriteText(*folder_ / "worse.toml", "[placements.home]\nfallbacks = [\"trendin\"]\n");
  WriteText(*folder_ / "bad.json", "{\"nam\": \"x\"}");
  for (const auto& [arguments, says] : std::vector<std::pair<std::string, std::string>>{
           {"placements", "--target"},
           {"placements --store STORE --put DIR/bad.json", "want the server"},
           {"placements --store STORE --name nothing", "there is no placement \"nothing\""},
           {"placements --store STORE --config DIR/bad.toml",
            "bad.toml:1: placements.home: weights[\"no_model\"] is no model"},
           {"placements --store STORE --config DIR/worse.toml", "did you mean trending?"},
           {"placements --target 127.0.0.1:1 --put DIR/bad.json",
            "this is no placement in JSON"}}) {
    const Outcome outcome = Run(arguments);
    EXPECT_NE(outcome.status, 0) << arguments;
    EXPECT_THAT(outcome.err, HasSubstr(says)) << arguments;
  }
}

}  // namespace
}  // namespace vitrine::cli
