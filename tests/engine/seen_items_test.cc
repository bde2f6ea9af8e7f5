#include "vitrine/engine/seen_items.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

constexpr ItemIndex kMug{7};
constexpr ItemIndex kLamp{3};
constexpr ItemIndex kPan{5};
constexpr ItemIndex kVase{1};

Interaction Did(EventType type, ItemIndex item, float pieces = 1) {
  return {.item = item, .value = pieces, .type = type};
}

const std::vector<Interaction>& History() {
  static const auto& history = *new std::vector<Interaction>{
      Did(EventType::kPurchaseComplete, kMug, 2),   Did(EventType::kReturnComplete, kMug),
      Did(EventType::kReturnComplete, kLamp),       Did(EventType::kPurchaseComplete, kLamp),
      Did(EventType::kPurchaseComplete, kPan),      Did(EventType::kNotInterested, kVase),
      Did(EventType::kDetailPageView, ItemIndex{9})};
  return history;
}

TEST(OwnedItemsTest, AreThoseOfWhichMoreWasBoughtThanReturned) {
  EXPECT_THAT(OwnedItems(History()), ElementsAre(kPan, kMug));
  EXPECT_THAT(OwnedItems({}), ElementsAre());
}

TEST(SeenItemsTest, AreWhatThePolicyKeepsOut) {
  const std::vector<ItemIndex> owned = OwnedItems(History());
  const auto seen = [&owned](SeenPolicy policy) { return SeenItems(History(), owned, policy); };

  EXPECT_THAT(seen(SeenPolicy::kExcludePurchased), UnorderedElementsAre(kPan, kMug, kVase));
  EXPECT_THAT(seen(SeenPolicy::kAllowAll), ElementsAre(kVase));
  EXPECT_THAT(seen(SeenPolicy::kExcludeSeen), ::testing::SizeIs(History().size()));
}

}  // namespace
}  // namespace vitrine
