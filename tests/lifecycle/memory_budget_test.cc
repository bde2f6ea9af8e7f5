#include "lifecycle/memory_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "testing/eventually.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using testing::Eventually;
using ::testing::HasSubstr;
using testing::StatusIs;

const absl::Status kCalledOff = absl::CancelledError("ials was cancelled");

// So many megabytes that are held, not only promised.
std::vector<char> Take(std::size_t megabytes) {
  return std::vector<char>(megabytes * 1'000'000, 'x');
}

TEST(MemoryBudgetTest, CallsOffWhatTakesMoreThanItMay) {
  const MemoryBudget budget(16, nullptr);
  ASSERT_NE(budget.must_stop(), nullptr);
  EXPECT_FALSE(*budget.must_stop());
  EXPECT_EQ(budget.Judge(kCalledOff), kCalledOff);

  const std::vector<char> taken = Take(100);

  EXPECT_TRUE(Eventually([&budget] { return budget.must_stop()->load(); }));
  const absl::Status ended = budget.Judge(kCalledOff);
  EXPECT_THAT(ended, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(ended.message(),
              HasSubstr("lifecycle.memory_mb allows 16: allow more, or train fewer"));
}

TEST(MemoryBudgetTest, JudgesOnlyWhatWasCalledOff) {
  const MemoryBudget budget(16, nullptr);
  const std::vector<char> taken = Take(100);
  ASSERT_TRUE(Eventually([&budget] { return budget.must_stop()->load(); }));

  const absl::Status other = absl::InvalidArgumentError("nothing to learn from");
  EXPECT_EQ(budget.Judge(other), other);
}

TEST(MemoryBudgetTest, LetsOthersCallItOff) {
  std::atomic<bool> is_cancelled = false;
  const MemoryBudget budget(1'000'000, &is_cancelled);
  EXPECT_FALSE(*budget.must_stop());

  is_cancelled = true;

  EXPECT_TRUE(Eventually([&budget] { return budget.must_stop()->load(); }));
  EXPECT_EQ(budget.Judge(kCalledOff), kCalledOff);
}

TEST(MemoryBudgetTest, WithoutABoundLeavesItToOthers) {
  std::atomic<bool> is_cancelled = false;
  const MemoryBudget budget(0, &is_cancelled);
  EXPECT_EQ(budget.must_stop(), &is_cancelled);
  EXPECT_EQ(budget.Judge(kCalledOff), kCalledOff);
}

}  // namespace
}  // namespace vitrine
