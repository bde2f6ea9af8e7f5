#include "vitrine/feature_store/event.h"

#include <gmock/gmock.h>

#include "vitrine/feature_store/item.h"

namespace vitrine {
namespace {

TEST(EventTypeTest, EveryTypeHasANameThatParsesBack) {
  for (int number = 1; number < static_cast<int>(kNumEventTypes); ++number) {
    const auto type = static_cast<EventType>(number);

    EXPECT_FALSE(Name(type).empty()) << number;
    EXPECT_EQ(ParseEventType(Name(type)), type);
  }
}

TEST(EventTypeTest, UnknownNamesAndNumbersAreNothing) {
  EXPECT_EQ(ParseEventType("detail-page-views"), std::nullopt);
  EXPECT_EQ(ParseEventType(""), std::nullopt);
  EXPECT_EQ(Name(EventType{}), "");
  EXPECT_EQ(Name(static_cast<EventType>(200)), "");
}

TEST(EventWeightsTest, ARatingCountsByItsDistanceFromTheMiddle) {
  const EventWeights weights;

  EXPECT_FLOAT_EQ(weights.Of(EventType::kRate, 5), 4);
  EXPECT_FLOAT_EQ(weights.Of(EventType::kRate, 2.5), 0);
  EXPECT_FLOAT_EQ(weights.Of(EventType::kRate, 0), -4);
}

TEST(EventWeightsTest, EveryRatingIsAnInteractionAndAnImpressionIsNone) {
  EventWeights weights;

  EXPECT_TRUE(weights.AreInteractions(EventType::kRate));
  EXPECT_FALSE(weights.AreInteractions(EventType::kImpression));
  EXPECT_FALSE(weights.AreInteractions(static_cast<EventType>(200)));

  weights.by_type[static_cast<std::size_t>(EventType::kRate)] = 0;
  EXPECT_FALSE(weights.AreInteractions(EventType::kRate));
}

TEST(EventWeightsTest, TheQuantityDoesNotCount) {
  const EventWeights weights;

  EXPECT_FLOAT_EQ(weights.Of(EventType::kPurchaseComplete, 12), 5);
  EXPECT_FLOAT_EQ(weights.Of(EventType::kImpression, 1), 0);
  EXPECT_FLOAT_EQ(weights.Of(EventType{}, 1), 0);
}

TEST(IsServableTest, WantsAPublishedItemThatCanBeHad) {
  Item item{.id = "mug"};
  EXPECT_TRUE(IsServable(item, 100));

  item.publish_time_us = 101;
  EXPECT_FALSE(IsServable(item, 100));
  EXPECT_TRUE(IsServable(item, 101));
}

TEST(IsServableTest, NoPiecesLeftMeansOutOfStockUnlessOrdersAreTaken) {
  Item item{.id = "mug", .stock = 0};
  EXPECT_FALSE(IsServable(item, 0));

  item.stock = 1;
  EXPECT_TRUE(IsServable(item, 0));

  item.stock = 0;
  item.availability = Availability::kBackorder;
  EXPECT_TRUE(IsServable(item, 0));
  item.availability = Availability::kPreorder;
  EXPECT_TRUE(IsServable(item, 0));
  item.availability = Availability::kOutOfStock;
  EXPECT_FALSE(IsServable(item, 0));
}

}  // namespace
}  // namespace vitrine
