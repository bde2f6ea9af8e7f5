#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/base/file_system.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {

// Backups are made by FeatureStore::BackUp, and are folders of files: docs/formats/backup.md.

// What a backup says of itself. Errors: NOT_FOUND the folder holds no backup; DATA_LOSS its list of
// files is damaged; those of FileSystem.
absl::StatusOr<BackupSummary> ReadBackupSummary(FileSystem& files, const std::string& from);

// Makes the folder `store`, which is not there or empty, of the backup in `from`: copies it beside,
// compares every checksum, has `check` look at the copy, and renames it when all is well. Where
// anything is not, nothing is left. A folder that is there is kept, as the root of a volume wants:
// the copy is made within it, and FeatureStore::Open refuses the folder until all is well. `check`
// may open the copy as a store and write to it, if it closes it again: what it erases was never in
// `store`.
//
// Errors: ALREADY_EXISTS `store` holds something, besides a volume's own lost+found; NOT_FOUND
// `from` is no backup, or lacks a file; DATA_LOSS a file is damaged, named; those of `check` and
// FileSystem.
using CheckCopy = std::function<absl::Status(const std::string& folder)>;
absl::StatusOr<BackupSummary> RestoreBackup(FileSystem& files, const std::string& from,
                                            const std::string& store, const CheckCopy& check);

}  // namespace vitrine
