#include <gmock/gmock.h>

#include <cstdint>
#include <filesystem>

#include "feature_store/check_store_fixture.h"

namespace vitrine {
namespace {

using testing::IsOk;

// What leads to the tables of a store, and the write-ahead log that a kill leaves.
class CheckLogsTest : public testing::CheckTest {
 protected:
  std::filesystem::path Manifest() {
    for (const auto& file : std::filesystem::directory_iterator(folder_ / "db")) {
      if (file.path().filename().string().starts_with("MANIFEST")) return file.path();
    }
    return {};
  }
};

TEST_F(CheckLogsTest, AStoreThatWasKilledIsWhole) {
  MakeKilledStore();

  const auto check = Check();

  ASSERT_THAT(check, IsOk());
  EXPECT_EQ(check->num_events, 60U);
  EXPECT_EQ(check->num_torn_bytes, 0U);
}

TEST_F(CheckLogsTest, ATornTailIsNoDamageAndIsCounted) {
  const auto [log, before_last] = MakeKilledStore();
  const std::uintmax_t size = std::filesystem::file_size(log);

  for (const std::uintmax_t torn : {size - 1, before_last + 10, before_last + 1}) {
    std::filesystem::resize_file(log, torn);

    const auto check = Check();

    ASSERT_THAT(check, IsOk()) << torn;
    EXPECT_EQ(check->num_events, 40U);
    EXPECT_EQ(check->num_torn_bytes, torn - before_last);
    EXPECT_EQ(std::filesystem::file_size(log), torn);  // Nothing is cut.
  }
}

TEST_F(CheckLogsTest, AFlippedBitBeforeTheLastCommitOfALogIsFoundAndTheFileNamed) {
  const auto [log, before_last] = MakeKilledStore();
  ASSERT_GT(before_last, 1'000U);

  for (std::uintmax_t place = 0; place < before_last; place += 13) {
    SCOPED_TRACE(place);
    const int mask = 1 << (place % 8);
    FlipByte(log, place, mask);
    ExpectDataLossIn(log);
    FlipByte(log, place, mask);
  }
  EXPECT_THAT(Check(), IsOk());
}

TEST_F(CheckLogsTest, AFlippedBitAnywhereInTheManifestIsFoundAndTheFileNamed) {
  MakeStore();
  const std::filesystem::path manifest = Manifest();
  const std::uintmax_t size = std::filesystem::file_size(manifest);
  ASSERT_GT(size, 100U);

  for (std::uintmax_t place = 0; place < size; place += 1 + size / 40) {
    SCOPED_TRACE(place);
    const int mask = 1 << (place % 8);
    FlipByte(manifest, place, mask);
    ExpectDataLossIn(manifest);
    FlipByte(manifest, place, mask);
  }
  FlipByte(manifest, size - 1);
  ExpectDataLossIn(manifest);
  FlipByte(manifest, size - 1);
  EXPECT_THAT(Check(), IsOk());
}

TEST_F(CheckLogsTest, AFlippedBitInTheNameOfTheManifestIsFound) {
  MakeStore();
  const std::filesystem::path current = folder_ / "db/CURRENT";

  for (std::uintmax_t place = 0; place < std::filesystem::file_size(current); ++place) {
    SCOPED_TRACE(place);
    FlipByte(current, place);
    ExpectDataLossIn(current);
    FlipByte(current, place);
  }
  FlipByte(current, std::filesystem::file_size(current) - 2, 1);  // Another number.
  ExpectDataLossIn(current);
}

// Without CURRENT, RocksDB would take the folder for that of a new store.
TEST_F(CheckLogsTest, ALogThatNothingLeadsToIsDataLoss) {
  const auto [log, before_last] = MakeKilledStore();
  std::filesystem::remove(folder_ / "db/CURRENT");

  ExpectDataLossIn(log);
}

}  // namespace
}  // namespace vitrine
