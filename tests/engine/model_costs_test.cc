#include "engine/model_costs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/costly_scorer.h"
#include "vitrine/base/random.h"
#include "vitrine/engine/pipeline.h"

namespace vitrine {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using vitrine::testing::FakeDeadline;
using vitrine::testing::MakeCostlyModel;

TEST(UsualCostTest, IsNotKnownBeforeTheFirstTime) {
  UsualCost cost;
  EXPECT_EQ(cost.Get(), nanoseconds(0));

  cost.NoteTime(cost.Get(), nanoseconds(0));  // The clock is coarse.

  EXPECT_GT(cost.Get(), nanoseconds(0));
}

TEST(UsualCostTest, AShorterTimeCountsAnEighth) {
  UsualCost cost;

  cost.NoteTime(cost.Get(), nanoseconds(1600));
  EXPECT_EQ(cost.Get(), nanoseconds(1600));
  cost.NoteTime(cost.Get(), nanoseconds(800));
  EXPECT_EQ(cost.Get(), nanoseconds(1500));
  cost.NoteTime(cost.Get(), nanoseconds(700));
  EXPECT_EQ(cost.Get(), nanoseconds(1400));
}

TEST(UsualCostTest, ALongerTimeCountsInFullButAtMostDoubles) {
  UsualCost cost;
  cost.NoteTime(cost.Get(), nanoseconds(800));

  cost.NoteTime(cost.Get(), nanoseconds(1500));
  EXPECT_EQ(cost.Get(), nanoseconds(1500));
  cost.NoteTime(cost.Get(), milliseconds(1));
  EXPECT_EQ(cost.Get(), nanoseconds(3000));
}

TEST(UsualCostTest, CallsThatAreInterruptedTogetherDoubleItOnce) {
  UsualCost cost;
  cost.NoteTime({}, milliseconds(1));
  const nanoseconds usual = cost.Get();

  for (int call = 0; call < 8; ++call) cost.NoteTime(usual, milliseconds(300));

  EXPECT_EQ(cost.Get(), milliseconds(2));
}

TEST(UsualCostTest, LittleChangesAreNotNoted) {
  UsualCost cost;
  cost.NoteTime(cost.Get(), nanoseconds(1000));

  cost.NoteTime(cost.Get(), nanoseconds(1009));
  EXPECT_EQ(cost.Get(), nanoseconds(1000));
  cost.NoteTime(cost.Get(), nanoseconds(930));
  EXPECT_EQ(cost.Get(), nanoseconds(1000));
  cost.NoteTime(cost.Get(), nanoseconds(904));
  EXPECT_EQ(cost.Get(), nanoseconds(988));
}

TEST(UsualCostTest, IsHalvedByBeingLeftOutAndThenMeasuredFromThere) {
  UsualCost cost;
  cost.NoteTime(cost.Get(), milliseconds(8));

  for (int i = 0; i < 512; ++i) cost.NoteLeftOut();
  EXPECT_EQ(cost.Get(), milliseconds(4));
  for (int i = 0; i < 1024; ++i) cost.NoteLeftOut();
  EXPECT_EQ(cost.Get(), milliseconds(1));

  cost.NoteTime(cost.Get(), milliseconds(1));
  EXPECT_EQ(cost.Get(), milliseconds(1));
  cost.NoteTime(cost.Get(), milliseconds(6));
  EXPECT_EQ(cost.Get(), milliseconds(2));
}

TEST(ModelCostsTest, EveryKindOfAnswerAndScoresOfOtherSizesAreMeasuredByThemselves) {
  ModelCosts costs(2);

  costs.Of(1, KindOfScores(500)).NoteTime({}, milliseconds(3));

  EXPECT_EQ(costs.Of(1, KindOfScores(400)).Get(), milliseconds(3));
  EXPECT_EQ(costs.Of(1, KindOfScores(2'000)).Get(), nanoseconds(0));
  EXPECT_EQ(costs.Of(1, KindOfScores(100)).Get(), nanoseconds(0));
  for (const AnswerKind kind : {AnswerKind::kList, AnswerKind::kPart, AnswerKind::kSketch}) {
    EXPECT_EQ(costs.Of(1, kind).Get(), nanoseconds(0));
  }
  EXPECT_EQ(costs.Of(0, KindOfScores(500)).Get(), nanoseconds(0));
  EXPECT_EQ(costs.Of(0, KindOfScores(~std::size_t{0})).Get(), nanoseconds(0));  // The largest.
  EXPECT_EQ(costs.OfReasons(500).Get(), nanoseconds(0));
}

// How the models are asked: the whole catalogue is sketched, or each finds its best, or some of
// what may be shown is lifted, so that all of it is scored, or each finds its best of each part.
struct Way {
  std::string name{};
  std::size_t whole = 0;
  bool is_lifted = false;
};

// Three models of 200 items: "dear", which takes 20 ms, and "quick" and "plain", which take 2
// and 1.
class TurnsTest : public ::testing::TestWithParam<Way> {
 protected:
  static constexpr std::size_t kItems = 200;
  static constexpr std::size_t kPage = 10;

  struct Answer {
    std::vector<BlendedItem> items{};
    std::vector<std::string> left_out{};
    std::vector<std::string> asked{};  // For scores, in this order.
  };

  TurnsTest() {
    ItemBitmap some(kItems);
    for (std::uint32_t row = 0; row < kItems; row += 3) some.Insert(ItemIndex{row});
    if (GetParam().is_lifted) {
      lifts_ = {{.items = std::make_shared<const ItemBitmap>(std::move(some)), .strength = 0.25}};
    }
  }

  static std::vector<float> SomeScores(std::uint64_t seed) {
    Random random(seed);
    std::vector<float> scores;
    for (std::size_t i = 0; i < kItems; ++i) {
      scores.push_back(1 + static_cast<float>(random.Below(1000)) / 100);
    }
    return scores;
  }

  // `weight_of_dear`: 0 is as if it were not there.
  Pipeline Make(double weight_of_dear = 1) {
    auto set = std::make_shared<ModelSet>();
    const auto add = [&](const char* name, std::uint64_t seed, const std::atomic<int>& takes_ms) {
      set->models.push_back(MakeCostlyModel(name, ModelFamily::kBehaviour, SomeScores(seed),
                                            [takes = &takes_ms] { return milliseconds(*takes); }));
    };
    add("dear", 1, dear_takes_ms_);
    add("quick", 2, quick_takes_ms_);
    add("plain", 3, plain_takes_ms_);
    return Pipeline(set, {.weights = {{"dear", weight_of_dear}, {"quick", 1}, {"plain", 0.5}},
                          .candidates_per_model = 2 * kPage,
                          .whole_catalogue_items = GetParam().whole});
  }

  // Within so much time; empty: without a deadline.
  Answer Ask(const Pipeline& pipeline, std::optional<nanoseconds> time) const {
    Answer answer;
    PipelineControls controls{.lifts = lifts_};
    if (time.has_value()) FakeDeadline(*time).Bind(controls);
    controls.on_left_out = [&](std::string_view model) { answer.left_out.emplace_back(model); };
    controls.on_step = [&](std::string_view step, std::string_view model, std::size_t /*count*/,
                           double /*micros*/) {
      if (step == "score") answer.asked.emplace_back(model);
    };
    const Query query;
    answer.items = pipeline.Recommend({&query, 1}, &allowed_, kPage, controls).front();
    return answer;
  }

  int NumLate(const Pipeline& pipeline, int num_requests) const {
    int num_late = 0;
    for (int i = 0; i < num_requests; ++i) {
      const nanoseconds before = vitrine::testing::time_passed;
      Ask(pipeline, kShort);
      if (vitrine::testing::time_passed - before > kShort) ++num_late;
    }
    return num_late;
  }

  static bool IsTheSame(const std::vector<BlendedItem>& a, const std::vector<BlendedItem>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const BlendedItem& one, const BlendedItem& other) {
                        return one.item == other.item && one.score == other.score &&
                               one.parts == other.parts && one.lift == other.lift;
                      });
  }

  static constexpr milliseconds kPlenty{100'000};
  static constexpr milliseconds kShort{15};

  std::atomic<int> dear_takes_ms_ = 20;
  std::atomic<int> quick_takes_ms_ = 2;
  std::atomic<int> plain_takes_ms_ = 1;
  std::vector<ItemLift> lifts_;
  const ItemBitmap allowed_{kItems, true};
};

TEST_P(TurnsTest, BeforeCostsAreKnownTheFirstOfTheSetMayCostTheOthers) {
  const Pipeline pipeline = Make();

  const Answer answer = Ask(pipeline, kShort);

  EXPECT_THAT(answer.left_out, Contains("quick"));
  EXPECT_THAT(answer.left_out, Contains("plain"));
  ASSERT_FALSE(answer.items.empty());
  EXPECT_GT(answer.items[0].parts[0], 0);
  EXPECT_EQ(answer.items[0].parts[1], 0);
}

TEST_P(TurnsTest, ADearModelIsLeftOutAloneHoweverEarlyItStandsInTheSet) {
  const Pipeline pipeline = Make();
  const std::vector<BlendedItem> without_dear = Ask(Make(0), {}).items;
  Ask(pipeline, kShort);

  for (int i = 0; i < 10; ++i) {
    const Answer answer = Ask(pipeline, kShort);

    EXPECT_THAT(answer.left_out, ElementsAre("dear"));
    EXPECT_TRUE(IsTheSame(answer.items, without_dear)) << i;
  }
}

TEST_P(TurnsTest, WithTimeEnoughTheCheapestIsTheFirstAndTheListIsTheSameBitForBit) {
  const Pipeline pipeline = Make();
  const Answer at_leisure = Ask(pipeline, {});
  EXPECT_THAT(at_leisure.asked, ElementsAre("dear", "quick", "plain"));
  EXPECT_TRUE(IsTheSame(Ask(pipeline, kPlenty).items, at_leisure.items));

  const Answer in_time = Ask(pipeline, kPlenty);

  EXPECT_THAT(in_time.asked, ElementsAre("plain", "quick", "dear"));
  EXPECT_THAT(in_time.left_out, IsEmpty());
  EXPECT_TRUE(IsTheSame(in_time.items, at_leisure.items));
}

TEST_P(TurnsTest, WithoutADeadlineNothingThatWasMeasuredCounts) {
  const Pipeline pipeline = Make();
  const std::vector<BlendedItem> before = Ask(pipeline, {}).items;
  for (int i = 0; i < 3; ++i) Ask(pipeline, kShort);

  const Answer after = Ask(pipeline, {});

  EXPECT_THAT(after.asked, ElementsAre("dear", "quick", "plain"));
  EXPECT_THAT(after.left_out, IsEmpty());
  EXPECT_TRUE(IsTheSame(after.items, before));
}

TEST_P(TurnsTest, AModelThatWasSlowOnceComesBackByItself) {
  const Pipeline pipeline = Make();
  const std::vector<BlendedItem> with_all = Ask(pipeline, {}).items;
  dear_takes_ms_ = 60;
  Ask(pipeline, kShort);
  dear_takes_ms_ = 0;
  ASSERT_THAT(Ask(pipeline, kShort).left_out, Contains("dear"));

  int num_left_out = 1;
  while (num_left_out < 5'000 && !Ask(pipeline, kShort).left_out.empty()) ++num_left_out;

  // Of 15 ms the others leave 12, and 60 are 12 after 512 * log2(5) times.
  EXPECT_NEAR(num_left_out, 1189, 5);
  EXPECT_TRUE(IsTheSame(Ask(pipeline, kShort).items, with_all));
}

TEST_P(TurnsTest, AModelThatWasSlowOnceComesBackWithRequestsThatHaveTheTime) {
  const Pipeline pipeline = Make();
  const std::vector<BlendedItem> with_all = Ask(pipeline, {}).items;
  Ask(pipeline, kShort);
  dear_takes_ms_ = 0;
  ASSERT_THAT(Ask(pipeline, kShort).left_out, Contains("dear"));

  for (int i = 0; i < 4; ++i) Ask(pipeline, kPlenty);  // 20 ms times (7/8)^4: 11.7.

  EXPECT_TRUE(IsTheSame(Ask(pipeline, kShort).items, with_all));
}

TEST_P(TurnsTest, AModelThatBecomesDearIsKnownToBeAfterAFewLateAnswers) {
  dear_takes_ms_ = 1;
  const Pipeline pipeline = Make();
  Ask(pipeline, kPlenty);
  dear_takes_ms_ = 20;

  EXPECT_EQ(NumLate(pipeline, 20), 4);  // 1, 2, 4 and 8 ms seem to be time enough, 16 do not.
}

TEST_P(TurnsTest, AModelThatWasInterruptedOnceIsNotLeftOut) {
  quick_takes_ms_ = 0;
  plain_takes_ms_ = 0;
  dear_takes_ms_ = 1;
  const Pipeline pipeline = Make();
  Ask(pipeline, kPlenty);
  dear_takes_ms_ = 500;
  Ask(pipeline, kShort);
  dear_takes_ms_ = 1;

  EXPECT_THAT(Ask(pipeline, kShort).left_out, IsEmpty());
}

TEST_P(TurnsTest, AModelThatIsAlwaysMuchTooSlowMakesOneRequestInHundredsLate) {
  const Pipeline pipeline = Make();
  dear_takes_ms_ = 60;
  Ask(pipeline, kShort);

  const int num_late = NumLate(pipeline, 3'000);

  EXPECT_GE(num_late, 1);
  EXPECT_LE(num_late, 3'000 / 512);
}

TEST_P(TurnsTest, WithoutTimeForAnyoneNobodyIsAskedAndNoCostIsForgotten) {
  const Pipeline pipeline = Make();
  Ask(pipeline, kPlenty);

  for (int i = 0; i < 3'000; ++i) {
    const Answer answer = Ask(pipeline, nanoseconds(0));
    ASSERT_THAT(answer.items, IsEmpty());
    ASSERT_THAT(answer.asked, IsEmpty());
    for (const char* name : {"dear", "quick", "plain"}) {
      ASSERT_THAT(answer.left_out, Contains(name));
    }
  }

  EXPECT_THAT(Ask(pipeline, kShort).left_out, ElementsAre("dear"));
}

TEST_P(TurnsTest, OnceItIsLateNobodyIsAskedWhateverIsLeft) {
  const Pipeline pipeline = Make();
  Ask(pipeline, kPlenty);
  PipelineControls controls{.lifts = lifts_};
  FakeDeadline(kPlenty).Bind(controls);
  controls.is_late = [] { return true; };  // The caller has gone.
  const nanoseconds before = vitrine::testing::time_passed;
  const Query query;

  EXPECT_THAT(pipeline.Recommend({&query, 1}, &allowed_, kPage, controls).front(), IsEmpty());

  EXPECT_EQ(vitrine::testing::time_passed, before);
}

TEST_P(TurnsTest, ThreadsThatAskAtOnceGetWhatEachHasTheTimeFor) {
  const Pipeline pipeline = Make();
  const std::vector<BlendedItem> with_all = Ask(pipeline, {}).items;
  const std::vector<BlendedItem> without_dear = Ask(Make(0), {}).items;
  dear_takes_ms_ = 2'000;  // Too much for all requests of the threads to bring it back.
  Ask(pipeline, kPlenty);
  std::atomic<int> num_others = 0;

  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, has_time = t % 2 == 0] {
      const std::vector<BlendedItem>& wanted = has_time ? with_all : without_dear;
      for (int i = 0; i < 300; ++i) {
        const Answer answer = Ask(pipeline, has_time ? kPlenty : kShort);
        num_others += IsTheSame(answer.items, wanted) ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(num_others, 0);
}

TEST_P(TurnsTest, AModelWithoutAScaleHasNoSayInARankingEither) {
  const Pipeline pipeline = Make();
  const std::vector<ItemIndex> few = {ItemIndex{3}, ItemIndex{11}, ItemIndex{7}};
  const Query query;
  const auto rank = [&](nanoseconds time) {
    PipelineControls controls{.only = &allowed_};  // So that all is scored first.
    FakeDeadline(time).Bind(controls);
    return pipeline.Rank(query, few, &allowed_, controls);
  };
  const std::vector<BlendedItem> with_all = rank(kPlenty);
  ASSERT_GT(with_all[0].parts[0], 0);

  const std::vector<BlendedItem> ranked = rank(kShort);  // There is time for the few, not for all.

  for (std::size_t i = 0; i < few.size(); ++i) {
    EXPECT_THAT(ranked[i].parts, ElementsAre(0, with_all[i].parts[1], with_all[i].parts[2])) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(EveryWay, TurnsTest,
                         ::testing::Values(Way{"Sketched", 1000}, Way{"Retrieved", 0},
                                           Way{"Scored", 1000, true},
                                           Way{"RetrievedInParts", 0, true}),
                         [](const ::testing::TestParamInfo<Way>& test) { return test.param.name; });

}  // namespace
}  // namespace vitrine
