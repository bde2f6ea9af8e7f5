#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <set>
#include <string>

#include "feature_store/check_beside.h"
#include "feature_store/event_ids.h"
#include "testing/environment.h"
#include "testing/fake_clock.h"
#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/log.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine::testing {

// One store through round after round of what goes wrong under it, and what of it was acknowledged.
class RoundsTest : public ::testing::Test {
 protected:
  // The environment's variable `rounds` sets how often, 5 by default, `seed` at which moments.
  RoundsTest(const char* rounds, const char* seed)
      : num_rounds_(static_cast<int>(NumberFromEnvironment(rounds, 5))),
        random_(NumberFromEnvironment(seed, 1)) {
    SetLogLevel(LogLevel::kError);
  }
  ~RoundsTest() override { SetLogLevel(LogLevel::kInfo); }

  absl::Status Open() {
    auto store = FeatureStore::Open(path_, options_, *files_, clock_);
    if (store.ok()) store_ = *std::move(store);
    return store.status();
  }

  absl::Status Record() {
    RecordEvents batch;
    const std::uint64_t num_events = 1 + random_.Below(20);
    refused_.clear();
    for (std::uint64_t i = 0; i < num_events; ++i) {
      const std::string id = NextId();
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

  // 30 batches, and what goes on beside them; or as many as are taken, and why the last was not.
  absl::Status RecordUntilRefused() {
    absl::Status status;
    for (int i = 0; i < 30 && status.ok(); ++i) {
      status = Record();
      if (random_.Below(10) == 0) DoMore();
    }
    return status;
  }

  // Views to disk, erasures, backups. Of whom is erased there is a profile and no event, so that
  // all is rewritten and nothing goes.
  void DoMore() {
    const std::string guest = "guest-" + NextId();
    switch (random_.Below(4)) {
      case 0:
        return (void)store_->Checkpoint();
      case 1:
        (void)store_->Write(UpsertUsers{{{.id = guest}}});
        return (void)store_->Write(EraseUser{.user_id = guest});
      case 2:
        (void)files_->RemoveFolder(folder_ / "backup");
        return (void)store_->BackUp(folder_ / "backup", [] { return false; });
      default:
        return (void)store_->ReadEvents(0, [](std::uint64_t, const Event&) { return true; });
    }
  }

  int Small(std::uint64_t limit) { return static_cast<int>(random_.Below(limit)); }
  std::string NextId() { return std::to_string(next_id_++); }

  // As after any crash, what was refused last is there as a whole or not at all.
  void AllowTheLastRefused() {
    const bool is_there = !refused_.empty() && EventIds(*store_).contains(*refused_.begin());
    if (is_there) acknowledged_.merge(refused_);
  }

  void ExpectExactlyWhatWasAcknowledged() const {
    EXPECT_EQ(EventIds(*store_),
              std::multiset<std::string>(acknowledged_.begin(), acknowledged_.end()));
  }

  void ExpectViewsOfARebuild() {
    ASSERT_THAT(store_->Checkpoint(), IsOk());
    const auto check = CheckBeside(path_, options_, *files_, clock_);
    ASSERT_THAT(check, IsOk());
    EXPECT_EQ(check->checkpoint, StoreCheck::Checkpoint::kSame);
    EXPECT_EQ(check->num_events, acknowledged_.size());
  }

  const int num_rounds_;
  Random random_;
  const FeatureStoreOptions options_ = {.checkpoint_events = 200, .full_disk_retry_ms = 1};
  TemporaryFolder folder_;
  const std::string path_ = folder_ / "store";
  FakeClock clock_;
  std::unique_ptr<FaultFileSystem> files_ = std::make_unique<FaultFileSystem>();
  std::unique_ptr<FeatureStore> store_;
  std::set<std::string> acknowledged_;
  std::set<std::string> refused_;  // Of the last batch.
  int next_id_ = 0;
};

}  // namespace vitrine::testing
