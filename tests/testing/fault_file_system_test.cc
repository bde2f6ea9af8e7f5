#include "testing/fault_file_system.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/atomic_file.h"

namespace vitrine::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FaultFileSystemTest : public ::testing::Test {
 protected:
  // A file in the folder that was there before the test began.
  void Plant(const std::string& path, const std::string& bytes) {
    const auto file = LocalFileSystem().OpenForWrite(path, OpenMode::kTruncate);
    ASSERT_THAT(file, IsOk());
    ASSERT_THAT((*file)->Append(bytes), IsOk());
  }

  std::unique_ptr<WritableFile> Open(const std::string& path, OpenMode mode) {
    auto file = files_.OpenForWrite(path, mode);
    EXPECT_THAT(file, IsOk());
    return *std::move(file);
  }

  // A new file with `synced` on disk, its name too, and `unsynced` behind it.
  std::unique_ptr<WritableFile> Write(const std::string& path, const std::string& synced,
                                      const std::string& unsynced) {
    auto file = Open(path, OpenMode::kTruncate);
    EXPECT_THAT(file->Append(synced), IsOk());
    EXPECT_THAT(file->Sync(), IsOk());
    EXPECT_THAT(files_.SyncFolder(folder_.path()), IsOk());
    EXPECT_THAT(file->Append(unsynced), IsOk());
    return file;
  }

  // What really is there, whatever the fault file system says.
  std::string ContentOf(const std::string& path) {
    return LocalFileSystem().ReadFile(path).value_or("(no such file)");
  }
  std::vector<std::string> Names() { return *LocalFileSystem().ListFolder(folder_.path()); }

  TemporaryFolder folder_;
  FaultFileSystem files_;
};

TEST_F(FaultFileSystemTest, WritesAndReadsLikeTheMachinesOwn) {
  const auto file = Write(folder_ / "a", "one", "two");

  EXPECT_EQ(*files_.ReadFile(folder_ / "a"), "onetwo");
  EXPECT_THAT(*files_.ListFolder(folder_.path()), ElementsAre("a"));
  EXPECT_THAT(files_.ReadFile(folder_ / "b"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(FaultFileSystemTest, APowerCutTakesWhatWasNotSynced) {
  const auto file = Write(folder_ / "a", "synced", "not synced");

  files_.CutPower();

  EXPECT_EQ(ContentOf(folder_ / "a"), "synced");
}

TEST_F(FaultFileSystemTest, APowerCutLeavesFilesThatWereThereBefore) {
  Plant(folder_ / "old", "before");
  ASSERT_THAT(Open(folder_ / "old", OpenMode::kAppend)->Append(" after"), IsOk());

  files_.CutPower();

  EXPECT_EQ(ContentOf(folder_ / "old"), "before");
}

TEST_F(FaultFileSystemTest, RewritingAFileInPlaceLosesOldAndNew) {
  Plant(folder_ / "old", "before");
  ASSERT_THAT(Open(folder_ / "old", OpenMode::kTruncate)->Append("after"), IsOk());

  files_.CutPower();

  EXPECT_EQ(ContentOf(folder_ / "old"), "");
}

TEST_F(FaultFileSystemTest, ATornTailIsAnyPartFromTheFront) {
  std::set<std::size_t> lengths;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    TemporaryFolder folder;
    FaultFileSystem files;
    auto file = *files.OpenForWrite(folder / "a", OpenMode::kTruncate);
    ASSERT_THAT(file->Append("12"), IsOk());
    ASSERT_THAT(file->Sync(), IsOk());
    ASSERT_THAT(files.SyncFolder(folder.path()), IsOk());
    ASSERT_THAT(file->Append("345"), IsOk());

    files.CutPower(seed);

    const std::string left = ContentOf(folder / "a");
    EXPECT_TRUE(std::string("12345").starts_with(left)) << left;
    lengths.insert(left.size());
  }
  EXPECT_THAT(lengths, ElementsAre(2, 3, 4, 5));
}

TEST_F(FaultFileSystemTest, EveryCallFailsAfterAPowerCut) {
  const auto file = Write(folder_ / "a", "synced", "");

  files_.CutPower();

  const auto is_unavailable = StatusIs(absl::StatusCode::kUnavailable);
  EXPECT_TRUE(files_.is_power_cut());
  EXPECT_THAT(file->Append("x"), is_unavailable);
  EXPECT_THAT(file->Sync(), is_unavailable);
  EXPECT_THAT(file->Close(), is_unavailable);
  EXPECT_THAT(files_.OpenForWrite(folder_ / "b", OpenMode::kAppend), is_unavailable);
  EXPECT_THAT(files_.ReadFile(folder_ / "a"), is_unavailable);
  EXPECT_THAT(files_.ListFolder(folder_.path()), is_unavailable);
  EXPECT_THAT(files_.Rename(folder_ / "a", folder_ / "b"), is_unavailable);
  EXPECT_THAT(files_.Remove(folder_ / "a"), is_unavailable);
  EXPECT_THAT(files_.MakeFolder(folder_ / "c"), is_unavailable);
  EXPECT_THAT(files_.SyncFolder(folder_.path()), is_unavailable);
  EXPECT_EQ(ContentOf(folder_ / "a"), "synced");
}

TEST_F(FaultFileSystemTest, ASyncedFileIsGoneWhenItsNameWasNotSynced) {
  const auto file = Open(folder_ / "a", OpenMode::kTruncate);
  ASSERT_THAT(file->Append("synced"), IsOk());
  ASSERT_THAT(file->Sync(), IsOk());

  files_.CutPower();

  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(FaultFileSystemTest, AnUnsyncedRenameIsUndoneAndItsTargetIsBack) {
  Plant(folder_ / "old", "old");
  auto draft = Write(folder_ / "draft", "new", "er");
  draft.reset();
  ASSERT_THAT(files_.Rename(folder_ / "draft", folder_ / "old"), IsOk());
  ASSERT_EQ(*files_.ReadFile(folder_ / "old"), "newer");

  files_.CutPower();

  EXPECT_THAT(Names(), ElementsAre("draft", "old"));
  EXPECT_EQ(ContentOf(folder_ / "old"), "old");
  EXPECT_EQ(ContentOf(folder_ / "draft"), "new");
}

TEST_F(FaultFileSystemTest, ASyncedRenameStays) {
  Plant(folder_ / "old", "old");
  const auto draft = Write(folder_ / "draft", "new", "");
  ASSERT_THAT(files_.Rename(folder_ / "draft", folder_ / "old"), IsOk());
  ASSERT_THAT(files_.SyncFolder(folder_.path()), IsOk());

  files_.CutPower();

  EXPECT_THAT(Names(), ElementsAre("old"));
  EXPECT_EQ(ContentOf(folder_ / "old"), "new");
}

TEST_F(FaultFileSystemTest, AnUnsyncedRemovalIsUndone) {
  Plant(folder_ / "a", "still here");
  Plant(folder_ / "b", "gone");
  ASSERT_THAT(files_.Remove(folder_ / "b"), IsOk());
  ASSERT_THAT(files_.SyncFolder(folder_.path()), IsOk());
  ASSERT_THAT(files_.Remove(folder_ / "a"), IsOk());

  files_.CutPower();

  EXPECT_THAT(Names(), ElementsAre("a"));
  EXPECT_EQ(ContentOf(folder_ / "a"), "still here");
}

TEST_F(FaultFileSystemTest, AFolderIsGoneWithItsFilesUnlessItsNameWasSynced) {
  for (const char* name : {"kept", "lost"}) {
    ASSERT_THAT(files_.MakeFolder(folder_ / name), IsOk());
    auto file = Open(folder_ / (std::string(name) + "/a"), OpenMode::kTruncate);
    ASSERT_THAT(file->Append("bytes"), IsOk());
    ASSERT_THAT(file->Sync(), IsOk());
    ASSERT_THAT(files_.SyncFolder(folder_ / name), IsOk());
    if (name == std::string("kept")) {
      ASSERT_THAT(files_.SyncFolder(folder_.path()), IsOk());
    }
  }

  files_.CutPower();

  EXPECT_THAT(Names(), ElementsAre("kept"));
  EXPECT_EQ(ContentOf(folder_ / "kept/a"), "bytes");
}

TEST_F(FaultFileSystemTest, ARenamedFolderKeepsTrackOfItsFiles) {
  ASSERT_THAT(files_.MakeFolder(folder_ / "draft"), IsOk());
  const auto file = Open(folder_ / "draft/a", OpenMode::kTruncate);
  ASSERT_THAT(file->Append("synced"), IsOk());
  ASSERT_THAT(file->Sync(), IsOk());
  ASSERT_THAT(files_.SyncFolder(folder_ / "draft"), IsOk());
  ASSERT_THAT(files_.SyncFolder(folder_.path()), IsOk());
  ASSERT_THAT(file->Append(" or not"), IsOk());
  ASSERT_THAT(files_.Rename(folder_ / "draft", folder_ / "final"), IsOk());

  files_.CutPower();

  EXPECT_THAT(Names(), ElementsAre("draft"));
  EXPECT_EQ(ContentOf(folder_ / "draft/a"), "synced");
}

TEST_F(FaultFileSystemTest, ASyncedRenameOfAFolderStays) {
  ASSERT_THAT(files_.MakeFolder(folder_ / "draft"), IsOk());
  ASSERT_THAT(files_.Rename(folder_ / "draft", folder_ / "final"), IsOk());
  ASSERT_THAT(files_.SyncFolder(folder_.path()), IsOk());

  files_.CutPower();

  EXPECT_THAT(Names(), ElementsAre("final"));
}

TEST_F(FaultFileSystemTest, TheNthSyncFailsAndOnlyThat) {
  const auto file = Open(folder_ / "a", OpenMode::kTruncate);
  files_.FailSync(3);

  EXPECT_THAT(file->Sync(), IsOk());
  EXPECT_THAT(files_.SyncFolder(folder_.path()), IsOk());
  EXPECT_THAT(file->Sync(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(file->Sync(), IsOk());
  EXPECT_EQ(files_.num_syncs(), 4);
  EXPECT_EQ(files_.num_failures(), 1);
}

TEST_F(FaultFileSystemTest, ASyncRepeatedAfterAFailureSavesNothing) {
  const auto file = Write(folder_ / "a", "synced", "lost");
  files_.FailSync(1);
  ASSERT_THAT(file->Sync(), StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_THAT(file->Sync(), IsOk());

  files_.CutPower();

  EXPECT_EQ(ContentOf(folder_ / "a"), "synced");
}

TEST_F(FaultFileSystemTest, TheNthWriteTakesHalfAndFailsAndOnlyThat) {
  const auto file = Write(folder_ / "a", "", "");
  files_.FailWrite(2);

  EXPECT_THAT(file->Append("12"), IsOk());
  EXPECT_THAT(file->Append("3456"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ContentOf(folder_ / "a"), "1234");
  EXPECT_THAT(file->Append("78"), IsOk());
  files_.FailWrite(1, absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(file->Append("90"), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(file->Sync(), IsOk());
  EXPECT_EQ(files_.num_failures(), 2);

  files_.CutPower();

  EXPECT_EQ(ContentOf(folder_ / "a"), "1234789");
}

TEST_F(FaultFileSystemTest, AFullDiskTakesAPartAndRefusesTheRestUntilThereIsRoom) {
  const auto file = Open(folder_ / "a", OpenMode::kTruncate);
  files_.FillDiskAfter(5);

  EXPECT_THAT(file->Append("123"), IsOk());
  EXPECT_THAT(file->Append("456"), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(file->Append("7"), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(ContentOf(folder_ / "a"), "12345");
  files_.MakeRoom();
  EXPECT_THAT(file->Append("89"), IsOk());
  EXPECT_EQ(ContentOf(folder_ / "a"), "1234589");
  EXPECT_EQ(files_.num_failures(), 2);
}

TEST_F(FaultFileSystemTest, ReadsFailFromTheNthOnUntilTheyAreHealed) {
  ASSERT_THAT(WriteFileAtomically(files_, folder_ / "a", "x"), IsOk());
  const auto file = files_.OpenForRead(folder_ / "a");
  ASSERT_THAT(file, IsOk());
  std::string byte(1, ' ');
  files_.FailReads(2);

  EXPECT_THAT((*file)->ReadAt(0, byte), IsOk());
  EXPECT_THAT((*file)->ReadAt(0, byte), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT((*file)->ReadAt(0, byte), StatusIs(absl::StatusCode::kUnavailable));
  files_.HealReads();
  EXPECT_THAT((*file)->ReadAt(0, byte), IsOk());
  EXPECT_EQ(files_.num_failures(), 2);
}

TEST_F(FaultFileSystemTest, AFailureThatNoCallHasMetIsNotCounted) {
  const auto file = Write(folder_ / "a", "", "");
  files_.FailSync(2);
  files_.FailWrite(2);
  files_.FailReads(2);
  files_.FillDiskAfter(3);

  EXPECT_THAT(file->Append("123"), IsOk());
  EXPECT_THAT(file->Sync(), IsOk());
  EXPECT_EQ(files_.num_failures(), 0);

  files_.CutPower();

  EXPECT_THAT(file->Sync(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(files_.num_failures(), 0) << "the power's";
}

TEST_F(FaultFileSystemTest, ThePowerCanGoInTheMiddleOfACall) {
  const auto file = Write(folder_ / "a", "synced", "");
  files_.CutPowerAtCall(2);

  EXPECT_THAT(file->Append("one"), IsOk());
  EXPECT_THAT(file->Sync(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(files_.is_power_cut());
  EXPECT_EQ(ContentOf(folder_ / "a"), "synced");
}

TEST(TemporaryFolderTest, IsGoneAtTheEndWithAllInIt) {
  std::string path;
  {
    const TemporaryFolder folder;
    path = folder.path();
    std::filesystem::create_directories(folder / "some/thing");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace vitrine::testing
