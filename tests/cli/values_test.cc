#include "cli/import/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/status_matchers.h"

namespace vitrine::cli {
namespace {

using ::testing::Optional;
using ::vitrine::testing::IsOk;
using ::vitrine::testing::StatusIs;

// 2010-12-01 08:26:00 UTC.
constexpr Micros kMorning = 1'291'191'960 * kMicrosPerSecond;

std::optional<Micros> Parse(const std::string& format, const std::string& text,
                            const std::string& zone = "UTC") {
  const auto times = TimeFormat::Create(format, zone);
  EXPECT_THAT(times, IsOk());
  return times->Parse(text);
}

TEST(ParseMicrosTest, KeepsEveryDigit) {
  EXPECT_THAT(ParseMicros("2.55"), Optional(2'550'000));
  EXPECT_THAT(ParseMicros("0.1"), Optional(100'000));
  EXPECT_THAT(ParseMicros(" 13541.33 "), Optional(13'541'330'000));
  EXPECT_THAT(ParseMicros("0.000001"), Optional(1));
  EXPECT_THAT(ParseMicros("-11062.06"), Optional(-11'062'060'000));
  EXPECT_THAT(ParseMicros("7"), Optional(7'000'000));
  EXPECT_THAT(ParseMicros("2.5500000"), Optional(2'550'000));
  EXPECT_THAT(ParseMicros("9223372036853.775807"), Optional(9'223'372'036'853'775'807));
}

TEST(ParseMicrosTest, RefusesWhatIsNoExactAmount) {
  for (const char* text : {"", "-", ".", "1.", ".5", "1,50", "1.2345678", "1e3", "12.3.4", "EUR 1",
                           "99999999999999", "0x10", "--1", "1 000"}) {
    EXPECT_EQ(ParseMicros(text), std::nullopt) << text;
  }
}

TEST(WithoutFractionTest, DropsTheZeroThatAFloatColumnPrints) {
  EXPECT_EQ(WithoutFraction("17850.0"), "17850");
  EXPECT_EQ(WithoutFraction("17850.00"), "17850");
  EXPECT_EQ(WithoutFraction("17850"), "17850");
}

TEST(WithoutFractionTest, LeavesEverythingElseAlone) {
  EXPECT_EQ(WithoutFraction("17850.5"), "17850.5");
  EXPECT_EQ(WithoutFraction("A1.0"), "A1.0");
  EXPECT_EQ(WithoutFraction(".0"), ".0");
  EXPECT_EQ(WithoutFraction(""), "");
}

TEST(ParseNumberTest, TakesTheWholeCellOrNothing) {
  EXPECT_THAT(ParseNumber(" -3.5 "), Optional(-3.5));
  EXPECT_EQ(ParseNumber("3 pieces"), std::nullopt);
  EXPECT_EQ(ParseNumber("nan"), std::nullopt);
  EXPECT_EQ(ParseNumber("inf"), std::nullopt);
  EXPECT_EQ(ParseNumber(""), std::nullopt);
}

TEST(TimeFormatTest, AutoReadsTheUsualForms) {
  for (const char* text :
       {"2010-12-01 08:26:00", "2010-12-01T08:26:00", "2010-12-01T08:26:00Z",
        "2010-12-01T09:26:00+01:00", "2010-12-01 08:26:00.000", "1291191960", "1291191960000"}) {
    EXPECT_THAT(Parse("auto", text), Optional(kMorning)) << text;
  }
  EXPECT_THAT(Parse("auto", "1970-01-02"), Optional(kMicrosPerDay));
}

TEST(TimeFormatTest, AZoneShiftsTimesWithoutAnOffset) {
  EXPECT_THAT(Parse("auto", "2010-12-01 09:26:00", "Europe/Paris"), Optional(kMorning));
  EXPECT_THAT(Parse("auto", "2010-12-01T08:26:00Z", "Europe/Paris"), Optional(kMorning));
}

TEST(TimeFormatTest, APatternReadsNothingElse) {
  EXPECT_THAT(Parse("%d/%m/%Y %H:%M", "01/12/2010 08:26"), Optional(kMorning));
  EXPECT_EQ(Parse("%d/%m/%Y %H:%M", "2010-12-01 08:26:00"), std::nullopt);
  EXPECT_THAT(Parse("unix", "1291191960"), Optional(kMorning));
  EXPECT_THAT(Parse("unix-ms", "1291191960000"), Optional(kMorning));
  EXPECT_EQ(Parse("unix", "-5"), std::nullopt);
}

TEST(TimeFormatTest, RefusesWhatIsNoTime) {
  for (const char* text : {"", "yesterday", "2010-13-01", "infinite-future", "12:00"}) {
    EXPECT_EQ(Parse("auto", text), std::nullopt) << text;
  }
}

TEST(TimeFormatTest, AnUnknownZoneIsAnError) {
  EXPECT_THAT(TimeFormat::Create("auto", "Europe/Nowhere"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace vitrine::cli
