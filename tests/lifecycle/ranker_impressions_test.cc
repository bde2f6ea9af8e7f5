#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "testing/fake_clock.h"
#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/random.h"
#include "vitrine/engine/rank_stage.h"
#include "vitrine/evaluation/comparison.h"
#include "vitrine/feature_store/attribution.h"
#include "vitrine/lifecycle/lifecycle.h"
#include "vitrine/scorers/dnn/deep_ranker.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;

constexpr int kItems = 160;
constexpr int kShoppers = 150;
constexpr int kTurns = 1000;
constexpr std::size_t kPage = 20;

// Shoppers look at the cheap half of the items by themselves, four times a turn. Of a list that
// shows them cheap and dear items they click a dear one.
class RankerImpressionsTest : public ::testing::Test {
 protected:
  RankerImpressionsTest() {
    store_ = FeatureStore::Open(folder_ / "store", {}, files_, clock_).value();
    UpsertItems items;
    for (int row = 0; row < kItems; ++row) {
      items.items.push_back(
          {.id = Id(row), .price = Money{(IsDear(row) ? 100 : 10) * 1'000'000, "EUR"}});
    }
    store_->Write(std::move(items)).value();
    options_.models = {"most_popular", "item_knn", std::string(kRankerName)};
    options_.settings[std::string(kRankerName)] = {{"networks", "2"}};
    options_.test_fraction = 0.3;
    options_.clock = &clock_;
  }

  static std::string Id(int row) { return absl::StrFormat("item-%d", row); }
  static bool IsDear(int row) { return row % 2 == 1; }
  int Cheap() { return 2 * static_cast<int>(random_.Below(kItems / 2)); }
  int Dear() { return Cheap() + 1; }

  // Lists are shown to the first `num_shown` shoppers.
  void Record(int num_shown) {
    for (int turn = 0; turn < kTurns; ++turn) {
      const int shopper = turn % kShoppers;
      RecordEvents events;
      const auto add = [&](EventType type, std::vector<int> rows, const std::string& token) {
        clock_.Advance(60 * kMicrosPerSecond);
        Event event{.type = type,
                    .user_id = absl::StrFormat("shopper-%d", shopper),
                    .time_us = clock_.Now(),
                    .attribution_token = token};
        for (const int row : rows) event.items.push_back({.item_id = Id(row)});
        events.events.push_back(std::move(event));
      };
      for (int view = 0; view < 4; ++view) add(EventType::kDetailPageView, {Cheap()}, "");
      const int clicked = Dear();
      std::vector<int> shown = {Cheap(), Cheap(), Cheap(), clicked};
      std::sort(shown.begin(), shown.end());
      const std::string token = shopper < num_shown ? TokenOf(shown) : "";
      if (shopper < num_shown) add(EventType::kImpression, shown, token);
      add(EventType::kRecommendationClick, {clicked}, token);
      store_->Write(std::move(events)).value();
    }
  }

  std::string TokenOf(const std::vector<int>& rows) {
    Attribution list{.placement = "home", .time_us = clock_.Now()};
    for (const int row : rows) list.items.push_back(*store_->catalogue().Find(Id(row)));
    return SealAttribution(*store_, list);
  }

  ModelSet Train(std::size_t num_threads = 2) {
    ThreadPool pool(num_threads);
    auto trained = TrainModels(*store_, options_, {.pool = &pool}, {});
    EXPECT_THAT(trained, IsOk());
    return trained.ok() ? std::move(trained->models) : ModelSet();
  }

  // How many of the first page of a list for some shopper are dear.
  std::ptrdiff_t NumDearShown(ModelSet models) {
    const ShopperState shopper = store_->ReadShopper("shopper-7", "");
    const Query query{.history = shopper.history, .now_us = clock_.Now()};
    const Pipeline pipeline(std::make_shared<const ModelSet>(std::move(models)), options_.blend);
    const auto list =
        RecommendRanked(pipeline, {&query, 1}, nullptr, kPage, RankDeadline::kNone).front().items;
    EXPECT_EQ(list.size(), kPage);
    return std::count_if(list.begin(), list.end(), [](const BlendedItem& each) {
      return IsDear(static_cast<int>(Row(each.item)));
    });
  }

  testing::TemporaryFolder folder_;
  testing::FaultFileSystem files_;  // Does not really sync: fast.
  testing::FakeClock clock_;
  Random random_{11};
  std::unique_ptr<FeatureStore> store_;
  LifecycleOptions options_;
};

TEST_F(RankerImpressionsTest, WhatIsClickedAmongTheShownDecidesTheOrder) {
  Record(kShoppers);

  const ModelSet of_lists = Train();
  options_.settings[std::string(kRankerName)]["lessons"] = "sampled";
  const ModelSet sampled = Train();

  EXPECT_GE(of_lists.metrics.at("ranker_impression_lists"), 100);
  EXPECT_EQ(sampled.metrics.at("ranker_impression_lists"), 0);
  EXPECT_GE(NumDearShown(of_lists), 16);
  EXPECT_LE(NumDearShown(sampled), 8);
}

TEST_F(RankerImpressionsTest, TooFewImpressionsLeaveItToSampledLessons) {
  Record(/*num_shown=*/60);

  const ModelSet models = Train();

  EXPECT_EQ(models.metrics.at("ranker_impression_lists"), 0);
  EXPECT_LE(NumDearShown(models), 8);
}

TEST_F(RankerImpressionsTest, TheNumberOfThreadsChangesNoByte) {
  Record(kShoppers);
  const auto bytes_of = [](const ModelSet& models) {
    const auto ranker = std::find_if(models.models.begin(), models.models.end(),
                                     [](const Model& each) { return each.kind == kRankerName; });
    if (ranker == models.models.end()) return std::string();
    ByteWriter writer;
    Save(static_cast<const DeepRanker&>(*ranker->scorer), writer);
    return writer.Take();
  };

  const std::string on_one = bytes_of(Train(1));
  const std::string on_two = bytes_of(Train(2));

  EXPECT_FALSE(on_one.empty());
  EXPECT_EQ(on_one, on_two);
}

TEST_F(RankerImpressionsTest, ALiveRankerIsNotTaughtOtherLessonsToBeHeldAgainst) {
  Record(kShoppers);
  Settings& settings = options_.settings[std::string(kRankerName)];
  settings["epochs"] = "1";
  settings["lessons"] = "sampled";
  ModelSet live = Train();
  live.version = "of-before";
  ThreadPool pool(2);

  const auto same = TrainModels(*store_, options_, {.pool = &pool, .live = &live}, {});
  settings["lessons"] = "impressions";
  const auto other = TrainModels(*store_, options_, {.pool = &pool, .live = &live}, {});

  ASSERT_THAT(same, IsOk());
  ASSERT_THAT(other, IsOk());
  EXPECT_THAT(same->gate->verdict, HasSubstr("of the live version of-before"));
  EXPECT_THAT(other->gate->verdict, HasSubstr("of the live version of-before"));
}

TEST_F(RankerImpressionsTest, AComparisonOnTheStoreLearnsFromThemToo) {
  Record(kShoppers);
  ThreadPool pool(2);
  ComparisonOptions options{.models = options_.models, .settings = options_.settings};

  const auto comparison =
      CompareOnStore(*store_, options_.test_fraction, options, {.pool = &pool}, {});

  ASSERT_THAT(comparison, IsOk());
  EXPECT_THAT(comparison->rows.back().settings.at(std::string(kRankerName)),
              HasSubstr("lists of impressions"));
}

}  // namespace
}  // namespace vitrine
