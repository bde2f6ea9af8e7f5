#include "vitrine/insight/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <sstream>

#include "absl/strings/str_format.h"
#include "insight/made_events.h"
#include "insight/text_table.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using testing::Bought;
using testing::Carted;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::kDay;
using testing::kHour;
using testing::kMinute;
using testing::kStart;
using ::testing::Le;
using ::testing::Not;
using testing::Viewed;

constexpr char kHostile[] = "</td><script>alert(\"x\")</script><img src=x onerror='y'>";

class ReportTest : public ::testing::Test {
 protected:
  static Insight InsightOf(const std::vector<Item>& items, const std::vector<Event>& events) {
    const testing::TemporaryFolder folder;
    const testing::FakeClock clock(kStart + 100 * kDay);
    const auto store = FeatureStore::Open(folder.path(), {}, LocalFileSystem(), clock);
    EXPECT_THAT(store, IsOk());
    EXPECT_THAT((*store)->Write(UpsertItems{items}), IsOk());
    EXPECT_THAT((*store)->Write(RecordEvents{events}), IsOk());
    ThreadPool pool(2);
    auto insight = MakeInsight(**store, {}, pool);
    EXPECT_THAT(insight, IsOk());
    return *std::move(insight);
  }

  // A shop whose every text is an attack.
  static Insight HostileShop() {
    return InsightOf(
        {{.id = "mug", .title = kHostile, .categories = {kHostile}}},
        {Viewed(kHostile, 0, "mug"), Carted(kHostile, kMinute, "mug"),
         Bought(kHostile, 2 * kMinute, "mug", 5), Bought(kHostile, 9 * kDay, "mug", 5)});
  }
};

TEST_F(ReportTest, TheTextSaysWhatTheNumbersAre) {
  const Insight insight = InsightOf({}, {
                                            Viewed("ann", 0, "mug"),
                                            Carted("ann", kMinute, "mug"),
                                            Bought("ann", 2 * kMinute, "mug", 1'234),
                                            Viewed("bob", kHour, "mug"),
                                        });

  const std::string text = TextReport(insight, 100);

  EXPECT_THAT(text, HasSubstr("Shoppers as of 2026-01-01 01:00 (UTC): 4 events since 2026-01-01"));
  EXPECT_THAT(text, HasSubstr("  shoppers                    2"));
  EXPECT_THAT(text, HasSubstr("1,234.00 EUR"));
  EXPECT_THAT(text, HasSubstr("Shoppers who ordered: 1; more than once: 0, 0.0 %; returns: 0."));
  EXPECT_THAT(text,
              HasSubstr("  all       2     2     1      1       50 %       100 %        50 %"));
  EXPECT_THAT(text, HasSubstr("  view > cart       1  100 %        2"));
  EXPECT_THAT(text, HasSubstr("Buyers by recency (down) and frequency (across), 5 the best"));
  EXPECT_THAT(text, HasSubstr("Cohorts: who came again, by month of the first visit"));
}

TEST_F(ReportTest, TheAverageOrderIsOfOrdersOfKnownValueAlone) {
  Event in_dollars = Bought("cid", 2 * kDay, "mug", 50);
  in_dollars.items.front().unit_price->currency = "USD";
  const Insight insight =
      InsightOf({}, {Bought("ann", 0, "mug", 10), Bought("bob", kDay, "mug", 30), in_dollars,
                     testing::Did(EventType::kPurchaseComplete, "dan", 3 * kDay, "mug")});

  EXPECT_EQ(insight.overview.all.orders, 4);
  EXPECT_EQ(insight.overview.all.priced_orders, 2);
  EXPECT_THAT(TextReport(insight, 100), ContainsRegex("average order +20\\.00 EUR"));
  EXPECT_THAT(HtmlReport(insight),
              HasSubstr("<p class=\"soft\">Average order</p><p class=\"big\">20.00 EUR</p>"));
}

TEST_F(ReportTest, WhatASegmentOrderedIsNotToldWhereNoOrderSaysIt) {
  const Insight insight =
      InsightOf({}, {testing::Did(EventType::kPurchaseComplete, "ann", 0, "mug"),
                     testing::Did(EventType::kPurchaseComplete, "bob", 0, "mug")});

  const std::string text = TextReport(insight, 100);

  EXPECT_THAT(text, ContainsRegex("average order +- +- +-"));
  EXPECT_THAT(text, ContainsRegex("one-time buyers +2 +100 % +- +- "));
  EXPECT_THAT(text, HasSubstr("one-time buyers: last order today, 1.0 orders each"));
}

TEST_F(ReportTest, NoLineIsWiderThanAsked) {
  std::vector<Event> events = testing::RandomEvents(2'000, 80, 6);
  std::vector<Item> items;
  for (int i = 0; i < 20; ++i) {
    const std::string id = absl::StrFormat("i%d", i);
    items.push_back({.id = id,
                     .title = "A very long title of a product that goes on and on 茶杯 " + id,
                     .categories = {"Home > 厨房 > A category with a long name > " + id}});
  }
  const Insight insight = InsightOf(items, events);
  const auto profile = GetUserProfile(insight, "u1", "");
  ASSERT_THAT(profile, IsOk());

  for (const std::size_t width : {60U, 80U, 100U, 200U}) {
    std::istringstream lines(TextReport(insight, width) + ProfileReport(insight, *profile, width));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_THAT(DisplayWidth(line), Le(width)) << line;
    }
  }
}

TEST_F(ReportTest, AProfileSaysWhatTheShopperWillNeed) {
  const Insight insight =
      InsightOf({{.id = "tea", .title = "Green tea", .categories = {"Drinks"}}},
                {Bought("ann", 0, "tea", 10), Bought("ann", 10 * kDay, "tea", 20)});
  const auto profile = GetUserProfile(insight, "ann", "");
  ASSERT_THAT(profile, IsOk());

  const std::string text = ProfileReport(insight, *profile, 80);

  EXPECT_THAT(text, HasSubstr("  last order       2026-01-11 00:00 (today)\n"));
  EXPECT_THAT(text, HasSubstr("  average order    15.00 EUR\n"));
  EXPECT_THAT(text, HasSubstr("  next order       2026-01-21 00:00 (in 10 days)\n"));
  EXPECT_THAT(text, HasSubstr("  likes            100 %  Drinks\n"));
  EXPECT_THAT(text, HasSubstr("  will need        Green tea, every 10 days, due in 10 days\n"));
}

TEST_F(ReportTest, ThePageEscapesEveryTextOfTheShop) {
  const std::string html = HtmlReport(HostileShop());

  EXPECT_THAT(html, HasSubstr("&lt;/td&gt;&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
}

TEST_F(ReportTest, ThePageLoadsNothingAndRunsNothing) {
  const std::string html = HtmlReport(InsightOf({}, testing::RandomEvents(500, 40, 1)));

  EXPECT_THAT(html, HasSubstr("default-src 'none'; style-src 'unsafe-inline'"));
  for (const char* const outside : {"http://", "https://", "src=", "href=", "url(", "@import",
                                    "<script", "javascript:", "<link", "onload"}) {
    EXPECT_THAT(html, Not(HasSubstr(outside))) << outside;
  }
  EXPECT_THAT(html, AllOf(HasSubstr("<html lang=\"en\">"), HasSubstr("color-scheme: light dark"),
                          HasSubstr("prefers-color-scheme: dark"), HasSubstr("<main>")));
}

// Names of elements that are opened and never closed, or closed and not open.
std::vector<std::string> Unbalanced(const std::string& html) {
  const std::vector<std::string> alone = {"meta", "path", "rect", "!doctype"};
  std::vector<std::string> open;
  std::vector<std::string> wrong;
  for (std::size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    const bool is_end = html[at + 1] == '/';
    const std::size_t begin = at + (is_end ? 2 : 1);
    const std::string name = html.substr(begin, html.find_first_of(" >/", begin) - begin);
    if (std::find(alone.begin(), alone.end(), name) != alone.end()) continue;
    if (!is_end) {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      wrong.push_back(name);
    } else {
      open.pop_back();
    }
  }
  wrong.insert(wrong.end(), open.begin(), open.end());
  return wrong;
}

TEST_F(ReportTest, EveryElementOfThePageIsClosed) {
  EXPECT_THAT(Unbalanced("<p><b>x</p>"), Not(::testing::IsEmpty()));  // The check can fail.

  EXPECT_THAT(Unbalanced(HtmlReport(InsightOf({}, testing::RandomEvents(500, 40, 1)))),
              ::testing::IsEmpty());
  EXPECT_THAT(Unbalanced(HtmlReport(HostileShop())), ::testing::IsEmpty());
}

TEST_F(ReportTest, EveryChartHasATitleAndADescriptionOfItsOwn) {
  const std::string html = HtmlReport(InsightOf({}, testing::RandomEvents(500, 40, 1)));

  for (const char* const id : {"days", "funnel", "sizes", "values", "rfm"}) {
    EXPECT_THAT(html, HasSubstr(std::string("<title id=\"") + id + "-t\">"));
    EXPECT_THAT(html, HasSubstr(std::string("<desc id=\"") + id + "-d\">"));
  }
}

TEST_F(ReportTest, AShopWithoutOrdersHasAReportToo) {
  const Insight insight = InsightOf({}, {Viewed("ann", 0, "mug"), Viewed("bob", kDay, "mug")});

  const std::string text = TextReport(insight, 80);
  const std::string html = HtmlReport(insight);

  EXPECT_THAT(text, HasSubstr("Shoppers who ordered: 0; returns: 0."));
  EXPECT_THAT(text, Not(HasSubstr("Buyers by recency")));
  EXPECT_THAT(text, Not(HasSubstr("nan")));
  EXPECT_THAT(html, Not(HasSubstr("nan")));
  EXPECT_THAT(html, Not(HasSubstr("Recency and frequency")));
}

}  // namespace
}  // namespace vitrine
