// A disk that fails in every way that the file system's seam can make it fail, at random moments,
// again and again under one store. VITRINE_DISK_ROUNDS sets how often, 5 by default,
// VITRINE_DISK_SEED which moments.

#include <gmock/gmock.h>

#include <cstdlib>
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
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

using testing::FakeClock;
using testing::FaultFileSystem;
using testing::IsOk;

class DiskRoundsTest : public ::testing::Test {
 protected:
  DiskRoundsTest() {
    SetLogLevel(LogLevel::kError);
    const char* rounds = std::getenv("VITRINE_DISK_ROUNDS");
    if (rounds != nullptr) num_rounds_ = std::atoi(rounds);
    const char* seed = std::getenv("VITRINE_DISK_SEED");
    random_ = Random(seed != nullptr ? std::strtoull(seed, nullptr, 10) : 1);
  }
  ~DiskRoundsTest() override { SetLogLevel(LogLevel::kInfo); }

  absl::Status Open() {
    auto store = FeatureStore::Open(folder_.path(), options_, files_, clock_);
    if (store.ok()) store_ = *std::move(store);
    return store.status();
  }

  absl::Status Record() {
    RecordEvents batch;
    const std::uint64_t num_events = 1 + random_.Below(20);
    refused_.clear();
    for (std::uint64_t i = 0; i < num_events; ++i) {
      const std::string id = std::to_string(next_id_++);
      batch.events.push_back({.event_id = id,
                              .type = EventType::kDetailPageView,
                              .user_id = "user-" + std::to_string(random_.Below(50)),
                              .time_us = clock_.Now(),
                              .items = {{.item_id = "item-" + std::to_string(random_.Below(9))}}});
      refused_.insert(id);
    }
    const absl::Status status = store_->Write(batch).status();
    if (status.ok()) acknowledged_.merge(refused_);
    return status;
  }

  // The next thing that goes wrong with the disk, now or in a while.
  void Break() {
    switch (random_.Below(4)) {
      case 0:
        return files_.FillDiskAfter(random_.Below(20'000));
      case 1:
        return files_.FailSync(1 + Small(20), absl::StatusCode::kResourceExhausted);
      case 2:
        return files_.FailSync(1 + Small(20));
      default:
        return files_.FailReads(1 + Small(20));
    }
  }
  int Small(std::uint64_t limit) { return static_cast<int>(random_.Below(limit)); }

  void Heal() {
    files_.MakeRoom();
    files_.HealReads();
    files_.FailSync(0);
  }

  // What goes on beside events: views to disk, erasures of those who are nobody, backups.
  void DoMore() {
    switch (random_.Below(4)) {
      case 0:
        return (void)store_->Checkpoint();
      case 1:
        return (void)store_->Write(EraseUser{.visitor_id = "nobody"});
      case 2:
        return (void)store_->BackUp(folder_ / "../backup-of-a-round", [] { return true; });
      default:
        return (void)store_->ReadEvents(0, [](std::uint64_t, const Event&) { return true; });
    }
  }

  // By itself after a full disk, by a restart after anything else.
  void GetWritableAgain() {
    absl::Status writable;
    EXPECT_TRUE(testing::Eventually([&] {
      writable = store_->status().writable;
      return !absl::IsResourceExhausted(writable);
    }));
    if (writable.ok() && random_.Below(4) != 0) return;
    store_.reset();
    ASSERT_THAT(Open(), IsOk());
    AllowTheLastRefused();
  }

  std::multiset<std::string> ReadIds() const { return testing::EventIds(*store_); }

  // As after any crash, what was refused last is there as a whole or not at all.
  void AllowTheLastRefused() {
    if (!refused_.empty() && ReadIds().contains(*refused_.begin())) acknowledged_.merge(refused_);
  }

  int num_rounds_ = 5;
  const FeatureStoreOptions options_ = {.checkpoint_events = 200, .full_disk_retry_ms = 1};
  Random random_{0};
  testing::TemporaryFolder folder_;
  FakeClock clock_;
  FaultFileSystem files_;
  std::unique_ptr<FeatureStore> store_;
  std::set<std::string> acknowledged_;
  std::set<std::string> refused_;  // Of the last batch.
  int next_id_ = 0;
};

TEST_F(DiskRoundsTest, HoweverTheDiskFailsNothingIsLostDoubledOrMadeUp) {
  ASSERT_THAT(Open(), IsOk());
  for (int round = 0; round < num_rounds_ && !HasFailure(); ++round) {
    SCOPED_TRACE(round);
    Break();
    absl::Status status;
    for (int i = 0; i < 30 && status.ok(); ++i) {
      status = Record();
      if (random_.Below(10) == 0) DoMore();
    }
    if (random_.Below(5) == 0) store_.reset();  // While the disk is as it is.
    Heal();
    if (store_ == nullptr) {
      ASSERT_THAT(Open(), IsOk());
      AllowTheLastRefused();
    }
    GetWritableAgain();
    if (!Record().ok()) {  // A compaction met the failure, and only a write tells of it.
      GetWritableAgain();
      EXPECT_THAT(Record(), IsOk());
    }
    EXPECT_EQ(ReadIds(), std::multiset<std::string>(acknowledged_.begin(), acknowledged_.end()));
    ASSERT_THAT(store_->Checkpoint(), IsOk());
    const auto check = testing::CheckBeside(folder_.path(), options_, files_, clock_);
    ASSERT_THAT(check, IsOk());
    EXPECT_EQ(check->checkpoint, StoreCheck::Checkpoint::kSame);
  }
  EXPECT_GT(acknowledged_.size(), 0);
  RecordProperty("acknowledged", static_cast<int>(acknowledged_.size()));
}

}  // namespace
}  // namespace vitrine
