#include <gmock/gmock.h>

#include <cmath>

#include "insight/fairness_tally.h"
#include "insight/placement_shop.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/engine/item_filter.h"
#include "vitrine/insight/fairness_report.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace vitrine::testing;  // NOLINT(google-build-using-namespace): the tests' own words.

// Ten items: five of Acme at 1 to 5 EUR, three of Best at 6 to 8 EUR, two of nobody.
class FairnessTest : public ::testing::Test {
 protected:
  FairnessTest() {
    for (int i = 0; i < 10; ++i) {
      Item item{.id = absl::StrFormat("i%d", i)};
      if (i < 8) {
        item.brand = i < 5 ? "Acme" : "Best";
        item.price = Money{.micros = (i + 1) * 1'000'000, .currency = "EUR"};
        item.publish_time_us = kStart - (i < 5 ? 1 : 60) * kDay;
      }
      store_.Put(std::move(item));
    }
  }

  // A list is seen by a shopper, who clicks some of it, and buys some of what was clicked.
  void See(const std::string& user, const std::vector<std::string>& items,
           const std::vector<std::string>& clicked, const std::vector<std::string>& bought = {},
           const std::string& placement = "home") {
    Attribution list{.placement = placement, .model_version = "v1"};
    for (const std::string& item : items) list.items.push_back(*store_.catalogue().Find(item));
    const std::string token = SealAttribution(store_, list);
    events_.push_back(WithToken(Shown(user, 0, items), token));
    for (const std::string& item : clicked) {
      events_.push_back(WithToken(Viewed(user, kMinute, item), token));
    }
    for (const std::string& item : bought) events_.push_back(Bought(user, kHour, item, 3));
  }

  FairnessReport Report(const FairnessOptions& options = {}) const {
    FairnessTally fairness(store_.catalogue(), options);
    PlacementReportOptions asked;
    asked.on_outcome = [&](const ListOutcome& outcome) { fairness.Add(outcome); };
    PlacementTally tally(store_, asked);
    for (const Event& event : events_) tally.Add(event);
    return fairness.Finish(kStart);
  }

  static const FairnessGroup& Named(const FairnessTable& table, const std::string& name) {
    for (const FairnessGroup& group : table.groups) {
      if (group.name == name) return group;
    }
    ADD_FAILURE() << "no group " << name << " by " << table.by;
    return table.groups.front();
  }

  FakeFeatureStore store_;
  std::vector<Event> events_;
};

TEST_F(FairnessTest, ExposureCountsPlacesAndMeritClicks) {
  See("ann", {"i0", "i5", "i1"}, {"i5"});
  See("bob", {"i0", "i5"}, {"i5", "i0"}, {"i5"});

  const FairnessReport report = Report();

  ASSERT_EQ(report.tables.size(), 3U);
  const FairnessGroup& acme = Named(report.tables[0], "Acme");
  const FairnessGroup& best = Named(report.tables[0], "Best");
  const double second = 1 / std::log2(3.0);
  EXPECT_DOUBLE_EQ(acme.exposure, 1 + 1 + 1 / std::log2(4.0));
  EXPECT_DOUBLE_EQ(best.exposure, 2 * second);
  EXPECT_EQ(acme.num_items, 5U);
  EXPECT_EQ(acme.num_shown, 3U);
  EXPECT_EQ(best.num_clicks, 2U);
  EXPECT_EQ(best.num_purchases, 1U);
  EXPECT_DOUBLE_EQ(best.merit_share, 2.0 / 3);
  const double share = 2 * second / (2.5 + 2 * second);
  EXPECT_DOUBLE_EQ(best.exposure_share, share);
  EXPECT_DOUBLE_EQ(best.ratio, share / (2.0 / 3));
  EXPECT_NEAR(report.tables[0].distance, 2.0 / 3 - share, 1e-12);
  EXPECT_EQ(report.num_shown, 5U);
}

TEST_F(FairnessTest, MeritMayBeWhatWasBought) {
  See("ann", {"i0", "i5"}, {"i0", "i5"}, {"i5"});

  const FairnessTable table = Report({.merit = Merit::kPurchases}).tables[0];

  EXPECT_EQ(Named(table, "Best").merit_share, 1);
  EXPECT_EQ(Named(table, "Acme").merit_share, 0);
  EXPECT_EQ(Named(table, "Acme").ratio, 0);  // It earned nothing.
}

TEST_F(FairnessTest, PricesAreBandedByTheCatalogueAndEachHasItsFilter) {
  See("ann", {"i0", "i7", "i9"}, {});

  const FairnessTable table = Report().tables[1];

  std::vector<std::string> names;
  for (const FairnessGroup& group : table.groups) names.push_back(group.name);
  EXPECT_THAT(names, ElementsAre("below 2.00", "2.00 to 4.00", "4.00 to 5.00", "5.00 to 7.00",
                                 "7.00 and more", "no price"));
  EXPECT_EQ(table.groups[0].filter, R"(currency = "EUR" AND price < 2.00)");
  EXPECT_EQ(table.groups[1].filter, R"(currency = "EUR" AND price >= 2.00 AND price < 4.00)");
  EXPECT_EQ(table.groups[4].filter, R"(currency = "EUR" AND price >= 7.00)");
  EXPECT_EQ(table.groups[1].num_items, 2U);
  EXPECT_EQ(table.groups[4].num_items, 2U);
  EXPECT_EQ(Named(table, "no price").filter, "");
  EXPECT_EQ(Named(table, "no price").num_shown, 1U);
}

TEST_F(FairnessTest, PricesInAnotherCurrencyAreInNoBand) {
  store_.Put({.id = "yen", .price = Money{.micros = 3'000'000, .currency = "JPY"}});
  for (int i = 0; i < 10; ++i) See("u" + std::to_string(i), {"i0", "i1", "yen"}, {"yen"});

  const FairnessReport report = Report();
  const std::string text = FairnessText(report, 120);

  EXPECT_EQ(Named(report.tables[1], "2.00 to 4.00").num_clicks, 0U);
  EXPECT_EQ(Named(report.tables[1], "other currencies").num_clicks, 10U);
  EXPECT_EQ(Named(report.tables[1], "no price").num_items, 2U);
  EXPECT_THAT(text, HasSubstr("by price in EUR"));
  EXPECT_THAT(text, HasSubstr(R"(other currencies: exposure = { group = "filter", )"
                              R"(filter = "price:* AND NOT currency = \"EUR\"", share = 0.800 })"));
}

TEST_F(FairnessTest, AgesAreThoseOfTheMoment) {
  See("ann", {"i0", "i7", "i9"}, {"i7"});

  const FairnessTable table = Report().tables[2];

  EXPECT_EQ(Named(table, "up to 7 days").num_shown, 1U);
  EXPECT_EQ(Named(table, "30 to 90 days").num_clicks, 1U);
  EXPECT_EQ(Named(table, "no publish time").num_items, 2U);
}

TEST_F(FairnessTest, OnePlacementAlone) {
  See("ann", {"i0"}, {"i0"});
  See("ann", {"i5"}, {"i5"}, {}, "cart");

  const FairnessReport report = Report({.placement = "cart"});

  EXPECT_EQ(report.num_shown, 1U);
  EXPECT_EQ(Named(report.tables[0], "Best").exposure_share, 1);
}

TEST_F(FairnessTest, BrandsBeyondTheMostExposedAreTogether) {
  See("ann", {"i0", "i5"}, {"i5"});

  const FairnessTable table = Report({.max_brands = 1}).tables[0];

  EXPECT_EQ(table.groups[0].name, "Acme");
  EXPECT_EQ(Named(table, "other brands").num_clicks, 1U);
  EXPECT_EQ(Named(table, "no brand").num_items, 2U);
}

TEST_F(FairnessTest, GroupsThatFewHaveSeenAreTogether) {
  for (int i = 0; i < 6; ++i) See("u" + std::to_string(i), {"i0"}, {"i0"});
  See("odd", {"i5"}, {"i5"});

  const FairnessTable table = Report({.min_group = 5}).tables[0];

  for (const FairnessGroup& group : table.groups) EXPECT_NE(group.name, "Best");
  // The one alone would be what the whole less Acme leaves.
  EXPECT_EQ(Named(table, "(small groups)").num_clicks, 7U);
}

TEST_F(FairnessTest, WhatFewClickedIsNotSaidNorWhatTheOthersLeaveOfIt) {
  See("odd", {"i0", "i5", "i9"}, {"i5"});
  for (int i = 0; i < 8; ++i) {
    const std::vector<std::string> both = {"i0", "i9"};
    See("u" + std::to_string(i), {"i0", "i5", "i9"}, i < 6 ? both : std::vector<std::string>{"i9"});
  }

  const FairnessTable table = Report({.min_group = 5}).tables[0];

  EXPECT_EQ(Named(table, "Best").num_shown, 9U);
  EXPECT_EQ(Named(table, "Best").num_clicks, 0U);
  EXPECT_EQ(Named(table, "Acme").num_clicks, 0U);
  EXPECT_EQ(Named(table, "no brand").num_clicks, 8U);
  EXPECT_EQ(Named(Report().tables[0], "Best").num_clicks, 1U);
}

TEST_F(FairnessTest, HowMuchAPlacementShowedIsNotSaidWhereFewSawIt) {
  See("ann", {"i0", "i5"}, {"i5"}, {}, "cart");

  EXPECT_EQ(Report({.placement = "cart", .min_group = 5}).num_shown, 0U);
  EXPECT_EQ(Report({.placement = "cart"}).num_shown, 2U);
}

TEST_F(FairnessTest, TheTextSaysWhatAPlacementWouldSay) {
  for (int i = 0; i < 10; ++i) {
    See("u" + std::to_string(i), {"i0", "i1", "i2", "i5"}, {"i5"});
  }

  const std::string text = FairnessText(Report(), 120);

  EXPECT_THAT(text, HasSubstr(R"(Best: exposure = { group = "filter", )"
                              R"(filter = "brand = \"Best\"", share = 0.800 })"));
  EXPECT_THAT(text, Not(HasSubstr("Acme: exposure")));
  EXPECT_THAT(FairnessText(FairnessReport(), 120), HasSubstr("No impression"));
}

// As TOML the first comes out as brand = "O'Neill \"Pro\"", which the filter's parser reads.
TEST_F(FairnessTest, ABrandWithQuotesIsQuotedForTheFilterAndForToml) {
  store_.Put({.id = "wetsuit", .brand = "O'Neill \"Pro\""});
  store_.Put({.id = "slash", .brand = "a\\b\nc"});
  for (int i = 0; i < 10; ++i) {
    See("u" + std::to_string(i), {"i0", "i1", "i2", "wetsuit", "slash"}, {"wetsuit", "slash"});
  }

  const FairnessReport report = Report();
  const std::string text = FairnessText(report, 120);

  EXPECT_EQ(Named(report.tables[0], "O'Neill \"Pro\"").filter, R"(brand = "O'Neill \"Pro\"")");
  EXPECT_THAT(text, HasSubstr(R"(filter = "brand = \"O'Neill \\\"Pro\\\"\"", share = 0.400 })"));
  EXPECT_THAT(text, HasSubstr(R"(filter = "brand = \"a\\\\b\nc\"", share = 0.400 })"));
}

TEST(FairnessTallyTest, BoundsOfPricesAreExactToTheMillionth) {
  FakeFeatureStore store;
  int number = 0;
  for (const std::int64_t micros :
       {25'000, 26'000, 28'001, 29'000, 31'500, 32'000, 34'000, 35'000, 1'200'000, 2'000'000}) {
    store.Put({.id = absl::StrFormat("i%d", number++),
               .price = Money{.micros = micros, .currency = "EUR"}});
  }

  const FairnessTable table = FairnessTally(store.catalogue(), {}).Finish(kStart).tables[1];

  std::vector<std::string> names;
  for (const FairnessGroup& group : table.groups) names.push_back(group.name);
  EXPECT_THAT(names, ElementsAre("below 0.028001", "0.028001 to 0.0315", "0.0315 to 0.034",
                                 "0.034 to 1.20", "1.20 and more"));
  EXPECT_EQ(table.groups[2].filter, R"(currency = "EUR" AND price >= 0.0315 AND price < 0.034)");
}

// What the filters hold for is what a placement would give the places to.
TEST(FairnessTallyTest, BandsAreOfTheCommonestCurrencyAndNoFilterHoldsForAnotherGroup) {
  FakeFeatureStore store;
  for (int i = 1; i <= 10; ++i) {
    store.Put({.id = absl::StrFormat("i%d", i),
               .price = Money{.micros = i * 1'000'000, .currency = "EUR"}});
  }
  store.Put({.id = "yen", .price = Money{.micros = 1'000'000, .currency = "JPY"}});
  store.Put({.id = "more yen", .price = Money{.micros = 2'000'000'000, .currency = "JPY"}});
  store.Put({.id = "pounds", .price = Money{.micros = 5'000'000, .currency = "GBP"}});
  store.Put({.id = "free"});

  const FairnessReport report = FairnessTally(store.catalogue(), {}).Finish(kStart);

  EXPECT_EQ(report.currency, "EUR");
  std::vector<std::string> names;
  for (const FairnessGroup& group : report.tables[1].groups) {
    names.push_back(group.name);
    if (group.filter.empty()) continue;
    const auto filter = ParseFilter(group.filter);
    ASSERT_THAT(filter, IsOk());
    std::size_t num_held = 0;
    store.catalogue().Visit(ItemIndex{0}, 100, [&](ItemIndex, const Item& item) {
      num_held += Matches(*filter, item) ? 1 : 0;
    });
    EXPECT_EQ(num_held, group.num_items) << group.filter;
  }
  EXPECT_THAT(names, ElementsAre("below 3.00", "3.00 to 5.00", "5.00 to 7.00", "7.00 to 9.00",
                                 "9.00 and more", "other currencies", "no price"));
  EXPECT_EQ(report.tables[1].groups[5].num_items, 3U);
  EXPECT_EQ(report.tables[1].groups[6].num_items, 1U);
}

TEST(FairnessReportTest, ReadsARealStoreAndRefusesWhatMakesNoSense) {
  TemporaryFolder folder;
  FakeClock clock(kStart);
  const auto store = *FeatureStore::Open(folder.path(), {}, LocalFileSystem(), clock);

  EXPECT_THAT(MakeFairnessReport(*store, {.since_us = -1}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  const auto report = MakeFairnessReport(*store, {});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->num_shown, 0U);
  EXPECT_EQ(report->currency, "");
}

}  // namespace
}  // namespace vitrine
