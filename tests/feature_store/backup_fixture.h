#pragma once

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "testing/fake_clock.h"
#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/log.h"
#include "vitrine/feature_store/backup.h"
#include "vitrine/feature_store/check_store.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine::testing {

inline constexpr auto kNever = [] { return false; };

// A store in a folder, and what is made beside it.
class BackupTest : public ::testing::Test {
 protected:
  BackupTest() {
    SetLogLevel(LogLevel::kError);
    store_ = OpenStore(folder_ / "store");
  }
  ~BackupTest() override { SetLogLevel(LogLevel::kInfo); }

  std::unique_ptr<FeatureStore> OpenStore(const std::string& folder) {
    auto store = FeatureStore::Open(folder, options_, files_, clock_);
    EXPECT_THAT(store, IsOk());
    return *std::move(store);
  }

  absl::Status Record(const std::string& id) {
    return store_
        ->Write(RecordEvents{{{.event_id = id,
                               .type = EventType::kSearch,
                               .user_id = "user-" + id,
                               .time_us = FakeClock::kStart,
                               .search_query = "words-" + id}}})
        .status();
  }

  static std::set<std::string> Ids(const FeatureStore& store) {
    std::set<std::string> ids;
    EXPECT_THAT(store.ReadEvents(0,
                                 [&](std::uint64_t, const Event& event) {
                                   EXPECT_TRUE(ids.insert(event.event_id).second);
                                   return true;
                                 }),
                IsOk());
    return ids;
  }

  absl::Status Check(const std::string& folder) {
    return CheckStore(folder, options_, files_, clock_).status();
  }

  // What the folder of the test has, beside the store.
  std::vector<std::string> Beside() const {
    std::vector<std::string> names = *LocalFileSystem().ListFolder(folder_.path());
    std::erase(names, "store");
    return names;
  }

  static void Write(const std::filesystem::path& path, const std::string& bytes) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
  }

  absl::StatusOr<BackupSummary> Restore(const std::string& from, const std::string& to) {
    return RestoreBackup(files_, from, to, [this](const std::string& copy) { return Check(copy); });
  }

  const FeatureStoreOptions options_ = {.checkpoint_events = 20};
  TemporaryFolder folder_;
  FakeClock clock_;
  FaultFileSystem files_;
  std::unique_ptr<FeatureStore> store_;
};

}  // namespace vitrine::testing
