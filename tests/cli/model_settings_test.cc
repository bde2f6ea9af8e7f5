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

  RaiseMinShoppers(5, {}, settings);

  EXPECT_THAT(settings, ElementsAre(Pair("most_popular", ElementsAre(Pair("min_shoppers", "5"))),
                                    Pair("repeat_purchase", ElementsAre(Pair("min_shoppers", "5"))),
                                    Pair("two_tower", ElementsAre(Pair("min_shoppers", "5")))));
}

TEST(ModelSettingsTest, ASettingThatAsksForMoreStaysAndOneForFewerDoesNot) {
  std::map<std::string, Settings> settings = {
      {"most_popular", {{"binary", "true"}, {"min_shoppers", "7"}}},
      {"repeat_purchase", {{"min_shoppers", "2"}}}};

  RaiseMinShoppers(5, {}, settings);

  EXPECT_EQ(settings.at("most_popular"), (Settings{{"binary", "true"}, {"min_shoppers", "7"}}));
  EXPECT_EQ(settings.at("repeat_purchase"), (Settings{{"min_shoppers", "5"}}));
}

TEST(ModelSettingsTest, SoAreModelsWithALabelThatAreTrainedOrHaveSettings) {
  std::map<std::string, Settings> settings = {{"most_popular@plain", {{"category_mix", "0"}}},
                                              {"two_tower@strict", {{"min_shoppers", "9"}}},
                                              {"ials@wide", {{"dimensions", "8"}}}};

  RaiseMinShoppers(5, {"auto", "ials@narrow", "two_tower@second"}, settings);

  EXPECT_EQ(settings.at("most_popular@plain"),
            (Settings{{"category_mix", "0"}, {"min_shoppers", "5"}}));
  EXPECT_EQ(settings.at("two_tower@strict"), (Settings{{"min_shoppers", "9"}}));
  EXPECT_EQ(settings.at("two_tower@second"), (Settings{{"min_shoppers", "5"}}));
  EXPECT_EQ(settings.at("ials@wide"), (Settings{{"dimensions", "8"}}));
  EXPECT_FALSE(settings.contains("ials@narrow"));
}

TEST(ModelSettingsTest, WithoutABoundNothingIsSet) {
  std::map<std::string, Settings> settings;

  RaiseMinShoppers(1, {"most_popular@plain"}, settings);

  EXPECT_THAT(settings, IsEmpty());
}

}  // namespace
}  // namespace vitrine::cli
