#include "cli/control_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/status_matchers.h"

namespace vitrine::cli {
namespace {

using testing::IsOk;
using ::testing::Not;

TEST(ControlFlagsTest, ReadsADiversity) {
  EXPECT_EQ(*ParseDiversity("mmr:0.3"), (Diversity{Diversity::Method::kMmr, 0.3}));
  EXPECT_EQ(*ParseDiversity("dpp:1"), (Diversity{Diversity::Method::kDpp, 1}));
  EXPECT_EQ(*ParseDiversity("none"), Diversity());
}

TEST(ControlFlagsTest, RefusesWhatIsNoDiversity) {
  for (const char* text : {"", "mmr", "mmr:", "mmr:x", "mmr:1.1", "dpp:-0.1", "mmr:nan", "mmr0.3",
                           "ddp:0.3", "none:0"}) {
    EXPECT_THAT(ParseDiversity(text), Not(IsOk())) << text;
  }
}

TEST(ControlFlagsTest, ReadsAnExploration) {
  EXPECT_EQ(*ParseExploration("0.25"), (Exploration{0.25, 0}));
  EXPECT_EQ(*ParseExploration("10:18446744073709551615"),
            (Exploration{10, 18'446'744'073'709'551'615ULL}));
}

TEST(ControlFlagsTest, RefusesWhatIsNoExploration) {
  for (const char* text : {"", "0", "-1", "10.1", "nan", "x", "1:", "1:x", "1:-1", "1:2:3", ":1"}) {
    EXPECT_THAT(ParseExploration(text), Not(IsOk())) << text;
  }
}

TEST(ControlFlagsTest, ReadsAPinWhoseItemMayHaveColons) {
  EXPECT_EQ(*ParsePin("i-5:3"), (Pin{"i-5", 3}));
  EXPECT_EQ(*ParsePin("a:b:12"), (Pin{"a:b", 12}));
}

TEST(ControlFlagsTest, RefusesWhatIsNoPin) {
  for (const char* text : {"", "i-5", ":3", "i-5:", "i-5:0", "i-5:-1", "i-5:x"}) {
    EXPECT_THAT(ParsePin(text), Not(IsOk())) << text;
  }
}

TEST(ControlFlagsTest, ReadsAnExposure) {
  EXPECT_EQ(*ParseExposure("new:0.2"), (Exposure{Exposure::Group::kNew, 0.2}));
  EXPECT_EQ(*ParseExposure("long-tail:1"), (Exposure{Exposure::Group::kLongTail, 1}));
  EXPECT_EQ(*ParseExposure("none"), Exposure());
  EXPECT_EQ(*ParseExposure("filter:tags: \"new\":0.5"),
            (Exposure{Exposure::Group::kFilter, 0.5, "tags: \"new\""}));
}

TEST(ControlFlagsTest, RefusesWhatIsNoExposure) {
  for (const char* text : {"", "new", "new:", "new:0", "new:1.1", "new:nan", "old:0.2", "tail"}) {
    EXPECT_THAT(ParseExposure(text), Not(IsOk())) << text;
  }
}

TEST(ControlFlagsTest, OnlyTheLongTailIsMeasured) {
  EXPECT_EQ(*ParseLongTailShare("long-tail:0.3"), 0.3);
  EXPECT_EQ(*ParseLongTailShare("none"), 0);
  EXPECT_THAT(ParseLongTailShare("new:0.3"), Not(IsOk()));
}

TEST(ControlFlagsTest, ReadsABoostWhoseFilterMayHaveColons) {
  EXPECT_EQ(*ParseBoost("brand = \"Acme\":0.5"), (Boost{"brand = \"Acme\"", 0.5}));
  EXPECT_EQ(*ParseBoost("tags: \"old\":-1"), (Boost{"tags: \"old\"", -1}));
}

TEST(ControlFlagsTest, RefusesWhatIsNoBoost) {
  for (const char* text : {"", "price < 3", ":0.5", "price < 3:", "price < 3:0", "price < 3:1.1",
                           "price < 3:-1.1", "price < 3:nan", "price < 3:x"}) {
    EXPECT_THAT(ParseBoost(text), Not(IsOk())) << text;
  }
}

}  // namespace
}  // namespace vitrine::cli
