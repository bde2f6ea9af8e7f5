#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "feature_store/copy_file.h"
#include "vitrine/base/file_system.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {

// The file BACKUP of a backup: docs/formats/backup.md.
struct BackupList {
  BackupSummary summary{};  // Without the numbers of files and bytes.
  std::vector<CopiedFile> files{};

  BackupSummary Summary() const;  // With them.
};

absl::Status WriteBackupList(FileSystem& files, const std::string& folder, const BackupList& list);

// Errors: NOT_FOUND the folder holds no backup; DATA_LOSS the list is damaged, or names a file that
// is in no backup; those of FileSystem.
absl::StatusOr<BackupList> ReadBackupList(FileSystem& files, const std::string& folder);

}  // namespace vitrine
