#include "lifecycle/training_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/bytes.h"
#include "vitrine/lifecycle/kept_files.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::FaultFileSystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Pair;
using testing::StatusIs;
using testing::TemporaryFolder;
using State = TrainingProgress::State;

class TrainingHistoryTest : public ::testing::Test {
 protected:
  TrainingHistory Open() { return {files_, path_}; }

  TemporaryFolder folder_;
  FaultFileSystem files_;
  const std::string path_ = folder_ / "TRAININGS";
};

void EndAs(State state, const std::string& id, TrainingHistory& history) {
  (void)history.Update(id, [state](TrainingProgress& run) { run.state = state; });
}

TEST_F(TrainingHistoryTest, WhileOneRunsThereIsNoSecond) {
  TrainingHistory history = Open();

  const auto first = history.Begin({.started_us = 7});
  const auto second = history.Begin({.started_us = 8});

  EXPECT_TRUE(first.is_new);
  EXPECT_FALSE(second.is_new);
  EXPECT_EQ(second.run.id, first.run.id);
  EXPECT_EQ(second.run.started_us, 7);
  EndAs(State::kFailed, first.run.id, history);
  EXPECT_TRUE(history.Begin({}).is_new);
}

TEST_F(TrainingHistoryTest, WhatEndedIsRememberedWholeAfterARestart) {
  TrainingProgress before;
  {
    TrainingHistory history = Open();
    const std::string id =
        history.Begin({.started_us = 7, .trigger = TrainingTrigger::kSchedule, .num_events = 90})
            .run.id;
    before = *history.Update(id, [](TrainingProgress& run) {
      run.state = State::kRefused;
      run.stage = "evaluate live";
      run.fraction = 0.5;
      run.error = "worse";
      run.finished_us = 9;
      run.gate = GateReport{.is_passed = false,
                            .verdict = "worse",
                            .live_version = "v1",
                            .is_live_refitted = true,
                            .num_users = 40,
                            .candidate_accuracy = 0.1,
                            .live_accuracy = 0.2,
                            .lowest_difference = -0.15,
                            .highest_difference = -0.05,
                            .candidate_coverage = 0.3,
                            .live_coverage = 0.4};
    });
  }

  TrainingHistory history = Open();

  const auto after = history.Find(before.id);
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(after->state, State::kRefused);
  EXPECT_EQ(after->stage, "evaluate live");
  EXPECT_EQ(after->fraction, 0.5);
  EXPECT_EQ(after->error, "worse");
  EXPECT_EQ(after->started_us, 7);
  EXPECT_EQ(after->finished_us, 9);
  EXPECT_EQ(after->trigger, TrainingTrigger::kSchedule);
  EXPECT_EQ(after->num_events, 90u);
  EXPECT_EQ(after->gate->live_version, "v1");
  EXPECT_FALSE(after->gate->is_passed);
  EXPECT_TRUE(after->gate->is_live_refitted);
  EXPECT_EQ(after->gate->num_users, 40u);
  EXPECT_EQ(after->gate->lowest_difference, -0.15);
  EXPECT_EQ(after->gate->highest_difference, -0.05);
  EXPECT_EQ(after->gate->candidate_coverage, 0.3);
  EXPECT_EQ(after->gate->live_coverage, 0.4);
  EXPECT_NE(history.Begin({}).run.id, before.id);
}

TEST_F(TrainingHistoryTest, OneThatRanWhenTheProcessEndedIsCancelled) {
  {
    TrainingHistory history = Open();
    EndAs(State::kSucceeded, history.Begin({}).run.id, history);
    (void)history.Begin({.num_events = 7});  // And then the process is killed.
  }

  TrainingHistory history = Open();

  EXPECT_EQ(history.Latest()->id, "training-2");
  EXPECT_EQ(history.Latest()->num_events, 7U);
  EXPECT_EQ(history.Latest()->state, State::kCancelled);
  EXPECT_FALSE(history.Latest()->error.empty());
  EXPECT_EQ(history.Begin({}).run.id, "training-3");
}

TEST_F(TrainingHistoryTest, CountsHowThoseOfThisProcessEndedBeyondWhatIsKept) {
  {
    TrainingHistory before = Open();
    EndAs(State::kFailed, before.Begin({}).run.id, before);
    (void)before.Begin({});
  }
  TrainingHistory history = Open();
  EXPECT_THAT(history.num_ended(), IsEmpty());

  for (int i = 0; i < 120; ++i) EndAs(State::kFailed, history.Begin({}).run.id, history);
  const std::string refused = history.Begin({}).run.id;
  EXPECT_THAT(history.num_ended(), ElementsAre(Pair(State::kFailed, 120)));
  EndAs(State::kRefused, refused, history);
  (void)history.Update(refused, [](TrainingProgress& run) { run.fraction = 1; });

  EXPECT_THAT(history.num_ended(),
              ElementsAre(Pair(State::kFailed, 120), Pair(State::kRefused, 1)));
}

TEST_F(TrainingHistoryTest, ADamagedFileIsBegunAnew) {
  ASSERT_THAT(WriteFileAtomically(files_, path_, "VTRtrainrubbish"), IsOk());

  TrainingHistory history = Open();

  EXPECT_THAT(history.NewestFirst(), IsEmpty());
  EndAs(State::kSucceeded, history.Begin({}).run.id, history);
  EXPECT_EQ(Open().NewestFirst().size(), 1u);
}

TEST_F(TrainingHistoryTest, AFlippedBitAnywhereInTheFileIsFoundAndTheFileNamed) {
  EXPECT_THAT(CheckTrainings(files_, folder_.path()), IsOk());  // There was no training.
  {
    TrainingHistory history = Open();
    EndAs(State::kSucceeded, history.Begin({.num_events = 7}).run.id, history);
  }
  EXPECT_THAT(CheckTrainings(files_, folder_.path()), IsOk());
  const std::string bytes = *files_.ReadFile(path_);

  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string flipped = bytes;
    flipped[i] ^= 0x10;
    ASSERT_THAT(WriteFileAtomically(files_, path_, flipped), IsOk());

    const absl::Status status = CheckTrainings(files_, folder_.path());

    ASSERT_THAT(status, StatusIs(absl::StatusCode::kDataLoss)) << i;
    ASSERT_THAT(std::string(status.message()), HasSubstr(path_));
  }
}

TEST_F(TrainingHistoryTest, AFileOfANewerVersionIsRefusedByACheck) {
  ByteWriter writer;
  writer.Unsigned(2);
  ASSERT_THAT(WriteCheckedFile(files_, path_, "VTRtrain", writer.bytes()), IsOk());

  EXPECT_THAT(CheckTrainings(files_, folder_.path()), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(TrainingHistoryTest, AFullDiskLosesNothingThatIsInMemory) {
  TrainingHistory history = Open();
  const std::string id = history.Begin({}).run.id;
  files_.FillDiskAfter(0);

  EndAs(State::kFailed, id, history);

  EXPECT_EQ(history.Find(id)->state, State::kFailed);
}

}  // namespace
}  // namespace vitrine
