#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "vitrine/base/file_system.h"

namespace vitrine {

inline constexpr std::string_view kWalSuffix = ".log";  // Of a write-ahead log's name.

// What a write-ahead log of RocksDB holds: whole records up to `intact_bytes`, and what follows.
// Format: github.com/facebook/rocksdb/wiki/Write-Ahead-Log-File-Format (blocks of 32 KiB; records
// of checksum, length, type, payload; a batch that crosses a block is split). A manifest is written
// in it too, a record for each change of the tables.
struct WalTail {
  std::size_t intact_bytes = 0;

  // What follows had been on disk, so it is no torn tail: a whole batch begins after the first
  // damage, and one commit is written after the one before it was synced; or the record that is
  // damaged is the last and whole but for its length.
  bool is_damaged = false;

  // What follows is what a crash leaves of a record that was being written: its beginning, or
  // zeros.
  bool is_cut_off = false;
};
WalTail InspectWal(std::string_view bytes);

// Reads every write-ahead log in `folder`, and compares the checksum of every record. The newest
// that holds anything may end in a torn tail: returns the bytes of it. Beside an owner, a log that
// it removed meanwhile is no damage.
//
// Errors: DATA_LOSS naming a log that is damaged; those of FileSystem.
absl::StatusOr<std::size_t> CheckWals(FileSystem& files, const std::string& folder);

// Takes away the torn tail, if there is one, of the newest write-ahead log in `folder`: a commit
// that was cut off in the middle and never acknowledged. Returns the number of bytes cut.
//
// Errors: DATA_LOSS naming the file when it is damaged before its end; those of FileSystem.
absl::StatusOr<std::size_t> CutTornTail(FileSystem& files, const std::string& folder);

// Takes away what the write-ahead log at `path` in `folder` holds behind `size`, and all that newer
// ones hold. For a process that knows how far it acknowledged.
//
// Errors: DATA_LOSS the log is shorter than that; those of FileSystem.
absl::Status CutBehind(FileSystem& files, const std::string& folder, const std::string& path,
                       std::size_t size);

}  // namespace vitrine
