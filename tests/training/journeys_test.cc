#include "training/journeys.h"

#include <gmock/gmock.h>

#include <tuple>
#include <vector>

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// (item, step) of each visit of one shopper.
std::vector<std::tuple<unsigned, unsigned>> Visits(const std::vector<Interaction>& history) {
  Dataset dataset;
  dataset.interactions = history;
  dataset.user_begin = {0, history.size()};
  const Journeys journeys = JourneysOf(dataset);
  std::vector<std::tuple<unsigned, unsigned>> visits;
  for (const Visit& visit : journeys[0]) visits.emplace_back(visit.item, visit.step);
  return visits;
}

TEST(JourneysTest, EveryInteractionIsAStep) {
  EXPECT_THAT(Visits({{1, ItemIndex{5}, 1}, {2, ItemIndex{3}, 1}, {3, ItemIndex{5}, 1}}),
              ElementsAre(std::tuple(5, 0), std::tuple(3, 1), std::tuple(5, 2)));
}

TEST(JourneysTest, TheItemsOfOneMomentShareAStep) {
  EXPECT_THAT(Visits({{1, ItemIndex{5}, 1}, {1, ItemIndex{3}, 1}, {2, ItemIndex{4}, 1}}),
              ElementsAre(std::tuple(5, 0), std::tuple(3, 0), std::tuple(4, 1)));
}

TEST(JourneysTest, WithoutTimesTheOrderIsTheTime) {
  EXPECT_THAT(Visits({{0, ItemIndex{5}, 1}, {0, ItemIndex{3}, 1}}),
              ElementsAre(std::tuple(5, 0), std::tuple(3, 1)));
}

TEST(JourneysTest, AViewACartAndAnOrderInARowAreOneVisit) {
  EXPECT_THAT(
      Visits(
          {{1, ItemIndex{5}, 1}, {2, ItemIndex{5}, 3}, {3, ItemIndex{5}, 5}, {4, ItemIndex{2}, 1}}),
      ElementsAre(std::tuple(5, 0), std::tuple(2, 1)));
}

TEST(JourneysTest, DislikesAreNoVisits) {
  EXPECT_THAT(Visits({{1, ItemIndex{5}, -5}, {2, ItemIndex{3}, 0}}), IsEmpty());
}

TEST(JourneysTest, StepsStartAnewWithEachShopper) {
  Dataset dataset;
  dataset.interactions = {{1, ItemIndex{5}, 1}, {2, ItemIndex{3}, 1}, {2, ItemIndex{3}, 1}};
  dataset.user_begin = {0, 2, 2, 3};

  const Journeys journeys = JourneysOf(dataset);

  ASSERT_EQ(journeys.size(), 3U);
  EXPECT_EQ(journeys[0].size(), 2U);
  EXPECT_TRUE(journeys[1].empty());
  ASSERT_EQ(journeys[2].size(), 1U);
  EXPECT_EQ(journeys[2][0].step, 0U);
}

}  // namespace
}  // namespace vitrine
