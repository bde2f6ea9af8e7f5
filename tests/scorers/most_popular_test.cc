#include "vitrine/scorers/collaborative/most_popular.h"

#include <gmock/gmock.h>

#include <limits>
#include <string>
#include <vector>

#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::FloatEq;
using testing::IsOk;
using testing::StatusIs;
using ::testing::UnorderedElementsAre;

ScoredItem Scored(std::uint32_t item, float score) { return {ItemIndex{item}, score}; }

// Popularity 8, 4, 2, 2, unknown; items 1 and 2 are own "Home > Mugs", item 3 "Home".
MostPopularTable SmallShop() {
  MostPopularTable table;
  table.popularity = {8, 4, 2, 2, kUnscored};
  table.category_names = {"Home", "Home > Mugs"};
  table.categories.num_rows = 5;
  table.categories.num_cols = 2;
  table.categories.row_begin = {0, 0, 2, 4, 5, 5};
  table.categories.column = {0, 1, 0, 1, 0};
  table.categories.value = {1, 2, 1, 2, 2};
  return table;
}

std::shared_ptr<const MostPopular> MakeMostPopular() {
  auto scorer = MostPopular::Create(SmallShop());
  EXPECT_THAT(scorer, IsOk());
  return *scorer;
}

TEST(MostPopularTest, RanksByPopularityAndTiesByIndex) {
  const Query query;

  EXPECT_THAT(MakeMostPopular()->Retrieve({&query, 1}, nullptr, 10).front(),
              ElementsAre(Scored(0, 1), Scored(1, 0.5F), Scored(2, 0.25F), Scored(3, 0.25F)));
}

TEST(MostPopularTest, APageAboutACategoryAddsThePopularityWithinIt) {
  const std::vector<std::string> categories = {"Home>Mugs"};
  const Query query{.categories = categories};

  // Best of the mugs is item 1 with 4.
  EXPECT_THAT(
      MakeMostPopular()->Retrieve({&query, 1}, nullptr, 10).front(),
      ElementsAre(Scored(1, 0.5F + 1), Scored(0, 1), Scored(2, 0.25F + 0.5F), Scored(3, 0.25F)));
}

TEST(MostPopularTest, ManyItemsAtOnceScoreAsOneByOne) {
  for (const float mix : {0.0F, 0.7F}) {
    MostPopularTable table = SmallShop();
    table.category_mix = mix;
    const auto scorer = *MostPopular::Create(std::move(table));
    const std::vector<Interaction> history = {{0, ItemIndex{2}, 3}, {0, ItemIndex{3}, 1}};
    const Query query{.history = history};
    const std::vector<ItemIndex> items = {ItemIndex{4}, ItemIndex{3}, ItemIndex{2}, ItemIndex{1},
                                          ItemIndex{0}};
    Matrix together(1, 5);
    scorer->Score({&query, 1}, items, together);

    for (std::size_t i = 0; i < items.size(); ++i) {
      Matrix alone(1, 1);
      scorer->Score({&query, 1}, {&items[i], 1}, alone);
      EXPECT_EQ(together(0, static_cast<Eigen::Index>(i)), alone(0, 0)) << i;
    }
  }
}

TEST(MostPopularTest, AnUnknownSubcategoryCountsAsTheOneAboveIt) {
  const std::vector<std::string> categories = {"Home > Mugs > Tiny"};
  const std::vector<std::string> known = {"Home > Mugs"};
  const Query query{.categories = categories};
  const Query expected{.categories = known};

  EXPECT_EQ(MakeMostPopular()->Retrieve({&query, 1}, nullptr, 10),
            MakeMostPopular()->Retrieve({&expected, 1}, nullptr, 10));
}

TEST(MostPopularTest, AHistoryCountsByItsOwnPathsAndLikedItemsOnly) {
  // 3 parts "Home > Mugs", 1 part "Home"; the dislike does not count.
  const std::vector<Interaction> history = {
      {0, ItemIndex{2}, 3}, {0, ItemIndex{3}, 1}, {0, ItemIndex{1}, -9}};
  const Query query{.history = history};
  const std::vector<ItemIndex> items = {ItemIndex{0}, ItemIndex{2}, ItemIndex{3}};
  Matrix scores(1, 3);

  MakeMostPopular()->Score({&query, 1}, items, scores);

  EXPECT_FLOAT_EQ(scores(0, 0), 1);
  EXPECT_FLOAT_EQ(scores(0, 1), 0.25F + 0.75F * 2 / 4 + 0.25F * 2 / 4);
  EXPECT_FLOAT_EQ(scores(0, 2), 0.25F + 0.25F * 2 / 4);
}

TEST(MostPopularTest, ThePageGoesBeforeTheHistory) {
  const std::vector<Interaction> history = {{0, ItemIndex{3}, 1}};
  const std::vector<ItemIndex> page = {ItemIndex{2}};
  const Query query{.history = history, .context_items = page};
  const Query page_only{.context_items = page};

  EXPECT_EQ(MakeMostPopular()->Retrieve({&query, 1}, nullptr, 10),
            MakeMostPopular()->Retrieve({&page_only, 1}, nullptr, 10));
}

TEST(MostPopularTest, ExplainsBaseAndCategories) {
  const std::vector<std::string> categories = {"Home > Mugs"};

  const auto most_popular = MakeMostPopular();
  const auto parts = most_popular->Explain({.categories = categories}, ItemIndex{1});

  EXPECT_THAT(parts, UnorderedElementsAre(
                         AllOf(Field(&Contribution::source, Contribution::Source::kFeature),
                               Field(&Contribution::feature, "category: Home > Mugs"),
                               Field(&Contribution::value, FloatEq(1))),
                         AllOf(Field(&Contribution::source, Contribution::Source::kBase),
                               Field(&Contribution::value, FloatEq(0.5F)))));
}

TEST(MostPopularTest, ACategoryThatHasNearlyFadedStillCountsAndStaysFinite) {
  MostPopularTable table = SmallShop();
  table.popularity = {8, 1e-44F, 5e-45F, 2, 0};
  const auto scorer = MostPopular::Create(table);
  ASSERT_THAT(scorer, IsOk());
  const std::vector<std::string> categories = {"Home > Mugs"};
  const Query query{.categories = categories};

  const std::vector<ScoredItem> best = (*scorer)->Retrieve({&query, 1}, nullptr, 10).front();

  EXPECT_EQ(best.front().item, ItemIndex{0});
  EXPECT_THAT(best, ::testing::Contains(Field(&ScoredItem::item, ItemIndex{1})));
  for (const ScoredItem& each : best) EXPECT_LE(each.score, 1.001F);
  Matrix scores(1, 5);
  std::vector<ItemIndex> all;
  for (std::uint32_t i = 0; i < 5; ++i) all.push_back(ItemIndex{i});
  (*scorer)->Score({&query, 1}, all, scores);
  EXPECT_NEAR(scores(0, 1), 1, 1e-3);
  EXPECT_EQ(scores(0, 4), 0);
}

TEST(MostPopularTest, AShopWithoutEventsListsItsItemsInOrder) {
  MostPopularTable table;
  table.popularity = {0, 0};
  table.categories.num_rows = 2;
  table.categories.row_begin = {0, 0, 0};
  const auto scorer = MostPopular::Create(table);
  ASSERT_THAT(scorer, IsOk());
  const Query query;

  EXPECT_THAT((*scorer)->Retrieve({&query, 1}, nullptr, 10).front(),
              ElementsAre(Scored(0, 0), Scored(1, 0)));
}

TEST(MostPopularTest, RefusesTablesThatMakeNoSense) {
  MostPopularTable negative = SmallShop();
  negative.popularity[0] = -1;
  MostPopularTable not_a_number = SmallShop();
  not_a_number.popularity[0] = std::numeric_limits<float>::quiet_NaN();
  MostPopularTable too_few_names = SmallShop();
  too_few_names.category_names.pop_back();
  MostPopularTable bad_mix = SmallShop();
  bad_mix.category_mix = -1;

  for (const auto& table : {negative, not_a_number, too_few_names, bad_mix}) {
    EXPECT_THAT(MostPopular::Create(table), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

}  // namespace
}  // namespace vitrine
