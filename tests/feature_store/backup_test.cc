#include "vitrine/feature_store/backup.h"

#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "testing/eventually.h"
#include "testing/fake_clock.h"
#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/log.h"
#include "vitrine/feature_store/check_store.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

using testing::FakeClock;
using testing::FaultFileSystem;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::IsSupersetOf;
using testing::StatusIs;

constexpr auto kNever = [] { return false; };

class BackupTest : public ::testing::Test {
 protected:
  BackupTest() {
    SetLogLevel(LogLevel::kError);
    store_ = OpenStore(folder_ / "store");
  }
  ~BackupTest() override { SetLogLevel(LogLevel::kInfo); }

  std::unique_ptr<FeatureStore> OpenStore(const std::string& folder) {
    auto store = FeatureStore::Open(folder, options_, files_, clock_);
    EXPECT_THAT(store, IsOk());
    return *std::move(store);
  }

  absl::Status Record(const std::string& id) {
    return store_
        ->Write(RecordEvents{{{.event_id = id,
                               .type = EventType::kSearch,
                               .user_id = "user-" + id,
                               .time_us = FakeClock::kStart,
                               .search_query = "words-" + id}}})
        .status();
  }

  static std::set<std::string> Ids(const FeatureStore& store) {
    std::set<std::string> ids;
    EXPECT_THAT(store.ReadEvents(0,
                                 [&](std::uint64_t, const Event& event) {
                                   EXPECT_TRUE(ids.insert(event.event_id).second);
                                   return true;
                                 }),
                IsOk());
    return ids;
  }

  absl::Status Check(const std::string& folder) {
    return CheckStore(folder, options_, files_, clock_).status();
  }

  // What the folder of the test has, beside the store.
  std::vector<std::string> Beside() const {
    std::vector<std::string> names = *LocalFileSystem().ListFolder(folder_.path());
    std::erase(names, "store");
    return names;
  }

  static void Write(const fs::path& path, const std::string& bytes) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
  }

  absl::StatusOr<BackupSummary> Restore(const std::string& from, const std::string& to) {
    return RestoreBackup(files_, from, to, [this](const std::string& copy) { return Check(copy); });
  }

  const FeatureStoreOptions options_ = {.checkpoint_events = 20};
  testing::TemporaryFolder folder_;
  FakeClock clock_;
  FaultFileSystem files_;
  std::unique_ptr<FeatureStore> store_;
};

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

class RestoreTest : public BackupTest {
 protected:
  RestoreTest() {
    EXPECT_THAT(Record("a"), IsOk());
    EXPECT_THAT(store_->BackUp(folder_ / "backup", kNever), IsOk());
  }

  void ExpectNothingRestored() {
    EXPECT_FALSE(fs::exists(folder_ / "new"));
    EXPECT_FALSE(fs::exists(folder_ / "new.unfinished"));
  }
};

TEST_F(RestoreTest, TakesAFolderThatIsEmptyAndNoOther) {
  fs::create_directory(folder_ / "empty");

  EXPECT_THAT(Restore(folder_ / "backup", folder_ / "empty"), IsOk());
  EXPECT_THAT(Restore(folder_ / "backup", folder_ / "empty"),
              StatusIs(absl::StatusCode::kAlreadyExists));

  EXPECT_THAT(Ids(*OpenStore(folder_ / "empty")), ::testing::ElementsAre("a"));
}

TEST_F(RestoreTest, RefusesAnyDamageAndNamesTheFile) {
  for (const auto& file : fs::recursive_directory_iterator(folder_ / "backup")) {
    if (!file.is_regular_file() || file.file_size() == 0) continue;
    SCOPED_TRACE(file.path());
    const std::string bytes = *LocalFileSystem().ReadFile(file.path());
    std::string damaged = bytes;
    damaged[damaged.size() / 2] ^= 1;
    Write(file.path(), damaged);

    const absl::Status status = Restore(folder_ / "backup", folder_ / "new").status();

    EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_THAT(std::string(status.message()), HasSubstr(file.path().filename()));
    ExpectNothingRestored();
    Write(file.path(), bytes);
  }
}

TEST_F(RestoreTest, RefusesABackupThatLacksAFile) {
  for (const auto& file : fs::directory_iterator(folder_ / "backup/db")) {
    if (file.path().extension() == ".sst") fs::remove(file.path());
  }

  EXPECT_THAT(Restore(folder_ / "backup", folder_ / "new"), StatusIs(absl::StatusCode::kNotFound));
  ExpectNothingRestored();
}

TEST_F(RestoreTest, RefusesAFolderThatIsNoBackup) {
  const absl::Status status = Restore(folder_ / "store", folder_ / "new").status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(std::string(status.message()), HasSubstr("is no backup"));
}

TEST_F(RestoreTest, LeavesNothingWhereTheCheckRefuses) {
  const auto refuse = [](const std::string&) { return absl::DataLossError("no"); };

  EXPECT_THAT(RestoreBackup(files_, folder_ / "backup", folder_ / "new", refuse),
              StatusIs(absl::StatusCode::kDataLoss));

  ExpectNothingRestored();
}

}  // namespace
}  // namespace vitrine
