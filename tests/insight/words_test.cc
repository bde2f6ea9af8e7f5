#include "insight/words.h"

#include <gtest/gtest.h>

#include <limits>

#include "insight/calendar.h"
#include "insight/made_events.h"

namespace vitrine {
namespace {

TEST(WordsTest, CountsAreGroupedInThousands) {
  EXPECT_EQ(CountWords(0), "0");
  EXPECT_EQ(CountWords(999), "999");
  EXPECT_EQ(CountWords(1'000), "1,000");
  EXPECT_EQ(CountWords(12'345'678), "12,345,678");
}

TEST(WordsTest, MoneyIsRoundedToCents) {
  EXPECT_EQ(MoneyWords(1'234'500'000, "EUR"), "1,234.50 EUR");
  EXPECT_EQ(MoneyWords(5'000, ""), "0.01");
  EXPECT_EQ(MoneyWords(-2'550'000, "GBP"), "-2.55 GBP");
  EXPECT_EQ(MoneyWords(-1, "GBP"), "0.00 GBP");
}

TEST(WordsTest, SharesBelowTenPercentHaveADigitBehindThePoint) {
  EXPECT_EQ(ShareWords(0), "0.0 %");
  EXPECT_EQ(ShareWords(0.0994), "9.9 %");
  EXPECT_EQ(ShareWords(0.0996), "10 %");
  EXPECT_EQ(ShareWords(1), "100 %");
}

TEST(WordsTest, SumsAndProductsOfMoneyStayInTheirRange) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(AddMoney(kMost, 1), kMost);
  EXPECT_EQ(AddMoney(std::numeric_limits<std::int64_t>::min(), -1),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(AddMoney(2, -3), -1);
}

TEST(WordsTest, PathsAreReadFromLeftToRight) {
  EXPECT_EQ(PathWords({}), "(straight to the order)");
  EXPECT_EQ(PathWords({.steps = {EventType::kSearch, EventType::kDetailPageView}}),
            "search > view");
  EXPECT_EQ(PathWords({.steps = {EventType::kAddToCart}, .is_cut = true}), "... > cart");
}

TEST(QuantileTest, IsInterpolatedAsNumpyDoes) {
  EXPECT_EQ(QuantileOf({}, 0.5), 0);
  EXPECT_EQ(QuantileOf({3}, 0.9), 3);
  EXPECT_EQ(QuantileOf({4, 1, 2, 3}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(QuantileOf({10, 20, 40}, 0.75), 30);  // numpy.quantile([10, 20, 40], 0.75)
}

TEST(CalendarTest, DaysAndMonthsAreThoseOfTheZone) {
  const auto utc = Calendar::Create("UTC");
  const auto tokyo = Calendar::Create("Asia/Tokyo");
  ASSERT_TRUE(utc.ok() && tokyo.ok());
  const Micros evening = testing::kStart - testing::kHour;  // 23:00 UTC, 08:00 in Tokyo.

  EXPECT_EQ(DayName(utc->DayOf(evening)), "2025-12-31");
  EXPECT_EQ(DayName(tokyo->DayOf(evening)), "2026-01-01");
  EXPECT_EQ(MonthName(utc->MonthOf(evening)), "2025-12");
  EXPECT_EQ(MonthName(tokyo->MonthOf(evening)), "2026-01");
  EXPECT_EQ(MinuteName(evening, "Asia/Tokyo"), "2026-01-01 08:00");
  EXPECT_EQ(DayName(utc->DayOf(1)), "1970-01-01");
}

TEST(CalendarTest, AZoneThatIsNoneIsRefused) {
  EXPECT_EQ(Calendar::Create("Mars/Olympus").status().message(),
            "there is no time zone Mars/Olympus here; wants a name such as Europe/London");
}

}  // namespace
}  // namespace vitrine
