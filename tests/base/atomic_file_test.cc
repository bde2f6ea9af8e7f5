#include "vitrine/base/atomic_file.h"

#include <gmock/gmock.h>

#include <string>

#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"

namespace vitrine {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using vitrine::testing::FaultFileSystem;
using vitrine::testing::IsOk;
using vitrine::testing::StatusIs;
using vitrine::testing::TemporaryFolder;

constexpr char kMagic[] = "VTESTv01";

TEST(AtomicFileTest, ReplacesAFileAndLeavesNothingBeside) {
  TemporaryFolder folder;
  FileSystem& files = LocalFileSystem();

  ASSERT_THAT(WriteFileAtomically(files, folder / "a", "a long first version"), IsOk());
  ASSERT_THAT(WriteFileAtomically(files, folder / "a", "second"), IsOk());

  EXPECT_EQ(*files.ReadFile(folder / "a"), "second");
  EXPECT_THAT(*files.ListFolder(folder.path()), ElementsAre("a"));
}

TEST(AtomicFileTest, APowerCutAtAnyCallLeavesTheOldBytesOrTheNew) {
  bool has_survived = false;
  int num_calls = 1;
  for (; !has_survived; ++num_calls) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      TemporaryFolder folder;
      ASSERT_THAT(WriteFileAtomically(LocalFileSystem(), folder / "a", "old"), IsOk());
      FaultFileSystem files;
      files.CutPowerAtCall(num_calls, seed);

      has_survived = WriteFileAtomically(files, folder / "a", "new bytes").ok();
      files.CutPower(seed);

      const std::string left = *LocalFileSystem().ReadFile(folder / "a");
      if (has_survived) {
        EXPECT_EQ(left, "new bytes");
      } else {
        EXPECT_THAT(left, AnyOf("old", "new bytes")) << "cut at call " << num_calls;
      }
    }
  }
  EXPECT_GT(num_calls, 5);  // Open, append, sync, rename, sync the folder were each cut once.
}

TEST(AtomicFileTest, AFullDiskKeepsTheOldFile) {
  TemporaryFolder folder;
  FaultFileSystem files;
  ASSERT_THAT(WriteFileAtomically(files, folder / "a", "old"), IsOk());
  files.FillDiskAfter(4);

  EXPECT_THAT(WriteFileAtomically(files, folder / "a", "too long"),
              StatusIs(absl::StatusCode::kResourceExhausted));

  EXPECT_EQ(*files.ReadFile(folder / "a"), "old");
}

TEST(AtomicFileTest, AFailedSyncIsReportedAndKeepsTheOldFile) {
  TemporaryFolder folder;
  FaultFileSystem files;
  ASSERT_THAT(WriteFileAtomically(files, folder / "a", "old"), IsOk());
  files.FailSync(1);

  EXPECT_THAT(WriteFileAtomically(files, folder / "a", "new"),
              StatusIs(absl::StatusCode::kUnavailable));

  EXPECT_EQ(*files.ReadFile(folder / "a"), "old");
}

TEST(CheckedFileTest, GivesBackWhatWasWritten) {
  TemporaryFolder folder;
  const std::string bytes("\0 any \xFF bytes\n", 13);

  ASSERT_THAT(WriteCheckedFile(LocalFileSystem(), folder / "a", kMagic, bytes), IsOk());

  EXPECT_EQ(*ReadCheckedFile(LocalFileSystem(), folder / "a", kMagic), bytes);
}

TEST(CheckedFileTest, TellsAMissingFileFromADamagedOne) {
  TemporaryFolder folder;

  EXPECT_THAT(ReadCheckedFile(LocalFileSystem(), folder / "a", kMagic),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST(CheckedFileTest, RefusesAnotherKindOfFile) {
  TemporaryFolder folder;
  ASSERT_THAT(WriteCheckedFile(LocalFileSystem(), folder / "a", "VOTHER01", "bytes"), IsOk());

  const auto result = ReadCheckedFile(LocalFileSystem(), folder / "a", kMagic);

  EXPECT_THAT(result, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("VTESTv01"));
}

TEST(CheckedFileTest, RefusesEveryPrefixAndNamesTheFile) {
  TemporaryFolder folder;
  FileSystem& files = LocalFileSystem();
  ASSERT_THAT(WriteCheckedFile(files, folder / "a", kMagic, "some bytes"), IsOk());
  const std::string whole = *files.ReadFile(folder / "a");

  for (std::size_t size = 0; size < whole.size(); ++size) {
    ASSERT_THAT(WriteFileAtomically(files, folder / "cut", whole.substr(0, size)), IsOk());
    const auto result = ReadCheckedFile(files, folder / "cut", kMagic);
    ASSERT_THAT(result, StatusIs(absl::StatusCode::kDataLoss)) << size << " bytes";
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(folder / "cut"));
  }
}

TEST(CheckedFileTest, RefusesEveryFlippedBit) {
  TemporaryFolder folder;
  FileSystem& files = LocalFileSystem();
  ASSERT_THAT(WriteCheckedFile(files, folder / "a", kMagic, "some bytes"), IsOk());
  const std::string whole = *files.ReadFile(folder / "a");

  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    ASSERT_THAT(WriteFileAtomically(files, folder / "flipped", damaged), IsOk());
    ASSERT_THAT(ReadCheckedFile(files, folder / "flipped", kMagic),
                StatusIs(absl::StatusCode::kDataLoss))
        << "bit " << bit;
  }
}

}  // namespace
}  // namespace vitrine
