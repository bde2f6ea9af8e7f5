#include "feature_store/wal_tail.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "feature_store/storage.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/atomic_file.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

// Logs that RocksDB itself wrote: batch i holds row i of a table.
class WalTailTest : public ::testing::Test {
 protected:
  // Rows of `row_bytes` each, and how long the log was after each.
  void WriteRows(int count, std::size_t row_bytes) {
    auto storage = Storage::Open(folder_.path(), Storage::Access::kOwner, LocalFileSystem());
    ASSERT_THAT(storage, IsOk());
    for (int i = 0; i < count; ++i) {
      Batch batch;
      batch.Put(Table::kLog, std::to_string(i), std::string(row_bytes, static_cast<char>('a' + i)));
      ASSERT_THAT((*storage)->Commit(batch), IsOk());
      bytes_ = *LocalFileSystem().ReadFile(Wal());
      ends_.push_back(bytes_.size());
    }
    std::filesystem::copy(folder_.path(), crashed_.path(),
                          std::filesystem::copy_options::recursive);
  }

  std::string Wal() const {
    std::string newest;
    for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
      if (file.path().extension() == ".log") newest = std::max(newest, file.path().string());
    }
    return newest;
  }
  std::string CrashedWal() const {
    return crashed_ / std::filesystem::path(Wal()).filename().string();
  }

  // Opens the copy that a crash left behind, with `bytes` as its log.
  absl::StatusOr<std::unique_ptr<Storage>> OpenWith(const std::string& bytes) {
    EXPECT_THAT(WriteFileAtomically(LocalFileSystem(), CrashedWal(), bytes), IsOk());
    return Storage::Open(crashed_.path(), Storage::Access::kOwner, LocalFileSystem());
  }

  static int CountRows(const Storage& storage) {
    int count = 0;
    EXPECT_THAT(storage.Scan(Table::kLog, "", "",
                             [&](std::string_view, std::string_view) {
                               ++count;
                               return absl::OkStatus();
                             }),
                IsOk());
    return count;
  }

  testing::TemporaryFolder folder_;
  testing::TemporaryFolder crashed_;
  std::string bytes_;
  std::vector<std::size_t> ends_;
};

TEST_F(WalTailTest, AWholeLogIsIntact) {
  WriteRows(4, 20'000);  // Batches cross the 32 KiB blocks.

  const WalTail tail = InspectWal(bytes_);

  EXPECT_EQ(tail.intact_bytes, bytes_.size());
  EXPECT_FALSE(tail.is_damaged);
}

TEST_F(WalTailTest, EveryTruncationKeepsTheBatchesBefore) {
  WriteRows(3, 20'000);

  for (std::size_t size = 0; size < bytes_.size(); size += 97) {
    const WalTail tail = InspectWal(std::string_view(bytes_).substr(0, size));

    std::size_t want = 0;
    for (const std::size_t end : ends_) want = end <= size ? end : want;
    ASSERT_EQ(tail.intact_bytes, want) << size;
    ASSERT_FALSE(tail.is_damaged) << size;
    ASSERT_EQ(tail.is_cut_off, want < size) << size;
  }
}

TEST_F(WalTailTest, AFlippedByteInTheLastBatchIsATornTail) {
  WriteRows(3, 20'000);

  for (std::size_t at = ends_[1]; at < ends_[2]; at += 101) {
    std::string flipped = bytes_;
    flipped[at] ^= 0x40;

    const WalTail tail = InspectWal(flipped);

    ASSERT_EQ(tail.intact_bytes, ends_[1]) << at;
    ASSERT_FALSE(tail.is_damaged) << at;
    ASSERT_FALSE(tail.is_cut_off) << at;
  }
}

TEST_F(WalTailTest, AFlippedByteBeforeTheLastBatchIsNot) {
  WriteRows(3, 1'000);

  for (std::size_t at = 0; at < ends_[1]; ++at) {
    std::string flipped = bytes_;
    flipped[at] ^= 0x40;

    ASSERT_TRUE(InspectWal(flipped).is_damaged) << at;
  }
}

// The checksum of a record does not cover its length.
TEST_F(WalTailTest, AFlippedByteInTheLengthOfTheLastBatchIsNoTornTail) {
  WriteRows(3, 1'000);

  for (const std::size_t at : {ends_[1] + 4, ends_[1] + 5}) {
    std::string flipped = bytes_;
    flipped[at] ^= 0x40;

    const WalTail tail = InspectWal(flipped);

    EXPECT_EQ(tail.intact_bytes, ends_[1]) << at;
    EXPECT_TRUE(tail.is_damaged) << at;
  }
}

// As where a block in between is lost.
TEST_F(WalTailTest, ABatchThatBeginsInTheMiddleOfAnotherIsNoTornTail) {
  constexpr std::size_t kBlock = 32'768;
  WriteRows(1, 60'000);

  const WalTail tail = InspectWal(bytes_.substr(0, kBlock) + bytes_);

  EXPECT_EQ(tail.intact_bytes, 0U);
  EXPECT_TRUE(tail.is_damaged);
}

TEST_F(WalTailTest, OnlyTheNewestLogThatHoldsAnythingMayEndInATornTail) {
  WriteRows(2, 500);
  const testing::TemporaryFolder logs;
  const auto put = [&logs](const std::string& name, const std::string& bytes) {
    ASSERT_THAT(WriteFileAtomically(LocalFileSystem(), logs / name, bytes), IsOk());
  };
  put("000004.log", bytes_);
  put("000009.log", bytes_.substr(0, bytes_.size() - 100));
  put("000011.log", "");

  const auto torn = CheckWals(LocalFileSystem(), logs.path());
  put("000011.log", bytes_);
  const auto damaged = CheckWals(LocalFileSystem(), logs.path());
  put("000009.log", bytes_);
  const auto whole = CheckWals(LocalFileSystem(), logs.path());

  ASSERT_THAT(torn, IsOk());
  EXPECT_EQ(*torn, ends_[1] - 100 - ends_[0]);
  EXPECT_THAT(damaged, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(std::string(damaged.status().message()), HasSubstr("000009.log"));
  ASSERT_THAT(whole, IsOk());
  EXPECT_EQ(*whole, 0U);
}

TEST_F(WalTailTest, ATornTailIsCutAndTheStoreOpens) {
  WriteRows(4, 500);

  const auto storage = OpenWith(bytes_.substr(0, bytes_.size() - 100));

  ASSERT_THAT(storage, IsOk());
  EXPECT_EQ(CountRows(**storage), 3);
  EXPECT_EQ((*storage)->cut_bytes(), ends_[3] - 100 - ends_[2]);
}

TEST_F(WalTailTest, ATornTailIsCutThoughAnEmptyLogFollowsIt) {
  WriteRows(4, 500);
  const std::string newer = crashed_ / "999999.log";
  ASSERT_THAT(WriteFileAtomically(LocalFileSystem(), newer, ""), IsOk());

  const auto storage = OpenWith(bytes_.substr(0, bytes_.size() - 100));

  ASSERT_THAT(storage, IsOk());
  EXPECT_EQ(CountRows(**storage), 3);
  EXPECT_EQ((*storage)->cut_bytes(), ends_[3] - 100 - ends_[2]);
}

TEST_F(WalTailTest, ZeroesBehindTheEndAreCutToo) {
  WriteRows(2, 500);

  const auto storage = OpenWith(bytes_ + std::string(5'000, '\0'));

  ASSERT_THAT(storage, IsOk());
  EXPECT_EQ(CountRows(**storage), 2);
  EXPECT_EQ((*storage)->cut_bytes(), 5'000);
  EXPECT_TRUE(InspectWal(bytes_ + std::string(5'000, '\0')).is_cut_off);
}

TEST_F(WalTailTest, DamageBeforeTheEndIsDataLossThatNamesTheFile) {
  WriteRows(4, 500);
  std::string flipped = bytes_;
  flipped[ends_[0] + 50] ^= 1;

  const auto storage = OpenWith(flipped);

  EXPECT_THAT(storage, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(std::string(storage.status().message()), HasSubstr(CrashedWal()));
}

}  // namespace
}  // namespace vitrine
