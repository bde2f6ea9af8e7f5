// What a pipeline rules out by sketches it may not miss.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "testing/fake_scorer.h"
#include "vitrine/base/random.h"
#include "vitrine/engine/pipeline.h"

namespace vitrine {
namespace {

using vitrine::testing::FakeScorer;
using vitrine::testing::MakeFakeModel;

// Scores of a table, sketched as far off as it says, in whatever direction.
class RoughScorer final : public FakeScorer {
 public:
  RoughScorer(std::vector<float> scores, float error)
      : FakeScorer("rough", std::move(scores)), error_(error) {}

  float Sketch(const Query& query, std::span<float> scores) const override {
    Scorer::Sketch(query, scores);
    Random random(3);
    for (float& score : scores) {
      if (std::isfinite(score)) score += error_ * static_cast<float>(2 * random.Uniform() - 1);
    }
    return error_;
  }

 private:
  float error_;
};

std::vector<float> SomeScores(std::size_t count, double offset, Random& random) {
  std::vector<float> scores;
  for (std::size_t i = 0; i < count; ++i) {
    const double drawn = random.Uniform();
    // Few values, so that ties are many.
    scores.push_back(
        drawn < 0.1 ? kUnscored : static_cast<float>(std::round(40 * drawn * drawn) / 40 - offset));
  }
  return scores;
}

struct Case {
  float error = 0;
  double offset = 0;  // Taken off the rough model's scores: none is above zero from 1 on.
  bool has_trend = false;
};

constexpr std::size_t kItems = 1000;

void ExpectTheSame(const std::vector<BlendedItem>& list, const std::vector<BlendedItem>& expected) {
  ASSERT_EQ(list.size(), expected.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    ASSERT_EQ(list[i].item, expected[i].item) << "rank " << i;
    ASSERT_EQ(list[i].score, expected[i].score);
    ASSERT_EQ(list[i].parts, expected[i].parts);
  }
}

class ShortlistErrorTest : public ::testing::TestWithParam<Case> {};

TEST_P(ShortlistErrorTest, ListsAndRanksAsIfEverythingWereScored) {
  Random random(11);
  for (int trial = 0; trial < 20; ++trial) {
    auto set = std::make_shared<ModelSet>();
    const std::vector<float> rough = SomeScores(kItems, GetParam().offset, random);
    set->models = {
        MakeFakeModel("rough", ModelFamily::kBehaviour, rough),
        MakeFakeModel("other", ModelFamily::kBehaviour, SomeScores(kItems, 0.3, random))};
    if (GetParam().has_trend) {
      set->trend.power = 1;
      for (std::size_t i = 0; i < kItems; ++i) {
        set->trend.ln_by_item.push_back(static_cast<float>(random.Uniform() - 0.5));
      }
    }
    ItemBitmap allowed(kItems, true);
    for (std::uint32_t i = 0; i < kItems; i += 3) allowed.Erase(ItemIndex{i});
    const std::vector<ItemIndex> excluded = {ItemIndex{1}, ItemIndex{2}, ItemIndex{500}};
    const Query query{.excluded = excluded};
    const BlendOptions options{.weights = {{"rough", 1}, {"other", 0.6}}};
    const auto exact = std::make_shared<ModelSet>(*set);
    set->models[0].scorer = std::make_shared<RoughScorer>(rough, GetParam().error);

    for (const std::size_t k : {1, 20, 62, 700}) {
      // With `only`, everything is scored.
      ExpectTheSame(
          Pipeline(set, options).Recommend({&query, 1}, &allowed, k).front(),
          Pipeline(exact, options).Recommend({&query, 1}, &allowed, k, {.only = &allowed}).front());
    }
    const std::vector<ItemIndex> shown = {ItemIndex{7}, ItemIndex{4}, ItemIndex{998}};
    const std::vector<ItemIndex> not_all_shown = {ItemIndex{7}, ItemIndex{3}, ItemIndex{998}};
    const std::vector<ItemIndex> some_excluded = {ItemIndex{7}, ItemIndex{500}, ItemIndex{998}};
    for (const auto& items : {shown, not_all_shown, some_excluded}) {
      ExpectTheSame(Pipeline(set, options).Rank(query, items, &allowed),
                    Pipeline(exact, options).Rank(query, items, &allowed, {.only = &allowed}));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Errors, ShortlistErrorTest,
                         ::testing::Values(Case{0, 0, false}, Case{0.05F, 0, false},
                                           Case{0.3F, 0.2, true}, Case{0.05F, 1.2, false},
                                           Case{0.02F, 0.99, true}, Case{5, 0.5, true}));

// Counts the sketches that are asked for.
class CountingScorer final : public FakeScorer {
 public:
  using FakeScorer::FakeScorer;

  float Sketch(const Query& query, std::span<float> scores) const override {
    ++num_sketches;
    return Scorer::Sketch(query, scores);
  }

  mutable int num_sketches = 0;
};

TEST(ShortlistTest, OfAFewOfManyItemsNothingIsSketched) {
  const auto scorer = std::make_shared<CountingScorer>("a", std::vector<float>(kItems, 1));
  auto set = std::make_shared<ModelSet>();
  set->models = {MakeFakeModel("a", ModelFamily::kBehaviour, {})};
  set->models[0].scorer = scorer;
  const Pipeline pipeline(set, {.weights = {{"a", 1}}});
  const Query query;
  ItemBitmap few(kItems);
  for (std::uint32_t i = 0; i < kItems / 8; ++i) few.Insert(ItemIndex{i});

  EXPECT_EQ(pipeline.Recommend({&query, 1}, &few, 20).front().size(), 20U);
  pipeline.Rank(query, std::vector{ItemIndex{3}}, &few);
  EXPECT_EQ(scorer->num_sketches, 0);

  few.Insert(ItemIndex{kItems - 1});
  EXPECT_EQ(pipeline.Recommend({&query, 1}, &few, 20).front().size(), 20U);
  EXPECT_EQ(scorer->num_sketches, 1);
}

}  // namespace
}  // namespace vitrine
