#include "vitrine/scorers/content/content.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <vector>

#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::FloatEq;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;
using ::testing::UnorderedElementsAre;

auto Scored(std::uint32_t item, float score) {
  return ::testing::AllOf(::testing::Field(&ScoredItem::item, ItemIndex{item}),
                          ::testing::Field(&ScoredItem::score, ::testing::FloatEq(score)));
}

// Item 0 is a mug, item 1 red, item 2 a red mug (0.6, 0.8), item 3 not described.
ContentTable SmallShop() {
  ContentTable table;
  table.features = {"word: mug", "word: red"};
  table.items.num_rows = 4;
  table.items.num_cols = 2;
  table.items.row_begin = {0, 1, 2, 4, 4};
  table.items.column = {0, 1, 0, 1};
  table.items.value = {1, 1, 0.6F, 0.8F};
  table.options = {.half_life_days = 0, .rank_decay = 1, .context_weight = 1};
  return table;
}

std::shared_ptr<const Content> MakeContent(const ContentTable& table = SmallShop()) {
  auto scorer = Content::Create(table);
  EXPECT_THAT(scorer, IsOk());
  return *scorer;
}

TEST(ContentTest, ScoresByTheMeanOfWhatWasTouched) {
  const std::vector<Interaction> history = {{0, ItemIndex{0}, 3}, {0, ItemIndex{1}, 1}};
  const Query query{.history = history};

  // Profile: mug 3/4, red 1/4.
  EXPECT_THAT(
      MakeContent()->Retrieve({&query, 1}, nullptr, 10).front(),
      ElementsAre(Scored(0, 0.75F), Scored(2, 0.75F * 0.6F + 0.25F * 0.8F), Scored(1, 0.25F)));
}

TEST(ContentTest, WorksForAnItemThatNobodyTouched) {
  const std::vector<ItemIndex> page = {ItemIndex{1}};
  const Query query{.context_items = page};

  EXPECT_THAT(MakeContent()->Retrieve({&query, 1}, nullptr, 10).front(),
              ElementsAre(Scored(1, 1), Scored(2, 0.8F)));
}

TEST(ContentTest, OlderInteractionsCountLessByTimeAndByRank) {
  ContentTable table = SmallShop();
  table.options.half_life_days = 10;
  table.options.rank_decay = 0.5;
  // The mug 10 days ago, so 1/2, and second, so 1/4: profile red 0.8, mug 0.2.
  const std::vector<Interaction> history = {{20 * kMicrosPerDay, ItemIndex{1}, 1},
                                            {10 * kMicrosPerDay, ItemIndex{0}, 1}};
  const Query query{.history = history, .now_us = 20 * kMicrosPerDay};
  const std::vector<ItemIndex> items = {ItemIndex{0}, ItemIndex{1}};
  Matrix scores(1, 2);

  MakeContent(table)->Score({&query, 1}, items, scores);

  EXPECT_FLOAT_EQ(scores(0, 0), 0.2F);
  EXPECT_FLOAT_EQ(scores(0, 1), 0.8F);
}

TEST(ContentTest, ADislikeTakesAway) {
  const std::vector<Interaction> history = {{0, ItemIndex{0}, 1}, {0, ItemIndex{1}, -3}};
  const Query query{.history = history};

  EXPECT_THAT(
      MakeContent()->Retrieve({&query, 1}, nullptr, 10).front(),
      ElementsAre(Scored(0, 0.25F), Scored(2, 0.25F * 0.6F - 0.75F * 0.8F), Scored(1, -0.75F)));
}

TEST(ContentTest, KeepsTheStrongestFeaturesOfAProfile) {
  ContentTable table = SmallShop();
  table.options.profile_features = 1;
  const std::vector<Interaction> history = {{0, ItemIndex{0}, 1}, {0, ItemIndex{1}, -3}};
  const Query query{.history = history};

  EXPECT_THAT(MakeContent(table)->Retrieve({&query, 1}, nullptr, 10).front(),
              ElementsAre(Scored(2, -0.75F * 0.8F), Scored(1, -0.75F)));
}

TEST(ContentTest, ExplainsByFeature) {
  const std::vector<Interaction> history = {{0, ItemIndex{2}, 1}};

  const auto content = MakeContent();
  const auto parts = content->Explain({.history = history}, ItemIndex{2});

  const auto part = [](const char* feature, float value) {
    return AllOf(Field(&Contribution::source, Contribution::Source::kFeature),
                 Field(&Contribution::feature, feature),
                 Field(&Contribution::value, FloatEq(value)));
  };
  EXPECT_THAT(parts, UnorderedElementsAre(part("word: red", 0.64F), part("word: mug", 0.36F)));
}

TEST(ContentTest, AnItemWithoutAFeatureInCommonIsNotScored) {
  const std::vector<Interaction> history = {{0, ItemIndex{0}, 1}};
  const Query query{.history = history};
  const std::vector<ItemIndex> items = {ItemIndex{1}, ItemIndex{3}};
  Matrix scores(1, 2);

  MakeContent()->Score({&query, 1}, items, scores);

  EXPECT_EQ(scores(0, 0), kUnscored);
  EXPECT_EQ(scores(0, 1), kUnscored);
  EXPECT_THAT(MakeContent()->Explain(query, ItemIndex{3}), IsEmpty());
}

// The small shop, where mug and undescribed thing mean the same, and red nearly the opposite.
ContentTable ShopWithMeaning() {
  ContentTable table = SmallShop();
  table.options.meaning_weight = 0.5F;
  table.meaning.resize(4, 2);
  table.meaning << 1, 0, -0.6F, 0.8F, 0, 0, 1, 0;
  return table;
}

TEST(ContentTest, MeaningFindsWhatSharesNoWord) {
  const std::vector<Interaction> history = {{0, ItemIndex{0}, 3}, {0, ItemIndex{1}, 1}};
  const Query query{.history = history};

  // Sense: 3/4 (1, 0) + 1/4 (-0.6, 0.8) = (0.6, 0.2), half of which counts. Item 2 means nothing.
  EXPECT_THAT(MakeContent(ShopWithMeaning())->Retrieve({&query, 1}, nullptr, 10).front(),
              ElementsAre(Scored(0, 0.75F + 0.3F), Scored(2, 0.75F * 0.6F + 0.25F * 0.8F),
                          Scored(3, 0.3F), Scored(1, 0.25F - 0.1F)));
}

TEST(ContentTest, AThingWithoutATextCountsByItsMeaning) {
  const std::vector<ItemIndex> page = {ItemIndex{3}};
  const Query query{.context_items = page};

  EXPECT_THAT(MakeContent(ShopWithMeaning())->Retrieve({&query, 1}, nullptr, 10).front(),
              ElementsAre(Scored(0, 0.5F), Scored(3, 0.5F), Scored(1, -0.3F)));
}

TEST(ContentTest, ExplainsMeaningByTheItemsThatWereTouched) {
  const std::vector<Interaction> history = {{0, ItemIndex{0}, 3}, {0, ItemIndex{1}, 1}};

  const auto content = MakeContent(ShopWithMeaning());
  const auto parts = content->Explain({.history = history}, ItemIndex{3});

  const auto part = [](std::uint32_t item, float value) {
    return AllOf(Field(&Contribution::source, Contribution::Source::kHistory),
                 Field(&Contribution::item, ItemIndex{item}),
                 Field(&Contribution::value, FloatEq(value)));
  };
  EXPECT_THAT(parts, UnorderedElementsAre(part(0, 0.75F * 0.5F), part(1, 0.25F * 0.5F * -0.6F)));
}

TEST(ContentTest, WithoutWeightMeaningChangesNothing) {
  ContentTable table = ShopWithMeaning();
  table.options.meaning_weight = 0;
  const std::vector<Interaction> history = {{0, ItemIndex{0}, 3}, {0, ItemIndex{3}, 1}};
  const Query query{.history = history};

  EXPECT_EQ(MakeContent(table)->Retrieve({&query, 1}, nullptr, 10),
            MakeContent()->Retrieve({&query, 1}, nullptr, 10));
}

TEST(ContentTest, ReadsWhatWasSavedBeforeThereWasMeaning) {
  const ContentTable table = SmallShop();
  ByteWriter writer;
  Save(*MakeContent(ShopWithMeaning()), writer);
  // As it was: without the number in front, the weight and the matrix behind.
  const std::size_t num_new = sizeof(float) + 2 + 8 * sizeof(float);
  const std::string older =
      writer.bytes().substr(sizeof(double), writer.bytes().size() - sizeof(double) - num_new);
  const std::vector<ItemIndex> same = {ItemIndex{0}, ItemIndex{1}, ItemIndex{2}, ItemIndex{3}};
  ByteReader reader(older);

  const auto loaded = LoadContent(reader, same, 4);

  ASSERT_THAT(loaded, IsOk());
  EXPECT_THAT(reader.Finish("content"), IsOk());
  EXPECT_EQ((*loaded)->table().features, table.features);
  EXPECT_EQ((*loaded)->table().items.value, table.items.value);
  EXPECT_EQ((*loaded)->table().options.context_weight, 1);
  EXPECT_EQ((*loaded)->table().meaning.rows(), 0);
}

TEST(ContentTest, RefusesTablesThatMakeNoSense) {
  ContentTable too_few_names = SmallShop();
  too_few_names.features.pop_back();
  ContentTable not_finite = SmallShop();
  not_finite.items.value[0] = std::numeric_limits<float>::quiet_NaN();
  ContentTable growing = SmallShop();
  growing.options.rank_decay = 1.1;
  ContentTable no_features = SmallShop();
  no_features.options.profile_features = 0;
  ContentTable too_few_meanings = ShopWithMeaning();
  too_few_meanings.meaning.conservativeResize(3, 2);
  ContentTable wide_meaning = ShopWithMeaning();
  wide_meaning.meaning.setOnes(wide_meaning.meaning.rows(), 8001);
  ContentTable broken_meaning = ShopWithMeaning();
  broken_meaning.meaning(2, 1) = std::numeric_limits<float>::infinity();

  for (const auto& table : {too_few_names, not_finite, growing, no_features, too_few_meanings,
                            wide_meaning, broken_meaning}) {
    EXPECT_THAT(Content::Create(table), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

}  // namespace
}  // namespace vitrine
