#include "cli/simulate/timeline.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/simulate/words.h"
#include "testing/status_matchers.h"
#include "vitrine/feature_store/validate.h"

namespace vitrine::simulate {
namespace {

using ::testing::IsEmpty;
using ::testing::IsSupersetOf;

constexpr std::uint64_t kEvents = 40'000;

// A year of a small shop, made once for all tests, which only read it.
class TimelineTest : public ::testing::Test {
 protected:
  struct Year {
    Shop shop{600, 365 * kMicrosPerDay, Random(5, 1)};
    std::vector<Shopper> shoppers = MakeShoppers(500, shop, 365 * kMicrosPerDay, Random(5, 2));
    std::vector<Event> events{};
    std::map<std::string, const Product*> products{};
  };

  static void SetUpTestSuite() {
    year_ = new Year();
    Timeline timeline(year_->shop, year_->shoppers, kEvents, 365 * kMicrosPerDay, Random(5, 3));
    for (std::uint64_t i = 0; i < kEvents; ++i) year_->events.push_back(timeline.Next());
    for (const Product& product : year_->shop.products()) {
      year_->products[product.item.id] = &product;
    }
  }
  static void TearDownTestSuite() { delete year_; }

  // Events on the items of `category` in the `length` days from `day` on, over all events then.
  static double ShareOf(std::size_t category, int day, int length) {
    double matching = 0;
    double all = 0;
    for (const Event& event : year_->events) {
      const Micros since = event.time_us - kStart - day * kMicrosPerDay;
      if (event.type != EventType::kDetailPageView || since < 0) continue;
      if (since > length * kMicrosPerDay) continue;
      all += 1;
      const bool is_match = year_->products[event.items[0].item_id]->category == category;
      matching += is_match ? 1 : 0;
    }
    return matching / all;
  }

  static Year* year_;
};

TimelineTest::Year* TimelineTest::year_ = nullptr;

TEST_F(TimelineTest, EveryEventAndItemKeepsTheRulesOfTheApi) {
  for (const Event& event : year_->events) {
    ASSERT_THAT(ToStatus(Validate(event, event.time_us)), testing::IsOk()) << Name(event.type);
  }
  for (const Product& product : year_->shop.products()) {
    ASSERT_THAT(ToStatus(Validate(product.item)), testing::IsOk());
  }
}

TEST_F(TimelineTest, EventsComeInOrderUnderDistinctIdsAndTakeAboutTheTimeAsked) {
  std::set<std::string> ids;
  Micros last = kStart;
  for (const Event& event : year_->events) {
    ASSERT_GE(event.time_us, last);
    ASSERT_TRUE(ids.insert(event.event_id).second);
    last = event.time_us;
  }
  EXPECT_NEAR(static_cast<double>(last - kStart) / kMicrosPerDay, 365, 60);
}

TEST_F(TimelineTest, VisitsLessThanASecondApartStillTakeTheirTime) {
  Timeline timeline(year_->shop, year_->shoppers, 1'000'000, kMicrosPerDay, Random(5, 3));

  int in_first_hour = 0;
  while (timeline.Next().time_us < kStart + 3'600 * kMicrosPerSecond) ++in_first_hour;

  // A 24th of a day's, times how busy the hour behind midnight is: 0.277 of 0.55 on average. Some
  // of what begins in it ends in the next.
  EXPECT_NEAR(in_first_hour, 1e6 / 24 * 0.277 / 0.55, 2'000);
}

TEST_F(TimelineTest, EveryTypeOfEventHappens) {
  std::set<EventType> seen;
  for (const Event& event : year_->events) seen.insert(event.type);

  EXPECT_EQ(seen.size(), kNumEventTypes - 1);
}

TEST_F(TimelineTest, NothingIsTouchedBeforeItIsPublishedAndNewThingsAreFound) {
  std::set<std::string> new_items;
  for (const Event& event : year_->events) {
    for (const EventItem& item : event.items) {
      const Micros published = year_->products.at(item.item_id)->item.publish_time_us;
      ASSERT_LE(published, event.time_us);
      if (published > kStart) new_items.insert(item.item_id);
    }
  }
  EXPECT_GT(new_items.size(), 60U);  // Of about 180 that arrive.
}

TEST_F(TimelineTest, WhatIsOutOfStockIsNotBought) {
  for (const Event& event : year_->events) {
    if (event.type != EventType::kPurchaseComplete) continue;
    for (const EventItem& item : event.items) {
      ASSERT_NE(year_->products[item.item_id]->item.availability, Availability::kOutOfStock);
    }
  }
}

TEST_F(TimelineTest, AFewProductsGetMostOfTheAttention) {
  std::map<std::string, int> views;
  int total = 0;
  for (const Event& event : year_->events) {
    if (event.type != EventType::kDetailPageView) continue;
    ++views[event.items[0].item_id];
    ++total;
  }
  std::vector<int> counts;
  for (const auto& [item, count] : views) counts.push_back(count);
  std::sort(counts.rbegin(), counts.rend());

  int top = 0;
  for (std::size_t i = 0; i < 60; ++i) top += counts[i];
  EXPECT_GT(top, total * 0.4);  // A tenth of the catalogue; 0.1 if all were alike.
  EXPECT_LT(top, total * 0.8);  // But there is a long tail.
}

TEST_F(TimelineTest, GardensAreForSpringAndGamesForWinter) {
  const auto index = [](std::string_view path) {
    const auto all = Categories();
    const auto found = std::find_if(all.begin(), all.end(), [&](const CategoryWords& category) {
      return category.path.english == path;
    });
    return static_cast<std::size_t>(found - all.begin());
  };
  constexpr int kApril = 90;
  constexpr int kNovember = 300;

  EXPECT_GT(ShareOf(index("Garden > Plants"), kApril, 60),
            2 * ShareOf(index("Garden > Plants"), kNovember, 60));
  EXPECT_GT(ShareOf(index("Toys > Games"), kNovember, 60),
            1.5 * ShareOf(index("Toys > Games"), kApril, 60));
}

TEST_F(TimelineTest, VisitorsLogInAndEveryLoginNamesTheRightUser) {
  std::map<std::string, std::string> user_of;
  for (const Shopper& shopper : year_->shoppers) {
    for (std::size_t d = 0; d < shopper.num_devices; ++d) {
      user_of[shopper.VisitorId(d)] = shopper.UserId();
    }
  }
  std::set<std::string> anonymous;
  int logins = 0;
  for (const Event& event : year_->events) {
    if (event.user_id.empty()) anonymous.insert(event.visitor_id);
    if (event.user_id.empty() || event.visitor_id.empty()) continue;
    ASSERT_EQ(event.user_id, user_of.at(event.visitor_id));
    logins += anonymous.contains(event.visitor_id) ? 1 : 0;
  }
  EXPECT_GT(logins, 100);
}

TEST_F(TimelineTest, PurchasesWereInTheCartAndCostWhatTheyCost) {
  std::map<std::string, std::set<std::string>> carts;
  int purchases = 0;
  for (const Event& event : year_->events) {
    std::vector<std::string> ids;
    std::int64_t cost = 0;
    for (const EventItem& item : event.items) {
      ids.push_back(item.item_id);
      cost += year_->products[item.item_id]->item.price->micros * item.quantity;
    }
    if (event.type == EventType::kAddToCart) carts[event.session_id].insert(ids[0]);
    if (event.type != EventType::kPurchaseComplete) continue;
    ++purchases;
    ASSERT_THAT(carts[event.session_id], IsSupersetOf(ids));
    ASSERT_EQ(event.revenue->micros, cost);
  }
  EXPECT_GT(purchases, 500);
}

TEST_F(TimelineTest, CheapThingsAndOnesOwnLanguageAreLikedBetter) {
  Shopper shopper = year_->shoppers[0];
  Product product = year_->shop.products()[0];
  const auto with = [&](bool reads, bool is_chinese, double price) {
    shopper.reads_chinese = reads;
    product.is_chinese = is_chinese;
    product.relative_price = price;
    return Affinity(shopper, product);
  };

  EXPECT_GT(with(true, true, 0), with(true, false, 0));
  EXPECT_LT(with(false, true, 0), with(false, false, 0));
  EXPECT_GT(with(true, true, -1), with(true, true, 1));
}

}  // namespace
}  // namespace vitrine::simulate
