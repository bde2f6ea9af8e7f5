#include "vitrine/evaluation/purchase_moments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "testing/fake_clock.h"
#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::Each;
using ::testing::Ge;
using ::testing::SizeIs;
using ::vitrine::testing::IsOk;

constexpr Micros kMinute = 60 * kMicrosPerSecond;
constexpr Micros kStart = 1'759'276'800 * kMicrosPerSecond;  // 2025-10-01

class PurchaseMomentsTest : public ::testing::Test {
 protected:
  // A store with the events of a made-up shop; those from `change_us` on are others where it is
  // given. In a visit: some views, perhaps a cart, and then mostly an order.
  struct Shop {
    explicit Shop(int num_shoppers, Micros change_us = INT64_MAX) {
      store = FeatureStore::Open(folder / "store", {}, files, clock).value();
      Random random(5);
      Random other(6);
      RecordEvents events;
      for (int shopper = 0; shopper < num_shoppers; ++shopper) {
        Micros time = kStart + static_cast<Micros>(random.Below(600)) * kMinute;
        for (int visit = 0; visit < 6; ++visit) {
          time += static_cast<Micros>(1 + random.Below(8)) * kMicrosPerDay;
          const bool has_cart = random.Below(3) == 0;
          std::vector<EventType> types(1 + random.Below(4), EventType::kDetailPageView);
          if (has_cart) types.push_back(EventType::kAddToCart);
          if (has_cart && random.Below(4) != 0) types.push_back(EventType::kPurchaseComplete);
          for (const EventType type : types) {
            time += static_cast<Micros>(1 + random.Below(10)) * kMinute;
            Event event{.type = type,
                        .time_us = time,
                        .items = {{.item_id = "item-" + std::to_string(random.Below(9))}}};
            (shopper % 2 == 0 ? event.user_id : event.visitor_id) =
                "shopper-" + std::to_string(shopper);
            if (time >= change_us) {
              event.type = other.Below(2) == 0 ? EventType::kSearch : EventType::kPurchaseComplete;
              event.items = {{.item_id = "other"}};
              event.time_us += static_cast<Micros>(other.Below(20)) * kMinute;
            }
            if (event.type == EventType::kSearch) {
              event.items.clear();
              event.search_query = "mug";
            }
            events.events.push_back(std::move(event));
          }
        }
      }
      for (std::size_t begin = 0; begin < events.events.size(); begin += 500) {
        const auto first = events.events.begin() + static_cast<std::ptrdiff_t>(begin);
        const auto count = std::min<std::size_t>(500, events.events.size() - begin);
        EXPECT_THAT(store->Write(RecordEvents{{first, first + static_cast<std::ptrdiff_t>(count)}}),
                    IsOk());
      }
    }

    testing::TemporaryFolder folder;
    testing::FaultFileSystem files;
    testing::FakeClock clock;
    std::unique_ptr<FeatureStore> store;
  };

  static MomentSet Draw(const FeatureStore& store, const MomentOptions& options) {
    auto timelines = ShopperTimelines::Read(store);
    EXPECT_THAT(timelines, IsOk());
    auto drawn = timelines->Draw(options);
    EXPECT_THAT(drawn, IsOk());
    return *std::move(drawn);
  }
};

bool IsSame(const ShopperMoment& a, const ShopperMoment& b) {
  if (a.steps != b.steps || a.features.size() != b.features.size()) return false;
  for (std::size_t i = 0; i < a.features.size(); ++i) {
    const bool is_nan = std::isnan(a.features[i]);
    if (is_nan != std::isnan(b.features[i]) || (!is_nan && a.features[i] != b.features[i])) {
      return false;
    }
  }
  return true;
}

TEST_F(PurchaseMomentsTest, RewritingTheFutureChangesNothingThatIsKnown) {
  const Micros cut_us = kStart + 15 * kMicrosPerDay;
  const Shop shop(40);
  const Shop rewritten(40, cut_us);
  const MomentOptions options{.until_us = cut_us};

  const MomentSet drawn = Draw(*shop.store, options);
  const MomentSet same = Draw(*rewritten.store, options);

  ASSERT_THAT(drawn.moments, SizeIs(Ge(100U)));
  ASSERT_EQ(drawn.questions, same.questions);
  for (std::size_t i = 0; i < drawn.moments.size(); ++i) {
    EXPECT_LT(drawn.questions[i].time_us, cut_us);
    EXPECT_TRUE(IsSame(drawn.moments[i].moment, same.moments[i].moment)) << i;
    EXPECT_EQ(drawn.moments[i].orders_in_horizon, same.moments[i].orders_in_horizon) << i;
    EXPECT_EQ(drawn.moments[i].orders_in_session, same.moments[i].orders_in_session) << i;
    EXPECT_EQ(drawn.moments[i].next, same.moments[i].next) << i;
  }
}

TEST_F(PurchaseMomentsTest, WhatIsKnownIsWhatServingReadsThen) {
  // The log up to each moment is all that there is: what is read live is then as of the moment.
  const Micros cut_us = kStart + 10 * kMicrosPerDay;
  const Shop whole(12);
  const MomentSet drawn = Draw(*whole.store, {.until_us = cut_us});
  ASSERT_THAT(drawn.moments, SizeIs(Ge(20U)));
  for (std::size_t i = 0; i < drawn.moments.size(); i += 5) {
    const FeatureQuestion& question = drawn.questions[i];
    testing::TemporaryFolder folder;
    testing::FaultFileSystem files;
    testing::FakeClock clock;
    auto store = FeatureStore::Open(folder / "store", {}, files, clock).value();
    RecordEvents known;
    ASSERT_THAT(whole.store->ReadEvents(0,
                                        [&](std::uint64_t, const Event& event) {
                                          if (event.time_us <= question.time_us) {
                                            known.events.push_back(event);
                                          }
                                          return true;
                                        }),
                IsOk());
    if (known.events.empty()) continue;
    ASSERT_THAT(store->Write(std::move(known)), IsOk());

    const std::vector<float> features = ToNumbers(store->ReadUserFeatures(
        question.user_id, question.visitor_id, PurchaseFeatureNames(), question.time_us));
    const auto session =
        store->ReadSession(question.user_id, question.visitor_id, question.time_us);
    const auto first = drawn.moments[i].moment.steps.front().kind;
    const ShopperMoment served{
        .features = features,
        .steps = StepsOf(session, store->catalogue(), question.time_us,
                         first == kAwayStep ? Absence::kIsAway : Absence::kBeginsVisit)};
    EXPECT_TRUE(IsSame(served, drawn.moments[i].moment)) << i;
  }
}

TEST_F(PurchaseMomentsTest, LabelsAreWhatTheLogSaysAfterwards) {
  const Shop shop(30);
  const Micros until_us = kStart + 20 * kMicrosPerDay;
  const MomentSet drawn = Draw(*shop.store, {.horizon_days = 3, .until_us = until_us});
  std::map<std::string, std::vector<std::pair<Micros, EventType>>> logs;
  ASSERT_THAT(shop.store->ReadEvents(0,
                                     [&](std::uint64_t, const Event& event) {
                                       logs[event.user_id + event.visitor_id].emplace_back(
                                           event.time_us, event.type);
                                       return true;
                                     }),
              IsOk());
  std::size_t num_next = 0;
  std::size_t num_leave = 0;
  for (std::size_t i = 0; i < drawn.moments.size(); ++i) {
    const FeatureQuestion& question = drawn.questions[i];
    const LabelledMoment& moment = drawn.moments[i];
    const auto& log = logs.at(question.user_id + question.visitor_id);
    bool orders_soon = false;
    bool orders_in_visit = false;
    bool is_in_visit = true;
    Micros last = question.time_us;
    std::optional<NextEvent> next;
    for (const auto& [time, type] : log) {
      if (time <= question.time_us) {
        last = time;
        continue;
      }
      const bool is_first = !next.has_value();
      const bool is_begin = is_first && moment.moment.steps.size() == 1;
      is_in_visit = is_in_visit && (is_begin || time - last <= 30 * kMinute);
      if (is_first) next = is_in_visit ? NextEventOf(type) : NextEvent::kLeave;
      last = time;
      if (type != EventType::kPurchaseComplete) continue;
      orders_soon = orders_soon || time <= question.time_us + 3 * kMicrosPerDay;
      orders_in_visit = orders_in_visit || is_in_visit;
    }
    if (moment.orders_in_horizon.has_value()) {
      EXPECT_LT(question.time_us + 3 * kMicrosPerDay, until_us) << "not settled yet";
      EXPECT_EQ(*moment.orders_in_horizon, orders_soon) << i;
    }
    if (moment.orders_in_session.has_value()) {
      EXPECT_EQ(*moment.orders_in_session, orders_in_visit) << i;
    }
    if (!moment.next.has_value()) continue;
    ++num_next;
    num_leave += *moment.next == NextEvent::kLeave ? 1 : 0;
    EXPECT_EQ(*moment.next, next.value_or(NextEvent::kLeave)) << i;
  }
  EXPECT_GT(num_next, 100U);
  EXPECT_GT(num_leave, 10U);
}

TEST_F(PurchaseMomentsTest, NoMoreThanAskedForAreDrawn) {
  const Shop shop(30);
  const MomentOptions options{.max_moments = 50, .until_us = kStart + 20 * kMicrosPerDay};
  const MomentSet drawn = Draw(*shop.store, options);
  EXPECT_THAT(drawn.moments, SizeIs(50));
  EXPECT_EQ(Draw(*shop.store, options).questions, drawn.questions);
}

TEST_F(PurchaseMomentsTest, WhatCartsLeadToIsForeseenAndGoesLive) {
  const Shop shop(400);
  ThreadPool pool(2);
  std::map<std::string, double> metrics;

  const auto model =
      TrainPurchaseModel(*shop.store, {{"hidden", "8"}, {"dimensions", "8"}, {"epochs", "12"}}, 0.2,
                         {.pool = &pool}, {}, metrics);

  ASSERT_THAT(model, IsOk());
  ASSERT_NE(model->predictor, nullptr);
  EXPECT_TRUE(model->predictor->IsLive(PurchaseHead::kSession));
  EXPECT_TRUE(model->predictor->IsLive(PurchaseHead::kNext));
  EXPECT_LT(metrics.at("purchase.session.log_loss"), metrics.at("purchase.session.base_log_loss"));
  EXPECT_GT(metrics.at("purchase.session.auc"), 0.6);
  EXPECT_EQ(model->settings.at("hidden"), "8");
}

TEST_F(PurchaseMomentsTest, NothingGoesLiveWhereThereIsNothingToForesee) {
  // Every visit is one event at a random time; every other is an order, drawn by a coin.
  testing::TemporaryFolder folder;
  testing::FaultFileSystem files;
  testing::FakeClock clock;
  auto store = FeatureStore::Open(folder / "store", {}, files, clock).value();
  Random random(9);
  RecordEvents events;
  for (int i = 0; i < 600; ++i) {
    const bool buys = random.Below(2) == 0;
    events.events.push_back(
        {.type = buys ? EventType::kPurchaseComplete : EventType::kDetailPageView,
         .visitor_id = "visitor-" + std::to_string(i),
         .time_us = kStart + static_cast<Micros>(random.Below(60 * 24 * 60)) * kMinute,
         .items = {{.item_id = "item"}}});
  }
  ASSERT_THAT(store->Write(std::move(events)), IsOk());
  ThreadPool pool(2);
  std::map<std::string, double> metrics;

  const auto model =
      TrainPurchaseModel(*store, {{"hidden", "8"}, {"dimensions", "8"}, {"epochs", "5"}}, 0.3,
                         {.pool = &pool}, {}, metrics);

  ASSERT_THAT(model, IsOk());
  const bool foresees_visits =
      model->predictor != nullptr && model->predictor->IsLive(PurchaseHead::kSession);
  EXPECT_FALSE(foresees_visits);
}

}  // namespace
}  // namespace vitrine
