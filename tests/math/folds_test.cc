#include "vitrine/math/folds.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "math/golden_predictions.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::StatusIs;

TEST(StratifiedFoldsTest, HaveTheSizesOfScikitLearn) {
  const testing::GoldenPredictions golden = testing::ReadGoldenPredictions();

  const auto fold_of = StratifiedFolds(golden.is_positive, 7, 1);

  ASSERT_THAT(fold_of, IsOk());
  std::vector<std::vector<double>> counts(7, {0, 0});  // Negatives, positives.
  for (std::size_t i = 0; i < fold_of->size(); ++i) {
    ++counts[(*fold_of)[i]][golden.is_positive[i]];
  }
  EXPECT_THAT(counts, ::testing::UnorderedElementsAreArray(golden.lines.at("fold")));
}

TEST(StratifiedFoldsTest, AreShuffledByTheSeed) {
  const testing::GoldenPredictions golden = testing::ReadGoldenPredictions();

  const auto one = StratifiedFolds(golden.is_positive, 5, 1);
  const auto same = StratifiedFolds(golden.is_positive, 5, 1);
  const auto other = StratifiedFolds(golden.is_positive, 5, 2);

  ASSERT_THAT(one, IsOk());
  EXPECT_EQ(*one, *same);
  EXPECT_NE(*one, *other);
}

TEST(StratifiedFoldsTest, NeedACaseOfEachKindInEveryFold) {
  const std::vector<std::uint8_t> is_positive = {1, 1, 0, 0, 0};

  EXPECT_THAT(StratifiedFolds(is_positive, 2, 1), IsOk());
  EXPECT_THAT(StratifiedFolds(is_positive, 3, 1), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(StratifiedFolds(is_positive, 1, 1), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(CrossValidateTest, AsksForEachCaseOnceOfAModelThatHasNotSeenIt) {
  const std::vector<std::uint32_t> fold_of = {0, 1, 1, 0};
  std::vector<std::vector<std::uint32_t>> learned_from;

  const auto probabilities = CrossValidate(
      fold_of, 2,
      [&](std::span<const std::uint32_t> learn_from,
          std::span<const std::uint32_t> held_out) -> absl::StatusOr<std::vector<double>> {
        learned_from.emplace_back(learn_from.begin(), learn_from.end());
        std::vector<double> predicted;
        for (const std::uint32_t i : held_out) predicted.push_back(0.1 * i);
        return predicted;
      });

  ASSERT_THAT(probabilities, IsOk());
  EXPECT_THAT(*probabilities, ElementsAre(0, 0.1, 0.2, 0.1 * 3));
  EXPECT_THAT(learned_from, ElementsAre(ElementsAre(1, 2), ElementsAre(0, 3)));
}

TEST(CrossValidateTest, PassesErrorsOnAndWantsAProbabilityForEachCase) {
  const std::vector<std::uint32_t> fold_of = {0, 1};
  using Result = absl::StatusOr<std::vector<double>>;

  EXPECT_THAT(
      CrossValidate(fold_of, 2, [](auto, auto) -> Result { return absl::CancelledError("stop"); }),
      StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(CrossValidate(fold_of, 2, [](auto, auto) -> Result { return std::vector<double>(); }),
              StatusIs(absl::StatusCode::kInternal));
}

}  // namespace
}  // namespace vitrine
