#include "vitrine/scorers/dnn/next_item.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <vector>

#include "scorers/sequence_shapes.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using testing::BertShape;
using testing::BsaRecShape;
using ::testing::ElementsAre;
using ::testing::Field;
using testing::IsOk;
using testing::SequenceShapes;
using testing::SmallShape;
using testing::StatusIs;

constexpr Micros kMinute = 60 * kMicrosPerSecond;

Interaction Touch(std::uint32_t item, Micros time_us, EventType type = EventType::kDetailPageView) {
  return {.time_us = time_us, .item = ItemIndex{item}, .weight = 1, .type = type};
}

std::shared_ptr<const NextItem> SmallScorer(const SequenceShape& shape) {
  Random random(3);
  return *NextItem::Create("sequence_rnn", SequenceNetwork(shape, 0.1, random));
}

float ScoreOf(const Scorer& scorer, std::span<const Interaction> history, std::uint32_t item) {
  const Query query{.history = history};
  const ItemIndex index{item};
  Matrix scores(1, 1);
  scorer.Score({&query, 1}, {&index, 1}, scores);
  return scores(0, 0);
}

TEST(LatestStepsTest, AreTheOldestFirstWithoutDislikesAndStrangers) {
  std::vector<Interaction> newest_first = {Touch(2, 50), Touch(9, 40), Touch(1, 30), Touch(0, 20)};
  newest_first[2].weight = -1;

  EXPECT_THAT(LatestSteps(newest_first, ItemBitmap(5, true), {.length = 10}),
              ElementsAre(Field(&SequenceStep::item, 0U), Field(&SequenceStep::item, 2U)));
}

TEST(LatestStepsTest, AViewACartAndAnOrderInARowAreOneStep) {
  const std::vector<Interaction> newest_first = {Touch(1, 50, EventType::kPurchaseComplete),
                                                 Touch(1, 40, EventType::kAddToCart), Touch(1, 30),
                                                 Touch(0, 20)};

  const auto steps = LatestSteps(newest_first, ItemBitmap(2, true), {.length = 2});

  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[1].time_us, 30);
  EXPECT_EQ(steps[1].type, EventType::kPurchaseComplete);
}

TEST(LatestStepsTest, EachIsAStepWhereRepeatsAreNotMerged) {
  const std::vector<Interaction> newest_first = {Touch(1, 50), Touch(1, 40), Touch(0, 20)};
  const std::vector<ItemIndex> page = {ItemIndex{1}};

  const auto steps = LatestSteps({.history = newest_first, .context_items = page},
                                 ItemBitmap(2, true), {.merges_repeats = false});

  // The page is the latest view, not one more.
  EXPECT_THAT(steps, ElementsAre(Field(&SequenceStep::item, 0U), Field(&SequenceStep::item, 1U),
                                 Field(&SequenceStep::item, 1U)));
}

TEST(LatestStepsTest, NoMoreThanTheLatestAreRead) {
  const std::vector<Interaction> newest_first = {Touch(3, 4), Touch(2, 3), Touch(1, 2)};

  EXPECT_THAT(LatestSteps(newest_first, ItemBitmap(5, true), {.length = 2}),
              ElementsAre(Field(&SequenceStep::item, 2U), Field(&SequenceStep::item, 3U)));
}

TEST(LatestStepsTest, ThePageComesLastAndTheCartBeforeItWhereTheHistoryLacksIt) {
  const std::vector<Interaction> newest_first = {Touch(1, 50), Touch(0, 20)};
  const std::vector<ItemIndex> page = {ItemIndex{2}};
  const std::vector<ItemIndex> cart = {ItemIndex{0}, ItemIndex{3}};

  const auto steps = LatestSteps(
      {.history = newest_first, .context_items = page, .cart_items = cart, .now_us = 70},
      ItemBitmap(5, true), {.length = 4});

  ASSERT_THAT(steps, ElementsAre(Field(&SequenceStep::item, 0U), Field(&SequenceStep::item, 1U),
                                 Field(&SequenceStep::item, 3U), Field(&SequenceStep::item, 2U)));
  EXPECT_EQ(steps[2].type, EventType::kAddToCart);
  EXPECT_EQ(steps[2].time_us, 0);
  EXPECT_EQ(steps[3].type, EventType::kDetailPageView);
  EXPECT_EQ(steps[3].time_us, 70);
  EXPECT_FALSE(steps[1].is_context);
  EXPECT_TRUE(steps[2].is_context && steps[3].is_context);
}

TEST(LatestStepsTest, APageThatTheHistoryAlreadyHasIsOneStepOfTheHistory) {
  const std::vector<Interaction> newest_first = {Touch(1, 50), Touch(0, 20)};
  const std::vector<ItemIndex> page = {ItemIndex{1}};

  const auto steps = LatestSteps({.history = newest_first, .context_items = page, .now_us = 70},
                                 ItemBitmap(5, true), {.length = 4});

  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[1].time_us, 50);
  EXPECT_FALSE(steps[1].is_context);
}

TEST(TimeGapTest, GrowsWithEachDoublingOfTheMinutes) {
  EXPECT_EQ(TimeGap(kMinute, kMinute), 1U);
  EXPECT_EQ(TimeGap(kMinute, 2 * kMinute), 2U);
  EXPECT_EQ(TimeGap(kMinute, 3 * kMinute), 2U);
  EXPECT_EQ(TimeGap(kMinute, 4 * kMinute), 3U);
  EXPECT_EQ(TimeGap(kMinute, 900 * kMicrosPerDay), kNumTimeGaps - 1);
}

TEST(TimeGapTest, NobodyKnowsWithoutTimes) {
  EXPECT_EQ(TimeGap(0, kMinute), 0U);
  EXPECT_EQ(TimeGap(kMinute, 0), 0U);
  EXPECT_EQ(TimeGap(2 * kMinute, kMinute), 0U);
}

class SequenceKindTest : public ::testing::TestWithParam<SequenceShape> {};

TEST_P(SequenceKindTest, TheOrderOfTheHistoryMatters) {
  const auto scorer = SmallScorer(GetParam());
  const std::vector<Interaction> one = {Touch(1, 9), Touch(2, 9), Touch(3, 9)};
  const std::vector<Interaction> other = {Touch(1, 9), Touch(3, 9), Touch(2, 9)};

  EXPECT_NE(ScoreOf(*scorer, one, 0), ScoreOf(*scorer, other, 0));
}

TEST_P(SequenceKindTest, TimesAndTypesMatterWhereTheyAreInputs) {
  const auto scorer = SmallScorer(GetParam());
  const std::vector<Interaction> one = {Touch(1, 9 * kMinute), Touch(2, kMinute)};
  const std::vector<Interaction> later = {Touch(1, 900 * kMinute), Touch(2, kMinute)};
  const std::vector<Interaction> bought = {Touch(1, 9 * kMinute, EventType::kPurchaseComplete),
                                           Touch(2, kMinute)};

  EXPECT_NE(ScoreOf(*scorer, one, 0), ScoreOf(*scorer, later, 0));
  EXPECT_NE(ScoreOf(*scorer, one, 0), ScoreOf(*scorer, bought, 0));
}

TEST_P(SequenceKindTest, WhatWasEncodedForTheScoreIsWhatIsExplained) {
  const auto scorer = SmallScorer(GetParam());
  const std::vector<Interaction> history = {Touch(1, 9), Touch(2, 8)};
  const ItemIndex item{0};
  QueryMemo memo;
  const Query query{.history = history, .memo = &memo};
  Matrix scores(1, 1);

  scorer->Score({&query, 1}, {&item, 1}, scores);
  const auto parts = scorer->Explain(query, item);

  EXPECT_EQ(scores(0, 0), ScoreOf(*scorer, history, 0));
  float sum = 0;
  for (const Contribution& part : parts) sum += part.value;
  EXPECT_NEAR(sum, scores(0, 0), 1e-5);
}

TEST_P(SequenceKindTest, AnExplanationIsTheSameWhateverWasAskedBefore) {
  const auto scorer = SmallScorer(GetParam());
  const std::vector<Interaction> history = {Touch(1, 9), Touch(2, 8), Touch(4, 7)};
  const std::vector<ItemIndex> list = {ItemIndex{0}, ItemIndex{3}};
  QueryMemo memo;
  const Query query{.history = history, .memo = &memo};
  scorer->Retrieve({&query, 1}, nullptr, 2);
  const auto alone = scorer->ExplainAll({.history = history}, list);

  for (int time = 0; time < 2; ++time) {
    const auto explained = scorer->ExplainAll(query, list);

    ASSERT_EQ(explained.size(), alone.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      ASSERT_EQ(explained[i].size(), 4U);
      ASSERT_EQ(alone[i].size(), 4U);
      for (std::size_t part = 0; part < 4; ++part) {
        EXPECT_EQ(explained[i][part].item, alone[i][part].item);
        EXPECT_EQ(explained[i][part].value, alone[i][part].value);
      }
    }
  }
}

TEST_P(SequenceKindTest, AStepIsExplainedByWhatItChanged) {
  const auto scorer = SmallScorer(GetParam());
  const std::vector<Interaction> history = {Touch(1, 9), Touch(2, 8)};
  const std::span<const Interaction> without_the_last = std::span(history).subspan(1);
  const Query query{.history = history};

  const auto parts = scorer->Explain(query, ItemIndex{0});

  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[0].source, Contribution::Source::kBase);
  EXPECT_EQ(parts[2].item, ItemIndex{1});
  EXPECT_NEAR(parts[2].value, ScoreOf(*scorer, history, 0) - ScoreOf(*scorer, without_the_last, 0),
              1e-5);
}

TEST_P(SequenceKindTest, ThePageAndTheCartCountAndAreExplained) {
  const auto scorer = SmallScorer(GetParam());
  const std::vector<Interaction> history = {Touch(1, kMinute)};
  const std::vector<ItemIndex> page = {ItemIndex{2}};
  const std::vector<ItemIndex> cart = {ItemIndex{3}};
  const Query query{
      .history = history, .context_items = page, .cart_items = cart, .now_us = 2 * kMinute};
  // The same three steps, all of them done.
  const std::vector<Interaction> done = {Touch(2, 2 * kMinute), Touch(3, 0, EventType::kAddToCart),
                                         Touch(1, kMinute)};
  const ItemIndex item{0};
  Matrix scores(1, 1);

  scorer->Score({&query, 1}, {&item, 1}, scores);
  const auto parts = scorer->Explain(query, item);

  EXPECT_EQ(scores(0, 0), ScoreOf(*scorer, done, 0));
  ASSERT_EQ(parts.size(), 4U);
  EXPECT_EQ(parts[1].source, Contribution::Source::kHistory);
  EXPECT_EQ(parts[2].source, Contribution::Source::kContext);
  EXPECT_EQ(parts[2].item, ItemIndex{3});
  EXPECT_EQ(parts[3].source, Contribution::Source::kContext);
  EXPECT_EQ(parts[3].item, ItemIndex{2});
}

TEST_P(SequenceKindTest, AHistoryOfNothingKnownScoresNothing) {
  const auto scorer = SmallScorer(GetParam());
  const std::vector<Interaction> strangers = {Touch(77, 9)};
  const Query query{.history = strangers};

  EXPECT_EQ(ScoreOf(*scorer, strangers, 0), kUnscored);
  EXPECT_TRUE(scorer->Retrieve({&query, 1}, nullptr, 5).front().empty());
  EXPECT_TRUE(scorer->Explain(query, ItemIndex{0}).empty());
}

INSTANTIATE_TEST_SUITE_P(Kinds, SequenceKindTest, ::testing::ValuesIn(SequenceShapes()));

TEST(NextItemTest, PlacesCountFromEitherEnd) {
  SequenceShape shape = SmallShape(SequenceKind::kTransformer);
  const std::vector<Interaction> history = {Touch(1, 9), Touch(2, 8)};
  const float from_the_oldest = ScoreOf(*SmallScorer(shape), history, 0);

  shape.counts_back = true;

  EXPECT_NE(ScoreOf(*SmallScorer(shape), history, 0), from_the_oldest);
}

TEST(NextItemTest, IsOfTheSameShapeWhenItIsReadAgain) {
  const std::vector<Interaction> history = {Touch(1, 9), Touch(2, 8)};
  const std::vector<ItemIndex> same = {ItemIndex{0}, ItemIndex{1}, ItemIndex{2},
                                       ItemIndex{3}, ItemIndex{4}, ItemIndex{5}};
  SequenceShape unmerged = BertShape();
  unmerged.merges_repeats = false;
  for (const SequenceShape& shape : {BertShape(), unmerged, BsaRecShape()}) {
    const auto scorer = SmallScorer(shape);
    ByteWriter writer;
    Save(*scorer, writer);
    ByteReader reader(writer.bytes());

    const auto loaded = LoadNextItem("sequence_rnn", reader, same, same.size());

    ASSERT_THAT(loaded, IsOk());
    const SequenceShape& again = (*loaded)->network().shape;
    EXPECT_EQ(again.merges_repeats, shape.merges_repeats);
    EXPECT_TRUE(again.counts_back);
    EXPECT_EQ(again.block, shape.block);
    EXPECT_EQ(again.num_frequencies, shape.num_frequencies);
    EXPECT_EQ(again.frequency_share, shape.frequency_share);
    EXPECT_EQ(ScoreOf(**loaded, history, 0), ScoreOf(*scorer, history, 0));
  }
}

TEST(NextItemTest, RefusesAShapeOutOfRangeAndWeightsThatAreNotFinite) {
  Random random(1);
  SequenceNetwork network(SmallShape(SequenceKind::kGru), 0, random);
  SequenceNetwork broken = network;
  broken.items.weight.value(0, 0) = std::numeric_limits<float>::quiet_NaN();
  network.shape.num_heads = 3;

  EXPECT_THAT(NextItem::Create("sequence_rnn", network),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(NextItem::Create("sequence_rnn", broken),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace vitrine
