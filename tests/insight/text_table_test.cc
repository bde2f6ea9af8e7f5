#include "insight/text_table.h"

#include <gtest/gtest.h>

namespace vitrine {
namespace {

TEST(TextTableTest, NumbersAreAlignedToTheRight) {
  TextTable table({"", "orders", "share"});
  table.Add({"mugs", "1,234", "9.0 %"});
  table.Add({"cups and saucers", "7", "100 %"});

  EXPECT_EQ(table.Print(80),
            "                    orders  share\n"
            "  mugs               1,234  9.0 %\n"
            "  cups and saucers       7  100 %\n");
}

TEST(TextTableTest, TheFirstColumnGivesWayThenTheLastOnesGo) {
  TextTable table({"category", "visits", "orders"});
  table.Add({"Home > Kitchen > Mugs", "10", "2"});

  EXPECT_EQ(table.Print(30),
            "  category      visits  orders\n"
            "  Home > Kitc…      10       2\n");
  EXPECT_EQ(table.Print(24),
            "  category        visits\n"
            "  Home > Kitche…      10\n");
}

TEST(TextTableTest, WideCharactersTakeTwoColumns) {
  EXPECT_EQ(DisplayWidth("茶杯"), 4);
  EXPECT_EQ(DisplayWidth("caf\xC3\xA9"), 4);
  EXPECT_EQ(DisplayWidth("e\xCC\x81"), 1);
  EXPECT_EQ(CutToWidth("茶杯茶杯", 6), "茶杯…");
  EXPECT_EQ(CutToWidth("mug", 3), "mug");
  EXPECT_EQ(CutToWidth("mugs", 3), "mu…");
  EXPECT_EQ(CutToWidth("mugs", 0), "");
}

TEST(TextTableTest, WhatATerminalWouldObeyIsNotPrinted) {
  EXPECT_EQ(CutToWidth("a\x1B[2Jb\xC2\x9B", 20), "a?[2Jb?");
  EXPECT_EQ(CutToWidth("\xFFx\xE2\x82", 20), "?x??");
}

TEST(TextTableTest, LongTextIsWrappedBetweenWords) {
  EXPECT_EQ(WrapWords("one two three four", 11, 2), "  one two\n  three\n  four\n");
  EXPECT_EQ(WrapWords("", 11, 2), "");
  EXPECT_EQ(WrapWords("share of 2.7 % here", 13, 0), "share of\n2.7 % here\n");
  EXPECT_EQ(WrapWords("incomprehensibilities", 10, 0), "incompreh…\n");
}

}  // namespace
}  // namespace vitrine
