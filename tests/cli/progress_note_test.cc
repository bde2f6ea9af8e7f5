#include "cli/import/progress_note.h"

#include <gmock/gmock.h>

#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"

namespace vitrine::cli {
namespace {

using ::testing::HasSubstr;
using ::vitrine::testing::IsOk;
using ::vitrine::testing::StatusIs;
using ::vitrine::testing::TemporaryFolder;

TEST(ProgressNoteTest, KeepsWhatWasWrittenLastForEachSource) {
  const TemporaryFolder folder;
  const ProgressNote note(LocalFileSystem(), folder / "imports", "a.csv");
  const ProgressNote other(LocalFileSystem(), folder / "imports", "b.csv");

  EXPECT_FALSE(note.Read().has_value());
  ASSERT_THAT(note.Write({1000, 7}), IsOk());
  ASSERT_THAT(note.Write({2000, 8}), IsOk());

  EXPECT_EQ(note.Read(), (Progress{2000, 8}));
  EXPECT_FALSE(other.Read().has_value());
}

TEST(ProgressNoteTest, IsGoneAfterRemove) {
  const TemporaryFolder folder;
  const ProgressNote note(LocalFileSystem(), folder / "imports", "a.csv");
  ASSERT_THAT(note.Write({1000, 7}), IsOk());

  EXPECT_THAT(note.Remove(), IsOk());
  EXPECT_THAT(note.Remove(), IsOk());

  EXPECT_FALSE(note.Read().has_value());
}

TEST(ProgressNoteTest, ADamagedNoteIsNone) {
  const TemporaryFolder folder;
  const ProgressNote note(LocalFileSystem(), folder / "imports", "a.csv");
  ASSERT_THAT(note.Write({1000, 7}), IsOk());
  const auto names = LocalFileSystem().ListFolder(folder / "imports");
  ASSERT_THAT(names, IsOk());
  ASSERT_EQ(names->size(), 1U);
  const std::string path = (folder / "imports") + "/" + names->front();
  std::string bytes = LocalFileSystem().ReadFile(path).value();
  bytes[9] ^= 1;
  auto file = LocalFileSystem().OpenForWrite(path, OpenMode::kTruncate);
  ASSERT_THAT((*file)->Append(bytes), IsOk());
  ASSERT_THAT((*file)->Close(), IsOk());

  EXPECT_FALSE(note.Read().has_value());
  const absl::Status checked = ProgressNote::CheckAll(LocalFileSystem(), folder / "imports");
  EXPECT_THAT(checked, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(std::string(checked.message()), HasSubstr(path));
}

TEST(ProgressNoteTest, AreWholeWhereThereAreNone) {
  const TemporaryFolder folder;
  EXPECT_THAT(ProgressNote::CheckAll(LocalFileSystem(), folder / "imports"), IsOk());

  const ProgressNote note(LocalFileSystem(), folder / "imports", "a.csv");
  ASSERT_THAT(note.Write({1000, 7}), IsOk());

  EXPECT_THAT(ProgressNote::CheckAll(LocalFileSystem(), folder / "imports"), IsOk());
}

}  // namespace
}  // namespace vitrine::cli
