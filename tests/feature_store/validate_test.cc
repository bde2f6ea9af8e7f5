#include "vitrine/feature_store/validate.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "testing/status_matchers.h"
#include "vitrine/feature_store/behaviour/registry.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

constexpr Micros kNow = 1'000 * kMicrosPerDay;

std::vector<std::string> Fields(const std::vector<FieldViolation>& violations) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : violations) fields.push_back(violation.field);
  return fields;
}

Event MakeEvent(EventType type, std::size_t num_items) {
  Event event{.type = type, .user_id = "ann", .time_us = kNow};
  for (std::size_t i = 0; i < num_items; ++i) {
    event.items.push_back({.item_id = "item-" + std::to_string(i)});
  }
  if (type == EventType::kRate) event.rating = 4;
  if (type == EventType::kSearch) event.search_query = "mug";
  if (type == EventType::kCategoryPageView) event.page_categories = {"Home > Kitchen"};
  return event;
}

struct ItemCount {
  EventType type{};
  std::size_t least = 0;
  std::size_t most = kMaxEventItems;
};

class ItemCountTest : public ::testing::TestWithParam<ItemCount> {};

TEST_P(ItemCountTest, IsHeldFromBothSides) {
  const ItemCount& rule = GetParam();

  EXPECT_THAT(Validate(MakeEvent(rule.type, rule.least), kNow), IsEmpty());
  EXPECT_THAT(Validate(MakeEvent(rule.type, rule.most), kNow), IsEmpty());
  EXPECT_THAT(Fields(Validate(MakeEvent(rule.type, rule.most + 1), kNow)), ElementsAre("items"));
  if (rule.least > 0) {
    EXPECT_THAT(Fields(Validate(MakeEvent(rule.type, rule.least - 1), kNow)), ElementsAre("items"));
  }
}

INSTANTIATE_TEST_SUITE_P(
    AllTypes, ItemCountTest,
    ::testing::Values(
        ItemCount{EventType::kHomePageView, 0, 0}, ItemCount{EventType::kCategoryPageView},
        ItemCount{EventType::kDetailPageView, 1, 1}, ItemCount{EventType::kSearch},
        ItemCount{EventType::kAddToCart, 1}, ItemCount{EventType::kRemoveFromCart, 1},
        ItemCount{EventType::kShoppingCartPageView}, ItemCount{EventType::kPurchaseComplete, 1},
        ItemCount{EventType::kImpression, 1}, ItemCount{EventType::kRecommendationClick, 1, 1},
        ItemCount{EventType::kRate, 1, 1}, ItemCount{EventType::kNotInterested, 1},
        ItemCount{EventType::kReturnComplete, 1}));

TEST(ValidateEventTest, AnUnknownTypeIsRefused) {
  EXPECT_THAT(Fields(Validate(MakeEvent(EventType{}, 1), kNow)), ElementsAre("type"));
  EXPECT_THAT(Fields(Validate(MakeEvent(static_cast<EventType>(14), 1), kNow)),
              ElementsAre("type"));
}

TEST(ValidateEventTest, ACategoryViewNamesItsCategory) {
  Event event = MakeEvent(EventType::kCategoryPageView, 0);
  event.page_categories.clear();

  EXPECT_THAT(Fields(Validate(event, kNow)), ElementsAre("categories"));
}

TEST(ValidateEventTest, ASearchHasAQueryOrACategory) {
  Event event = MakeEvent(EventType::kSearch, 0);
  event.search_query.clear();
  EXPECT_THAT(Fields(Validate(event, kNow)), ElementsAre("search_query"));

  event.page_categories = {"Home"};
  EXPECT_THAT(Validate(event, kNow), IsEmpty());
}

TEST(ValidateEventTest, OnlyARatingHasARatingFromZeroToFive) {
  Event rate = MakeEvent(EventType::kRate, 1);
  for (const double good : {0.0, 2.5, 5.0}) {
    rate.rating = good;
    EXPECT_THAT(Validate(rate, kNow), IsEmpty()) << good;
  }
  for (const double bad : {-0.1, 5.1, std::nan("")}) {
    rate.rating = bad;
    EXPECT_THAT(Fields(Validate(rate, kNow)), ElementsAre("rating")) << bad;
  }
  rate.rating.reset();
  EXPECT_THAT(Fields(Validate(rate, kNow)), ElementsAre("rating"));

  Event view = MakeEvent(EventType::kDetailPageView, 1);
  view.rating = 3;
  EXPECT_THAT(Fields(Validate(view, kNow)), ElementsAre("rating"));
}

TEST(ValidateEventTest, ItNeedsAShopper) {
  Event event = MakeEvent(EventType::kDetailPageView, 1);
  event.user_id.clear();
  EXPECT_THAT(Fields(Validate(event, kNow)), ElementsAre("user_id"));

  event.visitor_id = "v-1";
  EXPECT_THAT(Validate(event, kNow), IsEmpty());
}

TEST(ValidateEventTest, MoreThanADayAheadIsRefused) {
  Event event = MakeEvent(EventType::kDetailPageView, 1);
  event.time_us = kNow + kMicrosPerDay;
  EXPECT_THAT(Validate(event, kNow), IsEmpty());

  event.time_us += 1;
  EXPECT_THAT(Fields(Validate(event, kNow)), ElementsAre("event_time"));
  event.time_us = -1;
  EXPECT_THAT(Fields(Validate(event, kNow)), ElementsAre("event_time"));
  event.time_us = 0;
  EXPECT_THAT(Validate(event, kNow), IsEmpty());
}

TEST(ValidateEventTest, AnyPastIsFine) {
  Event event = MakeEvent(EventType::kDetailPageView, 1);
  event.time_us = 1;

  EXPECT_THAT(Validate(event, kNow), IsEmpty());
}

TEST(ValidateEventTest, QuantitiesAndPricesOfEveryItemAreChecked) {
  Event event = MakeEvent(EventType::kPurchaseComplete, 4);
  event.items[0].quantity = 0;
  event.items[1].quantity = 1'000'001;
  event.items[2].item_id = "";
  event.items[3].unit_price = Money{-1, "eur"};
  event.revenue = Money{5, "EURO"};

  EXPECT_THAT(Fields(Validate(event, kNow)),
              ElementsAre("items[0].quantity", "items[1].quantity", "items[2].item_id",
                          "items[3].price.currency_code", "items[3].price.micros",
                          "revenue.currency_code"));
}

struct BadId {
  std::string id;
  std::string complaint;
};

class BadIdTest : public ::testing::TestWithParam<BadId> {};

TEST_P(BadIdTest, IsRefusedWithTheReason) {
  Event event = MakeEvent(EventType::kDetailPageView, 1);
  event.user_id = GetParam().id;

  const auto violations = Validate(event, kNow);

  ASSERT_THAT(Fields(violations), ElementsAre("user_id"));
  EXPECT_THAT(violations[0].description, HasSubstr(GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(
    Characters, BadIdTest,
    ::testing::Values(BadId{"a\nb", "control character U+000A at byte 1"},
                      BadId{std::string("a\0b", 3), "control character U+0000"},
                      BadId{"\x7F", "control character U+007F"},
                      BadId{"\xC2\x85", "control character U+0085"},
                      BadId{"ab\xFF", "not UTF-8 at byte 2"},
                      BadId{"\xC0\xAF", "not UTF-8"},          // Overlong.
                      BadId{"\xED\xA0\x80", "not UTF-8"},      // A surrogate.
                      BadId{"\xF4\x90\x80\x80", "not UTF-8"},  // Beyond U+10FFFF.
                      BadId{"\xE6\x9D", "not UTF-8"},          // Cut short.
                      BadId{std::string(257, 'x'), "257 bytes, wants at most 256"}));

TEST(ValidateEventTest, IdsMayBeAnyScript) {
  Event event = MakeEvent(EventType::kDetailPageView, 1);
  event.user_id = "用户 1 🛒";
  event.items[0].item_id = std::string(256, 'x');

  EXPECT_THAT(Validate(event, kNow), IsEmpty());
}

TEST(ValidateItemTest, AFullItemPasses) {
  const Item item{.id = "mug-1",
                  .primary_item_id = "mug",
                  .title = "茶杯",
                  .description = "Line one\nline two",
                  .categories = {"Home > Kitchen"},
                  .brand = "Acme",
                  .price = Money{9'990'000, "EUR"},
                  .stock = 0,
                  .tags = {"vegan"},
                  .image_uris = {"https://example.com/1.jpg"},
                  .attributes = {{"colour", "red"}, {"ml", 250.0}}};

  EXPECT_THAT(Validate(item), IsEmpty());
}

TEST(ValidateItemTest, EveryLimitIsHeld) {
  const Item item{.id = "",
                  .description = std::string(kMaxTextBytes + 1, 'x'),
                  .categories = std::vector<std::string>(kMaxCategories + 1, "a"),
                  .availability = static_cast<Availability>(9),
                  .stock = -1,
                  .tags = {""},
                  .attributes = {{"", 1.0}, {"ml", std::numeric_limits<double>::infinity()}}};

  EXPECT_THAT(Fields(Validate(item)),
              ElementsAre("item_id", "description", "categories", "availability", "stock",
                          "tags[0]", "attributes.name", "attributes.ml"));
}

TEST(ValidateUserTest, WantsAnIdAndFiniteAttributes) {
  EXPECT_THAT(Validate(User{.id = "ann", .attributes = {{"age", 40.0}}}), IsEmpty());

  EXPECT_THAT(Fields(Validate(User{.attributes = {{"age", std::nan("")}}})),
              ElementsAre("user_id", "attributes.age"));
}

TEST(ValidateUserTest, AttributesAreLimitedInNumber) {
  User user{.id = "ann"};
  for (std::size_t i = 0; i <= kMaxAttributes; ++i) user.attributes.emplace(std::to_string(i), 1.0);

  EXPECT_THAT(Fields(Validate(user)), ElementsAre("attributes"));
}

TEST(ToStatusTest, ListsTheFirstViolationsAndCountsTheRest) {
  EXPECT_THAT(ToStatus({}), IsOk());

  const absl::Status status =
      ToStatus(std::vector<FieldViolation>(12, {"items[0].quantity", "is 0, wants 1 to 5"}));

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(status.message()), HasSubstr("items[0].quantity is 0, wants 1 to 5; "));
  EXPECT_THAT(std::string(status.message()), HasSubstr("and 2 more"));
}

FeatureSpec MakeDefinition(FeatureType type = FeatureType::kNumber) {
  return {.name = "risk_7d", .entity = FeatureEntity::kUser, .type = type};
}

PutFeatures::Value MakePut(FeatureType type, FeatureValue value) {
  return {.entity = FeatureEntity::kItem,
          .id = "mug",
          .name = "shelf",
          .type = type,
          .value = std::move(value)};
}

TEST(ValidateFeatureTest, ANameIsLowerCaseLettersDigitsAndUnderscores) {
  EXPECT_THAT(Validate(MakeDefinition()), IsEmpty());
  for (const std::string name :
       {"", "Risk", "7d", "_risk", "risk-7d", "ri sk", "risk\n", "r\xC3\xA9"}) {
    FeatureSpec definition = MakeDefinition();
    definition.name = name;
    EXPECT_THAT(Fields(Validate(definition)), ElementsAre("name")) << name;
  }
  FeatureSpec longest = MakeDefinition();
  longest.name = std::string(kMaxFeatureNameBytes, 'a');
  EXPECT_THAT(Validate(longest), IsEmpty());
  longest.name += 'a';
  EXPECT_THAT(Fields(Validate(longest)), ElementsAre("name"));
}

TEST(ValidateFeatureTest, ABuiltInNameIsNotToBeTaken) {
  for (const FeatureSpec& built_in : BehaviourFeatures()) {
    FeatureSpec definition = MakeDefinition();
    definition.name = built_in.name;
    EXPECT_THAT(Fields(Validate(definition)), ElementsAre("name")) << built_in.name;
  }
}

TEST(ValidateFeatureTest, ADefinitionHasAnEntityATypeAndADefaultOfThatType) {
  FeatureSpec definition = MakeDefinition();
  definition.entity = FeatureEntity{};
  definition.missing = std::string("none");
  EXPECT_THAT(Fields(Validate(definition)), ElementsAre("entity", "default_value"));
  EXPECT_THAT(Fields(Validate(MakeDefinition(FeatureType{}))), ElementsAre("type"));
}

TEST(ValidateFeatureTest, AValueIsOfItsTypeAndFinite) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(Validate(MakePut(FeatureType::kInteger, std::int64_t{-3}), kNow), IsEmpty());
  EXPECT_THAT(Validate(MakePut(FeatureType::kWeights, WeightedNames{{"a", 1}}), kNow), IsEmpty());
  const PutFeatures::Value wrong[] = {
      MakePut(FeatureType::kInteger, 1.0),
      MakePut(FeatureType::kNumber, std::nan("")),
      MakePut(FeatureType::kNumber, infinity),
      MakePut(FeatureType::kTime, std::int64_t{-1}),
      MakePut(FeatureType::kText, std::string(kMaxFeatureTextBytes + 1, 'x')),
      MakePut(FeatureType::kText, std::string("\xFF")),
      MakePut(FeatureType::kWeights, WeightedNames{{"a", infinity}}),
      MakePut(FeatureType::kWeights, WeightedNames{{"a", 1}, {"a", 2}}),
      MakePut(FeatureType::kWeights, WeightedNames(kMaxFeatureWeights + 1, {"", 1})),
  };
  for (const PutFeatures::Value& put : wrong) {
    const auto violations = Validate(put, kNow);
    ASSERT_FALSE(violations.empty()) << put.value.index();
    EXPECT_THAT(violations[0].field, ::testing::StartsWith("value")) << put.value.index();
  }
}

TEST(ValidateFeatureTest, ATimeToLiveIsNotNegativeAndATimeNotFarAhead) {
  PutFeatures::Value put = MakePut(FeatureType::kInteger, std::int64_t{1});
  put.ttl_us = -1;
  put.time_us = kNow + kMaxFutureUs + 1;
  EXPECT_THAT(Fields(Validate(put, kNow)), ElementsAre("time_to_live", "time"));
  put.ttl_us = kMaxTtlUs;
  put.time_us = kNow + kMaxFutureUs;
  EXPECT_THAT(Validate(put, kNow), IsEmpty());
  put.ttl_us = kMaxTtlUs + 1;
  EXPECT_THAT(Fields(Validate(put, kNow)), ElementsAre("time_to_live"));
}

TEST(ValidateFeatureTest, AValueBelongsToSomebody) {
  PutFeatures::Value put = MakePut(FeatureType::kInteger, std::monostate());
  put.id.clear();
  EXPECT_THAT(Fields(Validate(put, kNow)), ElementsAre("item_id"));
  put.entity = FeatureEntity::kUser;
  EXPECT_THAT(Fields(Validate(put, kNow)), ElementsAre("user_id"));
}

}  // namespace
}  // namespace vitrine
