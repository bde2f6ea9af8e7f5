// Live popularity and the companions of items say nothing of what fewer than min_group shoppers
// did. model_test.cc and feature_property_test.cc hold both against a model, too.

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "testing/eventually.h"
#include "testing/fake_clock.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

using testing::Eventually;
using testing::FakeClock;
using testing::IsOk;

constexpr Micros kHour = 3'600 * kMicrosPerSecond;

// A store that speaks of three shoppers or more.
class MinGroupTest : public ::testing::Test {
 protected:
  MinGroupTest() { Open(); }

  void Open() {
    store_.reset();
    auto store = FeatureStore::Open(folder_.path(), {.min_group = 3}, LocalFileSystem(), clock_);
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  static Event Bought(const std::string& user, std::vector<EventItem> items) {
    return {.type = EventType::kPurchaseComplete,
            .user_id = user,
            .time_us = FakeClock::kStart,
            .items = std::move(items)};
  }
  static Event View(const std::string& user, const std::string& item) {
    Event event = Bought(user, {{.item_id = item}});
    event.type = EventType::kDetailPageView;
    return event;
  }
  static Event VisitorView(const std::string& visitor, const std::string& item) {
    Event event = View("", item);
    event.visitor_id = visitor;
    return event;
  }

  WriteResult Write(Mutation mutation) {
    auto result = store_->Write(std::move(mutation));
    EXPECT_THAT(result, IsOk());
    return result.ok() ? *result : WriteResult();
  }

  // As it is now; what is published may be a little older.
  float Popularity(const std::string& item) const {
    const std::vector<float> popularity = store_->LivePopularity()->values;
    const std::size_t row = Row(*store_->catalogue().Find(item));
    return row < popularity.size() ? popularity[row] : 0;
  }
  bool BecomesShown(const std::string& item) const {
    return Eventually([&] { return Popularity(item) > 0; });
  }
  bool BecomesHidden(const std::string& item) const {
    return Eventually([&] { return Popularity(item) == 0; });
  }

  testing::TemporaryFolder folder_;
  FakeClock clock_;
  std::unique_ptr<FeatureStore> store_;
};

TEST_F(MinGroupTest, AnItemIsPopularFromTheThirdShopperOn) {
  for (int times = 0; times < 9; ++times) {
    Write(RecordEvents{{View("ann", "mug"), View("bob", "mug")}});
  }
  EXPECT_EQ(Popularity("mug"), 0);

  Write(RecordEvents{{VisitorView("phone", "mug")}});

  EXPECT_TRUE(BecomesShown("mug"));
}

TEST_F(MinGroupTest, WhoIsErasedOrForgottenCountsNoMore) {
  Event old = View("ann", "cup");
  old.time_us -= kHour;
  Write(RecordEvents{{View("ann", "mug"), View("bob", "mug"), View("eve", "mug")}});
  Write(RecordEvents{{old, View("bob", "cup"), View("eve", "cup"), View("zoe", "cup")}});
  ASSERT_GT(Popularity("mug"), 0);
  ASSERT_GT(Popularity("cup"), 0);

  Write(EraseUser{.user_id = "bob"});
  EXPECT_TRUE(BecomesHidden("mug"));
  EXPECT_GT(Popularity("cup"), 0);
  Write(ForgetOldEvents{.before_us = FakeClock::kStart});
  EXPECT_TRUE(BecomesHidden("cup"));

  Open();
  EXPECT_EQ(Popularity("mug"), 0);
  EXPECT_EQ(Popularity("cup"), 0);
}

TEST_F(MinGroupTest, AVisitorAndTheUserItBecomesAreOneShopper) {
  Write(RecordEvents{{View("ann", "mug"), View("bob", "mug"), VisitorView("phone", "mug")}});
  ASSERT_GT(Popularity("mug"), 0);

  Write(MergeUsers{.visitor_id = "phone", .user_id = "ann"});

  EXPECT_TRUE(BecomesHidden("mug"));
}

TEST_F(MinGroupTest, ADislikeIsNoTouch) {
  Event not_interested = View("eve", "mug");
  not_interested.type = EventType::kNotInterested;
  Write(RecordEvents{
      {Bought("ann", {{.item_id = "mug"}}), Bought("bob", {{.item_id = "mug"}}), not_interested}});

  EXPECT_EQ(Popularity("mug"), 0);
}

// Bit for bit, in what is popular and in what rises, its share of all demand included.
TEST_F(MinGroupTest, WhatTwoShoppersTouchedIsAsWhatNobodyDid) {
  const auto fill = [](FeatureStore& store, bool with_two) {
    ASSERT_THAT(store.Write(UpsertItems{{Item{.id = "mug"}, Item{.id = "cup"}, Item{.id = "pot"}}}),
                IsOk());
    for (const char* user : {"ann", "bob", "eve"}) {
      Event early = View(user, "pot");
      early.time_us -= 1'000 * kHour;
      ASSERT_THAT(store.Write(RecordEvents{{early, View(user, "cup")}}), IsOk());
      if (!with_two || std::string(user) == "eve") continue;
      ASSERT_THAT(store.Write(RecordEvents{{Bought(user, {{.item_id = "mug"}})}}), IsOk());
    }
  };
  const testing::TemporaryFolder folder;
  const auto other = FeatureStore::Open(folder.path(), {}, LocalFileSystem(), clock_);
  ASSERT_THAT(other, IsOk());

  fill(*store_, /*with_two=*/true);
  fill(**other, /*with_two=*/false);

  EXPECT_EQ(store_->LivePopularity()->values, (*other)->LivePopularity()->values);
  EXPECT_EQ(store_->LiveTrends()->values, (*other)->LiveTrends()->values);
  EXPECT_EQ(store_->LiveTrends()->values[0], 1);
  EXPECT_GT(store_->LiveTrends()->values[1], 1);
}

TEST_F(MinGroupTest, TheCountOutlivesARestart) {
  Write(RecordEvents{{View("ann", "mug"), View("bob", "mug"), View("eve", "mug")}});
  Write(RecordEvents{{View("ann", "cup"), View("bob", "cup")}});
  ASSERT_THAT(store_->Checkpoint(), IsOk());

  Open();
  EXPECT_GT(Popularity("mug"), 0);
  EXPECT_EQ(Popularity("cup"), 0);
  Write(RecordEvents{{View("eve", "cup")}});

  EXPECT_TRUE(BecomesShown("cup"));
}

TEST_F(MinGroupTest, NoCompanionOfAnItemIsThatOfTwoShoppers) {
  for (const char* user : {"ann", "bob", "eve"}) {
    Write(RecordEvents{{Bought(user, {{.item_id = "mug"}, {.item_id = "cup"}})}});
  }
  Write(RecordEvents{{Bought("ann", {{.item_id = "pot"}}), Bought("bob", {{.item_id = "pot"}})}});
  const std::vector<std::string> names = {"item_co_bought"};

  const auto of_mug = store_->ReadItemFeatures("mug", names, FakeClock::kStart);
  const auto of_pot = store_->ReadItemFeatures("pot", names, FakeClock::kStart);

  EXPECT_EQ(of_mug[0].value, FeatureValue(WeightedNames{{"cup", 3}}));
  EXPECT_EQ(of_pot[0].status, FeatureStatus::kMissing);
}

}  // namespace
}  // namespace vitrine
