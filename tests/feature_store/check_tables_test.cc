#include <gmock/gmock.h>
#include <rocksdb/db.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "feature_store/check_store_fixture.h"
#include "feature_store/rocksdb_files.h"
#include "feature_store/storage_options.h"
#include "vitrine/feature_store/backup.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

// The machine's files; calls `before_table` before a table is opened for the first time.
class FilesOfAReader final : public FileSystem {
 public:
  explicit FilesOfAReader(std::function<void()> before_table)
      : before_table_(std::move(before_table)) {}

  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenForRead(const std::string& path) override {
    if (path.ends_with(".sst") && !has_read_table_.exchange(true)) before_table_();
    return files_.OpenForRead(path);
  }
  absl::StatusOr<std::unique_ptr<WritableFile>> OpenForWrite(const std::string& path,
                                                             OpenMode mode) override {
    return files_.OpenForWrite(path, mode);
  }
  absl::StatusOr<std::string> ReadFile(const std::string& path) override {
    return files_.ReadFile(path);
  }
  absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& path) override {
    return files_.ListFolder(path);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    return files_.Rename(from, to);
  }
  absl::Status Remove(const std::string& path) override { return files_.Remove(path); }
  absl::Status MakeFolder(const std::string& path) override { return files_.MakeFolder(path); }
  absl::Status SyncFolder(const std::string& path) override { return files_.SyncFolder(path); }
  absl::Status RemoveFolder(const std::string& path) override { return files_.RemoveFolder(path); }
  absl::StatusOr<std::uint64_t> FreeBytes(const std::string& folder) override {
    return files_.FreeBytes(folder);
  }

 private:
  FileSystem& files_ = LocalFileSystem();
  const std::function<void()> before_table_;
  std::atomic<bool> has_read_table_ = false;
};

// A closed store whose tables are harmed.
class CheckTablesTest : public testing::CheckTest {
 protected:
  // A few over the whole of a table, more in its last 2 KB, which hold what describes the rest, and
  // all of its end.
  static std::vector<std::uintmax_t> PlacesToFlip(const std::filesystem::path& table) {
    const std::uintmax_t size = std::filesystem::file_size(table);
    std::vector<std::uintmax_t> places;
    for (std::uintmax_t i = 0; i < size;) {
      places.push_back(i);
      const std::uintmax_t left = size - i;
      i += left > 2'048 ? 97 : left > 64 ? 31 : 1;
    }
    return places;
  }

  // As before files had a checksum: the same tables, in files without one.
  void RewriteWithoutChecksums() {
    WalWatch unused;
    const std::unique_ptr<rocksdb::Env> env = MakeRocksEnv(LocalFileSystem(), unused);
    rocksdb::DBOptions options = MakeTableOptions(*env, Storage::Access::kOwner);
    options.file_checksum_gen_factory = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* opened = nullptr;
    ASSERT_TRUE(
        rocksdb::DB::Open(options, folder_ / "db", DescribeTables(), &handles, &opened).ok());
    const std::unique_ptr<rocksdb::DB> db(opened);
    rocksdb::CompactRangeOptions rewrite;
    rewrite.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      EXPECT_TRUE(db->CompactRange(rewrite, handle, nullptr, nullptr).ok());
      EXPECT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
    }
    // What was rewritten goes now, as in Storage::Forget.
    EXPECT_TRUE(db->DisableFileDeletions().ok());
    EXPECT_TRUE(db->EnableFileDeletions(/*force=*/true).ok());
  }
};

TEST_F(CheckTablesTest, AFlippedBitAnywhereInATableIsFoundAndTheFileNamed) {
  MakeStore();
  const auto tables = FilesThatEndIn(".sst");
  ASSERT_GE(tables.size(), 5U);

  for (const auto& table : tables) {
    for (const std::uintmax_t place : PlacesToFlip(table)) {
      SCOPED_TRACE(place);
      const int mask = 1 << (place % 8);
      FlipByte(table, place, mask);
      ExpectDataLossIn(table);
      FlipByte(table, place, mask);
    }
  }
  EXPECT_THAT(Check(), IsOk());
}

TEST_F(CheckTablesTest, ATableThatIsCutShortOrMissingIsFoundAndTheFileNamed) {
  MakeStore();

  for (const auto& table : FilesThatEndIn(".sst")) {
    const std::filesystem::path aside = table.string() + ".aside";
    std::filesystem::rename(table, aside);
    ExpectDataLossIn(table);
    std::filesystem::copy_file(aside, table);
    std::filesystem::resize_file(table, std::filesystem::file_size(table) - 1);
    ExpectDataLossIn(table);
    std::filesystem::rename(aside, table);
  }
  EXPECT_THAT(Check(), IsOk());
}

TEST_F(CheckTablesTest, TablesFromBeforeFilesHadAChecksumAreCheckedByTheirBlocks) {
  MakeStore();
  RewriteWithoutChecksums();

  EXPECT_THAT(Check(), IsOk());
  for (const auto& table : FilesThatEndIn(".sst")) {
    FlipByte(table, 0);
    ExpectDataLossIn(table);
    FlipByte(table, 0);
  }
}

TEST_F(CheckTablesTest, WhatLeadsToTheTablesIsMissed) {
  MakeStore();

  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "db")) {
    const std::string name = entry.path().filename().string();
    if (name == "CURRENT" || name.starts_with("MANIFEST")) files.push_back(entry.path());
  }
  ASSERT_EQ(files.size(), 2U);
  for (const std::filesystem::path& file : files) {
    std::filesystem::rename(file, folder_ / "aside");
    EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kDataLoss)) << file;
    std::filesystem::rename(folder_ / "aside", file);
  }
  EXPECT_THAT(Check(), IsOk());
}

// A kill while a table is written leaves it so; the next start removes it.
TEST_F(CheckTablesTest, AHalfWrittenTableThatIsNoPartOfTheStoreIsNoDamage) {
  MakeStore();
  const auto half = std::filesystem::path(folder_ / "db/999999.sst");
  std::filesystem::copy_file(FilesThatEndIn(".sst")[0], half);
  std::filesystem::resize_file(half, std::filesystem::file_size(half) / 2);

  EXPECT_THAT(Check(), IsOk());
}

TEST_F(CheckTablesTest, TablesThatTheOwnerRemovesMeanwhileAreNoDamage) {
  MakeStore();
  const auto store = Open();
  const auto tables = FilesThatEndIn(".sst");
  FilesOfAReader files([&store] {  // Every table is written anew.
    EXPECT_THAT(store->Write(EraseUser{.user_id = "user-1"}), IsOk());
  });

  const auto check = CheckStore(folder_.path(), {}, files, clock_);

  ASSERT_THAT(check, IsOk());
  EXPECT_EQ(check->num_events, 51U);
  for (const auto& table : tables) EXPECT_FALSE(std::filesystem::exists(table)) << table;
}

TEST_F(CheckTablesTest, ARestoreRefusesTablesThatWereDamagedBeforeTheyWereBackedUp) {
  MakeStore();
  const testing::TemporaryFolder backups;
  const auto store = Open();
  for (const auto& table : FilesThatEndIn(".sst")) {
    const std::string name = table.filename();
    FlipByte(table, std::filesystem::file_size(table) - 200);
    ASSERT_THAT(store->BackUp(backups / name, [] { return false; }), IsOk());
    FlipByte(table, std::filesystem::file_size(table) - 200);

    const absl::Status status =
        RestoreBackup(LocalFileSystem(), backups / name, backups / "new",
                      [this](const std::string& copy) {
                        return CheckStore(copy, {}, LocalFileSystem(), clock_).status();
                      })
            .status();

    EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_THAT(std::string(status.message()), HasSubstr(name));
    EXPECT_FALSE(std::filesystem::exists(backups / "new"));
  }
}

// In a process of its own: of what it warns of once, RocksDB may have warned in this one.
TEST_F(CheckTablesTest, AWholeStoreIsCheckedWithoutAWarning) {
  MakeStore();
  SetLogLevel(LogLevel::kWarning);
  GTEST_FLAG_SET(death_test_style, "threadsafe");

  EXPECT_EXIT(
      {
        const bool is_whole = Check().ok();
        std::filesystem::remove_all(folder_.path());
        std::_Exit(is_whole ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), ::testing::IsEmpty());
}

}  // namespace
}  // namespace vitrine
