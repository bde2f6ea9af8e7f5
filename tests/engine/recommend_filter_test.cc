#include <set>
#include <string>

#include "absl/strings/str_format.h"
#include "engine/fake_shop.h"
#include "engine/random_filter.h"
#include "vitrine/base/random.h"
#include "vitrine/engine/item_filter.h"
#include "vitrine/engine/pipeline.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using vitrine::testing::FakeScorer;
using vitrine::testing::FilterMaker;
using vitrine::testing::MadeFilter;
using vitrine::testing::MakeFakeModel;
using vitrine::testing::StatusIs;

class RecommendFilterTest : public vitrine::testing::FakeShop {
 protected:
  static Item Priced(const std::string& id, std::int64_t units) {
    return {.id = id, .price = Money{units * 1'000'000, "EUR"}};
  }
};

TEST_F(RecommendFilterTest, OnlyWhatTheFilterHoldsForIsShown) {
  Publish({Popular()});
  store_.Put({.id = "b", .brand = "Acme"});
  store_.Put({.id = "d", .categories = {"Home > Mugs"}, .brand = "Acme"});

  EXPECT_THAT(RecommendedIds({.filter = "brand = \"Acme\""}), ElementsAre("b", "d"));
  EXPECT_THAT(RecommendedIds({.filter = "brand != \"Acme\""}), ElementsAre("a", "c", "e"));
  EXPECT_THAT(RecommendedIds({.categories = {"Home"}, .filter = "brand = \"Acme\""}),
              ElementsAre("d"));
  EXPECT_THAT(RecommendedIds({.filter = "brand = \"Zeta\""}), IsEmpty());
}

TEST_F(RecommendFilterTest, BackfillAndSimilarItemsKeepToIt) {
  for (const char* id : {"b", "d", "e"}) store_.Put({.id = id, .tags = {"new"}});
  EXPECT_THAT(RecommendedIds({.filter = "tags: new"}), ElementsAre("b", "d", "e"));  // No model.

  Publish({vitrine::testing::MakeFakeNeighbours(
      "item_knn", 5,
      {{{ItemIndex{0}, ItemIndex{2}}, 0.9F}, {{ItemIndex{0}, ItemIndex{3}}, 0.4F}})});

  EXPECT_THAT(Ids(Similar({.item_id = "a"})), ElementsAre("c", "d", "b", "e"));
  EXPECT_THAT(Ids(Similar({.item_id = "a", .filter = "tags: new"})), ElementsAre("d", "b", "e"));
}

TEST_F(RecommendFilterTest, APriceAndTheStockCountOnTheNextAnswer) {
  Publish({Popular()});
  store_.Put(Priced("a", 30));
  store_.Put(Priced("b", 10));
  EXPECT_THAT(RecommendedIds({.filter = "price < 20"}), ElementsAre("b"));

  store_.Put(Priced("a", 19));
  EXPECT_THAT(RecommendedIds({.filter = "price < 20"}), ElementsAre("a", "b"));

  store_.Put(Priced("b", 20));
  EXPECT_THAT(RecommendedIds({.filter = "price < 20"}), ElementsAre("a"));

  Item gone = Priced("a", 19);
  gone.stock = 0;
  store_.Put(gone);
  EXPECT_THAT(RecommendedIds({.filter = "price < 20"}), IsEmpty());
}

TEST_F(RecommendFilterTest, WhatIsPublishedLaterIsShownLaterWhateverTheFilterSays) {
  Publish({Popular()});
  store_.Put({.id = "b", .publish_time_us = clock_.Now() + kMicrosPerDay});
  EXPECT_THAT(RecommendedIds({.filter = "publish_time:*"}), IsEmpty());

  clock_.Advance(kMicrosPerDay);

  EXPECT_THAT(RecommendedIds({.filter = "publish_time:*"}), ElementsAre("b"));
}

TEST_F(RecommendFilterTest, WhatCannotBeReadIsAnError) {
  const auto recommended = engine_.Recommend({.filter = "pirce < 3"});
  const auto similar = engine_.Similar({.item_id = "a", .filter = "price < x"});

  EXPECT_THAT(recommended, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(recommended.status().message()), HasSubstr("filter: column 1"));
  EXPECT_THAT(similar, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(similar.status().message()), HasSubstr("filter: column 9"));
}

TEST_F(RecommendFilterTest, AnAnswerThatHasRoomHoldsTheSameItemsAsBruteForce) {
  FilterMaker maker(17);
  Random random(17);
  const auto change = [&] {
    store_.Put(maker.MakeItem("item-" + std::to_string(random.Below(150))));
  };
  for (int i = 0; i < 300; ++i) change();
  std::vector<float> scores(100);  // The rest is unknown to the model: backfill.
  for (float& score : scores) score = static_cast<float>(random.Uniform());
  Publish({vitrine::testing::MakeFakeModel("most_popular", ModelFamily::kPopularity, scores)});
  clock_.Set(vitrine::testing::DayTime(2));  // Some are not published yet.

  std::size_t num_shown = 0;
  for (int i = 0; i < 400; ++i) {
    const MadeFilter made = maker.MakeExpression(i % 3);
    std::set<std::string> expected;
    for (const auto& item : store_.catalogue().List(ItemIndex{0}, 1'000)) {
      if (made.holds(*item) && IsServable(*item, clock_.Now())) expected.insert(item->id);
    }

    const std::vector<std::string> shown = RecommendedIds(
        {.filter = made.text, .page_size = 200, .explanation = ExplanationLevel::kNone});

    ASSERT_EQ(std::set<std::string>(shown.begin(), shown.end()), expected) << made.text;
    ASSERT_THAT(shown, SizeIs(expected.size()));
    num_shown += shown.size();
    change();
  }
  EXPECT_GT(num_shown, 5'000U);
}

// Everyone likes an item as much as its taste agrees with what they did.
class TasteScorer final : public FakeScorer {
 public:
  explicit TasteScorer(std::size_t num_items)
      : FakeScorer("item_knn", std::vector<float>(num_items)) {
    Random random(3);
    for (std::size_t i = 0; i < num_items * kDimensions; ++i) {
      tastes_.push_back(static_cast<float>(random.Normal()));
    }
  }

 protected:
  float ScoreOf(const Query& query, ItemIndex item) const override {
    float sum = 0;
    for (const Interaction& interaction : query.history) {
      for (std::size_t d = 0; d < kDimensions; ++d) {
        sum +=
            tastes_[Row(interaction.item) * kDimensions + d] * tastes_[Row(item) * kDimensions + d];
      }
    }
    return sum;
  }

 private:
  static constexpr std::size_t kDimensions = 4;
  std::vector<float> tastes_;
};

// By number of items: of a catalogue that is scored whole, and of one that models retrieve from.
class NarrowFilterTest : public RecommendFilterTest,
                         public ::testing::WithParamInterface<std::size_t> {};

TEST_P(NarrowFilterTest, OfAThousandthOfTheCatalogueFillsAPageInTheShoppersOrder) {
  const std::size_t num_items = GetParam();
  for (std::size_t i = 5; i < num_items; ++i) {
    store_.Put({.id = absl::StrFormat("item-%d", i), .tags = {i % 1'000 == 7 ? "rare" : "common"}});
  }
  Model model{.name = "item_knn", .kind = "fake"};
  model.scorer = std::make_shared<TasteScorer>(num_items);
  Publish({model});
  std::vector<std::vector<std::string>> pages;
  for (const char* user : {"ann", "bob"}) {
    for (int i = 0; i < 3; ++i) {
      store_.Record(user, EventType::kDetailPageView,
                    absl::StrFormat("item-%d", 100 * i + 17 + (user[0] == 'a' ? 0 : 41)));
    }
    // All ranked, filtered after.
    const ShopperState shopper = store_.ReadShopper(user, "");
    const Query query{.history = shopper.history, .now_us = clock_.Now()};
    const ItemBitmap all(num_items, true);
    const auto ranked =
        Pipeline(models_.Get(), Options().blend).Recommend({&query, 1}, &all, num_items).front();
    ASSERT_THAT(ranked, SizeIs(num_items));
    std::vector<std::string> expected;
    for (const BlendedItem& item : ranked) {
      const auto described = store_.catalogue().Get(item.item);
      const bool is_rare = !described->tags.empty() && described->tags[0] == "rare";
      if (is_rare && expected.size() < 20) expected.push_back(described->id);
    }

    const RecommendReply reply = Recommend({.user_id = user, .filter = "tags: rare"});

    ASSERT_THAT(reply.items, SizeIs(20));
    EXPECT_EQ(Ids(reply), expected);
    EXPECT_THAT(reply.fallbacks, IsEmpty());
    pages.push_back(Ids(reply));
  }
  EXPECT_NE(pages[0], pages[1]);
}

INSTANTIATE_TEST_SUITE_P(Items, NarrowFilterTest, ::testing::Values(20'000, 40'000));

TEST(FilteredPipelineTest, WhereLittleMayBeShownAllOfItIsScored) {
  // The sum of the two models is best for item 2, which neither retrieves first.
  const auto models = std::make_shared<ModelSet>();
  models->models = {MakeFakeModel("a", ModelFamily::kBehaviour, {9, 9, 8, 5, 1, 1}),
                    MakeFakeModel("b", ModelFamily::kBehaviour, {9, 1, 8, 9, 1, 1})};
  const Pipeline pipeline(
      models,
      {.weights = {{"a", 1}, {"b", 1}}, .candidates_per_model = 1, .whole_catalogue_items = 3});
  ItemBitmap allowed(6);
  for (const std::uint32_t row : {1U, 2U, 3U}) allowed.Insert(ItemIndex{row});
  const Query query;

  const auto list = pipeline.Recommend({&query, 1}, &allowed, 3).front();

  ASSERT_THAT(list, SizeIs(3));
  EXPECT_EQ(list[0].item, ItemIndex{2});
  EXPECT_EQ(list[1].item, ItemIndex{3});
  EXPECT_EQ(list[2].item, ItemIndex{1});
}

}  // namespace
}  // namespace vitrine
