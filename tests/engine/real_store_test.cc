#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "testing/fake_clock.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/file_system.h"
#include "vitrine/engine/engine.h"
#include "vitrine/lifecycle/lifecycle.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using vitrine::testing::FakeClock;
using vitrine::testing::IsOk;
using vitrine::testing::TemporaryFolder;

// A real store with the real models: three categories of twelve items, and shoppers who each keep
// to one of them.
class RealStoreTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kItemsPerCategory = 12;

  RealStoreTest() {
    auto store = FeatureStore::Open(folder_ / "store", {}, LocalFileSystem(), clock_);
    EXPECT_THAT(store, IsOk());
    store_ = *std::move(store);
    engine_ = std::make_unique<Engine>(*store_, models_, counters_, clock_, Engine::Options());
    AddItems();
  }

  void AddItems() {
    UpsertItems upsert;
    for (const char* kind : {"mug", "rake", "ball"}) {
      for (std::size_t i = 0; i < kItemsPerCategory; ++i) {
        upsert.items.push_back({.id = std::string(kind) + "-" + std::to_string(i),
                                .title = std::string(kind) + " number " + std::to_string(i),
                                .categories = {std::string("Shop > ") + kind}});
      }
    }
    ASSERT_THAT(store_->Write(upsert), IsOk());
  }

  Event EventOf(const std::string& user, EventType type, const std::string& item) {
    return {.type = type, .user_id = user, .time_us = clock_.Now(), .items = {{.item_id = item}}};
  }

  void Record(std::vector<Event> events) {
    ASSERT_THAT(store_->Write(RecordEvents{std::move(events)}), IsOk());
  }

  // 30 shoppers of each kind, each with 5 of its items.
  void RecordHistories() {
    std::vector<Event> events;
    for (const char* kind : {"mug", "rake", "ball"}) {
      for (std::size_t u = 0; u < 30; ++u) {
        for (std::size_t i = 0; i < 5; ++i) {
          const std::string item =
              std::string(kind) + "-" + std::to_string((u + i * (u % 3 + 1)) % kItemsPerCategory);
          events.push_back(EventOf(std::string(kind) + " lover " + std::to_string(u),
                                   EventType::kDetailPageView, item));
          clock_.Advance(kMicrosPerSecond);
        }
      }
    }
    Record(std::move(events));
  }

  void Train() {
    LifecycleOptions options;
    options.clock = &clock_;
    options.settings["ials"] = {{"dimensions", "8"}};
    auto trained = TrainModels(*store_, options, {.pool = &pool_}, {});
    ASSERT_THAT(trained, IsOk());
    trained->models.version = "v1";
    models_.Set(std::make_shared<const ModelSet>(std::move(trained->models)));
  }

  RecommendReply Recommend(const RecommendRequest& request) const {
    auto reply = engine_->Recommend(request);
    EXPECT_THAT(reply, IsOk());
    return reply.ok() ? *std::move(reply) : RecommendReply();
  }

  static std::vector<std::string> Ids(const RecommendReply& reply) {
    std::vector<std::string> ids;
    for (const RecommendedItem& item : reply.items) ids.push_back(item.item_id);
    return ids;
  }

  TemporaryFolder folder_;
  FakeClock clock_;
  std::unique_ptr<FeatureStore> store_;
  Published<ModelSet> models_{nullptr};
  Counters counters_;
  ThreadPool pool_{2};
  std::unique_ptr<Engine> engine_;
};

TEST_F(RealStoreTest, AShopWithoutAnyEventShowsItsItems) {
  EXPECT_THAT(Recommend({}).items, SizeIs(20));
}

TEST_F(RealStoreTest, OneEventIsEnoughToSeeMoreOfItsKind) {
  RecordHistories();
  Train();
  const RecommendReply before = Recommend({.user_id = "new", .page_size = 6});
  ASSERT_THAT(before.fallbacks, Contains("cold-shopper"));

  Record({EventOf("new", EventType::kDetailPageView, "rake-3")});
  const RecommendReply after = Recommend({.user_id = "new", .page_size = 6});

  EXPECT_THAT(Ids(after), Each(StartsWith("rake-")));
  EXPECT_THAT(after.fallbacks, IsEmpty());
  EXPECT_GT(after.sequence, before.sequence);
}

TEST_F(RealStoreTest, ANewShoppersProfileCountsInTheNextAnswerWithoutAnyEvent) {
  RecordHistories();
  UpsertUsers lovers;
  for (const char* kind : {"mug", "rake", "ball"}) {
    for (std::size_t u = 0; u < 30; ++u) {
      lovers.users.push_back(
          {std::string(kind) + " lover " + std::to_string(u), {{"hobby", kind}}});
    }
  }
  ASSERT_THAT(store_->Write(lovers), IsOk());
  const Settings settings = {{"dimensions", "8"},       {"hidden", "8"},
                             {"buckets", "256"},        {"batch", "16"},
                             {"learning_rate", "0.01"}, {"held_out_share", "0"},
                             {"history_dropout", "0.5"}};
  auto towers = FindTrainer("two_tower")->train(*store_->Snapshot(0), settings, {.pool = &pool_});
  ASSERT_THAT(towers, IsOk());
  models_.Set(std::make_shared<const ModelSet>(
      ModelSet{.version = "v1", .weights = {{"two_tower", {.weight = 1}}}, .models = {*towers}}));

  for (const char* kind : {"rake", "ball"}) {
    ASSERT_THAT(store_->Write(UpsertUsers{{User{"new", {{"hobby", kind}}}}}), IsOk());
    EXPECT_THAT(Ids(Recommend({.user_id = "new", .page_size = 6})), Each(StartsWith(kind)));
  }
}

TEST_F(RealStoreTest, AnItemThatCameAfterTheTrainingIsShown) {
  RecordHistories();
  Train();
  ASSERT_THAT(store_->Write(UpsertItems{{{.id = "new-mug", .categories = {"New"}}}}), IsOk());

  EXPECT_THAT(Ids(Recommend({.categories = {"New"}})), ::testing::ElementsAre("new-mug"));
}

TEST_F(RealStoreTest, EveryModelsContributionsSumToTheScore) {
  RecordHistories();
  Train();
  for (const char* id : {"mug-1", "mug-2", "mug-2", "mug-7"}) {
    Record({EventOf("u", EventType::kDetailPageView, id)});
  }

  const RecommendReply reply = Recommend({.user_id = "u",
                                          .context_item_ids = {"rake-1"},
                                          .explanation = ExplanationLevel::kContributions});

  ASSERT_THAT(reply.items, SizeIs(20));
  std::vector<std::string> models;
  for (const RecommendedItem& item : reply.items) {
    double sum = 0;
    for (const ScorePart& part : item.contributions) {
      sum += static_cast<double>(part.value);
      models.push_back(part.model);
    }
    EXPECT_NEAR(sum, item.score, 1e-4 * std::max(1.0, std::abs(static_cast<double>(item.score))));
    EXPECT_THAT(item.reasons, Not(IsEmpty())) << item.item_id;
  }
  for (const char* name : {"most_popular", "content", "item_knn", "ials"}) {
    EXPECT_THAT(models, Contains(name));
  }
}

TEST_F(RealStoreTest, SimilarItemsAreOfTheSameKind) {
  RecordHistories();
  Train();

  const auto reply = engine_->Similar({.item_id = "ball-2", .page_size = 5});

  ASSERT_THAT(reply, IsOk());
  EXPECT_THAT(Ids(*reply), Each(StartsWith("ball-")));
  EXPECT_THAT(reply->items,
              Each(Field(&RecommendedItem::reasons,
                         Contains(Reason{.kind = Reason::Kind::kSimilarTo, .item_id = "ball-2"}))));
}

TEST_F(RealStoreTest, NoAnswerIgnoresAnAcknowledgedEvent) {
  RecordHistories();
  Train();
  std::vector<std::thread> shoppers;
  for (int s = 0; s < 4; ++s) {
    shoppers.emplace_back([this, s] {
      const std::string user = "reader " + std::to_string(s);
      for (std::size_t i = 0; i < kItemsPerCategory; ++i) {
        const std::string bought = "mug-" + std::to_string(i);
        const auto written =
            store_->Write(RecordEvents{{EventOf(user, EventType::kPurchaseComplete, bought)}});
        ASSERT_THAT(written, IsOk());

        const RecommendReply reply = Recommend({.user_id = user, .page_size = 36});

        EXPECT_GE(reply.sequence, written->sequence);
        EXPECT_THAT(reply.items, SizeIs(36 - (i + 1)));
        EXPECT_THAT(Ids(reply), Not(Contains(bought)));
      }
    });
  }
  for (std::thread& shopper : shoppers) shopper.join();
}

TEST_F(RealStoreTest, StockThatRunsOutIsGoneFromTheNextAnswer) {
  const auto sold_out = [](std::int64_t stock) {
    return UpdateInventory{{{.id = "mug-0", .stock = stock}}};
  };
  ASSERT_THAT(store_->Write(sold_out(0)), IsOk());
  EXPECT_THAT(Ids(Recommend({.page_size = 36})), Not(Contains("mug-0")));

  ASSERT_THAT(store_->Write(sold_out(5)), IsOk());
  EXPECT_THAT(Ids(Recommend({.page_size = 36})), Contains("mug-0"));
}

}  // namespace
}  // namespace vitrine
