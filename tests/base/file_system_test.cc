#include "vitrine/base/file_system.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <memory>
#include <string>

#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using vitrine::testing::FaultFileSystem;
using vitrine::testing::IsOk;
using vitrine::testing::StatusIs;
using vitrine::testing::TemporaryFolder;

// What every file system must do, the one that tests inject faults with too.
class FileSystemTest : public ::testing::TestWithParam<bool> {
 protected:
  void Write(const std::string& path, const std::string& bytes, OpenMode mode) {
    const auto file = files_.OpenForWrite(path, mode);
    ASSERT_THAT(file, IsOk());
    ASSERT_THAT((*file)->Append(bytes), IsOk());
    ASSERT_THAT((*file)->Sync(), IsOk());
    ASSERT_THAT((*file)->Close(), IsOk());
  }

  TemporaryFolder folder_;
  FaultFileSystem fault_;
  FileSystem& files_ = GetParam() ? static_cast<FileSystem&>(fault_) : LocalFileSystem();
};

INSTANTIATE_TEST_SUITE_P(All, FileSystemTest, ::testing::Values(false, true),
                         [](const auto& test) { return test.param ? "Fault" : "Local"; });

TEST_P(FileSystemTest, TruncatesOrAppends) {
  Write(folder_ / "a", "first", OpenMode::kAppend);
  Write(folder_ / "a", " second", OpenMode::kAppend);
  EXPECT_EQ(*files_.ReadFile(folder_ / "a"), "first second");

  Write(folder_ / "a", "third", OpenMode::kTruncate);
  EXPECT_EQ(*files_.ReadFile(folder_ / "a"), "third");
}

TEST_P(FileSystemTest, MakesAFileOnlyWhereThereIsNone) {
  Write(folder_ / "a", "mine", OpenMode::kCreate);

  const absl::Status again = files_.OpenForWrite(folder_ / "a", OpenMode::kCreate).status();

  EXPECT_THAT(again, StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(std::string(again.message()), HasSubstr(folder_ / "a"));
  EXPECT_EQ(*files_.ReadFile(folder_ / "a"), "mine");
  ASSERT_THAT(files_.Remove(folder_ / "a"), IsOk());
  Write(folder_ / "a", "another's", OpenMode::kCreate);
  EXPECT_EQ(*files_.ReadFile(folder_ / "a"), "another's");
}

TEST_P(FileSystemTest, ReadsFilesLargerThanItsBuffer) {
  std::string bytes;
  for (int i = 0; i < 300'000; ++i) bytes += static_cast<char>(i * 31);

  Write(folder_ / "a", bytes, OpenMode::kTruncate);

  EXPECT_TRUE(*files_.ReadFile(folder_ / "a") == bytes);
}

TEST_P(FileSystemTest, ReadsAnyPartOfAFileAndFewerBytesOnlyAtItsEnd) {
  Write(folder_ / "a", "0123456789", OpenMode::kTruncate);
  const auto file = files_.OpenForRead(folder_ / "a");
  ASSERT_THAT(file, IsOk());
  std::string bytes(4, ' ');

  EXPECT_EQ(*(*file)->ReadAt(3, bytes), 4);
  EXPECT_EQ(bytes, "3456");
  EXPECT_EQ(*(*file)->ReadAt(8, bytes), 2);
  EXPECT_EQ(bytes.substr(0, 2), "89");
  EXPECT_EQ(*(*file)->ReadAt(20, bytes), 0);
  EXPECT_THAT(files_.OpenForRead(folder_ / "none"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(FileSystemTest, RemovesAFolderWithAllInIt) {
  ASSERT_THAT(files_.MakeFolder(folder_ / "b/c"), IsOk());
  Write(folder_ / "b/c/a", "x", OpenMode::kTruncate);

  EXPECT_THAT(files_.RemoveFolder(folder_ / "b"), IsOk());

  EXPECT_FALSE(std::filesystem::exists(folder_ / "b"));
  EXPECT_THAT(files_.RemoveFolder(folder_ / "b"), IsOk());
}

TEST_P(FileSystemTest, KnowsHowMuchRoomThereIs) {
  EXPECT_GT(*files_.FreeBytes(folder_.path()), 0);
  EXPECT_THAT(files_.FreeBytes(folder_ / "none"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(FileSystemTest, ListsNamesInOrder) {
  for (const char* name : {"b", "c", "a"}) Write(folder_ / name, "", OpenMode::kTruncate);
  ASSERT_THAT(files_.MakeFolder(folder_ / "d/e"), IsOk());

  EXPECT_THAT(*files_.ListFolder(folder_.path()), ElementsAre("a", "b", "c", "d"));
}

TEST_P(FileSystemTest, RenamesOverAnotherFile) {
  Write(folder_ / "a", "new", OpenMode::kTruncate);
  Write(folder_ / "b", "old", OpenMode::kTruncate);

  ASSERT_THAT(files_.Rename(folder_ / "a", folder_ / "b"), IsOk());

  EXPECT_EQ(*files_.ReadFile(folder_ / "b"), "new");
  EXPECT_THAT(*files_.ListFolder(folder_.path()), ElementsAre("b"));
}

TEST_P(FileSystemTest, MakingAFolderThatIsThereIsFine) {
  EXPECT_THAT(files_.MakeFolder(folder_ / "a/b"), IsOk());
  EXPECT_THAT(files_.MakeFolder(folder_ / "a/b"), IsOk());
  EXPECT_THAT(files_.SyncFolder(folder_ / "a/b"), IsOk());
}

TEST_P(FileSystemTest, SaysNotFoundWithThePath) {
  const std::string path = folder_ / "missing";

  for (const absl::Status& status :
       {files_.ReadFile(path).status(), files_.ListFolder(path).status(),
        files_.Rename(path, folder_ / "b"), files_.Remove(path), files_.SyncFolder(path),
        files_.OpenForWrite(path + "/a", OpenMode::kAppend).status()}) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound));
    EXPECT_THAT(std::string(status.message()), HasSubstr(path));
  }
}

TEST_P(FileSystemTest, OtherFailuresAreUnavailableWithTheReason) {
  const absl::Status status = files_.OpenForWrite(folder_.path(), OpenMode::kAppend).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(std::string(status.message()), HasSubstr("Is a directory"));
}

TEST_P(FileSystemTest, RemovesAFile) {
  Write(folder_ / "a", "bytes", OpenMode::kTruncate);

  ASSERT_THAT(files_.Remove(folder_ / "a"), IsOk());

  EXPECT_FALSE(std::filesystem::exists(folder_ / "a"));
}

TEST_P(FileSystemTest, ClosingTwiceIsFine) {
  const auto file = files_.OpenForWrite(folder_ / "a", OpenMode::kTruncate);
  ASSERT_THAT(file, IsOk());

  EXPECT_THAT((*file)->Close(), IsOk());
  EXPECT_THAT((*file)->Close(), IsOk());
}

}  // namespace
}  // namespace vitrine
