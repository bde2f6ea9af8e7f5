// A disk that fails in every way that the file system's seam can make it fail, at random moments,
// again and again under one store. VITRINE_DISK_ROUNDS sets how often, 5 by default,
// VITRINE_DISK_SEED which moments.

#include <gmock/gmock.h>

#include <array>
#include <cstddef>
#include <iostream>
#include <string>

#include "feature_store/rounds_fixture.h"
#include "testing/eventually.h"

namespace vitrine {
namespace {

using testing::IsOk;

class DiskRoundsTest : public testing::RoundsTest {
 protected:
  DiskRoundsTest() : RoundsTest("VITRINE_DISK_ROUNDS", "VITRINE_DISK_SEED") {}

  // What goes wrong with a disk, as the report calls it.
  static constexpr std::array kFaults = {"full", "full at a sync", "sync", "write", "reads"};

  // The next of kFaults, each once and then by chance, now or in a while. Returns which.
  std::size_t Break(int round) {
    const auto turn = static_cast<std::size_t>(round);
    const std::size_t fault = turn < kFaults.size() ? turn : random_.Below(kFaults.size());
    switch (fault) {
      case 0:
        files_->FillDiskAfter(random_.Below(20'000));
        break;
      case 1:
        files_->FailSync(1 + Small(20), absl::StatusCode::kResourceExhausted);
        break;
      case 2:
        files_->FailSync(1 + Small(20));
        break;
      case 3:
        files_->FailWrite(1 + Small(40));
        break;
      default:
        files_->FailReads(1 + Small(20));
    }
    return fault;
  }

  // Until a call has met what is broken: few batches read, so that 30 may pass without. There were
  // `num_failures` before.
  absl::Status RecordUntilMet(int num_failures) {
    absl::Status status = RecordUntilRefused();
    for (int more = 0; more < 20 && status.ok(); ++more) {
      if (files_->num_failures() > num_failures) break;
      status = RecordUntilRefused();
    }
    return status;
  }

  void Heal() {
    files_->MakeRoom();
    files_->HealReads();
    files_->FailSync(0);
    files_->FailWrite(0);
  }

  // By itself after a full disk, by a restart after anything else, and not before.
  void GetWritableAgain() {
    absl::Status writable;
    EXPECT_TRUE(testing::Eventually([&] {
      writable = store_->status().writable;
      return !absl::IsResourceExhausted(writable);
    }));
    if (writable.ok() && random_.Below(4) != 0) return;
    if (!writable.ok()) {
      EXPECT_EQ(store_->Write(RecordEvents{}).status(), writable);
    }
    store_.reset();
    ASSERT_THAT(Open(), IsOk());
    AllowTheLastRefused();
  }

  // A round in which nothing failed would hold whatever the store does.
  void ExpectAllWereMet() {
    std::string faults;
    for (std::size_t fault = 0; fault < kFaults.size(); ++fault) {
      if (static_cast<int>(fault) < num_rounds_) {
        EXPECT_GT(num_met_[fault], 0) << kFaults[fault];
      }
      faults += (fault == 0 ? "" : ", ") + std::string(kFaults[fault]) + " " +
                std::to_string(num_met_[fault]);
    }
    RecordProperty("faults", faults);
    std::cout << "met: " << faults << "\n";
  }

  std::array<int, kFaults.size()> num_met_{};  // Rounds, by kFaults.
};

TEST_F(DiskRoundsTest, HoweverTheDiskFailsNothingIsLostDoubledOrMadeUp) {
  ASSERT_THAT(Open(), IsOk());
  for (int round = 0; round < num_rounds_ && !HasFailure(); ++round) {
    SCOPED_TRACE(round);
    const int num_failures = files_->num_failures();
    const std::size_t fault = Break(round);
    const absl::Status status = RecordUntilMet(num_failures);
    EXPECT_TRUE(status.ok() || absl::IsResourceExhausted(status) || absl::IsUnavailable(status))
        << status;
    if (random_.Below(5) == 0) store_.reset();  // While the disk is as it is.
    Heal();
    if (files_->num_failures() > num_failures) ++num_met_[fault];
    if (store_ == nullptr) {
      ASSERT_THAT(Open(), IsOk());
      AllowTheLastRefused();
    }
    GetWritableAgain();
    if (!Record().ok()) {  // A compaction met the failure, and only a write tells of it.
      GetWritableAgain();
      EXPECT_THAT(Record(), IsOk());
    }
    ExpectExactlyWhatWasAcknowledged();
    ExpectViewsOfARebuild();
  }
  EXPECT_GT(acknowledged_.size(), 0);
  RecordProperty("acknowledged", static_cast<int>(acknowledged_.size()));
  ExpectAllWereMet();
}

}  // namespace
}  // namespace vitrine
