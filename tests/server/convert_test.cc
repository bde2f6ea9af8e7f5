#include "vitrine/server/convert.h"

#include <gmock/gmock.h>

#include "testing/fake_clock.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using testing::FakeClock;
using ::testing::IsEmpty;

constexpr Micros kNow = FakeClock::kStart;

std::vector<std::string> Fields(const std::vector<FieldViolation>& violations) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : violations) fields.push_back(violation.field);
  return fields;
}

Event FullEvent() {
  return {.event_id = "e1",
          .type = EventType::kPurchaseComplete,
          .user_id = "ann",
          .visitor_id = "browser-7",
          .session_id = "s1",
          .time_us = kNow - 5,
          .items = {{.item_id = "mug", .quantity = 2, .unit_price = Money{9'990'000, "EUR"}},
                    {.item_id = "tea", .quantity = 1}},
          .search_query = "mug",
          .page_categories = {"Home > Kitchen"},
          .order_id = "o1",
          .revenue = Money{19'980'000, "EUR"},
          .placement = "home",
          .attribution_token = "abc"};
}

Item FullItem() {
  return {.id = "mug-red",
          .primary_item_id = "mug",
          .title = "Red mug",
          .description = "茶杯",
          .categories = {"Home > Kitchen", "Gifts"},
          .brand = "Acme",
          .price = Money{9'990'000, "EUR"},
          .availability = Availability::kPreorder,
          .stock = 0,
          .tags = {"red"},
          .image_uris = {"https://shop.example/mug.jpg"},
          .attributes = {{"volume", 0.3}, {"material", std::string("clay")}},
          .publish_time_us = kNow};
}

TEST(ConvertTest, AnEventSurvivesTheWayThereAndBack) {
  const Converted<Event> back = FromProto(ToProto(FullEvent()), kNow);

  EXPECT_THAT(back.violations, IsEmpty());
  EXPECT_EQ(back.value, FullEvent());
}

TEST(ConvertTest, ARatingOfZeroIsNotAMissingOne) {
  const Event event{
      .type = EventType::kRate, .user_id = "ann", .items = {{.item_id = "mug"}}, .rating = 0.0};

  EXPECT_EQ(FromProto(ToProto(event), kNow).value.rating, 0.0);
}

class EventTypeTest : public ::testing::TestWithParam<int> {};

// The API writes EVENT_TYPE_DETAIL_PAGE_VIEW what the importer calls detail-page-view.
TEST_P(EventTypeTest, HasTheSameNumberAndNameOnTheWire) {
  const auto type = static_cast<EventType>(GetParam());
  std::string name = "EVENT_TYPE_" + std::string(Name(type));
  for (char& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));

  EXPECT_EQ(v1::EventType_Name(GetParam()), name);
  EXPECT_EQ(FromProto(ToProto(Event{.type = type}), kNow).value.type, type);
}

INSTANTIATE_TEST_SUITE_P(EveryType, EventTypeTest,
                         ::testing::Range(1, static_cast<int>(kNumEventTypes)));

TEST(ConvertTest, EveryTypeOnTheWireIsKnownToTheStore) {
  EXPECT_EQ(v1::EventType_ARRAYSIZE, static_cast<int>(kNumEventTypes));
}

TEST(ConvertTest, AQuantityThatIsNotToldIsOne) {
  v1::Event message = ToProto(FullEvent());
  message.mutable_items(0)->clear_quantity();

  EXPECT_EQ(FromProto(message, kNow).value.items[0].quantity, 1U);
}

TEST(ConvertTest, ANegativeQuantityIsAViolationAtItsPath) {
  v1::Event message = ToProto(FullEvent());
  message.mutable_items(1)->set_quantity(-1);

  EXPECT_THAT(Fields(FromProto(message, kNow).violations), Contains("items[1].quantity"));
}

TEST(ConvertTest, TheRulesOfTheStoreHoldOnTheWire) {
  v1::Event message = ToProto(FullEvent());
  message.clear_items();
  message.mutable_event_time()->set_seconds(kNow / kMicrosPerSecond + 3 * 86'400);

  const auto fields = Fields(FromProto(message, kNow).violations);

  EXPECT_THAT(fields, Contains("items"));
  EXPECT_THAT(fields, Contains("event_time"));
}

TEST(ConvertTest, ATypeThatNobodyKnowsIsAViolation) {
  v1::Event message = ToProto(FullEvent());
  message.set_type(static_cast<v1::EventType>(256 + 3));  // 3 is a type: it must not be cut to it.

  EXPECT_THAT(Fields(FromProto(message, kNow).violations), Contains("type"));
}

TEST(ConvertTest, AnItemSurvivesTheWayThereAndBack) {
  const Converted<Item> back = FromProto(ToProto(FullItem()));

  EXPECT_THAT(back.violations, IsEmpty());
  EXPECT_EQ(back.value, FullItem());
}

TEST(ConvertTest, AnItemWhoseAvailabilityIsNotToldIsInStock) {
  v1::Item message = ToProto(FullItem());
  message.clear_availability();

  EXPECT_EQ(FromProto(message).value.availability, Availability::kInStock);
}

TEST(ConvertTest, AnAvailabilityThatNobodyKnowsIsAViolation) {
  v1::Item message = ToProto(FullItem());
  message.set_availability(static_cast<v1::Availability>(9));

  EXPECT_THAT(Fields(FromProto(message).violations), Contains("availability"));
}

TEST(ConvertTest, AnItemWithoutAnIdIsAViolation) {
  v1::Item message = ToProto(FullItem());
  message.clear_item_id();

  EXPECT_THAT(Fields(FromProto(message).violations), Contains("item_id"));
}

TEST(ConvertTest, AUserSurvivesTheWayThereAndBack) {
  const User user{.id = "ann", .attributes = {{"country", std::string("DE")}, {"age", 30.0}}};

  EXPECT_EQ(FromProto(ToProto(user)).value, user);
}

TEST(ConvertTest, AnInventoryChangesOnlyWhatItSets) {
  v1::Inventory message;
  message.set_item_id("mug");
  message.set_stock(0);

  const auto change = FromProto(message);

  EXPECT_THAT(change.violations, IsEmpty());
  EXPECT_EQ(change.value.stock, 0);
  EXPECT_EQ(change.value.price, std::nullopt);
  EXPECT_EQ(change.value.availability, std::nullopt);
}

TEST(ConvertTest, AnInventoryThatChangesNothingOrBreaksARuleIsAViolation) {
  v1::Inventory nothing;
  nothing.set_item_id("mug");
  EXPECT_THAT(Fields(FromProto(nothing).violations), Contains("item_id"));

  v1::Inventory bad;
  bad.set_stock(-1);
  bad.mutable_price()->set_micros(1);
  const auto fields = Fields(FromProto(bad).violations);
  EXPECT_THAT(fields, Contains("item_id"));
  EXPECT_THAT(fields, Contains("stock"));
  EXPECT_THAT(fields, Contains("price.currency_code"));
}

}  // namespace
}  // namespace vitrine
