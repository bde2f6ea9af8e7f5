#include "vitrine/feature_store/check_store.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "feature_store/checkpoint.h"
#include "feature_store/local_store.h"
#include "testing/fake_clock.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/log.h"

namespace vitrine {
namespace {

using testing::FakeClock;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

class CheckStoreTest : public ::testing::Test {
 protected:
  CheckStoreTest() { SetLogLevel(LogLevel::kError); }
  ~CheckStoreTest() override { SetLogLevel(LogLevel::kInfo); }

  std::unique_ptr<FeatureStore> Open() {
    auto store = FeatureStore::Open(folder_.path(), {}, LocalFileSystem(), clock_);
    EXPECT_THAT(store, IsOk());
    return *std::move(store);
  }

  static void Record(FeatureStore& store, int from, int to) {
    RecordEvents events;
    for (int i = from; i < to; ++i) {
      const std::string number = std::to_string(i);
      events.events.push_back({.event_id = "e" + number,
                               .type = EventType::kDetailPageView,
                               .user_id = "user-" + std::to_string(i % 7),
                               .time_us = FakeClock::kStart + i,
                               .items = {{.item_id = "item-" + std::to_string(i % 5)}}});
    }
    ASSERT_THAT(store.Write(std::move(events)), IsOk());
  }

  // 60 events, closed as a server does, with a checkpoint of all.
  void MakeStore() {
    const auto store = Open();
    Record(*store, 0, 40);
    Record(*store, 40, 60);
  }

  absl::StatusOr<StoreCheck> Check() {
    return CheckStore(folder_.path(), {}, LocalFileSystem(), clock_);
  }

  std::vector<std::filesystem::path> FilesThatEndIn(const std::string& ending) {
    std::vector<std::filesystem::path> paths;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (file.path().extension() == ending) paths.push_back(file.path());
    }
    return paths;
  }

  static void FlipByte(const std::filesystem::path& path, std::uintmax_t position) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(position));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(position));
    file.put(static_cast<char>(byte ^ 0x10));
  }

  testing::TemporaryFolder folder_;
  FakeClock clock_;
};

TEST_F(CheckStoreTest, AWholeStoreIsFoundWholeAndItsViewsThoseOfItsLog) {
  MakeStore();

  const auto check = Check();

  ASSERT_THAT(check, IsOk());
  EXPECT_EQ(check->num_events, 60U);
  EXPECT_EQ(check->num_users, 7U);
  EXPECT_GT(check->num_disk_bytes, 0U);
  EXPECT_EQ(check->checkpoint, StoreCheck::Checkpoint::kSame);
}

// A merge adds up what both had; a rebuild adds the events of both to one of them.
TEST_F(CheckStoreTest, AUserWhoWasAVisitorIsTheSameButForRounding) {
  {
    const auto store = Open();
    for (int visitor = 0; visitor < 20; ++visitor) {
      RecordEvents events;
      for (int i = 0; i < 50; ++i) {
        const bool is_user = i % 3 == 0;
        events.events.push_back(
            {.event_id = "m" + std::to_string(visitor * 50 + i),
             .type = EventType::kDetailPageView,
             .user_id = is_user ? "user-" + std::to_string(visitor) : "",
             .visitor_id = is_user ? "" : "visitor-" + std::to_string(visitor),
             .time_us =
                 FakeClock::kStart - i * 1'234'567'890'123 % kMicrosPerDay - i * kMicrosPerDay,
             .items = {{.item_id = "item"}}});
      }
      ASSERT_THAT(store->Write(std::move(events)), IsOk());
      ASSERT_THAT(store->Write(MergeUsers{.visitor_id = "visitor-" + std::to_string(visitor),
                                          .user_id = "user-" + std::to_string(visitor)}),
                  IsOk());
    }
  }

  const auto check = Check();

  ASSERT_THAT(check, IsOk());
  EXPECT_EQ(check->checkpoint, StoreCheck::Checkpoint::kSame);
}

TEST_F(CheckStoreTest, BesideItsOwnerAStoreIsCheckedAsItIsNow) {
  const auto store = Open();
  Record(*store, 0, 40);
  ASSERT_THAT(store->Checkpoint(), IsOk());
  Record(*store, 40, 60);

  const auto check = Check();

  ASSERT_THAT(check, IsOk());
  EXPECT_EQ(check->num_events, 60U);
  EXPECT_EQ(check->checkpoint, StoreCheck::Checkpoint::kSame);
  Record(*store, 60, 61);  // The owner was left in peace.
}

TEST_F(CheckStoreTest, AFlippedBitInATableIsFoundAndTheFileNamed) {
  MakeStore();
  const auto tables = FilesThatEndIn(".sst");
  ASSERT_FALSE(tables.empty());

  for (const auto& table : tables) {
    FlipByte(table, 5);
    const auto check = Check();
    EXPECT_THAT(check, StatusIs(absl::StatusCode::kDataLoss)) << table;
    EXPECT_THAT(std::string(check.status().message()), HasSubstr(table.filename().string()));
    FlipByte(table, 5);
  }
  EXPECT_THAT(Check(), IsOk());
}

TEST_F(CheckStoreTest, ADamagedCheckpointIsSaidToBeOfNoUse) {
  MakeStore();
  const auto checkpoints = FilesThatEndIn(".checkpoint");
  ASSERT_EQ(checkpoints.size(), 1U);
  FlipByte(checkpoints[0], std::filesystem::file_size(checkpoints[0]) / 2);

  const auto check = Check();

  ASSERT_THAT(check, IsOk());
  EXPECT_EQ(check->checkpoint, StoreCheck::Checkpoint::kUnused);
  EXPECT_EQ(FilesThatEndIn(".checkpoint").size(), 1U);  // Nothing is removed.
}

// A checkpoint that is whole, and says of a shopper what the log does not.
TEST_F(CheckStoreTest, ViewsThatTheLogDoesNotMakeAreDataLoss) {
  MakeStore();
  {
    const StorePlace place{
        .folder = folder_.path(), .options = {}, .files = &LocalFileSystem(), .clock = &clock_};
    auto loaded = LoadStore(place);
    ASSERT_THAT(loaded, IsOk());
    StoreChanges::AddEvent made_up;
    made_up.head.type = EventType::kDetailPageView;
    made_up.head.time_us = FakeClock::kStart;
    made_up.head.user = made_up.shopper;
    made_up.head.items = {{.item = ItemIndex{0}}};
    loaded->views->AddEvent(made_up);
    const Checkpoint checkpoint{
        .store = loaded->key->Fingerprint(),
        .signature = SettingsSignature({}),
        .state = loaded->state,
        .views = loaded->views->BeginCheckpoint(loaded->state.next_offset)->Write()};
    ASSERT_THAT(WriteCheckpoint(LocalFileSystem(), folder_.path(), checkpoint), IsOk());
  }

  const auto check = Check();

  EXPECT_THAT(check, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(std::string(check.status().message()), HasSubstr("views-*.checkpoint"));
}

TEST_F(CheckStoreTest, AnEventIdThatLeadsNowhereIsDataLoss) {
  MakeStore();
  {
    auto storage = Storage::Open(folder_ / "db", Storage::Access::kOwner, LocalFileSystem());
    ASSERT_THAT(storage, IsOk());
    Batch batch;
    batch.Put(Table::kEventIds, std::string(16, 'x'), EncodeEventIdRow({.offset = 999}));
    ASSERT_THAT((*storage)->Commit(batch), IsOk());
  }

  const auto check = Check();

  EXPECT_THAT(check, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(std::string(check.status().message()), HasSubstr("offset 999"));
}

TEST_F(CheckStoreTest, WhereThereIsNoStoreNothingIsMade) {
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

}  // namespace
}  // namespace vitrine
