#include "training/sessions.h"

#include <gmock/gmock.h>

#include <vector>

namespace vitrine {
namespace {

using ::testing::ElementsAre;

constexpr Micros kMinute = 60 * kMicrosPerSecond;

Sessions Found(const std::vector<std::vector<Interaction>>& histories,
               const SessionOptions& options = {}) {
  Dataset dataset;
  for (const auto& history : histories) {
    dataset.interactions.insert(dataset.interactions.end(), history.begin(), history.end());
    dataset.user_begin.push_back(dataset.interactions.size());
  }
  return SessionsOf(JourneysOf(dataset), 1000, options);
}

Interaction At(Micros minute, std::uint32_t item) { return {minute * kMinute, ItemIndex{item}, 1}; }

TEST(SessionsTest, HoldTheLastStepOfEveryItem) {
  const Sessions sessions = Found({{At(1, 7), At(2, 5), At(3, 7), At(3, 2)}});

  ASSERT_EQ(sessions.items.num_rows, 1U);
  EXPECT_EQ(sessions.items.num_cols, 1000U);
  EXPECT_THAT(sessions.items.Columns(0), ElementsAre(2, 5, 7));
  EXPECT_THAT(sessions.items.Values(0), ElementsAre(2, 1, 2));
  EXPECT_THAT(sessions.end_us, ElementsAre(3 * kMinute));
}

TEST(SessionsTest, APauseBeginsANewOneWithStepsFromZero) {
  const Sessions sessions = Found({{At(1, 1), At(31, 2), At(62, 3), At(63, 4)}});

  ASSERT_EQ(sessions.items.num_rows, 2U);
  EXPECT_THAT(sessions.items.Columns(0), ElementsAre(3, 4));
  EXPECT_THAT(sessions.items.Values(0), ElementsAre(0, 1));
  EXPECT_THAT(sessions.items.Columns(1), ElementsAre(1, 2));
}

TEST(SessionsTest, WithoutAGapAJourneyIsOneSession) {
  EXPECT_EQ(Found({{At(1, 1), At(1000, 2)}}, {.gap_minutes = 0}).items.num_rows, 1U);
  EXPECT_EQ(Found({{At(0, 1), At(0, 2)}}).items.num_rows, 1U);
}

TEST(SessionsTest, TheLatestComeFirstAndTheOldestAreForgotten) {
  const Sessions sessions =
      Found({{At(300, 5), At(301, 6)}, {At(100, 3), At(101, 4)}, {At(500, 1), At(501, 2)}},
            {.max_sessions = 2});

  ASSERT_EQ(sessions.items.num_rows, 2U);
  EXPECT_THAT(sessions.items.Columns(0), ElementsAre(1, 2));
  EXPECT_THAT(sessions.items.Columns(1), ElementsAre(5, 6));
  EXPECT_THAT(sessions.end_us, ElementsAre(501 * kMinute, 301 * kMinute));
}

TEST(SessionsTest, OneItemAloneIsNoSession) {
  EXPECT_EQ(Found({{At(1, 1)}, {At(1, 2), At(2, 2)}}).items.num_rows, 0U);
}

TEST(SessionsTest, KeepTheLatestHundredItems) {
  std::vector<Interaction> history;
  for (std::uint32_t i = 0; i < 150; ++i) history.push_back(At(i, i));

  const Sessions sessions = Found({history});

  EXPECT_EQ(sessions.items.Columns(0).size(), 100U);
  EXPECT_EQ(sessions.items.Columns(0).front(), 50U);
}

}  // namespace
}  // namespace vitrine
