#include "training/sequential_rules_trainer.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <vector>

#include "scorers/sample_shop.h"
#include "testing/status_matchers.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

Dataset Shop(const std::vector<std::vector<Interaction>>& histories) {
  Dataset dataset;
  for (const auto& history : histories) {
    dataset.interactions.insert(dataset.interactions.end(), history.begin(), history.end());
    dataset.user_begin.push_back(dataset.interactions.size());
  }
  return dataset;
}

Interaction At(Micros time_us, std::uint32_t item) { return {time_us, ItemIndex{item}, 1}; }

CsrMatrix Rules(const Dataset& dataset, std::size_t num_items, const RuleOptions& options) {
  ThreadPool pool(2);
  const auto rules = SequentialRuleRows(JourneysOf(dataset), num_items, options, {.pool = &pool});
  EXPECT_THAT(rules, IsOk());
  return *rules;
}

constexpr RuleOptions kPlain = {.distance_power = 1, .count_power = 1};

TEST(SequentialRulesTrainerTest, CountsWhatCameAfterByOneOverTheDistance) {
  const CsrMatrix rules =
      Rules(Shop({{At(1, 0), At(2, 1), At(3, 2)}, {At(1, 0), At(2, 2)}}), 3, kPlain);

  EXPECT_THAT(rules.Columns(0), ElementsAre(1, 2));
  EXPECT_THAT(rules.Values(0), ElementsAre(1, 0.5F + 1));
  EXPECT_THAT(rules.Columns(1), ElementsAre(2));
  EXPECT_THAT(rules.Columns(2), IsEmpty());
}

TEST(SequentialRulesTrainerTest, LooksNoFurtherThanTheWindow) {
  RuleOptions options = kPlain;
  options.window = 1;

  const CsrMatrix rules = Rules(Shop({{At(1, 0), At(2, 1), At(3, 2)}}), 3, options);

  EXPECT_THAT(rules.Columns(0), ElementsAre(1));
}

TEST(SequentialRulesTrainerTest, TheItemsOfAnOrderPointToEachOther) {
  RuleOptions options = kPlain;
  options.basket_weight = 0.25;

  const CsrMatrix rules = Rules(Shop({{At(1, 0), At(1, 1), At(2, 2)}}), 3, options);

  EXPECT_THAT(rules.Columns(0), ElementsAre(1, 2));
  EXPECT_THAT(rules.Values(0), ElementsAre(0.25F, 1));
  EXPECT_THAT(rules.Columns(1), ElementsAre(0, 2));
  EXPECT_THAT(rules.Values(1), ElementsAre(0.25F, 1));
}

TEST(SequentialRulesTrainerTest, AnItemPointsToItselfOnlyWhenAsked) {
  const Dataset shop = Shop({{At(1, 0), At(2, 1), At(3, 0)}});
  RuleOptions with_self = kPlain;
  with_self.include_self = true;

  EXPECT_THAT(Rules(shop, 2, kPlain).Columns(0), ElementsAre(1));
  EXPECT_THAT(Rules(shop, 2, with_self).Columns(0), ElementsAre(0, 1));
}

TEST(SequentialRulesTrainerTest, KeepsTheStrongestRules) {
  RuleOptions options = kPlain;
  options.num_rules = 1;

  const CsrMatrix rules = Rules(Shop({{At(1, 0), At(2, 2), At(3, 1)}}), 3, options);

  EXPECT_THAT(rules.Columns(0), ElementsAre(2));
}

// Straight from the formula, over all pairs of all interactions.
std::map<std::pair<std::uint32_t, std::uint32_t>, double> SlowRules(const Dataset& dataset,
                                                                    const RuleOptions& options) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, double> counts;
  std::map<std::uint32_t, double> num_visits;
  const Journeys journeys = JourneysOf(dataset);
  for (std::size_t user = 0; user < journeys.size(); ++user) {
    const auto journey = journeys[user];
    for (std::size_t a = 0; a < journey.size(); ++a) {
      num_visits[journey[a].item] += 1;
      for (std::size_t b = 0; b < journey.size(); ++b) {
        const bool is_in_reach = journey[b].step >= journey[a].step &&
                                 journey[b].step - journey[a].step <= options.window && a != b;
        if (!is_in_reach || journey[a].item == journey[b].item) continue;
        const double distance = journey[b].step - journey[a].step;
        const double days = static_cast<double>(journey[b].time_us - journey[a].time_us) /
                            static_cast<double>(kMicrosPerDay);
        counts[{journey[a].item, journey[b].item}] +=
            (distance == 0 ? options.basket_weight : std::pow(distance, -options.distance_power)) *
            std::exp2(-days / options.gap_half_life_days);
      }
    }
  }
  for (auto& [pair, count] : counts) {
    count = std::pow(count, options.count_power) /
            (std::pow(num_visits[pair.first], options.source_power) *
             std::pow(num_visits[pair.second], options.popularity_power));
  }
  return counts;
}

TEST(SequentialRulesTrainerTest, AgreesWithAllPairsOfTheFormula) {
  Dataset shop = testing::SampleShop();
  Random random(3);
  // Orders: some interactions happen with the one before.
  for (std::size_t i = 1; i < shop.interactions.size(); ++i) {
    const bool is_first =
        std::find(shop.user_begin.begin(), shop.user_begin.end(), i) != shop.user_begin.end();
    if (!is_first && random.Below(3) == 0) {
      shop.interactions[i].time_us = shop.interactions[i - 1].time_us;
    }
  }
  const RuleOptions options = {.window = 3,
                               .distance_power = 0.5,
                               .gap_half_life_days = 3,
                               .basket_weight = 0.7,
                               .count_power = 0.8,
                               .source_power = 0.3,
                               .popularity_power = 0.4};

  const CsrMatrix rules = Rules(shop, shop.num_items(), options);

  const auto expected = SlowRules(shop, options);
  EXPECT_GT(expected.size(), 200U);
  ASSERT_EQ(rules.num_entries(), expected.size());
  for (std::uint32_t row = 0; row < rules.num_rows; ++row) {
    for (std::size_t i = 0; i < rules.Columns(row).size(); ++i) {
      const auto found = expected.find({row, rules.Columns(row)[i]});
      ASSERT_NE(found, expected.end());
      EXPECT_NEAR(rules.Values(row)[i], found->second, 1e-6 * found->second);
    }
  }
}

TEST(SequentialRulesTrainerTest, ACrawlersFloodOfOneMomentIsBounded) {
  std::vector<Interaction> flood;
  for (std::uint32_t i = 0; i < 2500; ++i) flood.push_back(At(7, i));

  const CsrMatrix rules = Rules(Shop({flood}), 2500, {.num_rules = 100'000});

  EXPECT_EQ(rules.Columns(0).size(), 1000U);
  EXPECT_EQ(rules.Columns(1250).size(), 2000U);
}

}  // namespace
}  // namespace vitrine
