// A disk that fills up, and has room again: reads go on, writes are refused, nothing is damaged,
// and the store goes on by itself. Reads that fail harm nothing either.

#include <gmock/gmock.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include "feature_store/check_beside.h"
#include "feature_store/event_ids.h"
#include "testing/eventually.h"
#include "testing/fake_clock.h"
#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/log.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/check_store.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

using testing::Eventually;
using testing::FakeClock;
using testing::FaultFileSystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

using Ids = std::multiset<std::string>;

Event MakeEvent(const std::string& id) {
  return {.event_id = id,
          .type = EventType::kDetailPageView,
          .user_id = "user-" + id,
          .time_us = FakeClock::kStart,
          .items = {{.item_id = "item"}}};
}

class FullDiskTest : public ::testing::Test {
 protected:
  FullDiskTest() { SetLogLevel(LogLevel::kError); }
  ~FullDiskTest() override { SetLogLevel(LogLevel::kInfo); }

  void Open() {
    store_.reset();
    auto store = FeatureStore::Open(folder_.path(), options_, files_, clock_);
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  // Records events under ids of their own; remembers those that were acknowledged.
  absl::Status Record(int num_events = 1) {
    RecordEvents batch;
    for (int i = 0; i < num_events; ++i) batch.events.push_back(MakeEvent(NextId()));
    const absl::Status status = store_->Write(batch).status();
    refused_.clear();
    for (const Event& event : batch.events) {
      (status.ok() ? acknowledged_ : refused_).insert(event.event_id);
    }
    return status;
  }

  // Until the store has seen that there is room. It is refused meanwhile, and for no other reason.
  void RecordOnceThereIsRoom() {
    absl::Status status;
    EXPECT_TRUE(Eventually([&] {
      status = Record();
      return !absl::IsResourceExhausted(status);
    }));
    ASSERT_THAT(status, IsOk());
  }

  Ids ReadIds() const { return testing::EventIds(*store_); }

  // Nothing lost, nothing doubled, nothing made up; in the log and in the views.
  void ExpectExactlyWhatWasAcknowledged() const {
    EXPECT_EQ(ReadIds(), Ids(acknowledged_.begin(), acknowledged_.end()));
    EXPECT_EQ(store_->status().num_events, acknowledged_.size());
    for (const std::string& id : acknowledged_) {
      EXPECT_EQ(store_->ReadShopper("user-" + id, "").history.size(), 1) << id;
    }
  }

  // For a process that ended before there was room: as after any crash, what was refused last is
  // there as a whole or not at all.
  void AllowTheLastRefused() {
    const Ids found = ReadIds();
    if (refused_.empty() || !found.contains(*refused_.begin())) return;
    acknowledged_.insert(refused_.begin(), refused_.end());
  }

  void ExpectViewsOfARebuild() {
    ASSERT_THAT(store_->Checkpoint(), IsOk());
    const auto check = testing::CheckBeside(folder_.path(), options_, files_, clock_);
    ASSERT_THAT(check, IsOk());
    EXPECT_EQ(check->checkpoint, StoreCheck::Checkpoint::kSame);
    EXPECT_EQ(check->num_events, acknowledged_.size());
  }

  std::string NextId() { return std::to_string(next_id_++); }

  const FeatureStoreOptions options_ = {.checkpoint_events = 25, .full_disk_retry_ms = 1};
  testing::TemporaryFolder folder_;
  FakeClock clock_;
  FaultFileSystem files_;
  std::unique_ptr<FeatureStore> store_;
  std::set<std::string> acknowledged_;
  std::set<std::string> refused_;  // Of the last batch.
  int next_id_ = 0;
};

TEST_F(FullDiskTest, WritesSayWhatIsWantedAndReadsGoOn) {
  Open();
  ASSERT_THAT(Record(), IsOk());
  files_.FillDiskAfter(40);

  EXPECT_THAT(Record(), StatusIs(absl::StatusCode::kResourceExhausted));

  const absl::Status refused = Record();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(std::string(refused.message()),
              AllOf(HasSubstr("the disk is full: 0 bytes are free under " + folder_.path()),
                    HasSubstr("are wanted; make room and writes go on by themselves")));
  EXPECT_EQ(refused.GetPayload(kReasonPayload), absl::Cord(kReasonDiskFull));
  EXPECT_EQ(store_->status().writable, refused);
  ExpectExactlyWhatWasAcknowledged();
}

TEST_F(FullDiskTest, WritesGoOnByThemselvesOnceThereIsRoom) {
  Open();
  ASSERT_THAT(Record(), IsOk());
  files_.FillDiskAfter(40);
  ASSERT_THAT(Record(), StatusIs(absl::StatusCode::kResourceExhausted));

  files_.MakeRoom();
  RecordOnceThereIsRoom();

  EXPECT_THAT(store_->status().writable, IsOk());
  ExpectExactlyWhatWasAcknowledged();
  ExpectViewsOfARebuild();
  Open();
  ExpectExactlyWhatWasAcknowledged();
}

TEST_F(FullDiskTest, AStoreThatIsClosedWhileTheDiskIsFullIsWhole) {
  Open();
  ASSERT_THAT(Record(), IsOk());
  files_.FillDiskAfter(40);
  ASSERT_THAT(Record(), StatusIs(absl::StatusCode::kResourceExhausted));
  store_.reset();

  files_.MakeRoom();
  Open();

  ExpectExactlyWhatWasAcknowledged();
  EXPECT_THAT(Record(), IsOk());
}

// The bytes are all there, but the disk found out only at the sync that it has no place for them.
TEST_F(FullDiskTest, WhatASyncHadNoPlaceForIsTakenBack) {
  Open();
  ASSERT_THAT(Record(), IsOk());
  files_.FailSync(1, absl::StatusCode::kResourceExhausted);

  EXPECT_THAT(Record(), StatusIs(absl::StatusCode::kResourceExhausted));

  RecordOnceThereIsRoom();
  ExpectExactlyWhatWasAcknowledged();
  Open();
  ExpectExactlyWhatWasAcknowledged();
}

TEST_F(FullDiskTest, AnEventThatWasRefusedCanBeSentAgain) {
  Open();
  files_.FailSync(1, absl::StatusCode::kResourceExhausted);
  ASSERT_THAT(store_->Write(RecordEvents{{MakeEvent("again")}}),
              StatusIs(absl::StatusCode::kResourceExhausted));
  RecordOnceThereIsRoom();

  const auto sent = store_->Write(RecordEvents{{MakeEvent("again")}});

  ASSERT_THAT(sent, IsOk());
  EXPECT_EQ(sent->outcomes[0], EventOutcome::kRecorded);
  acknowledged_.insert("again");
  ExpectExactlyWhatWasAcknowledged();
}

TEST_F(FullDiskTest, AnErasureThatFoundNoRoomIsFinishedOnceThereIs) {
  Open();
  ASSERT_THAT(Record(2), IsOk());
  // With no digits: what others are called must not begin as this one does.
  ASSERT_THAT(store_->Write(RecordEvents{{MakeEvent("gone")}}), IsOk());
  // Room for the deletions, not for the tables without the shopper.
  files_.FillDiskAfter(1'000);

  const absl::Status erased = store_->Write(EraseUser{.user_id = "user-gone"}).status();

  EXPECT_THAT(erased, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(std::string(erased.message()), HasSubstr("until the disk has room"));
  ExpectExactlyWhatWasAcknowledged();
  files_.MakeRoom();
  RecordOnceThereIsRoom();
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder_.path())) {
    if (!file.is_regular_file()) continue;
    EXPECT_THAT(*LocalFileSystem().ReadFile(file.path()), Not(HasSubstr("user-gone")))
        << file.path();
  }
  ExpectExactlyWhatWasAcknowledged();
}

TEST_F(FullDiskTest, AReadThatFailsSaysSoAndHarmsNothing) {
  Open();
  for (int i = 0; i < 60; ++i) ASSERT_THAT(Record(20), IsOk());
  Open();  // From tables now.
  files_.FailReads(1);

  const absl::Status read = store_->ReadEvents(0, [](std::uint64_t, const Event&) { return true; });

  EXPECT_THAT(read, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(store_->ReadShopper("user-0", "").history.size(), 1);
  files_.HealReads();
  ExpectExactlyWhatWasAcknowledged();
  EXPECT_THAT(Record(), IsOk());
}

TEST_F(FullDiskTest, AFailedReadAtTheStartRefusesTheStoreAndDamagesNothing) {
  Open();
  for (int i = 0; i < 20; ++i) ASSERT_THAT(Record(5), IsOk());
  for (const int nth : {1, 2, 3, 5, 8, 13}) {
    SCOPED_TRACE(nth);
    store_.reset();
    files_.FailReads(nth);
    const auto store = FeatureStore::Open(folder_.path(), options_, files_, clock_);
    EXPECT_FALSE(store.ok() && nth < 3);
    files_.HealReads();
  }

  Open();

  ExpectExactlyWhatWasAcknowledged();
}

class RandomFaultsTest : public FullDiskTest,
                         public ::testing::WithParamInterface<std::uint64_t> {};

TEST_P(RandomFaultsTest, NothingIsLostDoubledOrMadeUp) {
  Random random(GetParam());
  Open();
  for (int round = 0; round < 6 && !HasFailure(); ++round) {
    SCOPED_TRACE(round);
    if (random.Below(2) == 0) {
      files_.FillDiskAfter(random.Below(6'000));
    } else {
      files_.FailSync(1 + static_cast<int>(random.Below(12)), absl::StatusCode::kResourceExhausted);
    }
    absl::Status status;
    for (int i = 0; i < 40 && status.ok(); ++i) {
      status = Record(1 + static_cast<int>(random.Below(20)));
    }
    EXPECT_TRUE(status.ok() || absl::IsResourceExhausted(status)) << status;
    ExpectExactlyWhatWasAcknowledged();
    if (random.Below(3) == 0) store_.reset();
    files_.MakeRoom();
    if (store_ == nullptr) {
      Open();
      AllowTheLastRefused();
    }
    RecordOnceThereIsRoom();
    ExpectExactlyWhatWasAcknowledged();
    if (random.Below(3) == 0) Open();
  }
  ExpectViewsOfARebuild();
  files_.CutPower();
  store_.reset();

  // What was acknowledged was synced all the same.
  auto store = FeatureStore::Open(folder_.path(), options_, LocalFileSystem(), clock_);
  ASSERT_THAT(store, IsOk());
  store_ = *std::move(store);
  ExpectExactlyWhatWasAcknowledged();
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomFaultsTest, ::testing::Range<std::uint64_t>(1, 13));

// A real disk of a few megabytes, where this process may mount one.
class SmallDiskTest : public ::testing::Test {
 protected:
  SmallDiskTest() {
    if (mount("none", path_.c_str(), "tmpfs", 0, "size=24m") != 0) why_not_ = std::strerror(errno);
  }
  ~SmallDiskTest() override {
    if (why_not_.empty()) umount2(path_.c_str(), MNT_DETACH);
  }

  testing::TemporaryFolder folder_;
  const std::string path_ = folder_.path();
  std::string why_not_;  // Empty: it is mounted.
};

TEST_F(SmallDiskTest, ARealDiskFillsUpAndHasRoomAgain) {
  if (!why_not_.empty()) GTEST_SKIP() << "no small disk could be mounted: " << why_not_;
  FakeClock clock;
  auto opened =
      FeatureStore::Open(path_ + "/store", {.full_disk_retry_ms = 1}, LocalFileSystem(), clock);
  ASSERT_THAT(opened, IsOk());
  FeatureStore& store = **opened;
  {
    const auto ballast = LocalFileSystem().OpenForWrite(path_ + "/ballast", OpenMode::kTruncate);
    while ((*ballast)->Append(std::string(1 << 20, 'x')).ok()) {
    }
  }
  absl::Status status;
  std::uint64_t num_acknowledged = 0;
  for (int i = 0; status.ok(); ++i) {
    status = store.Write(RecordEvents{{MakeEvent(std::to_string(i))}}).status();
    if (status.ok()) ++num_acknowledged;
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));

  ASSERT_THAT(LocalFileSystem().Remove(path_ + "/ballast"), IsOk());
  EXPECT_TRUE(Eventually([&] {
    status = store.Write(RecordEvents{{MakeEvent("last")}}).status();
    return !absl::IsResourceExhausted(status);
  }));
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(store.status().num_events, num_acknowledged + 1);
  opened->reset();
  const auto check = CheckStore(path_ + "/store", {}, LocalFileSystem(), clock);
  ASSERT_THAT(check, IsOk());
  EXPECT_EQ(check->num_events, num_acknowledged + 1);
}

}  // namespace
}  // namespace vitrine
