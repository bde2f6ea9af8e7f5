#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/file_system.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {

// What CheckStore read and found whole.
struct StoreCheck {
  std::uint64_t num_events = 0;
  std::uint64_t num_users = 0;  // Users and visitors.
  std::uint64_t num_items = 0;
  std::uint64_t num_disk_bytes = 0;
  // Behind the last whole commit of the write-ahead log: what a crash cut off, or a server is about
  // to write. The next start cuts it.
  std::uint64_t num_torn_bytes = 0;
  // kNone: a start reads the whole log. kUnused: there is one that a start would pass over, since
  // it is damaged, or was made under other settings; the log has a line that says which.
  enum class Checkpoint : std::uint8_t { kNone, kUnused, kSame };
  Checkpoint checkpoint = Checkpoint::kNone;
};

// Reads every byte of the store in `folder` and changes none: the checksums of every table, of the
// manifest and of the write-ahead logs, every row of every table, every event of the log and its
// id; and holds the views that a start would make of the newest checkpoint and the log behind it
// against those that the whole log makes, bit by bit. Takes longer than a start without a
// checkpoint, and twice its memory. `options` are those that the store is served with. Beside a
// running server it checks the state of this moment.
//
// Errors: NOT_FOUND there is no store; DATA_LOSS a file is damaged or one of a table is missing,
// rows do not belong together, or the views differ: restore a backup, or, for views, remove the
// checkpoint; FAILED_PRECONDITION its format is newer than this binary; those of FileSystem.
absl::StatusOr<StoreCheck> CheckStore(const std::string& folder, const FeatureStoreOptions& options,
                                      FileSystem& files, const Clock& clock);

}  // namespace vitrine
