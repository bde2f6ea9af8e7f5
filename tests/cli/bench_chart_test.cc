#include "cli/bench_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// What is wrong with the elements of an XML text; empty: each ends where it must, attributes are
// quoted, and nothing stands bare that must be escaped.
std::string WhatIsWrong(std::string_view text) {
  std::vector<std::string> open;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t begin = text.find('<', at);
    const std::string_view between = text.substr(at, begin - at);
    if (between.find('>') != std::string_view::npos) return "a bare > in: " + std::string(between);
    for (std::size_t amp = between.find('&'); amp != std::string_view::npos;
         amp = between.find('&', amp + 1)) {
      if (between.find(';', amp) == std::string_view::npos) return "a bare &";
    }
    if (begin == std::string_view::npos) break;
    const std::size_t end = text.find('>', begin);
    if (end == std::string_view::npos) return "a tag does not end";
    std::string_view tag = text.substr(begin + 1, end - begin - 1);
    at = end + 1;
    if (tag.starts_with('/')) {
      if (open.empty() || open.back() != tag.substr(1)) return "ends too soon: " + std::string(tag);
      open.pop_back();
      continue;
    }
    const bool is_empty = tag.ends_with('/');
    if (is_empty) tag.remove_suffix(1);
    if (std::count(tag.begin(), tag.end(), '"') % 2 != 0) return "quotes: " + std::string(tag);
    if (std::count(tag.begin(), tag.end(), '=') * 2 != std::count(tag.begin(), tag.end(), '"')) {
      return "an attribute without quotes: " + std::string(tag);
    }
    if (!is_empty) open.emplace_back(tag.substr(0, tag.find_first_of(" \n")));
  }
  return open.empty() ? "" : "not closed: " + open.back();
}

std::size_t CountOf(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

TEST(BenchChartTest, IsWellFormedWithAMarkForEachRunAndLine) {
  const std::string svg = BenchChart("recommend=0.9,events=0.1 & \"more\" <here>",
                                     {{"1 in flight", 1500, 550, 900},
                                      {"2 in flight", 2900, 640, 1800},
                                      {"4 in flight", 3300, 1150, 12'000}});

  EXPECT_EQ(WhatIsWrong(svg), "");
  EXPECT_EQ(CountOf(svg, "<circle class=\"p50\""), 3U);
  EXPECT_EQ(CountOf(svg, "<circle class=\"p99\""), 3U);
  EXPECT_THAT(svg, HasSubstr("xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_THAT(svg, HasSubstr("4 in flight: 99th percentile 12.000 ms at 3300 a second"));
  EXPECT_THAT(svg, HasSubstr("latency in ms"));
  EXPECT_THAT(svg, HasSubstr("calls answered a second"));
  EXPECT_THAT(svg, HasSubstr("&amp; &quot;more&quot; &lt;here&gt;"));
}

TEST(BenchChartTest, PointsLieWhereTheirNumbersSay) {
  // Throughput up to 1000 over x from 80 to 700; 100 us to 10 ms over y from 370 up to 70.
  const std::string svg = BenchChart("t", {{"a", 500, 100, 1000}, {"b", 1000, 1000, 10'000}});

  EXPECT_THAT(svg, HasSubstr("<circle class=\"p50\" cx=\"390.0\" cy=\"370.0\""));
  EXPECT_THAT(svg, HasSubstr("<circle class=\"p99\" cx=\"390.0\" cy=\"220.0\""));
  EXPECT_THAT(svg, HasSubstr("<circle class=\"p50\" cx=\"700.0\" cy=\"220.0\""));
  EXPECT_THAT(svg, HasSubstr("<circle class=\"p99\" cx=\"700.0\" cy=\"70.0\""));
}

TEST(BenchChartTest, OneRunAloneHasAScaleToo) {
  const std::string svg = BenchChart("t", {{"a", 7, 100, 100}});

  EXPECT_EQ(WhatIsWrong(svg), "");
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
}

TEST(BenchChartTest, RunsWithoutARateStandAtTheLeft) {
  const std::string svg = BenchChart("t", {{"a", 0, 100, 1000}});

  EXPECT_THAT(svg, HasSubstr("<circle class=\"p50\" cx=\"80.0\""));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace vitrine::cli
