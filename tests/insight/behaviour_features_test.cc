// The report and the store's behaviour features go over the log each for themselves; here both see
// the same random stream, and must say the same of every shopper.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <variant>

#include "insight/made_events.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/insight/insight.h"

namespace vitrine {
namespace {

using testing::Bought;
using testing::IsOk;
using testing::kDay;
using testing::kMinute;
using testing::kStart;

constexpr double kMillion = 1e6;
constexpr std::size_t kStepsOfSessions = 128;  // Behind the feature `sessions`.

class BehaviourFeaturesTest : public ::testing::Test {
 protected:
  BehaviourFeaturesTest() : clock_(kStart + 100 * kDay) {
    auto store = FeatureStore::Open(folder_.path(), {}, LocalFileSystem(), clock_);
    EXPECT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  void Write(Mutation mutation) { EXPECT_THAT(store_->Write(std::move(mutation)), IsOk()); }

  Insight Report() {
    ThreadPool pool(2);
    auto insight = MakeInsight(*store_, {}, pool);
    EXPECT_THAT(insight, IsOk());
    return insight.ok() ? *std::move(insight) : Insight();
  }

  // The features of a shopper of the report, by name, as of the report's moment.
  std::map<std::string, FeatureValue> FeaturesOf(const ShopperSummary& row, Micros as_of_us) {
    std::map<std::string, FeatureValue> values;
    for (const Feature& feature : store_->ReadUserFeatures(
             row.is_visitor ? "" : row.id, row.is_visitor ? row.id : "", {}, as_of_us)) {
      values[feature.name] = feature.value;
    }
    return values;
  }

  testing::TemporaryFolder folder_;
  testing::FakeClock clock_;
  std::unique_ptr<FeatureStore> store_;
};

class RandomStreamTest : public BehaviourFeaturesTest,
                         public ::testing::WithParamInterface<std::uint64_t> {};

// An event of one of 12 users and 12 visitors within 90 days, on whole minutes so that some share a
// moment, in no order of time. With `order_id` or without, with a revenue, with prices, or neither.
Event AnyEvent(Random& random) {
  Event event{.type = static_cast<EventType>(1 + random.Below(13))};
  if (random.Below(4) == 0) event.type = EventType::kPurchaseComplete;
  const std::uint64_t who = random.Below(4);
  if (who != 0) event.user_id = absl::StrFormat("u%d", random.Below(12));
  if (who <= 1) event.visitor_id = absl::StrFormat("v%d", random.Below(12));
  // Bursts of a few hours, so that visits have several events.
  event.time_us = kStart + static_cast<Micros>(random.Below(30)) * 3 * kDay +
                  static_cast<Micros>(random.Below(240)) * kMinute;
  if (event.type == EventType::kRate) event.rating = 4;
  if (event.type == EventType::kSearch) event.search_query = "mug";
  const std::uint64_t num_items = 1 + random.Below(3);
  for (std::uint64_t i = 0; i < num_items; ++i) {
    EventItem item{.item_id = absl::StrFormat("i%d", random.Below(9)),
                   .quantity = static_cast<std::uint32_t>(1 + random.Below(4))};
    if (random.Below(2) == 0) {
      item.unit_price = Money{static_cast<std::int64_t>(random.Below(90'000'000)), "EUR"};
    }
    event.items.push_back(item);
  }
  if (random.Below(2) == 0) event.order_id = absl::StrFormat("o%d", random.Below(40));
  if (random.Below(3) == 0) {
    event.revenue = Money{static_cast<std::int64_t>(random.Below(200'000'000)), "EUR"};
  }
  return event;
}

double Number(const FeatureValue& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  return 0;  // Missing.
}

// What both name, in the unit of the feature; what is missing is 0.
std::map<std::string, double> AsFeatures(const ShopperSummary& row, Micros as_of_us) {
  const bool is_priced = row.priced_orders > 0;
  return {
      {"first_seen", static_cast<double>(row.first_seen_us)},
      {"last_seen", static_cast<double>(row.last_seen_us)},
      {"active_days", row.active_days},
      {"views", row.views},
      {"carts", row.carts},
      {"returns", row.returns},
      {"sessions", row.sessions},
      {"orders", row.orders},
      {"days_since_last_order",
       row.orders == 0 ? 0 : static_cast<double>(as_of_us - row.last_order_us) / kDay},
      {"days_between_orders",
       row.orders < 2
           ? 0
           : static_cast<double>(row.last_order_us - row.first_order_us) / kDay / (row.orders - 1)},
      {"revenue", static_cast<double>(row.value_micros) / kMillion},
      {"average_order_value", row.MeanOrderMicros() / kMillion},
      {"max_order_value", is_priced ? static_cast<double>(row.max_order_micros) / kMillion : 0},
  };
}

TEST_P(RandomStreamTest, TheReportAndTheFeaturesSayTheSameOfEveryShopper) {
  Random random(GetParam());
  // 600 events, so that nobody does more than `sessions` looks back on.
  for (int batch = 0; batch < 60; ++batch) {
    RecordEvents mutation;
    for (int i = 0; i < 10; ++i) mutation.events.push_back(AnyEvent(random));
    Write(std::move(mutation));
    if (batch % 10 != 9) continue;
    Write(MergeUsers{.visitor_id = absl::StrFormat("v%d", batch / 10),
                     .user_id = absl::StrFormat("u%d", random.Below(12))});
  }
  Write(EraseUser{.user_id = "u3"});

  const Insight insight = Report();

  const Micros as_of_us = insight.shoppers.as_of_us;
  std::size_t num_orders = 0;
  for (const ShopperSummary& row : insight.shoppers.rows) {
    SCOPED_TRACE((row.is_visitor ? "visitor " : "user ") + row.id);
    const auto have = FeaturesOf(row, as_of_us);
    for (const auto& [name, want] : AsFeatures(row, as_of_us)) {
      EXPECT_NEAR(Number(have.at(name)), want, 1e-9 * (1 + std::abs(want))) << name;
    }
    num_orders += row.orders;
  }
  EXPECT_GE(insight.shoppers.rows.size(), 12);
  EXPECT_GE(num_orders, 60);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomStreamTest, ::testing::Range<std::uint64_t>(1, 9));

TEST_F(BehaviourFeaturesTest, AmountsInOtherCurrenciesAreAddedByFeaturesAndLeftOutOfTheReport) {
  Event dollars = Bought("ann", 2 * kDay, "cup", 30);
  dollars.items.front().unit_price->currency = "USD";
  Write(RecordEvents{{Bought("ann", 0, "mug", 10), Bought("ann", kDay, "mug", 20), dollars}});

  const Insight insight = Report();

  const ShopperSummary& ann = insight.shoppers.rows.at(0);
  const auto features = FeaturesOf(ann, insight.shoppers.as_of_us);
  EXPECT_EQ(ann.orders, 3);
  EXPECT_EQ(Number(features.at("orders")), 3);
  EXPECT_EQ(insight.shoppers.currency, "EUR");
  EXPECT_EQ(ann.value_micros, 30'000'000);
  EXPECT_EQ(insight.overview.orders_in_other_currencies, 1);
  EXPECT_EQ(Number(features.at("revenue")), 60);
}

TEST_F(BehaviourFeaturesTest, SessionsOfFeaturesLookBackLessFarThanVisitsOfTheReport) {
  RecordEvents mutation;
  for (int i = 0; i < 200; ++i)
    mutation.events.push_back(testing::Viewed("ann", i * 60 * kMinute, "mug"));
  Write(std::move(mutation));

  const Insight insight = Report();

  const ShopperSummary& ann = insight.shoppers.rows.at(0);
  EXPECT_EQ(ann.sessions, 200);
  EXPECT_EQ(Number(FeaturesOf(ann, insight.shoppers.as_of_us).at("sessions")), kStepsOfSessions);
}

}  // namespace
}  // namespace vitrine
