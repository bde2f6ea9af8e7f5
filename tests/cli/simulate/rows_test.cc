#include "cli/simulate/rows.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <optional>
#include <string>

namespace vitrine::simulate {
namespace {

TEST(RowsTest, QuotesCsvFieldsThatNeedIt) {
  Item item;
  item.id = "p1";
  item.title = "Mug, \"large\"";
  item.description = "two\nlines";
  item.categories = {"Home > Kitchen", "家居 > 厨房"};
  item.price = Money{12'990'000, "EUR"};
  item.availability = Availability::kPreorder;
  item.publish_time_us = kStart + 3'661 * kMicrosPerSecond;

  EXPECT_EQ(ItemRow(item),
            "p1,,\"Mug, \"\"large\"\"\",\"two\nlines\",Home > Kitchen|家居 > 厨房,,12990000,EUR,"
            "preorder,,,2026-01-01T01:01:01Z\n");
}

TEST(RowsTest, AHeaderHasAsManyColumnsAsItsRows) {
  const auto columns = [](const std::string& row) {
    return std::count(row.begin(), row.end(), ',');
  };

  EXPECT_EQ(columns(ItemHeader()), columns(ItemRow(Item{})));
  EXPECT_EQ(columns(UserHeader()), columns(UserRow(Shopper{})));
  EXPECT_EQ(columns(TruthItemHeader()), columns(TruthItemRow(Product{}, 0)));
  EXPECT_EQ(columns(TruthUserHeader()), columns(TruthUserRow(Shopper{})));
}

Event Purchase() {
  return {.event_id = "e1",
          .type = EventType::kPurchaseComplete,
          .user_id = "u1",
          .time_us = kStart,
          .items = {{"p1", 1, std::nullopt}, {"p2", 3, std::nullopt}},
          .order_id = "o1",
          .revenue = Money{5'000'000, "EUR"}};
}

TEST(RowsTest, AnEventIsOneJsonObjectOnOneLineWithoutWhatIsUnset) {
  EXPECT_EQ(EventLine(Purchase()),
            R"({"event_id":"e1","event_type":"purchase-complete","user_id":"u1",)"
            R"("event_time":"2026-01-01T00:00:00Z",)"
            R"("items":[{"item_id":"p1"},{"item_id":"p2","quantity":3}],"order_id":"o1",)"
            R"("revenue":{"currency_code":"EUR","micros":5000000}})"
            "\n");
}

TEST(RowsTest, APurchaseIsOneHeldOutRowPerItem) {
  EXPECT_EQ(TruthPurchaseRows(Purchase()),
            "2026-01-01T00:00:00Z,u1,,p1,1\n2026-01-01T00:00:00Z,u1,,p2,3\n");
}

}  // namespace
}  // namespace vitrine::simulate
