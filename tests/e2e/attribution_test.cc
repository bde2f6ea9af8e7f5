// From a list to the figures of its placement, over the wire.

#include <gmock/gmock.h>

#include <cmath>
#include <string>
#include <vector>

#include "e2e/shop.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words.
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class AttributionOverTheWireTest : public ::testing::Test {
 protected:
  AttributionOverTheWireTest() {
    shop_.Serve();
    EXPECT_THAT(client_->UpsertItems(MakeItems(10)), IsOk());
    // The more often bought, the more popular: item-009 first, no model needed.
    v1::RecordEventsRequest sales;
    for (int i = 0; i < 10; ++i) {
      for (int n = 0; n <= i; ++n) {
        *sales.add_events() =
            MakeEvent(v1::EVENT_TYPE_PURCHASE_COMPLETE, absl::StrFormat("earlier-%d-%d", i, n),
                      absl::StrFormat("item-%03d", i));
      }
    }
    EXPECT_THAT(client_->RecordEvents(sales), IsOk());
  }

  v1::RecommendItemsResponse Recommend(const v1::RecommendItemsRequest& request) {
    const auto response = client_->RecommendItems(request);
    EXPECT_THAT(response, IsOk());
    return response.ok() ? *response : v1::RecommendItemsResponse();
  }

  v1::GetPlacementReportResponse Report(const v1::GetPlacementReportRequest& request = {}) {
    const auto response = client_->GetPlacementReport(request);
    EXPECT_THAT(response, IsOk());
    return response.ok() ? *response : v1::GetPlacementReportResponse();
  }

  static v1::Event With(const v1::RecommendItemsResponse& list, v1::Event event) {
    event.set_attribution_token(list.attribution_token());
    return event;
  }

  static v1::Event ImpressionOf(const v1::RecommendItemsResponse& list, const std::string& user) {
    v1::Event event = MakeEvent(v1::EVENT_TYPE_IMPRESSION, user, list.items(0).item_id());
    for (int i = 1; i < list.items_size(); ++i) {
      event.add_items()->set_item_id(list.items(i).item_id());
    }
    return With(list, event);
  }

  static v1::Event Order(const std::string& user, const std::string& item, int euros) {
    v1::Event event = MakeEvent(v1::EVENT_TYPE_PURCHASE_COMPLETE, user, item);
    v1::Money& price = *event.mutable_items(0)->mutable_price();
    price.set_currency_code("EUR");
    price.set_micros(euros * 1'000'000LL);
    return event;
  }

  // Ann is shown four, clicks the second, buys it; bob is shown them and clicks, and buys later
  // without a token.
  void GoShopping() {
    const v1::RecommendItemsResponse ann = Recommend(For("ann", 4));
    const v1::RecommendItemsResponse bob = Recommend(For("bob", 4));
    ASSERT_EQ(ann.items_size(), 4);
    const std::string second = ann.items(1).item_id();
    const std::string third = bob.items(2).item_id();
    ASSERT_THAT(client_->RecordEvents(
                    Batch({ImpressionOf(ann, "ann"), ImpressionOf(bob, "bob"),
                           With(ann, MakeEvent(v1::EVENT_TYPE_RECOMMENDATION_CLICK, "ann", second)),
                           With(bob, MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, "bob", third)),
                           With(ann, MakeEvent(v1::EVENT_TYPE_ADD_TO_CART, "ann", second)),
                           With(ann, Order("ann", second, 12)), Order("bob", third, 30),
                           Order("carl", third, 99)})),
                IsOk());
  }

  Shop shop_{ServerOptions{.min_group = 1}};
  std::unique_ptr<Client> client_ = shop_.Connect();
};

TEST_F(AttributionOverTheWireTest, TheReportHasWhatCameOfTheLists) {
  GoShopping();

  const v1::GetPlacementReportResponse report = Report();

  EXPECT_EQ(report.event_count(), 55 + 8);
  EXPECT_EQ(report.foreign_token_count(), 0);
  ASSERT_EQ(report.figures_size(), 1);
  const v1::PlacementFigures& row = report.figures(0);
  EXPECT_EQ(row.placement(), "recommended-for-you");
  EXPECT_EQ(row.model_version(), "");
  EXPECT_EQ(row.impression_count(), 2);
  EXPECT_EQ(row.explored_impression_count(), 0);
  EXPECT_EQ(row.shown_item_count(), 8);
  EXPECT_EQ(row.click_count(), 2);
  EXPECT_DOUBLE_EQ(row.click_through_rate(), 0.25);
  EXPECT_EQ(row.cart_count(), 1);
  EXPECT_EQ(row.purchase_count(), 2);
  EXPECT_DOUBLE_EQ(row.conversion_rate(), 1);
  EXPECT_DOUBLE_EQ(row.mean_click_position(), 2.5);
  ASSERT_EQ(row.revenue_size(), 1);
  EXPECT_EQ(row.revenue(0).currency_code(), "EUR");
  EXPECT_EQ(row.revenue(0).micros(), 42'000'000);
}

TEST_F(AttributionOverTheWireTest, OnlyTokensCountWhereNoDaysAreAllowed) {
  GoShopping();
  v1::GetPlacementReportRequest request;
  request.set_attribution_days(0);

  EXPECT_EQ(Report(request).figures(0).purchase_count(), 1);
}

TEST_F(AttributionOverTheWireTest, AnErasedShopperIsGone) {
  GoShopping();
  v1::EraseUserRequest erase;
  erase.set_user_id("ann");

  ASSERT_THAT(client_->EraseUser(erase), IsOk());

  const v1::GetPlacementReportResponse report = Report();
  ASSERT_EQ(report.figures_size(), 1);
  EXPECT_EQ(report.figures(0).impression_count(), 1);
  EXPECT_EQ(report.figures(0).revenue(0).micros(), 30'000'000);
}

TEST_F(AttributionOverTheWireTest, TokensOutliveARestartOfTheServer) {
  const v1::RecommendItemsResponse list = Recommend(For("ann", 4));
  shop_.Restart();
  client_ = shop_.Connect();

  ASSERT_THAT(client_->RecordEvents(Batch({ImpressionOf(list, "ann")})), IsOk());

  EXPECT_EQ(Report().figures(0).shown_item_count(), 4);
}

TEST_F(AttributionOverTheWireTest, RowsAndPagesHaveTheirOwnTokens) {
  v1::BatchRecommendItemsRequest rows;
  *rows.add_rows() = For("ann", 2);
  *rows.add_rows() = For("ann", 2);
  const auto response = client_->BatchRecommendItems(rows);
  ASSERT_THAT(response, IsOk());
  EXPECT_THAT(response->rows(0).attribution_token(), Not(IsEmpty()));
  EXPECT_NE(response->rows(0).attribution_token(), response->rows(1).attribution_token());

  v1::RecommendItemsRequest request = For("ann", 2);
  request.set_page_token(Recommend(request).next_page_token());
  const v1::RecommendItemsResponse second = Recommend(request);
  ASSERT_THAT(
      client_->RecordEvents(Batch({With(second, MakeEvent(v1::EVENT_TYPE_RECOMMENDATION_CLICK,
                                                          "ann", second.items(1).item_id()))})),
      IsOk());
  EXPECT_DOUBLE_EQ(Report().figures(0).mean_click_position(), 4);
}

TEST_F(AttributionOverTheWireTest, ListsThatWereDrawnAreCountedApart) {
  v1::RecommendItemsRequest request = For("ann", 4);
  request.mutable_exploration()->set_temperature(0.5);
  const v1::RecommendItemsResponse drawn = Recommend(request);
  EXPECT_EQ(drawn.items(0).propensity(), 1);  // No model: what is popular is not drawn.

  ASSERT_THAT(client_->RecordEvents(Batch(
                  {ImpressionOf(drawn, "ann"), ImpressionOf(Recommend(For("bob", 4)), "bob")})),
              IsOk());

  EXPECT_EQ(Report().figures(0).impression_count(), 2);
  EXPECT_EQ(Report().figures(0).explored_impression_count(), 1);
}

TEST_F(AttributionOverTheWireTest, AForeignTokenIsCountedAndNoMore) {
  v1::Event event = MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, "ann", "item-001");
  event.set_attribution_token("newsletter-7");
  ASSERT_THAT(client_->RecordEvents(Batch({event})), IsOk());

  const v1::GetPlacementReportResponse report = Report();

  EXPECT_EQ(report.foreign_token_count(), 1);
  EXPECT_EQ(report.figures_size(), 0);
}

TEST_F(AttributionOverTheWireTest, OnlyTheTimeAskedForCounts) {
  GoShopping();
  v1::GetPlacementReportRequest request;
  request.mutable_end_time()->set_seconds(1'000'000'000);

  EXPECT_EQ(Report(request).event_count(), 0);

  request.mutable_start_time()->set_seconds(1'000'000'000);
  request.set_attribution_days(91);
  const auto refused = client_->GetPlacementReport(request);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("end_time"));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("attribution_days"));
}

}  // namespace
}  // namespace vitrine
