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
// of checksum, length, type, payload; a batch that crosses a block is split).
struct WalTail {
  std::size_t intact_bytes = 0;

  // A whole batch begins after the first damage. One commit is written after the one before it was
  // synced, so the damaged bytes had been on disk: this is no torn tail.
  bool has_intact_batch_after = false;
};
WalTail InspectWal(std::string_view bytes);

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
