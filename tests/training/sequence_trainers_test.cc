#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "testing/status_matchers.h"
#include "training/sequence_data.h"
#include "vitrine/scorers/dnn/next_item.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

// Shoppers that go round a ring of eight items, each from a place of his own; item 8 is touched by
// one who touches nothing else, item 9 by none.
Dataset Ring(std::size_t num_users, std::size_t steps) {
  Dataset dataset;
  for (int item = 0; item < 10; ++item) dataset.item_ids.push_back("item" + std::to_string(item));
  dataset.items.resize(10);
  for (std::size_t user = 0; user < num_users; ++user) {
    for (std::size_t i = 0; i < steps; ++i) {
      const auto item = static_cast<std::uint32_t>((user + i) % 8);
      dataset.interactions.push_back({0, ItemIndex{item}, 1});
    }
    dataset.user_begin.push_back(dataset.interactions.size());
  }
  dataset.interactions.push_back({0, ItemIndex{8}, 1});
  dataset.user_begin.push_back(dataset.interactions.size());
  return dataset;
}

std::vector<std::size_t> Counts(const SequenceData& data) {
  std::vector<std::size_t> counts;
  for (const SequenceData::Window& window : data.windows) counts.push_back(window.count);
  return counts;
}

TEST(SequenceDataTest, ALongHistoryIsReadInWindowsTheLastOneFull) {
  const SequenceData data = SequenceDataOf(Ring(1, 8), {.length = 3, .held_out_share = 0});

  EXPECT_THAT(Counts(data), ElementsAre(4, 4, 2));  // Seven targets in all.
  EXPECT_EQ(data.windows[0].begin, 4U);
  EXPECT_EQ(data.windows[1].begin, 1U);
  EXPECT_EQ(data.windows[2].begin, 0U);
}

TEST(SequenceDataTest, APrefixIsAllThatIsBeforeItsOneTarget) {
  const SequenceData data =
      SequenceDataOf(Ring(1, 5), {.length = 3, .has_prefixes = true, .held_out_share = 1});

  EXPECT_THAT(Counts(data), ElementsAre(2, 3, 4, 4));
  EXPECT_THAT(data.held_out, ElementsAre(3));
  EXPECT_EQ(data.windows[3].begin, 1U);
  EXPECT_EQ(data.FirstAsked(data.windows[1]), 1U);
  EXPECT_EQ(data.NumAsked(data.windows[1]), 1U);
  EXPECT_EQ(data.NumAsked(data.windows[3]), 0U);
  EXPECT_THAT(data.counts, ElementsAre(0, 1, 1, 1, 1));
}

TEST(SequenceDataTest, OnlyItemsOfSequencesAreLearned) {
  const SequenceData data = SequenceDataOf(Ring(1, 3), {.held_out_share = 0});

  EXPECT_THAT(data.item_rows, ElementsAre(0, 1, 2));
  EXPECT_THAT(data.counts, ElementsAre(0, 1, 1));
}

TEST(SequenceDataTest, TheLastStepsOfSomeShoppersAreHeldOut) {
  const SequenceData data =
      SequenceDataOf(Ring(5, 8), {.length = 3, .held_out_share = 1, .most_held_out = 4});

  EXPECT_EQ(data.held_out.size(), 4U);
  EXPECT_TRUE(data.windows[data.held_out[0]].is_held_out);
  EXPECT_EQ(data.windows[data.held_out[0]].begin, 4U);
}

TEST(SequenceDataTest, TimesAndTypesAreInputsWhereTheyDiffer) {
  Dataset dataset = Ring(2, 4);
  const SequenceData plain = SequenceDataOf(dataset, {});
  dataset.interactions[1].type = EventType::kAddToCart;
  dataset.interactions[2].time_us = kMicrosPerDay;
  dataset.interactions[3].time_us = 2 * kMicrosPerDay;
  const SequenceData rich = SequenceDataOf(dataset, {});

  EXPECT_FALSE(plain.has_time_gaps || plain.has_event_types);
  EXPECT_TRUE(rich.has_time_gaps && rich.has_event_types);
}

struct LearningCase {
  std::string trainer{};
  Settings settings{};
};

class SequenceLearningTest : public ::testing::TestWithParam<LearningCase> {};

TEST_P(SequenceLearningTest, FindsTheNextItemOfARing) {
  Settings settings = GetParam().settings;
  // Nobody is held out: four shoppers would be ranked right before the ring is known.
  settings.merge(Settings{{"dimensions", "16"},
                          {"epochs", "40"},
                          {"batch", "8"},
                          {"learning_rate", "0.01"},
                          {"dropout", "0.1"},
                          {"held_out_share", "0"}});
  ThreadPool pool(2);

  const auto model = FindTrainer(GetParam().trainer)->train(Ring(40, 7), settings, {.pool = &pool});

  ASSERT_THAT(model, IsOk());
  for (std::uint32_t item = 0; item < 8; ++item) {
    const std::vector<Interaction> history = {{0, ItemIndex{item}, 1},
                                              {0, ItemIndex{(item + 7) % 8}, 1}};
    const Query query{.history = history};
    const auto best = model->scorer->Retrieve({&query, 1}, nullptr, 10).front();
    ASSERT_EQ(best.size(), 8U);  // Nobody knows what comes before or after the others.
    EXPECT_EQ(best.front().item, ItemIndex{(item + 1) % 8}) << "after " << item;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Settings, SequenceLearningTest,
    ::testing::Values(
        LearningCase{"sequence_rnn", {}},
        LearningCase{"sequence_rnn", {{"cell", "lstm"}, {"layers", "2"}}},
        LearningCase{"sequence_rnn", {{"negatives", "4"}}},
        LearningCase{"sequence_rnn", {{"temperature", "0.1"}}},
        LearningCase{"sequence_transformer", {}},
        LearningCase{"sequence_transformer", {{"use_distances", "true"}}},
        LearningCase{"sequence_transformer", {{"use_prefixes", "true"}, {"block", "bert"}}},
        LearningCase{"sequence_transformer", {{"use_prefixes", "true"}, {"block", "bsarec"}}},
        LearningCase{"sequence_transformer", {{"block", "bsarec"}, {"frequencies", "1"}}},
        LearningCase{"sequence_rnn", {{"use_prefixes", "true"}, {"negatives", "4"}}},
        LearningCase{"sequence_transformer", {{"negatives", "4"}, {"temperature", "0.1"}}},
        LearningCase{"sequence_transformer", {{"negatives", "4"}}}));

TEST(SequenceTrainersTest, ATemperatureHoldsTheVectorsOfItemsAtLengthOne) {
  ThreadPool pool(1);

  const auto model =
      FindTrainer("sequence_rnn")
          ->train(Ring(9, 7), {{"epochs", "3"}, {"temperature", "0.1"}}, {.pool = &pool});

  ASSERT_THAT(model, IsOk());
  const Matrix& items = static_cast<const NextItem&>(*model->scorer).item_factors();
  for (Eigen::Index item = 0; item < 8; ++item) {
    EXPECT_NEAR(items.row(item).norm(), 1, 1e-5) << item;
  }
}

TEST(SequenceTrainersTest, DimensionsThatTheHeadsCannotShareAreRefused) {
  ThreadPool pool(1);

  EXPECT_THAT(FindTrainer("sequence_transformer")
                  ->train(Ring(3, 4), {{"dimensions", "10"}, {"heads", "4"}}, {.pool = &pool}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(SequenceTrainersTest, FrequenciesThatTheStepsDoNotHaveAreRefused) {
  ThreadPool pool(1);
  const Settings settings = {{"block", "bsarec"}, {"length", "8"}, {"frequencies", "5"}};

  const auto refused =
      FindTrainer("sequence_transformer")->train(Ring(3, 4), settings, {.pool = &pool});

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr("of length 8 wants 1 to 4 frequencies"));
}

}  // namespace
}  // namespace vitrine
