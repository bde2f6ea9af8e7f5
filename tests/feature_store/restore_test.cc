#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "feature_store/backup_fixture.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

using testing::BackupTest;
using testing::FaultFileSystem;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::kNever;
using testing::StatusIs;

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

// The root of a volume can neither be renamed over nor be removed.
TEST_F(RestoreTest, KeepsTheFolderThatIsThereAndWhatIsTheVolumesOwn) {
  fs::create_directories(folder_ / "volume/lost+found");
  const auto inode = [this] {
    struct stat status {};
    EXPECT_EQ(stat((folder_ / "volume").c_str(), &status), 0);
    return status.st_ino;
  };
  const auto before = inode();

  ASSERT_THAT(Restore(folder_ / "backup", folder_ / "volume"), IsOk());

  EXPECT_EQ(inode(), before);
  EXPECT_TRUE(fs::exists(folder_ / "volume/lost+found"));
  EXPECT_FALSE(fs::exists(folder_ / "volume/restore.unfinished"));
  EXPECT_THAT(Beside(), ::testing::ElementsAre("backup", "volume"));
  EXPECT_THAT(Ids(*OpenStore(folder_ / "volume")), ::testing::ElementsAre("a"));
}

TEST_F(RestoreTest, LeavesAFolderThatIsThereEmptyWhereTheCheckRefuses) {
  fs::create_directory(folder_ / "volume");
  const auto refuse = [](const std::string&) { return absl::DataLossError("no"); };

  EXPECT_THAT(RestoreBackup(files_, folder_ / "backup", folder_ / "volume", refuse),
              StatusIs(absl::StatusCode::kDataLoss));

  EXPECT_TRUE(fs::is_empty(folder_ / "volume"));
}

TEST_F(RestoreTest, OneThatWasKilledInAFolderIsNoStoreUntilItIsRunAgain) {
  Write(folder_ / "volume/restore.unfinished/db/CURRENT", "half");

  const auto opened = FeatureStore::Open(folder_ / "volume", options_, files_, clock_);
  EXPECT_THAT(opened, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(std::string(opened.status().message()), HasSubstr("restore"));

  ASSERT_THAT(Restore(folder_ / "backup", folder_ / "volume"), IsOk());
  EXPECT_THAT(Ids(*OpenStore(folder_ / "volume")), ::testing::ElementsAre("a"));
}

TEST_F(RestoreTest, APowerCutAtAnyCallLeavesAFolderThatIsWholeEmptyOrRefused) {
  const auto accept = [](const std::string&) { return absl::OkStatus(); };
  bool is_made = false;
  for (int nth = 1; !is_made && nth < 500; ++nth) {
    SCOPED_TRACE(nth);
    const std::string volume = folder_ / ("volume-" + std::to_string(nth));
    fs::create_directory(volume);
    FaultFileSystem files;
    files.CutPowerAtCall(nth);

    is_made = RestoreBackup(files, folder_ / "backup", volume, accept).ok();

    files.CutPower();
    if (fs::exists(volume + "/restore.unfinished")) {
      EXPECT_THAT(FeatureStore::Open(volume, options_, files_, clock_),
                  StatusIs(absl::StatusCode::kFailedPrecondition));
    } else if (is_made || !fs::is_empty(volume)) {
      EXPECT_THAT(Ids(*OpenStore(volume)), ::testing::ElementsAre("a"));
    }
    EXPECT_FALSE(is_made && fs::exists(volume + "/restore.unfinished"));
  }
  EXPECT_TRUE(is_made);
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

// The first sync is of the deletions, the second of what follows them.
TEST_F(RestoreTest, LeavesNothingWhereAnErasureInTheCheckFailsHalfWay) {
  for (const int nth : {1, 2}) {
    SCOPED_TRACE(nth);
    const auto erase = [&](const std::string& copy) {
      const auto store = OpenStore(copy);
      files_.FailSync(nth);
      return store->Write(EraseUser{.user_id = "user-a"}).status();
    };

    EXPECT_THAT(RestoreBackup(files_, folder_ / "backup", folder_ / "new", erase),
                StatusIs(absl::StatusCode::kUnavailable));

    ExpectNothingRestored();
  }
}

}  // namespace
}  // namespace vitrine
