#include "vitrine/scorers/rated_items.h"

#include <gmock/gmock.h>

#include <vector>

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Interaction Rate(std::uint32_t item, float rating) {
  return {.item = ItemIndex{item}, .value = rating, .type = EventType::kRate};
}

TEST(RatedItemsTest, TakesTheLatestRatingOfEachItemAndNothingElse) {
  const std::vector<Interaction> latest_first = {
      Rate(7, 4),
      {.item = ItemIndex{3}, .weight = 5, .type = EventType::kPurchaseComplete},
      Rate(2, 2.5F),
      Rate(7, 1)};

  EXPECT_THAT(RatedItems(latest_first, 8),
              ElementsAre(RatedItem{ItemIndex{2}, 2.5F}, RatedItem{ItemIndex{7}, 4}));
}

TEST(RatedItemsTest, LeavesOutItemsThatAreNotCounted) {
  const std::vector<Interaction> history = {Rate(7, 4)};

  EXPECT_THAT(RatedItems(history, 7), IsEmpty());
}

}  // namespace
}  // namespace vitrine
