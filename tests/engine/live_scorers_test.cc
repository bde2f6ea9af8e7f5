#include "engine/live_scorers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "testing/fake_feature_store.h"
#include "vitrine/base/random.h"
#include "vitrine/engine/placement.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::FakeFeatureStore;
using ::testing::FloatEq;

class LiveScorersTest : public ::testing::Test {
 protected:
  LiveScorersTest() {
    for (const char* id : {"a", "b", "c", "d"}) store_.Put({.id = id});
    store_.SetPopularity({0, 2, 1});
    store_.SetTrends({1, 0.5F, 3, 1.5F});
    for (const char* id : {"a", "b", "a", "c"}) {
      store_.Record("ann", EventType::kDetailPageView, id);
    }
    store_.Record("ann", EventType::kPurchaseComplete, "d");
    history_ = store_.ReadShopper("ann", "").history;
  }

  const Model& Named(std::string_view name) const {
    for (const Model& model : models_) {
      if (model.name == name) return model;
    }
    ADD_FAILURE() << name;
    return models_.front();
  }

  std::vector<float> ScoresOf(std::string_view name) const {
    Matrix scores(1, 4);
    const Query query{.history = history_};
    Named(name).scorer->Score({&query, 1}, items_, scores);
    return {scores.data(), scores.data() + scores.size()};
  }

  FakeFeatureStore store_;
  std::vector<Model> models_ = LiveModels(store_);
  std::vector<Interaction> history_;
  std::vector<ItemIndex> items_ = {ItemIndex{0}, ItemIndex{1}, ItemIndex{2}, ItemIndex{3}};
};

TEST_F(LiveScorersTest, ScoresByHand) {
  EXPECT_THAT(ScoresOf(kLivePopularName), ElementsAre(kUnscored, 2, 1, kUnscored));
  EXPECT_THAT(ScoresOf(kTrendingName), ElementsAre(kUnscored, kUnscored, 2, 0.5F));
  EXPECT_THAT(ScoresOf(kRecentlyViewedName), ElementsAre(0.5F, FloatEq(1.0F / 3), 1, kUnscored));
  EXPECT_THAT(ScoresOf(kRecentlyBoughtName), ElementsAre(kUnscored, kUnscored, kUnscored, 1));
}

TEST_F(LiveScorersTest, WhatIsRetrievedIsTheBestOfWhatIsScoredAndAllowed) {
  for (const Model& model : models_) {
    for (const ItemIndex excluded : items_) {
      for (const ItemIndex forbidden : items_) {
        ItemBitmap allowed(4, /*is_full=*/true);
        allowed.Erase(forbidden);
        const Query query{.history = history_, .excluded = {&excluded, 1}};
        TopK best(2);
        const std::vector<float> scores = ScoresOf(model.name);
        for (const ItemIndex item : items_) {
          const float score = scores[Row(item)];
          if (item != excluded && item != forbidden && score != kUnscored) best.Offer(item, score);
        }

        const auto found = model.scorer->Retrieve({&query, 1}, &allowed, 2).front();

        const std::vector<ScoredItem> wanted = best.Take();
        ASSERT_EQ(found.size(), wanted.size()) << model.name;
        for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].item, wanted[i].item);
      }
    }
  }
}

// Those of the largest values are looked at first: one of three, with values that are often equal.
TEST_F(LiveScorersTest, TheOrderOfTheLargestValuesChangesNoList) {
  constexpr std::uint32_t kItems = 300;
  Random random(1);
  std::vector<float> values(kItems);
  for (float& value : values) value = static_cast<float>(random.Below(30)) / 10;
  const std::vector<ItemIndex> excluded = {ItemIndex{7}, ItemIndex{40}, ItemIndex{41}};
  const Query query{.excluded = excluded};
  for (const std::uint64_t one_in : {1U, 3U, 40U}) {
    ItemBitmap some(kItems + 5);
    for (std::uint32_t item = 0; item < kItems + 5; ++item) {
      if (random.Below(one_in) == 0) some.Insert(ItemIndex{item});
    }
    for (const ItemBitmap* const allowed :
         {static_cast<const ItemBitmap*>(nullptr), static_cast<const ItemBitmap*>(&some)}) {
      for (const std::size_t k : {0U, 1U, 20U, 100U, 500U}) {
        for (const std::string_view name : {kLivePopularName, kTrendingName}) {
          store_.SetPopularity(values);
          store_.SetTrends(values);
          const auto expected = Named(name).scorer->Retrieve({&query, 1}, allowed, k);

          store_.SetPopularity(RankValues(values, kItems / 3, 0));
          store_.SetTrends(RankValues(values, kItems / 3, 0));

          EXPECT_EQ(Named(name).scorer->Retrieve({&query, 1}, allowed, k), expected)
              << name << ", one in " << one_in << ", k = " << k;
        }
      }
    }
  }
}

TEST_F(LiveScorersTest, WhatExplainsAScoreSumsToIt) {
  const Query query{.history = history_};
  for (const Model& model : models_) {
    const std::vector<float> scores = ScoresOf(model.name);
    for (const ItemIndex item : items_) {
      const std::vector<Contribution> said = model.explainer->Explain(query, item);
      EXPECT_EQ(said.empty(), scores[Row(item)] == kUnscored) << model.name;
      for (const Contribution& each : said) EXPECT_EQ(each.value, scores[Row(item)]);
    }
  }
}

TEST_F(LiveScorersTest, TheyFollowTheStoreAtOnce) {
  store_.SetPopularity({7});

  EXPECT_EQ(ScoresOf(kLivePopularName)[0], 7);
}

}  // namespace
}  // namespace vitrine
