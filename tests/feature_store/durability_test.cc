// Nothing acknowledged is lost, nothing is half done: disks that fail, fill up, lose their power
// and rot, under the store.

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "feature_store/event_ids.h"
#include "feature_store/storage.h"
#include "testing/fake_clock.h"
#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/log.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

using testing::FakeClock;
using testing::FaultFileSystem;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::IsSupersetOf;
using testing::StatusIs;

Event MakeEvent(const std::string& id) {
  return {.event_id = id,
          .type = EventType::kDetailPageView,
          .user_id = "user-" + id,
          .time_us = FakeClock::kStart,
          .items = {{.item_id = "item"}}};
}

class DurabilityTest : public ::testing::Test {
 protected:
  DurabilityTest() { SetLogLevel(LogLevel::kError); }
  ~DurabilityTest() override { SetLogLevel(LogLevel::kInfo); }

  // On a disk that has no faults yet.
  absl::Status Open(const FeatureStoreOptions& options = {}) {
    store_.reset();
    files_ = std::make_unique<FaultFileSystem>();
    auto store = FeatureStore::Open(folder_.path(), options, *files_, clock_);
    if (store.ok()) store_ = *std::move(store);
    return store.status();
  }

  void CloseWithoutPower() {
    files_->CutPower();
    store_.reset();
  }

  // Records one event; remembers whether it was acknowledged.
  absl::Status Record(const std::string& id) {
    const absl::Status status = store_->Write(RecordEvents{{MakeEvent(id)}}).status();
    if (status.ok()) acknowledged_.insert(id);
    return status;
  }

  std::multiset<std::string> Ids() { return testing::EventIds(*store_); }

  void ExpectEveryAcknowledgedEventOnce() {
    const std::multiset<std::string> ids = Ids();
    EXPECT_THAT(ids, IsSupersetOf(acknowledged_));
    for (const std::string& id : ids) {
      EXPECT_EQ(ids.count(id), 1) << id;
      EXPECT_EQ(store_->ReadShopper("user-" + id, "").history.size(), 1) << id;
    }
  }

  std::vector<std::string> FilesOf(const std::string& extension) const {
    std::vector<std::string> paths;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (file.path().extension() == extension) paths.push_back(file.path());
    }
    return paths;
  }

  static void FlipByte(const std::string& path, double where) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const auto at =
        static_cast<std::streamoff>(where * static_cast<double>(std::filesystem::file_size(path)));
    file.seekg(at);
    const int byte = file.get();
    file.seekp(at);
    file.put(static_cast<char>(byte ^ 0x10));
  }

  testing::TemporaryFolder folder_;
  FakeClock clock_;
  std::unique_ptr<FaultFileSystem> files_;
  std::unique_ptr<FeatureStore> store_;
  std::set<std::string> acknowledged_;
};

TEST_F(DurabilityTest, AcknowledgedEventsSurviveAPowerCut) {
  ASSERT_THAT(Open(), IsOk());
  for (int i = 0; i < 10; ++i) ASSERT_THAT(Record(std::to_string(i)), IsOk());

  CloseWithoutPower();

  ASSERT_THAT(Open(), IsOk());
  ExpectEveryAcknowledgedEventOnce();
  EXPECT_EQ(store_->status().replayed_events, 10);
}

// The power goes in the middle of the nth change to a file, from making the store on; what was
// acknowledged is there after it, and the store works on. Every third of the first 220: random ones
// are for power_rounds_test.cc.
TEST_F(DurabilityTest, APowerCutAtAnyCallLosesNothingAcknowledged) {
  for (int nth = 1; nth < 220; nth += 3) {
    SCOPED_TRACE(nth);
    std::filesystem::remove_all(folder_ / "db");
    for (const std::string& path : FilesOf(".checkpoint")) std::filesystem::remove(path);
    acknowledged_.clear();
    files_ = std::make_unique<FaultFileSystem>();
    files_->CutPowerAtCall(nth, static_cast<std::uint64_t>(nth));
    auto store = FeatureStore::Open(folder_.path(), {.checkpoint_events = 7}, *files_, clock_);
    if (store.ok()) {
      store_ = *std::move(store);
      for (int i = 0; i < 30 && Record(std::to_string(i)).ok(); ++i) {
      }
      (void)store_->Write(EraseUser{.visitor_id = "nobody"});
    }
    CloseWithoutPower();

    ASSERT_THAT(Open(), IsOk());
    ExpectEveryAcknowledgedEventOnce();
    ASSERT_THAT(Record("after"), IsOk());
    store_.reset();
  }
}

TEST_F(DurabilityTest, AnErasureThatWasAcknowledgedSurvivesAndAnInterruptedOneIsWhole) {
  // RocksDB waits a second after a failure in its background threads: few of those.
  for (const int nth : {1, 2, 3, 4, 5, 8, 17, 33, 60, 86, 104, 106, 108, 110, 112, 114, 116}) {
    SCOPED_TRACE(nth);
    std::filesystem::remove_all(folder_ / "db");
    for (const std::string& path : FilesOf(".checkpoint")) std::filesystem::remove(path);
    ASSERT_THAT(Open(), IsOk());
    for (const char* id : {"a", "b", "c"}) ASSERT_THAT(Record(id), IsOk());
    files_->CutPowerAtCall(nth, static_cast<std::uint64_t>(nth));
    const bool is_acknowledged = store_->Write(EraseUser{.user_id = "user-b"}).ok();
    CloseWithoutPower();

    ASSERT_THAT(Open(), IsOk());

    const bool is_erased = Ids() == std::multiset<std::string>{"a", "c"};
    EXPECT_TRUE(is_erased || !is_acknowledged);
    EXPECT_TRUE(is_erased || Ids() == (std::multiset<std::string>{"a", "b", "c"}));
    EXPECT_EQ(store_->ReadShopper("user-b", "").is_known, !is_erased);
    const auto late = store_->Write(RecordEvents{{MakeEvent("b")}});
    ASSERT_THAT(late, IsOk());
    EXPECT_EQ(late->outcomes[0], is_erased ? EventOutcome::kErased : EventOutcome::kDuplicate);
    store_.reset();
  }
}

TEST_F(DurabilityTest, AfterAFailedSyncTheStoreIsReadOnlyAndSaysWhy) {
  ASSERT_THAT(Open(), IsOk());
  ASSERT_THAT(Record("before"), IsOk());
  files_->FailSync(1);

  EXPECT_THAT(Record("lost"), StatusIs(absl::StatusCode::kUnavailable));

  EXPECT_THAT(Record("refused"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(std::string(store_->status().writable.message()), HasSubstr("read-only"));
  EXPECT_FALSE(store_->ReadShopper("user-lost", "").is_known);
  EXPECT_EQ(store_->ReadShopper("user-before", "").history.size(), 1);

  CloseWithoutPower();
  ASSERT_THAT(Open(), IsOk());
  ExpectEveryAcknowledgedEventOnce();
  EXPECT_THAT(Record("after"), IsOk());
}

TEST_F(DurabilityTest, AfterAFailedSyncNothingIsSyncedAgain) {
  ASSERT_THAT(Open(), IsOk());
  files_->FailSync(1);
  EXPECT_THAT(Record("lost"), StatusIs(absl::StatusCode::kUnavailable));
  const int num_syncs = files_->num_syncs();

  for (int i = 0; i < 5; ++i) (void)Record(std::to_string(i));
  store_.reset();

  EXPECT_EQ(files_->num_syncs(), num_syncs);
}

TEST_F(DurabilityTest, AfterAFailedWriteTheStoreIsReadOnlyAndARestartCutsTheHalfOfIt) {
  ASSERT_THAT(Open(), IsOk());
  ASSERT_THAT(Record("before"), IsOk());
  files_->FailWrite(1);

  EXPECT_THAT(Record("lost"), StatusIs(absl::StatusCode::kUnavailable));

  EXPECT_THAT(Record("refused"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(std::string(store_->status().writable.message()), HasSubstr("read-only"));
  EXPECT_FALSE(store_->ReadShopper("user-lost", "").is_known);
  EXPECT_EQ(store_->ReadShopper("user-before", "").history.size(), 1);

  ASSERT_THAT(Open(), IsOk());
  EXPECT_EQ(Ids(), std::multiset<std::string>{"before"});
  EXPECT_GT(store_->status().cut_bytes, 0);
  EXPECT_THAT(Record("after"), IsOk());
}

TEST_F(DurabilityTest, ATornTailIsCutAndCounted) {
  ASSERT_THAT(Open(), IsOk());
  for (const char* id : {"a", "b", "c"}) ASSERT_THAT(Record(id), IsOk());
  CloseWithoutPower();
  const std::string log = FilesOf(".log").back();
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 5);

  ASSERT_THAT(Open(), IsOk());

  EXPECT_EQ(Ids(), (std::multiset<std::string>{"a", "b"}));
  EXPECT_GT(store_->status().cut_bytes, 0);
  ASSERT_THAT(Record("d"), IsOk());
  CloseWithoutPower();
  ASSERT_THAT(Open(), IsOk());
  EXPECT_EQ(Ids(), (std::multiset<std::string>{"a", "b", "d"}));
  EXPECT_EQ(store_->status().cut_bytes, 0);
}

TEST_F(DurabilityTest, AReaderOfACrashedStoreSeesWhatIsWholeAndChangesNothing) {
  ASSERT_THAT(Open(), IsOk());
  for (const char* id : {"a", "b", "c"}) ASSERT_THAT(Record(id), IsOk());
  CloseWithoutPower();
  const std::string log = FilesOf(".log").back();
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 5);
  const std::string bytes = *LocalFileSystem().ReadFile(log);

  ASSERT_THAT(Open({.is_read_only = true}), IsOk());

  EXPECT_EQ(Ids(), (std::multiset<std::string>{"a", "b"}));
  EXPECT_EQ(*LocalFileSystem().ReadFile(log), bytes);
}

TEST_F(DurabilityTest, ALogDamagedInTheMiddleIsDataLossThatNamesIt) {
  ASSERT_THAT(Open(), IsOk());
  for (int i = 0; i < 20; ++i) ASSERT_THAT(Record(std::to_string(i)), IsOk());
  CloseWithoutPower();
  const std::string log = FilesOf(".log").back();
  FlipByte(log, 0.5);

  const absl::Status status = Open();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(std::string(status.message()), HasSubstr(log));
}

TEST_F(DurabilityTest, ADamagedTableIsDataLossThatNamesIt) {
  ASSERT_THAT(Open(), IsOk());
  for (int i = 0; i < 50; ++i) ASSERT_THAT(Record(std::to_string(i)), IsOk());
  ASSERT_THAT(store_->Write(EraseUser{.user_id = "user-7"}), IsOk());  // Writes tables.
  store_.reset();
  ASSERT_FALSE(FilesOf(".sst").empty());
  for (const std::string& path : FilesOf(".checkpoint")) std::filesystem::remove(path);
  for (const std::string& path : FilesOf(".sst")) FlipByte(path, 0.02);

  const absl::Status status = Open();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(std::string(status.message()), HasSubstr(".sst"));
}

TEST_F(DurabilityTest, AMissingLogIsDataLoss) {
  ASSERT_THAT(Open(), IsOk());
  ASSERT_THAT(store_->Write(RecordEvents{{MakeEvent("a"), MakeEvent("b")}}), IsOk());
  store_.reset();
  ASSERT_THAT(Open(), IsOk());  // Moves the log's rows into tables.
  store_.reset();
  for (const std::string& path : FilesOf(".sst")) std::filesystem::remove(path);

  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(DurabilityTest, ADamagedCheckpointIsIgnored) {
  ASSERT_THAT(Open(), IsOk());
  for (const char* id : {"a", "b"}) ASSERT_THAT(Record(id), IsOk());
  store_.reset();
  ASSERT_EQ(FilesOf(".checkpoint").size(), 1);
  FlipByte(FilesOf(".checkpoint")[0], 0.5);

  ASSERT_THAT(Open(), IsOk());

  ExpectEveryAcknowledgedEventOnce();
  EXPECT_EQ(store_->status().replayed_events, 2);
}

TEST_F(DurabilityTest, ACheckpointOfOtherSettingsIsIgnored) {
  ASSERT_THAT(Open({.history_limit = 1}), IsOk());
  Event second = MakeEvent("a");
  second.event_id = "again";
  ASSERT_THAT(store_->Write(RecordEvents{{MakeEvent("a"), second}}), IsOk());

  ASSERT_THAT(Open({.history_limit = 2}), IsOk());

  EXPECT_EQ(store_->ReadShopper("user-a", "").history.size(), 2);
}

TEST_F(DurabilityTest, AStoreOfANewerFormatIsLeftAlone) {
  ASSERT_THAT(Open(), IsOk());
  store_.reset();
  {
    auto storage = Storage::Open(folder_ / "db", Storage::Access::kOwner, *files_);
    ASSERT_THAT(storage, IsOk());
    ByteWriter format;
    format.Unsigned(3);
    Batch batch;
    batch.Put(Table::kMeta, std::string(kFormatRow), format.Take());
    ASSERT_THAT((*storage)->Commit(batch), IsOk());
  }

  const absl::Status status = Open();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(std::string(status.message()), HasSubstr("format 3, this binary knows up to 2"));
}

}  // namespace
}  // namespace vitrine
