#include "vitrine/feature_store/backup.h"

#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "feature_store/backup_fixture.h"
#include "testing/eventually.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

using testing::BackupTest;
using testing::FakeClock;
using testing::FaultFileSystem;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::IsSupersetOf;
using testing::kNever;
using testing::StatusIs;

TEST_F(BackupTest, HoldsAllThatWasAcknowledgedBeforeItBeganWhileWritesGoOn) {
  std::atomic<int> num_written = 0;
  std::atomic<bool> is_over = false;
  std::thread writer([&] {
    for (int i = 0; !is_over; ++i) {
      ASSERT_THAT(Record("live-" + std::to_string(i)), IsOk());
      ++num_written;
    }
  });
  for (int i = 0; i < 3; ++i) {
    SCOPED_TRACE(i);
    EXPECT_TRUE(testing::Eventually([&] { return num_written >= 50 * (i + 1); }));
    const std::string to = folder_ / ("backup-" + std::to_string(i));
    const std::set<std::string> before = Ids(*store_);

    const auto backup = store_->BackUp(to, kNever);

    ASSERT_THAT(backup, IsOk());
    EXPECT_GE(backup->num_events, before.size());
    ASSERT_THAT(Restore(to, to + "-restored"), IsOk());
    const auto restored = OpenStore(to + "-restored");
    EXPECT_THAT(Ids(*restored), IsSupersetOf(before));
    EXPECT_GE(restored->sequence(), backup->sequence);
  }
  is_over = true;
  writer.join();
}

TEST_F(BackupTest, HoldsWhatLiesBesideTheTablesButNothingHalfWritten) {
  ASSERT_THAT(Record("a"), IsOk());
  ASSERT_THAT(store_->Checkpoint(), IsOk());
  Write(folder_ / "store/models/LIVE", "v1");
  Write(folder_ / "store/models/v1.bundle", std::string(3 << 20, 'm'));
  Write(folder_ / "store/models/v2.bundle.tmp", "half");
  Write(folder_ / "store/keys", "k");

  const auto backup = store_->BackUp(folder_ / "backup", kNever);

  ASSERT_THAT(backup, IsOk());
  EXPECT_EQ(*LocalFileSystem().ReadFile(folder_ / "backup/models/LIVE"), "v1");
  EXPECT_EQ(fs::file_size(folder_ / "backup/models/v1.bundle"), 3 << 20);
  EXPECT_EQ(*LocalFileSystem().ReadFile(folder_ / "backup/keys"), "k");
  EXPECT_FALSE(fs::exists(folder_ / "backup/models/v2.bundle.tmp"));
  EXPECT_THAT(*LocalFileSystem().ListFolder(folder_ / "backup"),
              ::testing::ElementsAre("BACKUP", "db", "keys", "models"));
  const auto summary = ReadBackupSummary(files_, folder_ / "backup");
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->time_us, FakeClock::kStart);
  EXPECT_EQ(summary->num_events, 1);
  EXPECT_EQ(summary->num_files, backup->num_files);
  EXPECT_EQ(summary->num_bytes, backup->num_bytes);
}

TEST_F(BackupTest, GoesToANewFolderOutsideTheStore) {
  fs::create_directory(folder_ / "taken");

  EXPECT_THAT(store_->BackUp(folder_ / "taken", kNever),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(store_->BackUp("relative", kNever), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(store_->BackUp("/", kNever), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(store_->BackUp(folder_ / std::string("a\0b", 3), kNever),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(store_->BackUp(folder_ / std::string(250, 'a'), kNever),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(store_->BackUp(folder_ / "no/parent", kNever),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(store_->BackUp(folder_ / "store/backup", kNever),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(store_->BackUp(folder_ / "other/../store/backup", kNever),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Beside(), ::testing::ElementsAre("taken"));
}

TEST_F(BackupTest, StaysBelowTheFolderThatIsForBackups) {
  fs::create_directory(folder_ / "home");
  fs::create_directory(folder_ / "elsewhere");
  fs::create_directory_symlink(folder_ / "elsewhere", folder_ / "home/link");
  store_.reset();
  FeatureStoreOptions options = options_;
  options.backup_folder = folder_ / "home";
  store_ = *FeatureStore::Open(folder_ / "store", options, files_, clock_);

  for (const char* const to : {"elsewhere/b", "home/../elsewhere/b", "home/link/b", "homely"}) {
    const auto backup = store_->BackUp(folder_ / to, kNever);
    EXPECT_THAT(backup, StatusIs(absl::StatusCode::kInvalidArgument)) << to;
    EXPECT_THAT(std::string(backup.status().message()), HasSubstr("store.backup_folder")) << to;
  }
  EXPECT_THAT(store_->BackUp(folder_ / "home/b", kNever), IsOk());
  // Behind a link ".." is another folder than it seems.
  fs::create_directories(folder_ / "elsewhere/x");
  fs::create_directory_symlink(folder_ / "elsewhere/x", folder_ / "home/deep");
  ASSERT_THAT(store_->BackUp(folder_ / "home/deep/../c", kNever), IsOk());
  EXPECT_TRUE(fs::exists(folder_ / "home/c"));
  EXPECT_FALSE(fs::exists(folder_ / "elsewhere/c"));
}

TEST_F(BackupTest, HoldsWhatLiesBehindALinkToo) {
  Write(folder_ / "models/LIVE", "v1");
  fs::create_directory_symlink(folder_ / "models", folder_ / "store/models");
  fs::create_symlink(folder_ / "nowhere", folder_ / "store/dangling");

  ASSERT_THAT(store_->BackUp(folder_ / "backup", kNever), IsOk());

  EXPECT_EQ(*LocalFileSystem().ReadFile(folder_ / "backup/models/LIVE"), "v1");
}

TEST_F(BackupTest, WhatCannotBeListedIsAnErrorAndNoBackupWithout) {
  // A link to a folder above it: whoever follows it comes by here again.
  fs::create_directory_symlink(folder_ / "store", folder_ / "store/loop");

  EXPECT_THAT(store_->BackUp(folder_ / "backup", kNever), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(fs::exists(folder_ / "backup"));
}

TEST_F(BackupTest, OneThatIsGivenUpLeavesNothing) {
  ASSERT_THAT(Record("a"), IsOk());

  EXPECT_THAT(store_->BackUp(folder_ / "backup", [] { return true; }),
              StatusIs(absl::StatusCode::kCancelled));

  EXPECT_THAT(Beside(), ::testing::IsEmpty());
}

TEST_F(BackupTest, AFullDiskLeavesNothingAndHarmsNothing) {
  ASSERT_THAT(Record("a"), IsOk());
  Write(folder_ / "store/models/v1.bundle", std::string(1 << 20, 'm'));
  files_.FillDiskAfter(100'000);
  EXPECT_THAT(store_->BackUp(folder_ / "backup", kNever),
              StatusIs(absl::StatusCode::kResourceExhausted));
  files_.MakeRoom();

  // Or it is taken meanwhile.
  EXPECT_THAT(store_->BackUp(folder_ / "backup",
                             [this] {
                               files_.FillDiskAfter(100'000);
                               return false;
                             }),
              StatusIs(absl::StatusCode::kResourceExhausted));

  EXPECT_THAT(Beside(), ::testing::IsEmpty());
  files_.MakeRoom();
  EXPECT_THAT(store_->BackUp(folder_ / "backup", kNever), IsOk());
}

TEST_F(BackupTest, APowerCutAtAnyCallLeavesAWholeBackupOrNone) {
  for (int nth = 1; nth < 60; nth += 4) {
    SCOPED_TRACE(nth);
    FaultFileSystem files;
    const std::string folder = folder_ / std::to_string(nth);
    fs::create_directories(folder + "/store");
    auto store = FeatureStore::Open(folder + "/store", options_, files, clock_);
    ASSERT_THAT(store, IsOk());
    ASSERT_THAT((*store)->Write(UpsertUsers{{{.id = "ann"}}}), IsOk());
    files.CutPowerAtCall(nth, static_cast<std::uint64_t>(nth));
    const bool is_made = (*store)->BackUp(folder + "/backup", kNever).ok();
    files.CutPower();
    store->reset();

    if (is_made || fs::exists(folder + "/backup")) {
      ASSERT_THAT(Restore(folder + "/backup", folder + "/restored"), IsOk());
    }
    const auto again = OpenStore(folder + "/store");
    EXPECT_TRUE(again->GetUser("ann").has_value());
    EXPECT_THAT(again->BackUp(folder + "/backup-2", kNever), IsOk());
  }
}

TEST_F(BackupTest, AnErasureInBetweenEndsIt) {
  for (const char* id : {"a", "b"}) ASSERT_THAT(Record(id), IsOk());
  std::promise<absl::Status> erased;
  bool is_asked = false;

  const auto backup = store_->BackUp(folder_ / "backup", [&] {
    if (!std::exchange(is_asked, true)) {
      // Not to be waited for: it waits for the copy to end.
      store_->Write(EraseUser{.user_id = "user-a"}, [&](const absl::StatusOr<WriteResult>& result) {
        erased.set_value(result.status());
      });
      EXPECT_TRUE(testing::Eventually([&] { return !store_->ReadShopper("user-a", "").is_known; }));
    }
    return false;
  });

  EXPECT_THAT(backup, StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(erased.get_future().get(), IsOk());
  EXPECT_THAT(Beside(), ::testing::IsEmpty());
}

TEST_F(BackupTest, OneAtATime) {
  ASSERT_THAT(Record("a"), IsOk());
  absl::Status second;

  const auto first = store_->BackUp(folder_ / "first", [&] {
    std::thread([&] { second = store_->BackUp(folder_ / "second", kNever).status(); }).join();
    return false;
  });

  EXPECT_THAT(first, IsOk());
  EXPECT_THAT(second, StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace vitrine
