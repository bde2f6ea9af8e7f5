#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/fake_shop.h"
#include "engine/large_shop.h"
#include "engine/lifts.h"

namespace vitrine {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using vitrine::testing::MakeFakeModel;
using vitrine::testing::StatusIs;

ItemLift LiftOf(std::initializer_list<std::uint32_t> rows, double strength) {
  ItemBitmap items;
  for (const std::uint32_t row : rows) items.Insert(ItemIndex{row});
  return {.items = std::make_shared<const ItemBitmap>(std::move(items)), .strength = strength};
}

TEST(LiftsTest, StrengthsCountTogetherWithinOne) {
  const std::vector<ItemLift> lifts = {LiftOf({1, 2}, 0.7), LiftOf({2, 3}, 0.6),
                                       LiftOf({3, 4}, -1)};

  EXPECT_DOUBLE_EQ(StrengthOf(lifts, ItemIndex{0}), 0);
  EXPECT_DOUBLE_EQ(StrengthOf(lifts, ItemIndex{1}), 0.7);
  EXPECT_DOUBLE_EQ(StrengthOf(lifts, ItemIndex{2}), 1);
  EXPECT_DOUBLE_EQ(StrengthOf(lifts, ItemIndex{3}), -0.4);
  EXPECT_DOUBLE_EQ(StrengthOf(lifts, ItemIndex{4}), -1);
}

TEST(LiftsTest, PartsAreOfOneStrengthEachAndHoldAllThatIsAllowed) {
  ItemBitmap allowed(6, true);
  allowed.Erase(ItemIndex{1});
  const std::vector<ItemLift> lifts = {LiftOf({1, 2, 3}, 0.5), LiftOf({3, 4}, 0.25),
                                       LiftOf({9}, 1)};

  std::vector<std::vector<ItemIndex>> parts;
  for (const ItemBitmap& part : PartsByStrength(lifts, allowed)) parts.push_back(part.Items());

  EXPECT_THAT(parts, ElementsAre(ElementsAre(ItemIndex{0}, ItemIndex{5}), ElementsAre(ItemIndex{4}),
                                 ElementsAre(ItemIndex{2}), ElementsAre(ItemIndex{3})));
}

TEST(LiftsTest, OfManyStrengthsTheNearestAreOnePart) {
  std::vector<ItemLift> lifts;
  for (std::uint32_t i = 0; i < 20; ++i) lifts.push_back(LiftOf({i}, i < 18 ? 0.01 * (i + 1) : 1));

  const std::vector<ItemBitmap> parts = PartsByStrength(lifts, ItemBitmap(30, true));

  EXPECT_THAT(parts, SizeIs(kMaxStrengths));
  EXPECT_THAT(parts.back().Items(), ElementsAre(ItemIndex{18}, ItemIndex{19}));
  EXPECT_EQ(
      std::accumulate(parts.begin(), parts.end(), std::size_t{0},
                      [](std::size_t sum, const ItemBitmap& part) { return sum + part.Count(); }),
      30U);
}

// Random models, lifts and exclusions.
struct Case {
  explicit Case(std::uint64_t seed, std::size_t num_models) {
    Random random(seed);
    auto set = std::make_shared<ModelSet>();
    for (std::size_t m = 0; m < num_models; ++m) {
      std::vector<float> scores(kItems);
      for (float& score : scores) {
        score = random.Below(6) == 0 ? kUnscored : static_cast<float>(random.Uniform() - 0.2);
      }
      const std::string name = "m" + std::to_string(m);
      set->models.push_back(MakeFakeModel(name, ModelFamily::kBehaviour, std::move(scores)));
      weights[name] = 0.2 + random.Uniform();
    }
    models = std::move(set);
    allowed = ItemBitmap(kItems, true);
    for (std::uint32_t row = 0; row < kItems; ++row) {
      if (random.Below(5) == 0) allowed.Erase(ItemIndex{row});
      if (random.Below(20) == 0) excluded.push_back(ItemIndex{row});
    }
    for (std::uint64_t l = 1 + random.Below(5); l > 0; --l) {
      ItemBitmap items(kItems);
      const std::uint64_t one_in = 1 + random.Below(40);
      for (std::uint32_t row = 0; row < kItems; ++row) {
        if (random.Below(one_in) == 0) items.Insert(ItemIndex{row});
      }
      lifts.push_back({.items = std::make_shared<const ItemBitmap>(std::move(items)),
                       .strength = 2 * random.Uniform() - 1});
    }
  }

  std::vector<BlendedItem> Recommend(BlendOptions options, std::size_t k, bool is_lifted,
                                     const ItemBitmap* only = nullptr) const {
    options.weights = weights;
    const Query query{.excluded = excluded};
    const Pipeline pipeline(models, options);
    PipelineControls controls{.only = only};
    if (is_lifted) controls.lifts = lifts;
    return pipeline.Recommend({&query, 1}, &allowed, k, controls).front();
  }

  // Scores everything, then adds.
  std::vector<BlendedItem> Expected(std::size_t k) const {
    std::vector<BlendedItem> all = Recommend({}, kItems, false);
    const double best = all.front().score;
    for (BlendedItem& item : all) {
      double strength = 0;
      for (const ItemLift& lift : lifts) {
        if (lift.items->Contains(item.item)) strength += lift.strength;
      }
      item.lift = static_cast<float>(std::clamp(strength, -1.0, 1.0) * std::abs(best));
      item.score += item.lift;
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const BlendedItem& a, const BlendedItem& b) { return a.score > b.score; });
    all.resize(std::min(k, all.size()));
    return all;
  }

  static constexpr std::size_t kItems = 400;
  std::shared_ptr<const ModelSet> models;
  std::map<std::string, double> weights;
  ItemBitmap allowed;
  std::vector<ItemIndex> excluded;
  std::vector<ItemLift> lifts;
};

void ExpectEqual(const std::vector<BlendedItem>& list, const std::vector<BlendedItem>& expected) {
  ASSERT_EQ(list.size(), expected.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    EXPECT_EQ(list[i].item, expected[i].item) << i;
    EXPECT_NEAR(list[i].score, expected[i].score, 1e-5) << i;
    EXPECT_NEAR(list[i].lift, expected[i].lift, 1e-5) << i;
    EXPECT_NEAR(std::accumulate(list[i].parts.begin(), list[i].parts.end(), list[i].lift),
                list[i].score, 1e-5);
  }
}

TEST(LiftedPipelineTest, AWholeCatalogueIsInTheOrderOfScoresAndLifts) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    const Case shop(seed, 3);
    ExpectEqual(shop.Recommend({}, 50, true), shop.Expected(50));
  }
}

// Where one model is alone its best of each strength are all that counts.
TEST(LiftedPipelineTest, WhatIsLiftedOrBuriedIsRetrievedToo) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    const Case shop(seed, 1);
    ExpectEqual(shop.Recommend({.candidates_per_model = 10, .whole_catalogue_items = 0}, 10, true),
                shop.Expected(10));
  }
}

TEST(LiftedPipelineTest, SeveralModelsRetrieveWithOneScaleEach) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    const Case shop(seed, 3);
    ExpectEqual(shop.Recommend({.candidates_per_model = Case::kItems, .whole_catalogue_items = 0},
                               50, true),
                shop.Expected(50));
  }
}

TEST(LiftedPipelineTest, SomeItemsAloneAreListedWithTheScoresThatTheyHaveAmongAll) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    const Case shop(seed, 1 + seed % 2);
    ItemBitmap only(Case::kItems);
    for (std::uint32_t row = static_cast<std::uint32_t>(seed); row < Case::kItems; row += 7) {
      only.Insert(ItemIndex{row});
    }
    std::vector<BlendedItem> expected = shop.Expected(Case::kItems);
    std::erase_if(expected, [&](const BlendedItem& each) { return !only.Contains(each.item); });
    expected.resize(10);

    ExpectEqual(shop.Recommend({}, 10, true, &only), expected);
    if (seed % 2 == 1) continue;  // Several models may find others.
    ExpectEqual(
        shop.Recommend({.candidates_per_model = 10, .whole_catalogue_items = 0}, 10, true, &only),
        expected);
  }
}

class BoostsTest : public vitrine::testing::FakeShop {
 protected:
  BoostsTest() {
    store_.Put({.id = "d", .brand = "Acme"});
    store_.Put({.id = "e", .brand = "Acme", .tags = {"old"}});
    Publish({Popular()});  // Scores 1, 0.8, 0.6, 0.4, 0.2.
  }
};

TEST_F(BoostsTest, LiftItemsByAShareOfTheBestScore) {
  const RecommendReply reply =
      Recommend({.controls = {.boosts = {{"brand = \"Acme\"", 0.5}, {"id = \"a\"", -0.7}}}});

  EXPECT_THAT(Ids(reply), ElementsAre("d", "b", "e", "c", "a"));
  EXPECT_FLOAT_EQ(reply.items[0].score, 0.9F);
  EXPECT_NEAR(reply.items[4].score, 0.3, 1e-6);
}

TEST_F(BoostsTest, ContributionsNameWhatLiftedAndSumToTheScore) {
  const RecommendReply reply =
      Recommend({.explanation = ExplanationLevel::kContributions,
                 .controls = {.boosts = {{"brand = \"Acme\"", 0.8}, {"tags: \"old\"", 0.6}}}});

  ASSERT_THAT(Ids(reply), ElementsAre("d", "e", "a", "b", "c"));
  EXPECT_FLOAT_EQ(reply.items[1].score, 1.2F);  // 0.2, and 1 for 0.8 + 0.6.
  for (const RecommendedItem& item : reply.items) {
    float sum = 0;
    for (const ScorePart& part : item.contributions) sum += part.value;
    EXPECT_NEAR(sum, item.score, 1e-4);
  }
  const std::vector<ScorePart>& parts = reply.items[1].contributions;
  ASSERT_THAT(parts, SizeIs(3));
  EXPECT_EQ(parts[0].model, "boost");
  EXPECT_EQ(parts[0].feature, "brand = \"Acme\"");
  EXPECT_FLOAT_EQ(parts[0].value, 0.8F / 1.4F);
  EXPECT_EQ(parts[1].feature, "tags: \"old\"");
  EXPECT_EQ(parts[2].model, "most_popular");
}

TEST_F(BoostsTest, AnAnswerOnOneItemKnowsThem) {
  const auto reply = engine_.ExplainItem(
      {.request = {.page_size = 2, .controls = {.boosts = {{"id = \"a\"", -0.7}}}},
       .item_id = "a"});

  ASSERT_THAT(reply, vitrine::testing::IsOk());
  EXPECT_EQ(reply->outcome, ItemOutcome::kRankedLower);
  EXPECT_EQ(reply->rank, 4U);
  EXPECT_NEAR(reply->score, 0.3, 1e-6);
  EXPECT_THAT(reply->contributions, SizeIs(2));
}

TEST_F(BoostsTest, WithoutAModelThereIsNoScoreToLift) {
  Publish({});
  store_.SetPopularity({5, 4, 3, 2, 1});

  EXPECT_THAT(RecommendedIds({.controls = {.boosts = {{"id = \"e\"", 1}}}}),
              ElementsAre("a", "b", "c", "d", "e"));
}

TEST_F(BoostsTest, WhatIsWrongWithOneIsNamed) {
  const auto message = [&](std::vector<Boost> boosts) {
    const auto reply = engine_.Recommend({.controls = {.boosts = std::move(boosts)}});
    EXPECT_THAT(reply, StatusIs(absl::StatusCode::kInvalidArgument));
    return std::string(reply.status().message());
  };

  EXPECT_THAT(message({{"id = \"a\"", 1}, {"brand <", 1}}), HasSubstr("boosts[1].filter: column"));
  EXPECT_THAT(message({{"", 1}}), HasSubstr("boosts[0].filter is empty"));
  for (const double strength : {0.0, 1.01, -1.01, std::nan("")}) {
    EXPECT_THAT(message({{"id = \"a\"", strength}}), HasSubstr("boosts[0].strength is"));
  }
  EXPECT_THAT(message(std::vector<Boost>(21, {"id = \"a\"", 1})), HasSubstr("21 boosts"));
}

class LargeBoostsTest : public vitrine::testing::LargeShop {};

TEST_F(LargeBoostsTest, GoTogetherWithLimitsAndDiversity) {
  const RecommendReply reply = Recommend({.page_size = 12,
                                          .controls = {.diversity = {Diversity::Method::kMmr, 0.2},
                                                       .max_per_brand = 3,
                                                       .boosts = {{"brand = \"B3\"", 1}}}});

  std::size_t num_boosted = 0;
  for (const RecommendedItem& item : reply.items) num_boosted += item.item->brand == "B3" ? 1 : 0;
  EXPECT_EQ(num_boosted, 3U);
  EXPECT_EQ(reply.items.front().item->brand, "B3");
}

}  // namespace
}  // namespace vitrine
