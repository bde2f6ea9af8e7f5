#pragma once

#include <rocksdb/env.h>
#include <rocksdb/status.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "vitrine/base/file_system.h"

namespace vitrine {

// Where the newest write-ahead log ends that was synced: what is behind it, or in a newer log, was
// never acknowledged.
struct WalMark {
  std::string path{};
  std::uint64_t size = 0;
};

// The mark of the log that is being written, kept by the files below. Thread-safe.
class WalWatch {
 public:
  void Set(const std::string& path, std::uint64_t synced_bytes) {
    std::lock_guard lock(mutex_);
    mark_ = {path, synced_bytes};
  }
  WalMark mark() const {
    std::lock_guard lock(mutex_);
    return mark_;
  }

 private:
  mutable std::mutex mutex_;
  WalMark mark_;  // Guarded by mutex_.
};

// RocksDB's environment with every change to a file (create, append, sync, rename, remove, folders)
// and every read of one going through `files`; names, sizes and the lock file are asked of the
// machine directly. Tells `watch` of write-ahead logs that are made or synced. Both must outlive
// it.
std::unique_ptr<rocksdb::Env> MakeRocksEnv(FileSystem& files, WalWatch& watch);

// RocksDB's warnings and errors as lines of our log.
std::shared_ptr<rocksdb::Logger> MakeRocksLogger();

// The same status in our codes; `what` says what was being done. Corruption is DATA_LOSS, a full
// disk RESOURCE_EXHAUSTED, a missing file NOT_FOUND, anything else UNAVAILABLE.
absl::Status FromRocks(const rocksdb::Status& status, std::string_view what);

}  // namespace vitrine
