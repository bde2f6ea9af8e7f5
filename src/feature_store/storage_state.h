#pragma once

#include <rocksdb/db.h>
#include <rocksdb/listener.h>

#include <atomic>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "feature_store/rocksdb_files.h"
#include "feature_store/storage.h"

namespace vitrine {

inline constexpr std::size_t kReadAheadBytes = 2 << 20;  // Of whoever reads from end to end.

// Notes that one of RocksDB's own threads found the disk full, and keeps RocksDB from going on by
// itself once there is room: with a new write-ahead log, the half-written record would stand in the
// middle, as damage does. Storage::Reopen goes on.
class DiskWatch final : public rocksdb::EventListener {
 public:
  void OnBackgroundError(rocksdb::BackgroundErrorReason /*reason*/,
                         rocksdb::Status* error) override {
    if (error->IsNoSpace()) is_full_ = true;
  }
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*error*/,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
  bool is_full() const { return is_full_; }

 private:
  std::atomic<bool> is_full_ = false;
};

// What is open of a Storage. `db` is null after a Reopen that failed altogether.
struct Storage::State {
  FileSystem* files = nullptr;
  std::string folder{};
  WalWatch wal_watch{};
  std::unique_ptr<rocksdb::Env> env{};
  rocksdb::FileLock* lock = nullptr;  // Held by an owner: the tail is cut before RocksDB locks.
  std::shared_ptr<DiskWatch> disk_watch{};
  std::unique_ptr<rocksdb::DB> db{};
  std::vector<rocksdb::ColumnFamilyHandle*> tables{};
  WalMark acknowledged{};  // Of the last commit, or of the start.
  std::size_t cut_bytes = 0;
  // Shared by every scan: an iterator keeps deleted files alive, and the tables from being closed.
  std::shared_mutex scans{};
  std::shared_mutex copies{};         // Shared by every copy that is being made.
  std::atomic<int> num_rewrites = 0;  // That wait for copies to end, or are under way.

  ~State();

  rocksdb::ColumnFamilyHandle* Handle(Table table) const {
    return tables[static_cast<std::size_t>(table)];
  }

  absl::Status OpenAsOwner();
  absl::Status OpenTables();  // For an owner who has the lock.
  absl::Status OpenAsReader();
  absl::Status OpenBesideNobody();  // For reading, by an owner who cannot write.
  void Close();                     // Keeps the lock.
};

}  // namespace vitrine
