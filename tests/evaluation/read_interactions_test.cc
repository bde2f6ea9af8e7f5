#include "vitrine/evaluation/read_interactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "evaluation/made_dataset.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/atomic_file.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using testing::AnswersOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

class ReadInteractionsTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& content) {
    EXPECT_THAT(WriteFileAtomically(files_, folder_ / name, content), IsOk());
    return folder_ / name;
  }

  absl::StatusOr<Dataset> Read(const std::string& content, InteractionFormat format) {
    return ReadInteractions(files_, Write("file.txt", content), format);
  }

  testing::TemporaryFolder folder_;
  FileSystem& files_ = LocalFileSystem();
};

std::vector<std::string> Names(const Dataset& dataset, std::span<const Interaction> history) {
  std::vector<std::string> names;
  for (const Interaction& each : history) names.push_back(dataset.item_ids[Row(each.item)]);
  return names;
}

TEST_F(ReadInteractionsTest, PairsByUserKeepTheOrderOfTheLine) {
  const auto dataset = Read("7 30 10\n8 10  20 \n\n9\n", InteractionFormat::kPairsByUser);

  ASSERT_THAT(dataset, IsOk());
  EXPECT_THAT(dataset->user_ids, ElementsAre("7", "8", "9"));
  EXPECT_THAT(dataset->item_ids, ElementsAre("30", "10", "20"));
  EXPECT_THAT(Names(*dataset, dataset->History(0)), ElementsAre("30", "10"));
  EXPECT_THAT(Names(*dataset, dataset->History(1)), ElementsAre("10", "20"));
  EXPECT_THAT(dataset->History(2), IsEmpty());
  EXPECT_EQ(dataset->interactions[0].weight, 1);
}

TEST_F(ReadInteractionsTest, TsvIsSortedByTimeWithinAUser) {
  const auto dataset = Read(
      "ann\tmug\t2.5\t1300000000\n"
      "bob\tcup\n"
      "ann\t茶 壶\t-1\t1299999999.5\r\n"
      "ann\tcup\t1\t1300000000",
      InteractionFormat::kTsv);

  ASSERT_THAT(dataset, IsOk());
  EXPECT_THAT(Names(*dataset, dataset->History(0)), ElementsAre("茶 壶", "mug", "cup"));
  EXPECT_EQ(dataset->History(0)[0].time_us, 1'299'999'999'500'000);
  EXPECT_EQ(dataset->History(0)[0].weight, -1);
  EXPECT_EQ(dataset->History(0)[1].weight, 2.5);
  EXPECT_EQ(dataset->History(1)[0].time_us, 0);
  EXPECT_EQ(dataset->now_us, 1'300'000'000'000'000);
}

TEST_F(ReadInteractionsTest, RatingsAreEventsOfTypeRate) {
  const auto dataset =
      Read("ann\tmug\t5\t1300000000\nann\tcup\t2.5\n", InteractionFormat::kRatings);

  ASSERT_THAT(dataset, IsOk());
  const Interaction& cup = dataset->History(0)[0];
  const Interaction& mug = dataset->History(0)[1];
  EXPECT_EQ(cup.type, EventType::kRate);
  EXPECT_EQ(cup.value, 2.5F);
  EXPECT_EQ(cup.weight, 0);
  EXPECT_EQ(mug.value, 5);
  EXPECT_EQ(mug.weight, EventWeights().Of(EventType::kRate, 5));
}

TEST_F(ReadInteractionsTest, APairWithoutARatingIsNone) {
  const auto dataset = Read("ann\tmug\n", InteractionFormat::kRatings);

  EXPECT_THAT(dataset, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(dataset.status().message()), HasSubstr("rating"));
}

TEST_F(ReadInteractionsTest, AnEmptyFileIsAnEmptyDataset) {
  const auto dataset = Read("", InteractionFormat::kTsv);

  ASSERT_THAT(dataset, IsOk());
  EXPECT_EQ(dataset->num_users(), 0u);
  EXPECT_EQ(dataset->num_items(), 0u);
}

TEST_F(ReadInteractionsTest, AMissingFileIsNotFound) {
  EXPECT_THAT(ReadInteractions(files_, folder_ / "nowhere", InteractionFormat::kTsv),
              StatusIs(absl::StatusCode::kNotFound));
}

class BadTsvTest : public ReadInteractionsTest,
                   public ::testing::WithParamInterface<const char*> {};

TEST_P(BadTsvTest, IsRefusedWithFileLineAndWhatWasSeen) {
  const auto dataset =
      Read(std::string("ann\tmug\n\n") + GetParam() + "\n", InteractionFormat::kTsv);

  EXPECT_THAT(dataset, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(dataset.status().message()),
              AllOf(HasSubstr("file.txt:3:"), HasSubstr(GetParam())));
}

INSTANTIATE_TEST_SUITE_P(Lines, BadTsvTest,
                         ::testing::Values("one", "\tmug", "ann\t\t1", "ann\tmug\tmuch",
                                           "ann\tmug\tnan", "ann\tmug\t1e30",
                                           "ann\tmug\t1\tyesterday",
                                           "ann\tmug\t1\t1300000000000000", "ann\tmug\t\t1",
                                           "ann\tmug\t1\t2\t3"));

TEST_F(ReadInteractionsTest, AFixedSplitSharesItemsAndAsksTestUsersWhomNobodyLearnedFrom) {
  const std::string train = Write("train.txt", "1 a b\n2 b\n");
  const std::string test = Write("test.txt", "3 a\n1 d b c\n2\n");

  const auto split = ReadFixedSplit(files_, train, test, InteractionFormat::kPairsByUser, false);

  ASSERT_THAT(split, IsOk());
  EXPECT_THAT(split->train.user_ids, ElementsAre("1", "2"));  // Rarities count learned users alone.
  EXPECT_THAT(split->train.item_ids, ElementsAre("a", "b", "d", "c"));
  EXPECT_THAT(AnswersOf(*split, 0), ElementsAre(2, 3));  // b was trained on
  EXPECT_THAT(AnswersOf(*split, 1), IsEmpty());
  EXPECT_THAT(AnswersOf(*split, kNoTrainingUser), ElementsAre(0));
  EXPECT_EQ(split->candidates.Count(), 4u);
}

TEST_F(ReadInteractionsTest, AFixedSplitKeepsRepeatsWhereAllowed) {
  const std::string train = Write("train.tsv", "1\ta\t1\n1\tb\t1\n");
  const std::string test = Write("test.tsv", "1\tb\t1\n1\ta\t0\n");

  const auto split = ReadFixedSplit(files_, train, test, InteractionFormat::kTsv, true);

  ASSERT_THAT(split, IsOk());
  EXPECT_THAT(AnswersOf(*split, 0), ElementsAre(1));  // a weighs nothing
}

}  // namespace
}  // namespace vitrine
