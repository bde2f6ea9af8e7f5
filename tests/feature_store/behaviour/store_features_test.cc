// Behaviour features through the front door, with values that can be checked by hand.

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "testing/fake_clock.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/feature_store/behaviour/registry.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

using testing::FakeClock;
using testing::IsOk;

constexpr Micros kMinute = 60 * kMicrosPerSecond;
constexpr Micros kNow = FakeClock::kStart;

class StoreFeaturesTest : public ::testing::Test {
 protected:
  StoreFeaturesTest() {
    auto store = FeatureStore::Open(folder_.path(), {}, LocalFileSystem(), clock_);
    EXPECT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  static Event Did(EventType type, Micros time_us, const std::string& item = "") {
    Event event{.type = type, .user_id = "ann", .time_us = time_us};
    if (!item.empty()) event.items = {{.item_id = item}};
    return event;
  }

  void Write(Mutation mutation) { EXPECT_THAT(store_->Write(std::move(mutation)), IsOk()); }

  Feature Ann(const std::string& name, Micros now = kNow) {
    return store_->ReadUserFeatures("ann", "", std::vector<std::string>{name}, now).front();
  }
  Feature Of(const std::string& item, const std::string& name) {
    return store_->ReadItemFeatures(item, std::vector<std::string>{name}, kNow).front();
  }

  FakeClock clock_;
  testing::TemporaryFolder folder_;
  std::unique_ptr<FeatureStore> store_;
};

TEST_F(StoreFeaturesTest, OfAnUnknownShopperAllIsMissingWithItsDefault) {
  const auto features = store_->ReadUserFeatures("nobody", "", {}, kNow);

  ASSERT_GE(features.size(), 50U);
  for (const Feature& feature : features) {
    EXPECT_EQ(feature.status, FeatureStatus::kMissing) << feature.name;
    EXPECT_EQ(feature.value, FindFeature(feature.name)->missing) << feature.name;
    EXPECT_EQ(feature.time_us, 0) << feature.name;
  }
  EXPECT_EQ(store_->ReadItemFeatures("nothing", {}, kNow).front().status, FeatureStatus::kMissing);
}

TEST_F(StoreFeaturesTest, NamesComeBackInTheOrderAskedForUnknownOnesToo) {
  Write(RecordEvents{{Did(EventType::kDetailPageView, kNow, "mug")}});

  const std::vector<std::string> names = {"carts", "no_such_feature", "views"};
  const auto features = store_->ReadUserFeatures("ann", "", names, kNow);

  ASSERT_EQ(features.size(), 3U);
  EXPECT_EQ(features[0], (Feature{"carts", std::int64_t{0}, FeatureStatus::kPresent, kNow}));
  EXPECT_EQ(features[1], (Feature{.name = "no_such_feature"}));
  EXPECT_EQ(features[2], (Feature{"views", std::int64_t{1}, FeatureStatus::kPresent, kNow}));
}

TEST_F(StoreFeaturesTest, ALateEventJoinsTwoSessions) {
  Write(RecordEvents{{Did(EventType::kAddToCart, kNow - 60 * kMinute, "mug"),
                      Did(EventType::kPurchaseComplete, kNow - 10 * kMinute, "mug")}});
  EXPECT_EQ(Ann("sessions").value, FeatureValue(std::int64_t{2}));
  EXPECT_EQ(Ann("cart_abandonment_rate").value, FeatureValue(1.0));

  Write(RecordEvents{{Did(EventType::kShoppingCartPageView, kNow - 35 * kMinute)}});

  EXPECT_EQ(Ann("sessions").value, FeatureValue(std::int64_t{1}));
  EXPECT_EQ(Ann("cart_abandonment_rate").value, FeatureValue(0.0));
  EXPECT_EQ(Ann("minutes_to_order").value, FeatureValue(50.0));
  EXPECT_EQ(Ann("typical_order_path").value,
            FeatureValue("add-to-cart > shopping-cart-page-view > purchase-complete"));
}

TEST_F(StoreFeaturesTest, MoneyIsOfOrdersRatherThanOfEvents) {
  Event first = Did(EventType::kPurchaseComplete, kNow - 30 * kMicrosPerDay, "mug");
  first.order_id = "A";
  first.revenue = Money{30'000'000, "EUR"};
  Event second_line = first;
  second_line.items = {{.item_id = "cup"}};
  Event other = Did(EventType::kPurchaseComplete, kNow - 10 * kMicrosPerDay, "cup");
  other.items[0].quantity = 2;
  other.items[0].unit_price = Money{5'000'000, "EUR"};
  Write(RecordEvents{{first, second_line, other}});

  EXPECT_EQ(Ann("orders").value, FeatureValue(std::int64_t{2}));
  EXPECT_EQ(Ann("orders_30d").value, FeatureValue(std::int64_t{1}));  // 30 days ago is out.
  EXPECT_EQ(Ann("revenue").value, FeatureValue(40.0));
  EXPECT_EQ(Ann("average_order_value").value, FeatureValue(20.0));
  EXPECT_EQ(Ann("days_between_orders").value, FeatureValue(20.0));
  EXPECT_EQ(Ann("expected_days_to_next_order").value, FeatureValue(10.0));
  EXPECT_EQ(Ann("orders").time_us, kNow - 10 * kMicrosPerDay);
}

TEST_F(StoreFeaturesTest, CompanionsAreWhatTheSameShoppersTouched) {
  for (const char* user : {"ann", "bob", "eve"}) {
    for (const char* item : {"mug", "cup", "pot"}) {
      Event event = Did(EventType::kDetailPageView, kNow, item);
      event.user_id = user;
      if (std::string(user) == "eve" && std::string(item) == "pot") continue;
      Write(RecordEvents{{event}});
    }
  }

  EXPECT_EQ(Of("mug", "item_co_viewed").value, FeatureValue(WeightedNames{{"cup", 3}, {"pot", 2}}));
  EXPECT_EQ(Of("mug", "item_co_bought").status, FeatureStatus::kMissing);
}

TEST_F(StoreFeaturesTest, ALateEventIsInNoRowOfBeforeItCame) {
  const Micros label = kNow + kMicrosPerDay;
  Write(RecordEvents{{Did(EventType::kDetailPageView, kNow, "mug")}});
  clock_.Set(label + 1);
  Write(RecordEvents{{Did(EventType::kDetailPageView, kNow - kMicrosPerDay, "mug")}});

  const std::vector<FeatureQuestion> questions = {
      {.user_id = "ann", .item_id = "mug", .time_us = label},
      {.user_id = "ann", .item_id = "mug", .time_us = label + 1}};
  const auto rows = store_->FeaturesAsOf(
      questions, {.user_features = {"views"}, .item_features = {"item_views"}});

  ASSERT_THAT(rows, IsOk());
  EXPECT_EQ((*rows)[0].user[0].value, FeatureValue(std::int64_t{1}));
  EXPECT_EQ((*rows)[0].item[0].value, FeatureValue(std::int64_t{1}));
  EXPECT_EQ((*rows)[1].user[0].value, FeatureValue(std::int64_t{2}));
  EXPECT_EQ((*rows)[1].item[0].value, FeatureValue(std::int64_t{2}));
}

TEST_F(StoreFeaturesTest, AVisitorIsNobodysBeforeTheMerge) {
  Event event = Did(EventType::kDetailPageView, kNow, "mug");
  event.user_id = "";
  event.visitor_id = "phone";
  Write(RecordEvents{{event, Did(EventType::kHomePageView, kNow)}});
  clock_.Advance(kMinute);
  Write(MergeUsers{.visitor_id = "phone", .user_id = "ann"});

  const std::vector<FeatureQuestion> questions = {{.user_id = "ann", .time_us = kNow},
                                                  {.user_id = "ann", .time_us = kNow + kMinute}};
  const auto rows = store_->FeaturesAsOf(questions, {.user_features = {"views"}});

  ASSERT_THAT(rows, IsOk());
  EXPECT_EQ((*rows)[0].user[0].value, FeatureValue(std::int64_t{0}));
  EXPECT_EQ((*rows)[1].user[0].value, FeatureValue(std::int64_t{1}));
}

TEST_F(StoreFeaturesTest, PriceAndStockOfTodayAreInNoRow) {
  Write(UpsertItems{{Item{.id = "mug",
                          .title = "a mug",
                          .categories = {"mugs"},
                          .price = Money{9'990'000, "EUR"},
                          .stock = 3}}});
  const std::vector<FeatureQuestion> questions = {{.item_id = "mug", .time_us = kNow}};
  const std::vector<std::string> names = {"item_price", "item_stock", "item_category"};

  const auto rows = store_->FeaturesAsOf(questions, {.item_features = names});

  ASSERT_THAT(rows, IsOk());
  EXPECT_EQ((*rows)[0].item[0].status, FeatureStatus::kMissing);
  EXPECT_EQ((*rows)[0].item[1].status, FeatureStatus::kMissing);
  EXPECT_EQ((*rows)[0].item[2].value, FeatureValue("mugs"));
  EXPECT_EQ(Of("mug", "item_price").value, FeatureValue(9.99));
  EXPECT_EQ(Of("mug", "item_stock").value, FeatureValue(std::int64_t{3}));
}

TEST_F(StoreFeaturesTest, TheVisitUnderWayIsWhatHappenedWithoutALongPause) {
  RecordEvents events;
  events.events = {Did(EventType::kDetailPageView, kNow - 100 * kMinute, "early"),
                   Did(EventType::kDetailPageView, kNow - 60 * kMinute, "mug"),
                   Did(EventType::kAddToCart, kNow - 35 * kMinute, "lamp"),
                   Did(EventType::kHomePageView, kNow - 5 * kMinute)};
  events.events[2].items.push_back({.item_id = "mug"});
  Write(events);
  const auto mug = store_->catalogue().Find("mug");
  const auto lamp = store_->catalogue().Find("lamp");

  EXPECT_THAT(store_->ReadSession("ann", "", kNow),
              ::testing::ElementsAre(
                  SessionEvent{kNow - 60 * kMinute, EventType::kDetailPageView, mug},
                  SessionEvent{kNow - 35 * kMinute, EventType::kAddToCart, lamp},
                  SessionEvent{kNow - 5 * kMinute, EventType::kHomePageView, std::nullopt}));
  EXPECT_THAT(store_->ReadSession("ann", "", kNow - 40 * kMinute), ::testing::SizeIs(1));
  EXPECT_THAT(store_->ReadSession("ann", "", kNow + 26 * kMinute), ::testing::IsEmpty());
  EXPECT_THAT(store_->ReadSession("nobody", "", kNow), ::testing::IsEmpty());
}

TEST_F(StoreFeaturesTest, AVisitIsReadAcrossUserAndVisitorAndWithoutImpressions) {
  Event shown{.type = EventType::kImpression,
              .visitor_id = "v1",
              .time_us = kNow - 2 * kMinute,
              .items = {{.item_id = "mug"}}};
  Event seen{.type = EventType::kDetailPageView,
             .visitor_id = "v1",
             .time_us = kNow - 3 * kMinute,
             .items = {{.item_id = "mug"}}};
  Write(RecordEvents{{shown, seen, Did(EventType::kAddToCart, kNow - kMinute, "mug")}});

  EXPECT_THAT(store_->ReadSession("ann", "v1", kNow), ::testing::SizeIs(2));
  EXPECT_THAT(store_->ReadSession("", "v1", kNow), ::testing::SizeIs(1));
}

}  // namespace
}  // namespace vitrine
