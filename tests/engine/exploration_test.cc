#include "engine/exploration.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>

#include "engine/fake_shop.h"
#include "engine/large_shop.h"
#include "vitrine/feature_store/attribution.h"

namespace vitrine {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSubsetOf;
using ::testing::SizeIs;
using vitrine::testing::IsOk;
using vitrine::testing::StatusIs;

using List = std::vector<std::string>;

// The chance of each list of `length` items, by trying them all: the formula of controls.h, as it
// is written there.
std::map<List, double> ChancesOfLists(const std::map<std::string, double>& scores, double best,
                                      double temperature, std::size_t length) {
  std::map<List, double> chances;
  const std::function<void(List&, double)> extend = [&](List& list, double chance) {
    if (list.size() == length) {
      chances[list] = chance;
      return;
    }
    const auto is_on = [&](const std::string& id) {
      return std::find(list.begin(), list.end(), id) != list.end();
    };
    double sum = 0;
    for (const auto& [id, score] : scores) {
      if (!is_on(id)) sum += std::exp(score / (temperature * best));
    }
    for (const auto& [id, score] : scores) {
      if (is_on(id)) continue;
      list.push_back(id);
      extend(list, chance * std::exp(score / (temperature * best)) / sum);
      list.pop_back();
    }
  };
  List list;
  extend(list, 1);
  return chances;
}

// Pearson's chi-square, divided by its degrees of freedom: near 1 where counts are as expected.
double ChiSquarePerDegree(const std::map<List, double>& chances, const std::map<List, int>& counts,
                          int num_draws) {
  double sum = 0;
  for (const auto& [list, chance] : chances) {
    const auto found = counts.find(list);
    const double seen = found == counts.end() ? 0 : found->second;
    sum += (seen - chance * num_draws) * (seen - chance * num_draws) / (chance * num_draws);
  }
  return sum / static_cast<double>(chances.size() - 1);
}

class ExplorationTest : public vitrine::testing::FakeShop {
 protected:
  ExplorationTest() { Publish({Popular()}); }

  RecommendReply Explore(double temperature, std::uint64_t seed, std::size_t page_size = 5) const {
    return Recommend({.page_size = page_size,
                      .controls = {.exploration = {.temperature = temperature, .seed = seed}}});
  }

  // Blended, the best has 1.
  const std::map<std::string, double> scores_ = {{"a", 5}, {"b", 4}, {"c", 3}, {"d", 2}, {"e", 1}};
};

double ProductOfPropensities(const RecommendReply& reply) {
  return std::accumulate(
      reply.items.begin(), reply.items.end(), 1.0,
      [](double product, const RecommendedItem& item) { return product * item.propensity; });
}

TEST_F(ExplorationTest, EveryListComesAsOftenAsItsPropensitiesSay) {
  constexpr int kSeeds = 20'000;
  for (const double temperature : {0.2, 1.0}) {
    const auto chances = ChancesOfLists(scores_, 5, temperature, 3);
    ASSERT_EQ(chances.size(), 60U);
    std::map<List, int> counts;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      const RecommendReply reply = Explore(temperature, seed, 3);
      ++counts[Ids(reply)];
      EXPECT_NEAR(ProductOfPropensities(reply) / chances.at(Ids(reply)), 1, 1e-6);
    }

    // Of 59 degrees of freedom 99.9 % are below 98.3 / 59.
    EXPECT_LT(ChiSquarePerDegree(chances, counts, kSeeds), 98.3 / 59) << temperature;
  }
}

TEST_F(ExplorationTest, TheSameSeedGivesTheSameListAndAnotherAnotherOne) {
  std::map<List, int> lists;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    EXPECT_EQ(Ids(Explore(0.5, seed)), Ids(Explore(0.5, seed)));
    ++lists[Ids(Explore(0.5, seed))];
  }
  EXPECT_GT(lists.size(), 15U);
}

TEST_F(ExplorationTest, TowardsZeroItIsTheRanking) {
  for (const double temperature : {1e-300, 1e-9, 0.004}) {
    const RecommendReply reply = Explore(temperature, 7);

    EXPECT_THAT(Ids(reply), ElementsAre("a", "b", "c", "d", "e"));
    EXPECT_THAT(reply.items,
                Each(::testing::Field(&RecommendedItem::propensity, ::testing::DoubleEq(1))));
  }
}

TEST_F(ExplorationTest, ScoresStayAndOnlyExplorationHasPropensities) {
  for (const RecommendedItem& item : Explore(1, 3).items) {
    EXPECT_FLOAT_EQ(item.score, static_cast<float>(scores_.at(item.item_id) / 5));
    EXPECT_GT(item.propensity, 0);
  }
  for (const RecommendedItem& item : Recommend({.controls = {.max_per_brand = 1}}).items) {
    EXPECT_EQ(item.propensity, 0);
  }
}

TEST_F(ExplorationTest, TheTokenHasThePropensities) {
  const RecommendReply reply = Explore(0.5, 11);

  const auto read = ReadAttribution(store_, reply.attribution_token);

  ASSERT_THAT(read, IsOk());
  ASSERT_THAT(read->propensities, SizeIs(reply.items.size()));
  for (std::size_t i = 0; i < reply.items.size(); ++i) {
    EXPECT_FLOAT_EQ(read->propensities[i], static_cast<float>(reply.items[i].propensity));
  }
}

TEST_F(ExplorationTest, PinsAndBackfillAreNoMatterOfChance) {
  store_.Put({.id = "f"});
  const RecommendReply reply =
      Recommend({.controls = {.pins = {{"e", 2}}, .exploration = {.temperature = 1, .seed = 4}}});

  ASSERT_THAT(reply.items, SizeIs(6));
  EXPECT_EQ(reply.items[1].item_id, "e");
  EXPECT_EQ(reply.items[1].propensity, 1);
  EXPECT_EQ(reply.items[5].item_id, "f");
  EXPECT_TRUE(reply.items[5].is_backfill);
  EXPECT_EQ(reply.items[5].propensity, 1);
  // What is drawn is drawn of the others alone: the last of the four is certain.
  EXPECT_LT(reply.items[0].propensity, 1);
  EXPECT_DOUBLE_EQ(reply.items[4].propensity, 1);
}

TEST_F(ExplorationTest, VariantsAndLimitsHold) {
  store_.Put({.id = "b", .primary_item_id = "a", .brand = "X"});
  store_.Put({.id = "c", .brand = "X"});
  store_.Put({.id = "d", .brand = "X"});
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const List ids =
        Ids(Recommend({.controls = {.max_per_brand = 1,
                                    .is_strict = true,
                                    .exploration = {.temperature = 1, .seed = seed}}}));

    ASSERT_THAT(ids, SizeIs(3));  // "a", "e" and one of "c" and "d".
    EXPECT_THAT(ids, IsSubsetOf({"a", "c", "d", "e"}));
  }
}

TEST_F(ExplorationTest, ScoresBelowZeroAndNoneAtAllAreFine) {
  Publish({vitrine::testing::MakeFakeModel("most_popular", ModelFamily::kPopularity,
                                           {-1, -2, -3, -4, -5})});
  EXPECT_THAT(Ids(Explore(1e-9, 1)), ElementsAre("a", "b", "c", "d", "e"));

  Publish(
      {vitrine::testing::MakeFakeModel("most_popular", ModelFamily::kPopularity, {0, 0, 0, 0, 0})});
  const RecommendReply equal = Explore(0.1, 1);
  ASSERT_THAT(equal.items, SizeIs(5));
  EXPECT_DOUBLE_EQ(equal.items[0].propensity, 0.2);

  Publish({});
  EXPECT_THAT(Explore(1, 1).items, SizeIs(5));  // Popular ones, as ever.
}

TEST_F(ExplorationTest, WhyNotSaysThatOthersWereDrawn) {
  const RecommendRequest request{.page_size = 1,
                                 .controls = {.exploration = {.temperature = 1, .seed = 5}}};
  const std::string other = RecommendedIds(request).front() == "a" ? "b" : "a";

  const auto why = engine_.ExplainItem({.request = request, .item_id = other});

  ASSERT_THAT(why, IsOk());
  EXPECT_EQ(why->outcome, ItemOutcome::kRankedLower);
  EXPECT_THAT(why->detail, HasSubstr("drawn"));
}

TEST_F(ExplorationTest, WhatMakesNoSenseIsRefused) {
  const auto refusal = [&](const ListControls& controls) {
    return engine_.Recommend({.controls = controls}).status();
  };
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

  for (const double temperature : {-0.1, 10.1, std::nan("")}) {
    EXPECT_THAT(refusal({.exploration = {.temperature = temperature}}), StatusIs(kInvalid));
  }
  const absl::Status both =
      refusal({.diversity = {Diversity::Method::kMmr, 0.5}, .exploration = {.temperature = 1}});
  EXPECT_THAT(both, StatusIs(kInvalid));
  EXPECT_THAT(std::string(both.message()), HasSubstr("leave one of the two out"));
  EXPECT_THAT(refusal({.exploration = {.temperature = 10}}), IsOk());
}

class ExplorationOfManyTest : public vitrine::testing::LargeShop {};

TEST_F(ExplorationOfManyTest, PagesAreThePartsOfOneLongPage) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const ListControls controls{.max_per_brand = seed % 2 == 0 ? 0U : 9U,
                                .pins = {{items_[40].id, 13}},
                                .exploration = {.temperature = 0.3, .seed = seed}};
    const RecommendReply whole = Recommend({.page_size = 60, .controls = controls});
    RecommendRequest request{.page_size = 7, .controls = controls};
    List ids;
    std::vector<double> propensities;
    while (ids.size() + 7 <= whole.items.size()) {
      const RecommendReply page = Recommend(request);
      for (const RecommendedItem& item : page.items) {
        ids.push_back(item.item_id);
        propensities.push_back(item.propensity);
      }
      request.page_token = page.next_page_token;
      if (page.next_page_token.empty()) break;
    }

    ASSERT_LE(ids.size(), whole.items.size());
    ASSERT_GT(ids.size(), 40U);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      EXPECT_EQ(ids[i], whole.items[i].item_id) << seed << " " << i;
      EXPECT_DOUBLE_EQ(propensities[i], whole.items[i].propensity);
    }
  }
}

TEST_F(ExplorationOfManyTest, OnlyTheBestAreDrawnOf) {
  const List ranking = RecommendedIds({.page_size = 200});
  const List first_hundred(ranking.begin(), ranking.begin() + 100);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const RecommendReply reply =
        Recommend({.page_size = 1, .controls = {.exploration = {.temperature = 10, .seed = seed}}});
    EXPECT_THAT(Ids(reply), IsSubsetOf(first_hundred));
    EXPECT_NEAR(reply.items[0].propensity, 0.01, 0.002);
  }
}

TEST(DrawOneTest, DrawsOfTwoPositionsHaveNothingToDoWithEachOther) {
  const std::vector<float> scores(4, 1);
  std::map<List, double> chances;
  std::map<List, int> counts;
  constexpr int kSeeds = 16'000;
  for (int seed = 0; seed < kSeeds; ++seed) {
    const Exploration how{.temperature = 1, .seed = static_cast<std::uint64_t>(seed)};
    List pair;
    for (const std::size_t position : {1U, 2U}) {
      pair.push_back(std::to_string(DrawOne(how, position, 1, scores).candidate));
    }
    ++counts[pair];
    chances[pair] = 1.0 / 16;
  }

  ASSERT_EQ(chances.size(), 16U);
  EXPECT_LT(ChiSquarePerDegree(chances, counts, kSeeds), 37.7 / 15);  // 99.9 %
}

}  // namespace
}  // namespace vitrine
