#include "server/call_time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "testing/fake_scorer.h"
#include "vitrine/engine/pipeline.h"

namespace vitrine {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Countdown::Clock::time_point kArrival{std::chrono::hours(1)};

TEST(CountdownTest, AFifthIsKeptBackWithinItsBounds) {
  EXPECT_EQ(Countdown::ReserveOf(milliseconds(5)), milliseconds(1));
  EXPECT_EQ(Countdown::ReserveOf(milliseconds(100)), milliseconds(20));
  EXPECT_EQ(Countdown::ReserveOf(milliseconds(1)), microseconds(500));
  EXPECT_EQ(Countdown::ReserveOf(std::chrono::hours(1)), milliseconds(50));
}

TEST(CountdownTest, OfTimeThatIsUpAlreadyTheLeastIsKeptBack) {
  EXPECT_EQ(Countdown::ReserveOf(milliseconds(-3)), microseconds(500));
}

TEST(CountdownTest, SaysWhatIsLeftOfAllButTheReserve) {
  const Countdown countdown(kArrival, milliseconds(50));  // Due at 40.

  EXPECT_EQ(countdown.Left(kArrival), milliseconds(40));
  EXPECT_EQ(countdown.Left(kArrival + milliseconds(25)), milliseconds(15));
  EXPECT_EQ(countdown.Left(kArrival + milliseconds(43)), milliseconds(-3));
}

TEST(CountdownTest, AfterTheDeadlineNothingIsLeft) {
  EXPECT_LT(Countdown(kArrival, milliseconds(-1)).Left(kArrival).count(), 0);
}

// Whose lists are dear, and whose scores take a millisecond.
class DearLists final : public testing::FakeScorer {
 public:
  DearLists() : FakeScorer("dear_lists", {3, 2, 1}) {}

  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override {
    now += milliseconds(1);
    FakeScorer::Score(queries, items, scores);
  }
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override {
    now += milliseconds(9);
    return FakeScorer::Retrieve(queries, allowed, k);
  }

  mutable Countdown::Clock::time_point now = kArrival;
};

TEST(CountdownTest, AfterADearStepThereIsTimeForWhatTakesLess) {
  const auto scorer = std::make_shared<const DearLists>();
  auto set = std::make_shared<ModelSet>();
  set->models = {{.name = "dear_lists", .kind = "fake", .scorer = scorer}};
  const Pipeline pipeline(set, {.weights = {{"dear_lists", 1}}, .whole_catalogue_items = 0});
  const ItemBitmap allowed(3, true);
  const Query query;

  for (int request = 0; request < 3; ++request) {
    const Countdown countdown(scorer->now, milliseconds(20));  // 16: a list leaves 7.
    std::vector<std::string> left_out;
    PipelineControls controls{
        .is_late = [&] { return countdown.Left(scorer->now).count() <= 0; },
        .time_left = [&] { return countdown.Left(scorer->now); },
        .on_left_out = [&](std::string_view model) { left_out.emplace_back(model); }};
    const auto lists = pipeline.Recommend({&query, 1}, &allowed, 3, controls);

    EXPECT_THAT(lists.front(), SizeIs(3));
    EXPECT_THAT(left_out, IsEmpty()) << request;
    EXPECT_FALSE(controls.is_late()) << "there is time for a ranker, and for reasons";
  }
}

}  // namespace
}  // namespace vitrine
