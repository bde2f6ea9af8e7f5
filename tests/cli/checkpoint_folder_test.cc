#include "cli/checkpoint_folder.h"

#include <gmock/gmock.h>

#include <atomic>
#include <string>
#include <vector>

#include "scorers/sample_shop.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/atomic_file.h"

namespace vitrine::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using vitrine::testing::IsOk;
using vitrine::testing::SampleShop;
using vitrine::testing::StatusIs;
using vitrine::testing::TemporaryFolder;

class CheckpointFolderTest : public ::testing::Test {
 protected:
  // Cancelled in the middle, which leaves a checkpoint.
  void TrainHalf() {
    ThreadPool pool(2);
    std::atomic<bool> is_cancelled = false;
    auto checkpoints = CheckpointFolder::Open(LocalFileSystem(), path_, "1.0");
    ASSERT_THAT(checkpoints, IsOk());
    TrainingContext context = checkpoints->Follow({.pool = &pool, .is_cancelled = &is_cancelled});
    context.networks.on_progress = [&](const nn::TrainingProgress& at) {
      is_cancelled = at.epoch == 3;
    };
    ASSERT_THAT(FindTrainer("gan_cf")->train(shop_, settings_, context),
                StatusIs(absl::StatusCode::kCancelled));
  }

  // The epoch that a training begins with.
  std::uint64_t FirstEpoch(const std::string& version = "1.0") {
    ThreadPool pool(2);
    checkpoints_ = CheckpointFolder::Open(LocalFileSystem(), path_, version);
    EXPECT_THAT(checkpoints_, IsOk());
    std::uint64_t first = 0;
    TrainingContext context = checkpoints_->Follow({.pool = &pool});
    context.networks.on_progress = [&](const nn::TrainingProgress& at) {
      if (first == 0) first = at.epoch;
    };
    EXPECT_THAT(FindTrainer("gan_cf")->train(shop_, settings_, context), IsOk());
    return first;
  }

  // How many of others are left.
  std::size_t RemoveOwn() {
    const absl::StatusOr<std::size_t> left = checkpoints_->RemoveOwn();
    EXPECT_THAT(left, IsOk());
    return left.value_or(99);
  }

  std::vector<std::string> Names() const { return *LocalFileSystem().ListFolder(path_); }

  const TemporaryFolder folder_;
  const std::string path_ = folder_ / "made/when/missing";
  Dataset shop_ = SampleShop();
  Settings settings_ = {{"epochs", "4"}, {"hidden", "8"}};
  absl::StatusOr<CheckpointFolder> checkpoints_ = absl::UnknownError("not open");
};

TEST_F(CheckpointFolderTest, TheSameTrainingGoesOnAndThenRemovesWhatItKept) {
  TrainHalf();
  EXPECT_THAT(Names(), ElementsAre(StartsWith("gan_cf-")));

  EXPECT_GT(FirstEpoch(), 1U);

  EXPECT_THAT(checkpoints_->resumed(), ElementsAre("gan_cf"));
  EXPECT_EQ(RemoveOwn(), 0U);
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(CheckpointFolderTest, OtherDataBeginAnewAndLeaveTheCheckpoint) {
  TrainHalf();
  shop_.interactions.pop_back();
  --shop_.user_begin.back();
  SetFingerprint(shop_);

  EXPECT_EQ(FirstEpoch(), 1U);

  EXPECT_THAT(checkpoints_->resumed(), IsEmpty());
  EXPECT_EQ(RemoveOwn(), 1U);
  EXPECT_THAT(Names(), ElementsAre(StartsWith("gan_cf-")));
}

TEST_F(CheckpointFolderTest, OtherSettingsBeginAnew) {
  TrainHalf();
  settings_["target_share"] = "0.4";  // That no option of the loop tells of.

  EXPECT_EQ(FirstEpoch(), 1U);
}

TEST_F(CheckpointFolderTest, AnotherVersionBeginsAnew) {
  TrainHalf();

  EXPECT_EQ(FirstEpoch("1.1"), 1U);
}

TEST_F(CheckpointFolderTest, DraftsThatAKillLeavesAreRemovedOrCountedToo) {
  TrainHalf();
  const std::string own = path_ + "/" + Names().front();
  EXPECT_GT(FirstEpoch(), 1U);
  for (const std::string& draft : {own + ".tmp", path_ + "/x.checkpoint.safetensors.tmp"}) {
    ASSERT_THAT(WriteFileAtomically(LocalFileSystem(), draft, "half"), IsOk());
  }

  EXPECT_EQ(RemoveOwn(), 1U);

  EXPECT_THAT(Names(), ElementsAre("x.checkpoint.safetensors.tmp"));
}

TEST_F(CheckpointFolderTest, FilesOfOthersAreLeftAndNotCounted) {
  TrainHalf();
  ASSERT_THAT(WriteFileAtomically(LocalFileSystem(), path_ + "/notes.txt", "mine"), IsOk());

  EXPECT_GT(FirstEpoch(), 1U);

  EXPECT_EQ(RemoveOwn(), 0U);
  EXPECT_THAT(Names(), ElementsAre("notes.txt"));
}

}  // namespace
}  // namespace vitrine::cli
