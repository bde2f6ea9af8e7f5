#include "insight/svg_charts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kHostile[] = "\"><script>alert('x')</script>&";
constexpr char kEscaped[] = "&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;";

TEST(SvgChartsTest, WhatMeansSomethingInHtmlIsEscaped) {
  EXPECT_EQ(EscapeHtml(kHostile), kEscaped);
  EXPECT_EQ(EscapeHtml("茶杯 mug"), "茶杯 mug");
}

TEST(SvgChartsTest, EveryTextOfAChartIsEscaped) {
  const ChartTitle title{.id = "t", .title = kHostile, .description = kHostile};
  const std::string lines =
      LineChart(title, {kHostile}, {{.name = kHostile, .style = "s1", .values = {1}}});
  const std::string bars =
      BarChart(title, {{.label = kHostile, .note = kHostile, .value = 1}}, "s1");
  const std::string heat = HeatChart(title, {kHostile}, {{.label = kHostile, .values = {1}}});

  for (const std::string& svg : {lines, bars, heat}) {
    EXPECT_THAT(svg, HasSubstr(kEscaped));
    EXPECT_THAT(svg, Not(HasSubstr("<script")));
    EXPECT_THAT(svg, HasSubstr("role=\"img\" aria-labelledby=\"t-t t-d\""));
  }
}

TEST(SvgChartsTest, ALineRisesWithItsValues) {
  const std::string svg =
      LineChart({.id = "t"}, {"a", "b", "c"}, {{.name = "n", .style = "s1", .values = {0, 5, 10}}});

  // From the bottom (210) to the top (30), over 60 to 710.
  EXPECT_THAT(svg, HasSubstr("d=\"M60.0 210.0L385.0 120.0L710.0 30.0\""));
  EXPECT_THAT(svg, HasSubstr(">10</text>"));
}

TEST(SvgChartsTest, TheLongestBarIsAsWideAsThereIsRoom) {
  const std::string svg = BarChart(
      {.id = "t"}, {{.label = "a", .note = "1", .value = 10}, {.label = "b", .value = 5}}, "s2");

  EXPECT_THAT(svg, HasSubstr("width=\"480.0\""));
  EXPECT_THAT(svg, HasSubstr("width=\"240.0\""));
}

TEST(SvgChartsTest, ChartsOfNothingButZeroesAreDrawn) {
  const std::string all =
      LineChart({.id = "t"}, {"a"}, {{.name = "n", .style = "s1", .values = {0}}}) +
      BarChart({.id = "t"}, {{.label = "a"}}, "s1") +
      HeatChart({.id = "t"}, {"x"}, {{.label = "a", .values = {0}}});

  EXPECT_THAT(all, Not(HasSubstr("nan")));
  EXPECT_THAT(all, Not(HasSubstr("inf")));
}

}  // namespace
}  // namespace vitrine
