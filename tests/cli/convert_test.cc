#include "cli/import/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "testing/status_matchers.h"

namespace vitrine::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::vitrine::testing::IsOk;

constexpr Micros kNow = 1'800'000'000 * kMicrosPerSecond;

// The first row of a CSV text.
Row CsvRow(const std::string& text) {
  std::istringstream input(text);
  const auto reader = ReadCsv(input, ',');
  Row row;
  EXPECT_TRUE((*reader)->Next(row).value());
  return row;
}

Row JsonRow(const std::string& text) {
  std::istringstream input(text);
  Row row;
  EXPECT_TRUE(ReadJsonLines(input)->Next(row).value());
  return row;
}

RowConverter MakeConverter(ConvertOptions options, const std::vector<std::string>& map = {},
                           const std::vector<std::string>& rules = {}) {
  options.mapping = *Mapping::Parse(options.kind, map);
  for (const std::string& rule : rules) options.rules.push_back(*ParseRule(rule));
  return RowConverter(std::move(options), *TimeFormat::Create("auto", "UTC"));
}

ConvertOptions Events() {
  ConvertOptions options;
  options.kind = RowKind::kEvents;
  options.event_type = EventType::kPurchaseComplete;
  options.currency = "GBP";
  options.source = "orders.csv";
  return options;
}

ConvertOptions Items() {
  ConvertOptions options;
  options.kind = RowKind::kItems;
  options.currency = "GBP";
  return options;
}

const std::vector<std::string> kRetailMap = {
    "user_id=CustomerID:integer,item_id=StockCode,event_time=InvoiceDate,quantity=Quantity,"
    "unit_price=UnitPrice,order_id=InvoiceNo"};
constexpr char kRetailHeader[] =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID\n";

Converted<Event> Retail(const std::string& row, ConvertOptions options = Events()) {
  const RowConverter converter =
      MakeConverter(std::move(options), kRetailMap,
                    {"InvoiceNo^=C:return-complete", "Quantity<=0:reject=no-quantity"});
  return converter.ToEvent(CsvRow(kRetailHeader + row), kNow);
}

std::string ReasonOf(const Converted<Event>& converted) {
  const auto* rejection = std::get_if<Rejection>(&converted);
  return rejection == nullptr ? "" : rejection->reason;
}

TEST(ToEventTest, MapsARowOfAnyShop) {
  const auto converted = Retail("536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850.0\n");

  ASSERT_TRUE(std::holds_alternative<Event>(converted)) << ReasonOf(converted);
  Event wanted;
  wanted.event_id = "import:orders.csv:1";
  wanted.type = EventType::kPurchaseComplete;
  wanted.user_id = "17850";
  wanted.time_us = 1'291'191'960 * kMicrosPerSecond;
  wanted.items = {{"85123A", 6, Money{2'550'000, "GBP"}}};
  wanted.order_id = "536365";
  EXPECT_EQ(std::get<Event>(converted), wanted);
}

TEST(ToEventTest, APriceInAJsonListHasTheNameOfTheApiOrOfTheColumn) {
  const RowConverter converter = MakeConverter(Events());
  const auto converted = converter.ToEvent(
      JsonRow(R"({"type":"purchase-complete","user_id":"ann","event_time":1600000000,"items":[)"
              R"({"item_id":"a","price":{"micros":2500000,"currency_code":"EUR"}},)"
              R"({"item_id":"b","price":1.5},{"item_id":"c","unit_price":3},{"item_id":"d"}]})"),
      kNow);

  ASSERT_TRUE(std::holds_alternative<Event>(converted)) << ReasonOf(converted);
  const auto& items = std::get<Event>(converted).items;
  ASSERT_EQ(items.size(), 4U);
  EXPECT_EQ(items[0].unit_price, (Money{2'500'000, "EUR"}));
  EXPECT_EQ(items[1].unit_price, (Money{1'500'000, "GBP"}));
  EXPECT_EQ(items[2].unit_price, (Money{3'000'000, "GBP"}));
  EXPECT_EQ(items[3].unit_price, std::nullopt);
}

TEST(ToEventTest, ARuleGivesTheTypeAndAReturnCountsItsPieces) {
  const auto converted = Retail("C536379,D,Discount,-3,2010-12-01 09:41:00,27.5,14527.0\n");

  ASSERT_TRUE(std::holds_alternative<Event>(converted)) << ReasonOf(converted);
  EXPECT_EQ(std::get<Event>(converted).type, EventType::kReturnComplete);
  EXPECT_EQ(std::get<Event>(converted).items[0].quantity, 3U);
}

TEST(ToEventTest, ARuleRejectsUnderItsOwnName) {
  EXPECT_EQ(ReasonOf(Retail("536589,21777,,-10,2010-12-01 16:50:00,0.0,1.0\n")), "no-quantity");
}

TEST(ToEventTest, ARowWithoutACustomerIsRejectedOrBecomesAVisitor) {
  const std::string guest = "536544,21773,BOTTLE,1,2010-12-01 14:32:00,2.51,\n";
  EXPECT_EQ(ReasonOf(Retail(guest)), "no-customer");

  ConvertOptions options = Events();
  options.anonymous_column = "InvoiceNo";
  const auto converted = Retail(guest, options);

  ASSERT_TRUE(std::holds_alternative<Event>(converted));
  EXPECT_EQ(std::get<Event>(converted).user_id, "");
  EXPECT_EQ(std::get<Event>(converted).visitor_id, "536544");
}

TEST(ToEventTest, IdsKeepTheirCase) {
  const auto lower = Retail("1,85123a,X,1,2010-12-01,1,1.0\n");

  EXPECT_EQ(std::get<Event>(lower).items[0].item_id, "85123a");
}

TEST(ToEventTest, ACellThatIsNotOfItsFormIsRejectedByField) {
  EXPECT_EQ(ReasonOf(Retail("1,A,X,six,2010-12-01,1,1.0\n")), "bad-quantity");
  EXPECT_EQ(ReasonOf(Retail("1,A,X,1.5,2010-12-01,1,1.0\n")), "bad-quantity");
  EXPECT_EQ(ReasonOf(Retail("1,A,X,1,yesterday,1,1.0\n")), "bad-event_time");
  EXPECT_EQ(ReasonOf(Retail("1,A,X,1,2010-12-01,\"1,5\",1.0\n")), "bad-unit_price");
}

TEST(ToEventTest, WhatTheApiRefusesIsRejectedByField) {
  EXPECT_EQ(ReasonOf(Retail("1,A,X,1,2010-12-01,-1,1.0\n")), "invalid-micros");
  EXPECT_EQ(ReasonOf(Retail("1,,X,1,2010-12-01,1,1.0\n")), "invalid-items");
  EXPECT_EQ(ReasonOf(Retail("1,A,X,1,2100-12-01,1,1.0\n")), "invalid-event_time");
  EXPECT_EQ(ReasonOf(Retail("1,A,X,2000000,2010-12-01,1,1.0\n")), "invalid-quantity");
}

TEST(ToEventTest, ARowThatCannotBeReadIsMalformedBeforeAnyRule) {
  const auto converted = Retail("C1,A\n");

  EXPECT_EQ(ReasonOf(converted), "malformed");
  EXPECT_THAT(std::get<Rejection>(converted).detail, HasSubstr("has 2 fields"));
}

TEST(ToEventTest, WithoutATypeThereIsNoEvent) {
  ConvertOptions options = Events();
  options.event_type.reset();

  EXPECT_EQ(ReasonOf(Retail("1,A,X,1,2010-12-01,1,1.0\n", options)), "no-type");
}

TEST(ToEventTest, ReadsEventsAsTheApiWritesThemInJson) {
  const RowConverter converter = MakeConverter(Events());

  const auto converted = converter.ToEvent(
      JsonRow(
          R"({"event_id":"e1","event_type":"add-to-cart","visitor_id":"v",)"
          R"("event_time":"2010-12-01T08:26:00Z","items":[{"item_id":"a"},)"
          R"({"item_id":"b","quantity":2,"unit_price":{"currency_code":"EUR","micros":5}}],)"
          R"("revenue":{"currency_code":"EUR","micros":9000000},"categories":["Home > Kitchen"]})"),
      kNow);

  ASSERT_TRUE(std::holds_alternative<Event>(converted)) << ReasonOf(converted);
  const auto& event = std::get<Event>(converted);
  EXPECT_EQ(event.event_id, "e1");
  EXPECT_EQ(event.type, EventType::kAddToCart);
  EXPECT_THAT(event.items, ElementsAre(EventItem{"a", 1, {}}, EventItem{"b", 2, Money{5, "EUR"}}));
  EXPECT_EQ(event.revenue, (Money{9'000'000, "EUR"}));
  EXPECT_THAT(event.page_categories, ElementsAre("Home > Kitchen"));
}

TEST(ToItemTest, ReadsEveryFieldOfItsOwnName) {
  const RowConverter converter = MakeConverter(Items());

  const auto converted = converter.ToItem(
      CsvRow("item_id,primary_item_id,title,description,categories,brand,price,currency,stock,"
             "availability,tags,image_uris,publish_time,attributes.colour\n"
             "i1,p1,Mug,Big,Home > Kitchen|Gifts,Acme,9.99,EUR,3,preorder,a|b,u,2026-01-01,red\n"));

  ASSERT_TRUE(std::holds_alternative<Item>(converted));
  Item wanted;
  wanted.id = "i1";
  wanted.primary_item_id = "p1";
  wanted.title = "Mug";
  wanted.description = "Big";
  wanted.categories = {"Home > Kitchen", "Gifts"};
  wanted.brand = "Acme";
  wanted.price = Money{9'990'000, "EUR"};
  wanted.stock = 3;
  wanted.availability = Availability::kPreorder;
  wanted.tags = {"a", "b"};
  wanted.image_uris = {"u"};
  wanted.publish_time_us = 20'454 * kMicrosPerDay;
  wanted.attributes = {{"colour", std::string("red")}};
  EXPECT_EQ(std::get<Item>(converted), wanted);
}

TEST(ToItemTest, AttributesAreTextOrNumbers) {
  const RowConverter converter =
      MakeConverter(Items(), {"attributes.grams=Weight:number,attributes.colour=Colour"});

  const auto converted = converter.ToItem(CsvRow("id,Weight,Colour\n1,12.5,7\n"));

  ASSERT_TRUE(std::holds_alternative<Item>(converted));
  const auto& attributes = std::get<Item>(converted).attributes;
  EXPECT_EQ(attributes.at("grams"), AttributeValue(12.5));
  EXPECT_EQ(attributes.at("colour"), AttributeValue(std::string("7")));
}

TEST(ToItemTest, JsonSaysWhichAttributesAreNumbers) {
  const RowConverter converter = MakeConverter(Items());

  const auto converted = converter.ToItem(
      JsonRow(R"({"id":"1","tags":["a|b"],"attributes":{"grams":12.5,"size":"40"}})"));

  ASSERT_TRUE(std::holds_alternative<Item>(converted));
  const auto& item = std::get<Item>(converted);
  EXPECT_EQ(item.attributes.at("grams"), AttributeValue(12.5));
  EXPECT_EQ(item.attributes.at("size"), AttributeValue(std::string("40")));
  EXPECT_THAT(item.tags, ElementsAre("a|b"));
}

TEST(ToItemTest, WholeMillionthsAreAPriceToo) {
  const RowConverter converter = MakeConverter(Items());

  const auto converted = converter.ToItem(CsvRow("id,price_micros,currency\n1,9990000,EUR\n"));

  ASSERT_TRUE(std::holds_alternative<Item>(converted));
  EXPECT_EQ(std::get<Item>(converted).price, (Money{9'990'000, "EUR"}));
}

TEST(ToItemTest, APriceWithoutACurrencyIsRejected) {
  ConvertOptions options = Items();
  options.currency.clear();
  const RowConverter converter = MakeConverter(options);

  const auto converted = converter.ToItem(CsvRow("id,price\n1,9.99\n"));

  ASSERT_TRUE(std::holds_alternative<Rejection>(converted));
  EXPECT_EQ(std::get<Rejection>(converted).reason, "invalid-currency_code");
}

TEST(ToItemTest, AnUnknownAvailabilityIsRejected) {
  const auto converted = MakeConverter(Items()).ToItem(CsvRow("id,availability\n1,sold out\n"));

  ASSERT_TRUE(std::holds_alternative<Rejection>(converted));
  EXPECT_EQ(std::get<Rejection>(converted).reason, "bad-availability");
  EXPECT_THAT(std::get<Rejection>(converted).detail, HasSubstr("out-of-stock"));
}

TEST(ToUserTest, ReadsTheIdAndItsAttributes) {
  ConvertOptions options;
  options.kind = RowKind::kUsers;
  const RowConverter converter = MakeConverter(options, {"attributes.country=Country"});

  const auto converted = converter.ToUser(CsvRow("user_id,Country\nu1,France\n"));

  ASSERT_TRUE(std::holds_alternative<User>(converted));
  EXPECT_EQ(std::get<User>(converted).id, "u1");
  EXPECT_EQ(std::get<User>(converted).attributes.at("country"),
            AttributeValue(std::string("France")));
}

}  // namespace
}  // namespace vitrine::cli
