#include "vitrine/feature_store/check_store.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "feature_store/check_store_fixture.h"
#include "feature_store/checkpoint.h"
#include "feature_store/local_store.h"

namespace vitrine {
namespace {

using testing::FakeClock;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

class CheckStoreTest : public testing::CheckTest {
 protected:
  std::unique_ptr<Storage> OpenStorage() {
    auto storage = Storage::Open(folder_ / "db", Storage::Access::kOwner, LocalFileSystem());
    EXPECT_THAT(storage, IsOk());
    return *std::move(storage);
  }

  // The row of one of the events' ids.
  static std::pair<std::string, EventIdRow> AnEventId(const Storage& storage) {
    std::pair<std::string, EventIdRow> found;
    EXPECT_THAT(storage.Scan(Table::kEventIds, "", "",
                             [&found](std::string_view key, std::string_view value) {
                               found = {std::string(key), *DecodeEventIdRow(value)};
                               return absl::OkStatus();
                             }),
                IsOk());
    return found;
  }
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
  Batch batch;
  batch.Put(Table::kEventIds, std::string(16, 'x'), EncodeEventIdRow({.offset = 999}));
  ASSERT_THAT(OpenStorage()->Commit(batch), IsOk());

  const auto check = Check();

  EXPECT_THAT(check, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(std::string(check.status().message()), HasSubstr("offset 999"));
}

TEST_F(CheckStoreTest, AnEventIdThatLeadsToAnotherEventIsDataLoss) {
  MakeStore();
  {
    const auto storage = OpenStorage();
    auto [key, row] = AnEventId(*storage);
    row.offset = (row.offset + 1) % 60;
    Batch batch;
    batch.Put(Table::kEventIds, key, EncodeEventIdRow(row));
    ASSERT_THAT(storage->Commit(batch), IsOk());
  }

  const auto check = Check();

  EXPECT_THAT(check, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(std::string(check.status().message()), HasSubstr("another event"));
}

TEST_F(CheckStoreTest, AnEventThatIsNotKnownByItsIdIsDataLoss) {
  MakeStore();
  {
    const auto storage = OpenStorage();
    Batch batch;
    batch.Delete(Table::kEventIds, AnEventId(*storage).first);
    ASSERT_THAT(storage->Commit(batch), IsOk());
  }

  const auto check = Check();

  EXPECT_THAT(check, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(std::string(check.status().message()),
              HasSubstr("60 events with an id, 59 are known by it"));
}

TEST_F(CheckStoreTest, EventsWithoutAnIdThatCameTwiceAndThatWereErasedAreNoDamage) {
  MakeStore();
  {
    const auto store = Open();
    Record(*store, 0, 10);
    ASSERT_THAT(store->Write(RecordEvents{{{.type = EventType::kDetailPageView,
                                            .user_id = "user-0",
                                            .time_us = FakeClock::kStart,
                                            .items = {{.item_id = "item-0"}}}}}),
                IsOk());
    ASSERT_THAT(store->Write(EraseUser{.user_id = "user-1"}), IsOk());
    ASSERT_THAT(store->Write(ForgetOldEvents{.keep_events = 30}), IsOk());
  }

  const auto check = Check();

  ASSERT_THAT(check, IsOk());
  EXPECT_EQ(check->num_events, 30U);
}

TEST_F(CheckStoreTest, WhereThereIsNoStoreNothingIsMade) {
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

}  // namespace
}  // namespace vitrine
