#include "cli/model_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace vitrine::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(ModelSettingsTest, PopularityAndProfilesAreLearnedOfAGroupAtLeast) {
  std::map<std::string, Settings> settings;

  RaiseMinShoppers(5, settings);

  EXPECT_THAT(settings, ElementsAre(Pair("most_popular", ElementsAre(Pair("min_shoppers", "5"))),
                                    Pair("repeat_purchase", ElementsAre(Pair("min_shoppers", "5"))),
                                    Pair("two_tower", ElementsAre(Pair("min_shoppers", "5")))));
}

TEST(ModelSettingsTest, ASettingThatAsksForMoreStaysAndOneForFewerDoesNot) {
  std::map<std::string, Settings> settings = {
      {"most_popular", {{"binary", "true"}, {"min_shoppers", "7"}}},
      {"repeat_purchase", {{"min_shoppers", "2"}}}};

  RaiseMinShoppers(5, settings);

  EXPECT_EQ(settings.at("most_popular"), (Settings{{"binary", "true"}, {"min_shoppers", "7"}}));
  EXPECT_EQ(settings.at("repeat_purchase"), (Settings{{"min_shoppers", "5"}}));
}

TEST(ModelSettingsTest, WithoutABoundNothingIsSet) {
  std::map<std::string, Settings> settings;

  RaiseMinShoppers(1, settings);

  EXPECT_THAT(settings, IsEmpty());
}

}  // namespace
}  // namespace vitrine::cli
