#include "vitrine/scorers/sequential/sequential_rules.h"

#include <gmock/gmock.h>

#include <limits>
#include <vector>

#include "testing/status_matchers.h"
#include "vitrine/scorers/context_only.h"

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

ScoredItem Scored(std::uint32_t item, float score) { return {ItemIndex{item}, score}; }

// Item 0 points to 1 (4) and 2 (1); item 1 to 2 (8).
CsrMatrix Rules() {
  CsrMatrix matrix;
  matrix.num_rows = matrix.num_cols = 4;
  matrix.row_begin = {0, 2, 3, 3, 3};
  matrix.column = {1, 2, 2};
  matrix.value = {4, 1, 8};
  return matrix;
}

std::shared_ptr<const SequentialRules> MakeRules() {
  auto scorer = SequentialRules::Create({.rules = Rules(), .recency = {}});
  EXPECT_THAT(scorer, IsOk());
  return *scorer;
}

TEST(SequentialRulesTest, TheLatestItemSpeaksLoudest) {
  const std::vector<Interaction> history = {{9, ItemIndex{0}, 1}, {8, ItemIndex{1}, 1}};
  const Query query{.history = history};

  EXPECT_THAT(MakeRules()->Retrieve({&query, 1}, nullptr, 10).front(),
              ElementsAre(Scored(2, 1 + 0.5F * 8), Scored(1, 4)));
}

TEST(SequentialRulesTest, OrderMatters) {
  const std::vector<Interaction> history = {{9, ItemIndex{1}, 1}, {8, ItemIndex{0}, 1}};
  const Query query{.history = history};

  EXPECT_THAT(MakeRules()->Retrieve({&query, 1}, nullptr, 10).front(),
              ElementsAre(Scored(2, 8 + 0.5F * 1), Scored(1, 0.5F * 4)));
}

TEST(SequentialRulesTest, ExplainsByTheRecentItems) {
  const std::vector<Interaction> history = {{9, ItemIndex{0}, 1}};
  const std::vector<ItemIndex> page = {ItemIndex{1}};

  const auto parts =
      MakeRules()->Explain({.history = history, .context_items = page}, ItemIndex{2});

  const auto part = [](Contribution::Source source, std::uint32_t item, float value) {
    return AllOf(Field(&Contribution::source, source), Field(&Contribution::item, ItemIndex{item}),
                 Field(&Contribution::value, FloatEq(value)));
  };
  EXPECT_THAT(parts, UnorderedElementsAre(part(Contribution::Source::kContext, 1, 8),
                                          part(Contribution::Source::kHistory, 0, 0.5F)));
}

// As whatever says all would be put in order, however recent they are.
TEST(SequentialRulesTest, OfEqualCausesThoseOfTheSmallestItemsAreTheStrongest) {
  constexpr std::uint32_t kCauses = StrongestContributions::kMost + 1;
  CsrMatrix matrix;
  matrix.num_rows = matrix.num_cols = kCauses + 1;
  std::vector<ItemIndex> page;
  matrix.row_begin.clear();
  for (std::uint32_t i = 0; i <= kCauses; ++i) matrix.row_begin.push_back(i);
  matrix.row_begin.push_back(kCauses);
  matrix.column.assign(kCauses, kCauses);
  matrix.value.assign(kCauses, 1);
  for (std::uint32_t i = kCauses; i-- > 0;) page.push_back(ItemIndex{i});
  const auto scorer = SequentialRules::Create({.rules = matrix, .recency = {}});
  ASSERT_THAT(scorer, IsOk());
  const std::vector<ItemIndex> items = {ItemIndex{kCauses}};

  const auto strongest = (*scorer)->ExplainStrongest({.context_items = page}, items);

  std::vector<std::uint32_t> found;
  for (const Contribution& each : strongest.front().strongest()) {
    found.push_back(static_cast<std::uint32_t>(each.item));
  }
  EXPECT_THAT(found, UnorderedElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
}

TEST(SequentialRulesTest, TheItemToItemFormSeesThePageAlone) {
  const std::vector<Interaction> history = {{9, ItemIndex{1}, 1}};
  const std::vector<ItemIndex> page = {ItemIndex{0}};
  const Query query{.history = history, .context_items = page};
  const Query history_only{.history = history};

  const auto similar = MakeContextOnly(MakeRules());

  EXPECT_THAT(similar->Retrieve({&query, 1}, nullptr, 10).front(),
              ElementsAre(Scored(1, 4), Scored(2, 1)));
  EXPECT_THAT(similar->Retrieve({&history_only, 1}, nullptr, 10).front(), IsEmpty());
}

TEST(SequentialRulesTest, RefusesTablesThatMakeNoSense) {
  CsrMatrix not_square = Rules();
  not_square.num_cols = 5;
  CsrMatrix not_finite = Rules();
  not_finite.value[1] = std::numeric_limits<float>::quiet_NaN();

  EXPECT_THAT(SequentialRules::Create({.rules = not_square, .recency = {}}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(SequentialRules::Create({.rules = not_finite, .recency = {}}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(SequentialRules::Create({.rules = Rules(), .recency = {.max_steps = 0}}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace vitrine
