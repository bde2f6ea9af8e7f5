#include <gmock/gmock.h>

#include <cmath>
#include <string>
#include <vector>

#include "testing/status_matchers.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/sequential/session_knn.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using testing::IsOk;

Interaction At(int day, int second, std::uint32_t item) {
  return {day * kMicrosPerDay + second * kMicrosPerSecond, ItemIndex{item}, 1};
}

// Of a day each: items 0 and 1, items 0 and 2, item 3 alone.
Dataset Shop() {
  Dataset dataset;
  dataset.item_ids = {"a", "b", "c", "d"};
  dataset.items.resize(4);
  dataset.interactions = {At(1, 0, 0), At(1, 5, 1), At(11, 0, 2), At(11, 5, 0), At(20, 0, 3)};
  dataset.user_begin = {0, 5};
  return dataset;
}

SessionKnnTable Trained(const Settings& settings) {
  ThreadPool pool(1);
  const auto model = FindTrainer("session_knn")->train(Shop(), settings, {.pool = &pool});
  EXPECT_THAT(model, IsOk());
  return static_cast<const SessionKnn&>(*model->scorer).table();
}

TEST(SessionKnnTrainerTest, KeepsTheSessionsTheLatestFirst) {
  const SessionKnnTable table = Trained({});

  ASSERT_EQ(table.sessions.num_rows, 2U);
  EXPECT_THAT(table.sessions.Columns(0), ElementsAre(0, 2));
  EXPECT_THAT(table.sessions.Columns(1), ElementsAre(0, 1));
  EXPECT_THAT(table.session_weights, ElementsAre(1, 1));
}

TEST(SessionKnnTrainerTest, ItemsWeighTheLogarithmOfTheirRarity) {
  const auto rarity = static_cast<float>(std::log(2.0));

  EXPECT_THAT(Trained({{"idf_power", "1"}}).item_weights,
              ElementsAre(0, FloatEq(rarity), FloatEq(rarity), 0));
  EXPECT_THAT(Trained({{"idf_power", "2"}}).item_weights,
              ElementsAre(0, FloatEq(rarity * rarity), FloatEq(rarity * rarity), 0));
  EXPECT_THAT(Trained({{"idf_power", "0"}}).item_weights, ElementsAre(1, 1, 1, 0));
}

TEST(SessionKnnTrainerTest, ASessionOfTheHalfLifesAgeCountsHalf) {
  EXPECT_THAT(Trained({{"session_half_life_days", "10"}}).session_weights,
              ElementsAre(1, FloatEq(0.5F)));
}

TEST(SessionKnnTrainerTest, WithoutAGapAShoppersWholeWayIsOneSession) {
  EXPECT_EQ(Trained({{"session_gap_minutes", "0"}}).sessions.num_rows, 1U);
}

}  // namespace
}  // namespace vitrine
