#include "vitrine/insight/placement_report.h"

#include <gmock/gmock.h>

#include <limits>

#include "insight/placement_shop.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using namespace vitrine::testing;  // NOLINT(google-build-using-namespace): the tests' own words.

constexpr std::int64_t kEuro = 1'000'000;

class PlacementReportTest : public PlacementShop {};

TEST_F(PlacementReportTest, FollowsAListFromWhereItWasShownToTheOrder) {
  const std::string token = Token("home", {"i0", "i1", "i2", "i3"});
  const PlacementReport report =
      Tally({WithToken(Shown("ann", 0, {"i0", "i1", "i2", "i3"}), token),
             WithToken(Shown("bob", 0, {"i0", "i1"}), token),
             WithToken(Did(EventType::kRecommendationClick, "ann", kMinute, "i2"), token),
             WithToken(Viewed("bob", kMinute, "i0"), token),
             WithToken(Carted("ann", 2 * kMinute, "i2"), token),
             WithToken(Bought("ann", 3 * kMinute, "i2", 12), token), Viewed("carl", 0, "i1")});

  const PlacementFigures row = Only(report);
  EXPECT_EQ(row.placement, "home");
  EXPECT_EQ(row.model_version, "v1");
  EXPECT_EQ(row.num_impressions, 2U);
  EXPECT_EQ(row.num_explored_impressions, 0U);
  EXPECT_EQ(row.num_shown_items, 6U);
  EXPECT_EQ(row.num_clicks, 2U);
  EXPECT_DOUBLE_EQ(row.ClickThroughRate(), 2.0 / 6);
  EXPECT_EQ(row.num_carts, 1U);
  EXPECT_EQ(row.num_purchases, 1U);
  EXPECT_DOUBLE_EQ(row.ConversionRate(), 0.5);
  EXPECT_DOUBLE_EQ(row.MeanClickPosition(), 2);  // Places 3 and 1.
  EXPECT_THAT(row.revenue, ElementsAre(Pair("EUR", 12 * kEuro)));
  EXPECT_EQ(report.num_events, 7U);
  EXPECT_EQ(report.num_foreign_tokens, 0U);
}

TEST_F(PlacementReportTest, RatesOfNothingAreZero) {
  const PlacementFigures none;
  EXPECT_EQ(none.ClickThroughRate(), 0);
  EXPECT_EQ(none.ConversionRate(), 0);
  EXPECT_EQ(none.MeanClickPosition(), 0);
}

TEST_F(PlacementReportTest, PlacementsAndVersionsAreApartTheMostShownFirst) {
  const PlacementReport report =
      Tally({WithToken(Shown("ann", 0, {"i0"}), Token("home", {"i0"}, "v2")),
             WithToken(Shown("ann", 0, {"i0"}), Token("home", {"i0"}, "v1")),
             WithToken(Shown("ann", 0, {"i0", "i1"}), Token("cart", {"i0", "i1"}, ""))});

  ASSERT_THAT(report.figures, SizeIs(3));
  EXPECT_EQ(report.figures[0].placement, "cart");
  EXPECT_EQ(report.figures[0].model_version, "");
  EXPECT_EQ(report.figures[1].model_version, "v1");
  EXPECT_EQ(report.figures[2].model_version, "v2");
}

TEST_F(PlacementReportTest, OnlyItemsOfTheListCountAndEachOnce) {
  const std::string token = Token("home", {"i0", "i1"});
  Event click = WithToken(Viewed("ann", 0, "i5"), token);
  const PlacementFigures row =
      Only(Tally({WithToken(Shown("ann", 0, {"i0", "i0", "i5", "never heard of"}), token), click,
                  WithToken(Bought("ann", kMinute, "i5", 3), token)}));

  EXPECT_EQ(row.num_impressions, 1U);
  EXPECT_EQ(row.num_shown_items, 1U);
  EXPECT_EQ(row.num_clicks, 0U);
  EXPECT_EQ(row.num_purchases, 0U);
  EXPECT_THAT(row.revenue, IsEmpty());
}

TEST_F(PlacementReportTest, ALaterPagesItemsStandBehindTheFirstOnes) {
  const std::string token = Token("home", {"i0", "i1"}, "v1", 21);
  EXPECT_DOUBLE_EQ(Only(Tally({WithToken(Viewed("ann", 0, "i1"), token)})).MeanClickPosition(), 22);
}

TEST_F(PlacementReportTest, ListsThatWereDrawnAreCounted) {
  const Attribution drawn{.placement = "home", .items = {ItemIndex{0}}, .propensities = {0.25F}};
  const PlacementFigures row =
      Only(Tally({WithToken(Shown("ann", 0, {"i0"}), SealAttribution(store_, drawn)),
                  WithToken(Shown("ann", 0, {"i0"}), Token("home", {"i0"}, ""))}));

  EXPECT_EQ(row.num_impressions, 2U);
  EXPECT_EQ(row.num_explored_impressions, 1U);
}

TEST_F(PlacementReportTest, AForeignTokenIsNoToken) {
  FakeFeatureStore other;
  const std::string token = Token("home", {"i0"});
  const PlacementReport report =
      Tally({WithToken(Viewed("ann", 0, "i0"), "newsletter-7"),
             WithToken(Did(EventType::kSearch, "ann", 0, ""), token.substr(1)),
             WithToken(Bought("ann", 0, "i0", 3), "newsletter-7")});

  EXPECT_EQ(report.num_foreign_tokens, 3U);
  EXPECT_THAT(report.figures, IsEmpty());
}

TEST_F(PlacementReportTest, APurchaseWithoutATokenCountsForTheLastClickOnTheItem) {
  const std::string home = Token("home", {"i0", "i1"});
  const std::string cart = Token("cart", {"i0"});
  const PlacementReport report =
      Tally({WithToken(Viewed("ann", 0, "i0"), home), WithToken(Viewed("ann", kHour, "i0"), cart),
             Viewed("ann", 2 * kHour, "i0"),  // Without a token: no click on a list.
             WithToken(Viewed("bob", kHour, "i1"), home), Carted("ann", 3 * kHour, "i0"),
             Bought("ann", 4 * kHour, "i0", 10),
             Bought("ann", 4 * kHour, "i1", 20),    // Only bob clicked it.
             Bought("bob", 5 * kHour, "i0", 40)});  // Only ann clicked it.

  ASSERT_THAT(report.figures, SizeIs(2));
  const PlacementFigures& at_cart = report.figures[0];  // No impressions: by name.
  EXPECT_EQ(at_cart.placement, "cart");
  EXPECT_EQ(at_cart.num_carts, 1U);
  EXPECT_EQ(at_cart.num_purchases, 1U);
  EXPECT_THAT(at_cart.revenue, ElementsAre(Pair("EUR", 10 * kEuro)));
  EXPECT_EQ(report.figures[1].num_purchases, 0U);
}

TEST_F(PlacementReportTest, AClickCountsForAsManyDaysAsAreAllowed) {
  const std::string token = Token("home", {"i0"});
  const auto num_bought = [&](Micros after, double days) {
    return Only(Tally({WithToken(Viewed("ann", kDay, "i0"), token), Bought("ann", after, "i0", 1)},
                      days))
        .num_purchases;
  };

  EXPECT_EQ(num_bought(8 * kDay, 7), 1U);
  EXPECT_EQ(num_bought(8 * kDay + 1, 7), 0U);
  EXPECT_EQ(num_bought(kDay, 7), 1U);
  EXPECT_EQ(num_bought(kDay - 1, 7), 0U);  // Before the click.
  EXPECT_EQ(num_bought(kDay, 0), 0U);
}

TEST_F(PlacementReportTest, WhatTheTokensListHasNotIsJoinedByItsClicks) {
  const std::string home = Token("home", {"i0"});
  const std::string cart = Token("cart", {"i1"});
  Event order = WithToken(Bought("ann", kHour, "i0", 5), cart);
  order.items.push_back({.item_id = "i1", .unit_price = Money{7 * kEuro, "EUR"}});
  order.items.push_back({.item_id = "i2", .unit_price = Money{9 * kEuro, "EUR"}});

  const PlacementReport report = Tally({WithToken(Viewed("ann", 0, "i0"), home), order});

  EXPECT_THAT(report.figures[0].revenue, ElementsAre(Pair("EUR", 7 * kEuro)));  // cart
  EXPECT_THAT(report.figures[1].revenue, ElementsAre(Pair("EUR", 5 * kEuro)));  // home
}

TEST_F(PlacementReportTest, RevenueIsExactAndCurrenciesAreApart) {
  const std::string token = Token("home", {"i0", "i1", "i2"});
  Event priced = WithToken(Did(EventType::kPurchaseComplete, "ann", 0, ""), token);
  priced.items = {{.item_id = "i0", .quantity = 3, .unit_price = Money{333'333, "EUR"}},
                  {.item_id = "i0", .quantity = 1, .unit_price = Money{1, "EUR"}},
                  {.item_id = "i1", .quantity = 2, .unit_price = Money{5, "USD"}},
                  {.item_id = "i2"}};  // Nobody says what it cost.
  priced.revenue = Money{.micros = 999 * kEuro, .currency = "EUR"};
  Event shared = WithToken(Did(EventType::kPurchaseComplete, "ann", kDay, ""), token);
  shared.items = {{.item_id = "i0"}, {.item_id = "i1"}, {.item_id = "i2"}};
  shared.revenue = Money{.micros = 100, .currency = "GBP"};

  const PlacementFigures row = Only(Tally({priced, shared}));

  EXPECT_EQ(row.num_purchases, 6U);
  EXPECT_THAT(row.revenue, ElementsAre(Pair("EUR", 1'000'000), Pair("GBP", 100), Pair("USD", 10)));
}

TEST_F(PlacementReportTest, AnOrdersRevenueIsSharedByPieces) {
  Event order = Did(EventType::kPurchaseComplete, "ann", 0, "");
  order.items = {{.item_id = "i0", .quantity = 1}, {.item_id = "i9", .quantity = 3}};
  order.revenue = Money{.micros = std::numeric_limits<std::int64_t>::max(), .currency = "EUR"};

  const PlacementFigures row = Only(Tally({WithToken(order, Token("home", {"i0"}))}));

  EXPECT_THAT(row.revenue, ElementsAre(Pair("EUR", std::numeric_limits<std::int64_t>::max() / 4)));
}

TEST_F(PlacementReportTest, ReturnsAreNotTakenOff) {
  const std::string token = Token("home", {"i0"});
  Event back = WithToken(Bought("ann", kDay, "i0", 5), token);
  back.type = EventType::kReturnComplete;

  const PlacementFigures row = Only(Tally({WithToken(Bought("ann", 0, "i0", 5), token), back}));

  EXPECT_EQ(row.num_purchases, 1U);
  EXPECT_THAT(row.revenue, ElementsAre(Pair("EUR", 5 * kEuro)));
}

TEST_F(PlacementReportTest, OldClicksAreForgottenAndNoneThatCounts) {
  const std::string token = Token("home", {"i0"});
  PlacementTally tally(store_, {.attribution_days = 1});
  std::size_t most = 0;
  for (int i = 0; i < 40'000; ++i) {
    // Forty days, a thousand clicks a day, each bought a day later: those of eight days are kept.
    const Micros after = i * (kDay / 1000);
    tally.Add(WithToken(Viewed(absl::StrFormat("u%d", i), after, "i0"), token));
    if (i >= 1000) tally.Add(Bought(absl::StrFormat("u%d", i - 1000), after, "i0", 1));
    most = std::max(most, tally.num_open_clicks());
  }

  EXPECT_LE(most, 16'002U);
  EXPECT_GE(tally.num_open_clicks(), 8'000U);
  EXPECT_EQ(Only(tally.Finish()).num_purchases, 39'000U);
}

TEST_F(PlacementReportTest, TheTableSaysAllOrHowToGetIt) {
  const std::string empty = PlacementReportText(Tally({Viewed("ann", 0, "i0")}), 100);
  EXPECT_THAT(empty, HasSubstr("1 events, 0 of them with a foreign token"));
  EXPECT_THAT(empty, HasSubstr("attribution_token"));

  const std::string token = Token("home", {"i0"}, "");
  const std::string text =
      PlacementReportText(Tally({WithToken(Shown("ann", 0, {"i0"}), token),
                                 WithToken(Bought("ann", 0, "i0", 1234), token)}),
                          120);
  EXPECT_THAT(text, HasSubstr("home"));
  EXPECT_THAT(text, HasSubstr("none"));
  EXPECT_THAT(text, HasSubstr("1,234.00 EUR"));
  EXPECT_THAT(text, Not(HasSubstr("hand the")));
}

class StoredPlacementReportTest : public ::testing::Test {
 protected:
  StoredPlacementReportTest()
      : store_(FeatureStore::Open(folder_ / "store", {}, LocalFileSystem(), clock_).value()) {
    EXPECT_THAT(store_->Write(UpsertItems{{{.id = "mug"}}}), IsOk());
    token_ = SealAttribution(*store_, {.placement = "home", .items = {ItemIndex{0}}});
  }

  void Record(const std::vector<Event>& events) {
    EXPECT_THAT(store_->Write(RecordEvents{events}), IsOk());
  }

  PlacementReport Report(const PlacementReportOptions& options = {}) const {
    const auto report = MakePlacementReport(*store_, options);
    EXPECT_THAT(report, IsOk());
    return report.ok() ? *report : PlacementReport();
  }

  TemporaryFolder folder_;
  FakeClock clock_;
  std::unique_ptr<FeatureStore> store_;
  std::string token_;
};

TEST_F(StoredPlacementReportTest, OnlyEventsOfTheTimeAskedForCount) {
  for (int day = 0; day < 4; ++day) {
    Record({WithToken(Viewed("ann", (day - 10) * kDay, "mug"), token_)});
  }

  const PlacementReport report =
      Report({.since_us = kStart - 9 * kDay, .until_us = kStart - 7 * kDay});

  EXPECT_EQ(report.num_events, 2U);
  EXPECT_EQ(report.figures.at(0).num_clicks, 2U);
}

TEST_F(StoredPlacementReportTest, AVisitorMergedIntoAUserIsOneShopper) {
  Event click = WithToken(Viewed("", -kDay, "mug"), token_);
  click.visitor_id = "browser-7";
  Event order = Bought("ann", -kHour, "mug", 5);
  Record({click, order});
  EXPECT_EQ(Report().figures.at(0).num_purchases, 0U);

  ASSERT_THAT(store_->Write(MergeUsers{.visitor_id = "browser-7", .user_id = "ann"}), IsOk());

  EXPECT_EQ(Report().figures.at(0).num_purchases, 1U);
}

TEST_F(StoredPlacementReportTest, AnErasedShopperIsGoneFromIt) {
  Record({WithToken(Viewed("ann", -kDay, "mug"), token_),
          WithToken(Viewed("bob", -kDay, "mug"), token_)});
  EXPECT_EQ(Report().figures.at(0).num_clicks, 2U);

  ASSERT_THAT(store_->Write(EraseUser{.user_id = "ann"}), IsOk());

  EXPECT_EQ(Report().figures.at(0).num_clicks, 1U);
}

TEST_F(StoredPlacementReportTest, WhatMakesNoSenseIsRefused) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  for (const double days : {-1.0, 90.1, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THAT(MakePlacementReport(*store_, {.attribution_days = days}), StatusIs(kInvalid));
  }
  EXPECT_THAT(MakePlacementReport(*store_, {.since_us = 2, .until_us = 2}), StatusIs(kInvalid));
  EXPECT_THAT(MakePlacementReport(*store_, {.is_cancelled = [] { return true; }}),
              StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace vitrine
