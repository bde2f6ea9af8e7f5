#include "vitrine/scorers/collaborative/item_neighbours.h"

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

// Item 0 speaks for 1 (0.5) and 2 (0.25); item 1 for 2 (0.5); item 3 for itself (0.75).
CsrMatrix Similarities() {
  CsrMatrix matrix;
  matrix.num_rows = matrix.num_cols = 4;
  matrix.row_begin = {0, 2, 3, 3, 4};
  matrix.column = {1, 2, 2, 3};
  matrix.value = {0.5F, 0.25F, 0.5F, 0.75F};
  return matrix;
}

std::shared_ptr<const ItemNeighbours> MakeItemNeighbours() {
  auto scorer = ItemNeighbours::Create({.name = "lists", .neighbours = Similarities()});
  EXPECT_THAT(scorer, IsOk());
  return *scorer;
}

TEST(ItemNeighboursTest, AddsWeightTimesSimilarityOverTheHistory) {
  const std::vector<Interaction> history = {{0, ItemIndex{0}, 2}, {0, ItemIndex{1}, 3}};
  const Query query{.history = history};

  const auto lists = MakeItemNeighbours()->Retrieve({&query, 1}, nullptr, 10);

  EXPECT_THAT(lists.front(), ElementsAre(Scored(2, 2 * 0.25F + 3 * 0.5F), Scored(1, 2 * 0.5F)));
}

TEST(ItemNeighboursTest, ADislikeTakesAwayWhatItWouldHaveAdded) {
  const std::vector<Interaction> history = {{0, ItemIndex{0}, 2}, {0, ItemIndex{1}, -4}};
  const Query query{.history = history};

  const auto lists = MakeItemNeighbours()->Retrieve({&query, 1}, nullptr, 10);

  EXPECT_THAT(lists.front(), ElementsAre(Scored(1, 1), Scored(2, 0.5F - 2)));
}

TEST(ItemNeighboursTest, AnItemSpeaksForItselfWhereTheTableSaysSo) {
  const std::vector<Interaction> history = {{0, ItemIndex{3}, 1}};
  const Query query{.history = history};

  EXPECT_THAT(MakeItemNeighbours()->Retrieve({&query, 1}, nullptr, 10).front(),
              ElementsAre(Scored(3, 0.75F)));
}

TEST(ItemNeighboursTest, ExplainsByTheItemsOfTheQuery) {
  const std::vector<Interaction> history = {{0, ItemIndex{0}, 2}};
  const std::vector<ItemIndex> page = {ItemIndex{1}};

  const auto parts =
      MakeItemNeighbours()->Explain({.history = history, .context_items = page}, ItemIndex{2});

  const auto part = [](Contribution::Source source, std::uint32_t item, float value) {
    return AllOf(Field(&Contribution::source, source), Field(&Contribution::item, ItemIndex{item}),
                 Field(&Contribution::value, FloatEq(value)));
  };
  EXPECT_THAT(parts, UnorderedElementsAre(part(Contribution::Source::kContext, 1, 3 * 0.5F),
                                          part(Contribution::Source::kHistory, 0, 2 * 0.25F)));
}

TEST(ItemNeighboursTest, TheItemToItemFormSeesThePageAlone) {
  const std::vector<Interaction> history = {{0, ItemIndex{1}, 100}};
  const std::vector<ItemIndex> page = {ItemIndex{0}};
  const std::vector<ItemIndex> excluded = {ItemIndex{2}};
  const Query query{.history = history, .context_items = page, .excluded = excluded};

  const auto similar = MakeContextOnly(MakeItemNeighbours());

  EXPECT_THAT(similar->Retrieve({&query, 1}, nullptr, 10).front(), ElementsAre(Scored(1, 1.5F)));
  const Query history_only{.history = history};
  EXPECT_THAT(similar->Retrieve({&history_only, 1}, nullptr, 10).front(), IsEmpty());
}

TEST(ItemNeighboursTest, RefusesTablesThatMakeNoSense) {
  CsrMatrix not_square = Similarities();
  not_square.num_cols = 5;
  CsrMatrix not_finite = Similarities();
  not_finite.value[1] = std::numeric_limits<float>::infinity();

  EXPECT_THAT(ItemNeighbours::Create({.name = "lists", .neighbours = not_square}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ItemNeighbours::Create({.name = "lists", .neighbours = not_finite}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ItemNeighbours::Create(
                  {.name = "lists", .neighbours = Similarities(), .touch_weights = {.scale = -1}}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ItemNeighbours::Create({.neighbours = Similarities()}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

// Neighbours are told apart however alike their numbers are.
TEST(ItemNeighboursTest, ExplainsEachItemByItsOwnNeighbours) {
  CsrMatrix matrix;
  matrix.num_rows = matrix.num_cols = 3 * 4096;
  matrix.row_begin.assign(matrix.num_rows + 1, 4);
  matrix.row_begin[0] = 0;
  matrix.column = {1, 2, 4097, 8192};
  matrix.value = {0.5F, 0.25F, 0.125F, 1};
  auto scorer = ItemNeighbours::Create({.name = "lists", .neighbours = matrix});
  ASSERT_THAT(scorer, IsOk());
  const std::vector<Interaction> history = {{0, ItemIndex{0}, 2}};
  const std::vector<ItemIndex> items = {ItemIndex{8193}, ItemIndex{4097}, ItemIndex{1},
                                        ItemIndex{4096}, ItemIndex{4097}, ItemIndex{8192}};

  const auto all = (*scorer)->ExplainAll({.history = history}, items);
  const auto strongest = (*scorer)->ExplainStrongest({.history = history}, items);

  const std::vector<float> wanted = {0, 0.25F, 1, 0, 0.25F, 2};
  for (std::size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(strongest[i].sum(), static_cast<double>(wanted[i])) << i;
    float sum = 0;
    for (const Contribution& each : all[i]) sum += each.value;
    EXPECT_EQ(sum, wanted[i]) << i;
    EXPECT_EQ(all[i].empty(), wanted[i] == 0) << i;
  }
}

}  // namespace
}  // namespace vitrine
