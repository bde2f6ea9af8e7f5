#include "cli/import/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vitrine::cli {
namespace {

using ::testing::Optional;

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

}  // namespace
}  // namespace vitrine::cli
