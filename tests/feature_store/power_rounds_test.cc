// Power that goes at random calls, again and again under one store: in the middle of a write, of
// what goes on beside, of the end or of the start. What was not synced is lost, but for a random
// part of each file's tail. VITRINE_POWER_ROUNDS sets how often, 5 by default, VITRINE_POWER_SEED
// which moments.

#include <gmock/gmock.h>

#include <iostream>
#include <memory>
#include <string>

#include "feature_store/rounds_fixture.h"

namespace vitrine {
namespace {

using testing::FaultFileSystem;
using testing::IsOk;

class PowerRoundsTest : public testing::RoundsTest {
 protected:
  PowerRoundsTest() : RoundsTest("VITRINE_POWER_ROUNDS", "VITRINE_POWER_SEED") {}

  // In one of the next `num_calls` calls that change a file.
  void CutPowerWithin(std::uint64_t num_calls) {
    const int nth = 1 + Small(num_calls);
    files_->CutPowerAtCall(nth, random_.NextBits());
  }

  // At the latest now: `num_met` counts those that a call met. Then the machine starts again, with
  // what its disk has kept.
  void LosePower(int& num_met) {
    if (files_->is_power_cut()) ++num_met;
    files_->CutPower(random_.NextBits());
    store_.reset();
    files_ = std::make_unique<FaultFileSystem>();
  }
};

TEST_F(PowerRoundsTest, WheneverThePowerGoesNothingIsLostDoubledOrMadeUp) {
  int num_met = 0;  // While the store is written, closed or at rest.
  int num_met_opening = 0;
  ASSERT_THAT(Open(), IsOk());
  for (int round = 0; round < num_rounds_ && !HasFailure(); ++round) {
    SCOPED_TRACE(round);
    CutPowerWithin(200);
    (void)RecordUntilRefused();
    if (random_.Below(5) == 0) store_.reset();  // With the power on, or while it goes.
    LosePower(num_met);
    while (random_.Below(3) == 0) {
      CutPowerWithin(80);
      (void)Open();
      LosePower(num_met_opening);
    }

    ASSERT_THAT(Open(), IsOk());
    AllowTheLastRefused();
    ExpectExactlyWhatWasAcknowledged();
    EXPECT_THAT(Record(), IsOk());
    ExpectExactlyWhatWasAcknowledged();
    ExpectViewsOfARebuild();
  }
  EXPECT_GT(acknowledged_.size(), 0);
  RecordProperty("acknowledged", static_cast<int>(acknowledged_.size()));
  if (num_rounds_ >= 5) {
    EXPECT_GT(num_met, 0) << "it always went between two calls";
  }
  const std::string faults = std::to_string(num_met) + " in a call, and " +
                             std::to_string(num_met_opening) + " while it opens";
  RecordProperty("faults", faults);
  std::cout << "met: " << faults << "\n";
}

}  // namespace
}  // namespace vitrine
