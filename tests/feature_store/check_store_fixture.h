#pragma once

#include <gmock/gmock.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "testing/fake_clock.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/log.h"
#include "vitrine/feature_store/check_store.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine::testing {

// A store in a folder, and what a check says of it.
class CheckTest : public ::testing::Test {
 protected:
  CheckTest() { SetLogLevel(LogLevel::kError); }
  ~CheckTest() override { SetLogLevel(LogLevel::kInfo); }

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

  // What a kill leaves of a store with 60 events: all of it in the write-ahead log. Returns the
  // log's path, and its size before the last of three commits.
  std::pair<std::filesystem::path, std::uintmax_t> MakeKilledStore() {
    const TemporaryFolder served;
    auto store = FeatureStore::Open(served.path(), {}, LocalFileSystem(), clock_);
    EXPECT_THAT(store, IsOk());
    std::uintmax_t before_last = 0;
    for (int from = 0; from < 60; from += 20) {
      before_last = std::filesystem::file_size(WriteAheadLog(served.path()));
      Record(**store, from, from + 20);
    }
    std::filesystem::copy(served.path(), folder_.path(), std::filesystem::copy_options::recursive);
    return {WriteAheadLog(folder_.path()), before_last};
  }

  // The one that holds something.
  static std::filesystem::path WriteAheadLog(const std::string& folder) {
    std::filesystem::path largest;
    for (const auto& log : FilesThatEndIn(".log", folder)) {
      if (largest.empty() || std::filesystem::file_size(log) > std::filesystem::file_size(largest))
        largest = log;
    }
    return largest;
  }

  absl::StatusOr<StoreCheck> Check() {
    return CheckStore(folder_.path(), {}, LocalFileSystem(), clock_);
  }

  // The check fails now, and names the file.
  void ExpectDataLossIn(const std::filesystem::path& file) {
    const absl::Status status = Check().status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss)) << file;
    EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr(file.filename().string()));
  }

  std::vector<std::filesystem::path> FilesThatEndIn(const std::string& ending) {
    return FilesThatEndIn(ending, folder_.path());
  }
  static std::vector<std::filesystem::path> FilesThatEndIn(const std::string& ending,
                                                           const std::string& folder) {
    std::vector<std::filesystem::path> paths;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
      if (file.path().extension() == ending) paths.push_back(file.path());
    }
    return paths;
  }

  static void FlipByte(const std::filesystem::path& path, std::uintmax_t position,
                       int mask = 0x10) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(position));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(position));
    file.put(static_cast<char>(byte ^ mask));
  }

  TemporaryFolder folder_;
  FakeClock clock_;
};

}  // namespace vitrine::testing
