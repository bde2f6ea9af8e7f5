#include "training/neighbour_table.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstdint>

#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

ScoredItem From(std::uint32_t item, float weight) { return {ItemIndex{item}, weight}; }

// Three targets; 0 hears of 2 and 1, 1 of 2, 2 of nothing.
std::vector<std::vector<ScoredItem>> SmallSources(std::size_t begin, std::size_t end) {
  const std::vector<std::vector<ScoredItem>> all = {
      {From(2, 0.5F), From(1, -1)}, {From(2, 0.25F), From(0, 0)}, {}};
  return {all.begin() + static_cast<std::ptrdiff_t>(begin),
          all.begin() + static_cast<std::ptrdiff_t>(end)};
}

class NeighbourTableTest : public ::testing::Test {
 protected:
  ThreadPool pool_{2};
};

TEST_F(NeighbourTableTest, TurnsFromTargetsToSources) {
  const auto table = NeighbourTable({.num_items = 3}, {.pool = &pool_}, SmallSources);

  ASSERT_THAT(table, IsOk());
  EXPECT_EQ(table->num_rows, 3U);
  EXPECT_EQ(table->num_cols, 3U);
  EXPECT_THAT(table->Columns(1), ElementsAre(0));
  EXPECT_THAT(table->Values(1), ElementsAre(-1));
  EXPECT_THAT(table->Columns(2), ElementsAre(0, 1));
  EXPECT_THAT(table->Values(2), ElementsAre(0.5F, 0.25F));
}

TEST_F(NeighbourTableTest, ShardsDoNotMatter) {
  const auto whole = NeighbourTable({.num_items = 3}, {.pool = &pool_}, SmallSources);
  const auto single =
      NeighbourTable({.num_items = 3, .shard_items = 1}, {.pool = &pool_}, SmallSources);

  ASSERT_THAT(whole, IsOk());
  ASSERT_THAT(single, IsOk());
  EXPECT_EQ(single->row_begin, whole->row_begin);
  EXPECT_EQ(single->column, whole->column);
  EXPECT_EQ(single->value, whole->value);
}

TEST_F(NeighbourTableTest, TheCutKeepsTheLargestWhereverTheyAre) {
  // Target t hears of all 100 items, with weights t / 100 of either sign: 7 per target on average
  // are those of the last seven targets.
  const auto sources = [](std::size_t begin, std::size_t end) {
    std::vector<std::vector<ScoredItem>> found;
    for (std::size_t target = begin; target < end; ++target) {
      found.emplace_back();
      for (std::uint32_t i = 0; i < 100; ++i) {
        found.back().push_back(From(i, (i % 2 == 0 ? 0.01F : -0.01F) * static_cast<float>(target)));
      }
    }
    return found;
  };

  const auto table =
      CutNeighbourTable({.num_items = 100, .shard_items = 100}, 7, {.pool = &pool_}, sources);

  ASSERT_THAT(table, IsOk());
  for (std::size_t source = 0; source < 100; ++source) {
    const auto targets = table->Columns(source);
    ASSERT_GE(targets.size(), 7U);  // And the ties at the cut.
    EXPECT_GE(targets.front(), 92U);
    EXPECT_EQ(targets.back(), 99U);
    EXPECT_EQ(table->Values(source).back() > 0, source % 2 == 0);
  }
}

TEST_F(NeighbourTableTest, TheCutLeavesOutZerosAndWhatIsNoNumber) {
  const auto sources = [](std::size_t begin, std::size_t end) {
    return std::vector<std::vector<ScoredItem>>(end - begin, {From(0, 0), From(1, NAN)});
  };

  const auto table = CutNeighbourTable({.num_items = 2}, 10, {.pool = &pool_}, sources);

  ASSERT_THAT(table, IsOk());
  EXPECT_THAT(table->column, IsEmpty());
}

TEST_F(NeighbourTableTest, StopsWhenCancelled) {
  const std::atomic<bool> is_cancelled = true;
  const TrainingContext context{.pool = &pool_, .is_cancelled = &is_cancelled};

  EXPECT_THAT(NeighbourTable({.num_items = 3}, context, SmallSources),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(CutNeighbourTable({.num_items = 3}, 2, context, SmallSources),
              StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace vitrine
