// A disk that fails in every way that the file system's seam can make it fail, at random moments,
// again and again under one store. VITRINE_DISK_ROUNDS sets how often, 5 by default,
// VITRINE_DISK_SEED which moments.

#include <gmock/gmock.h>

#include "feature_store/rounds_fixture.h"
#include "testing/eventually.h"

namespace vitrine {
namespace {

using testing::IsOk;

class DiskRoundsTest : public testing::RoundsTest {
 protected:
  DiskRoundsTest() : RoundsTest("VITRINE_DISK_ROUNDS", "VITRINE_DISK_SEED") {}

  // The next thing that goes wrong with the disk, now or in a while.
  void Break() {
    switch (random_.Below(5)) {
      case 0:
        return files_->FillDiskAfter(random_.Below(20'000));
      case 1:
        return files_->FailSync(1 + Small(20), absl::StatusCode::kResourceExhausted);
      case 2:
        return files_->FailSync(1 + Small(20));
      case 3:
        return files_->FailWrite(1 + Small(40));
      default:
        return files_->FailReads(1 + Small(20));
    }
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
};

TEST_F(DiskRoundsTest, HoweverTheDiskFailsNothingIsLostDoubledOrMadeUp) {
  ASSERT_THAT(Open(), IsOk());
  for (int round = 0; round < num_rounds_ && !HasFailure(); ++round) {
    SCOPED_TRACE(round);
    Break();
    const absl::Status status = RecordUntilRefused();
    EXPECT_TRUE(status.ok() || absl::IsResourceExhausted(status) || absl::IsUnavailable(status))
        << status;
    if (random_.Below(5) == 0) store_.reset();  // While the disk is as it is.
    Heal();
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
}

}  // namespace
}  // namespace vitrine
