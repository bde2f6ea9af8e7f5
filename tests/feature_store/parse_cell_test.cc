#include "vitrine/feature_store/parse_cell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using testing::IsOk;
using ::testing::Optional;
using testing::StatusIs;

// 2010-12-01 08:26:00 UTC.
constexpr Micros kMorning = 1'291'191'960 * kMicrosPerSecond;

std::optional<Micros> Parse(const std::string& format, const std::string& text,
                            const std::string& zone = "UTC") {
  const auto times = TimeFormat::Create(format, zone);
  EXPECT_THAT(times, IsOk());
  return times->Parse(text);
}

TEST(ParseNumberTest, TakesTheWholeCellOrNothing) {
  EXPECT_THAT(ParseNumber(" -3.5 "), Optional(-3.5));
  EXPECT_EQ(ParseNumber("3 pieces"), std::nullopt);
  EXPECT_EQ(ParseNumber("nan"), std::nullopt);
  EXPECT_EQ(ParseNumber("inf"), std::nullopt);
  EXPECT_EQ(ParseNumber(""), std::nullopt);
}

TEST(ParseNumberTest, AnyNumberTakesWhatIsNotFinite) {
  EXPECT_TRUE(std::isnan(ParseAnyNumber("NaN").value()));
  EXPECT_EQ(ParseAnyNumber("-inf"), -INFINITY);
  EXPECT_EQ(ParseAnyNumber("Infinity"), INFINITY);
  EXPECT_EQ(ParseAnyNumber("n/a"), std::nullopt);
}

TEST(FormatNumberTest, IsTheShortestThatReadsBack) {
  EXPECT_EQ(FormatNumber(0.1), "0.1");
  EXPECT_EQ(FormatNumber(17850), "17850");
  EXPECT_EQ(ParseNumber(FormatNumber(1.0 / 3)), 1.0 / 3);
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
}  // namespace vitrine
