#include "server/training_counts.h"

#include <gmock/gmock.h>

#include <deque>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/fake_backend.h"
#include "server/metrics_page.h"
#include "testing/status_matchers.h"
#include "vitrine/server/server.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::FakeModelControl;
using testing::FakeStore;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::MetricsOf;
using ::testing::Pair;
using State = TrainingProgress::State;

// Remembers the last 50 of them, as a store does.
class RememberedTrainings : public FakeModelControl {
 public:
  void Begin() {
    trainings_.push_front({.id = absl::StrFormat("training-%d", ++num_begun_)});
    if (trainings_.size() > 50) trainings_.pop_back();
  }
  void End(State state) { trainings_.front().state = state; }
  void Train(State state) {
    Begin();
    End(state);
  }

  std::vector<TrainingProgress> ListTrainings() const override {
    return {trainings_.begin(), trainings_.end()};
  }

 private:
  std::deque<TrainingProgress> trainings_;  // Newest first.
  int num_begun_ = 0;
};

TEST(TrainingCountsTest, EachIsCountedOnceAndWhenItHasEnded) {
  RememberedTrainings trainings;
  TrainingCounts counts;
  counts.Begin(trainings);
  trainings.Train(State::kSucceeded);

  trainings.Begin();
  EXPECT_EQ(counts.Look(trainings)[State::kSucceeded], 1U);
  trainings.End(State::kRefused);

  for (int look = 0; look < 2; ++look) {
    EXPECT_THAT(counts.Look(trainings),
                ElementsAre(Pair(State::kSucceeded, 1), Pair(State::kFailed, 0),
                            Pair(State::kCancelled, 0), Pair(State::kRefused, 1)));
  }
}

TEST(TrainingCountsTest, AllThatEndedBetweenTwoLooksAreCounted) {
  RememberedTrainings trainings;
  TrainingCounts counts;
  counts.Begin(trainings);
  trainings.Train(State::kFailed);
  EXPECT_EQ(counts.Look(trainings)[State::kFailed], 1U);

  trainings.Train(State::kFailed);
  trainings.Train(State::kCancelled);
  trainings.Train(State::kFailed);

  EXPECT_EQ(counts.Look(trainings)[State::kFailed], 3U);
  EXPECT_EQ(counts.Look(trainings)[State::kCancelled], 1U);
}

TEST(TrainingCountsTest, WhereAllFailTheCountGrowsOnBeyondWhatIsRemembered) {
  RememberedTrainings trainings;
  TrainingCounts counts;
  counts.Begin(trainings);

  for (std::uint64_t count = 1; count <= 120; ++count) {
    trainings.Train(State::kFailed);
    EXPECT_EQ(counts.Look(trainings)[State::kFailed], count);
  }
}

TEST(TrainingCountsTest, WhatEndedBeforeTheServerBeganIsNotCounted) {
  RememberedTrainings trainings;
  trainings.Train(State::kFailed);
  trainings.Train(State::kFailed);
  trainings.Begin();
  TrainingCounts counts;

  counts.Begin(trainings);
  trainings.End(State::kFailed);

  EXPECT_EQ(counts.Look(trainings)[State::kFailed], 1U);
}

TEST(TrainingCountsTest, AServerShowsThemFromTheTimeItServes) {
  FakeStore store;
  RememberedTrainings trainings;
  trainings.Train(State::kFailed);
  auto server =
      Server::Create({.metrics_address = "127.0.0.1:0", .address = "127.0.0.1:0"}, SystemClock());
  ASSERT_THAT(server, IsOk());
  (*server)->Serve({.store = &store, .models = &trainings});
  EXPECT_THAT(MetricsOf(**server), HasSubstr("vitrine_trainings_total{state=\"failed\"} 0\n"));

  trainings.Train(State::kFailed);
  trainings.Train(State::kRefused);

  const std::string page = MetricsOf(**server);
  EXPECT_THAT(page, HasSubstr("# TYPE vitrine_trainings_total counter\n"));
  EXPECT_THAT(page, HasSubstr("vitrine_trainings_total{state=\"failed\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("vitrine_trainings_total{state=\"refused\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("vitrine_trainings_total{state=\"succeeded\"} 0\n"));
}

}  // namespace
}  // namespace vitrine
