#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vitrine {

enum class OpenMode { kTruncate, kAppend };

// One file open for writing. Not thread-safe. Closing does not sync.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual absl::Status Append(std::string_view bytes) = 0;
  virtual absl::Status Sync() = 0;   // Data and size are on disk once this returns OK.
  virtual absl::Status Close() = 0;  // Idempotent; the destructor calls it and ignores the result.
};

// The one way to files: everything Vitrine writes goes through it, the storage engine's files too,
// so that a test can drop what was not synced, fail a sync or fill the disk. Thread-safe.
//
// Errors: NOT_FOUND no such file; RESOURCE_EXHAUSTED the disk is full; UNAVAILABLE any other
// failure of the disk. Messages name the path and the operating system's reason.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> OpenForWrite(const std::string& path,
                                                                     OpenMode mode) = 0;
  virtual absl::StatusOr<std::string> ReadFile(const std::string& path) = 0;
  virtual absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& path) = 0;
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual absl::Status Remove(const std::string& path) = 0;      // A file.
  virtual absl::Status MakeFolder(const std::string& path) = 0;  // Parents too; OK if it is there.
  virtual absl::Status SyncFolder(const std::string& path) = 0;  // Names in it are on disk.
};

// The machine's files. Lives as long as the process.
FileSystem& LocalFileSystem();

}  // namespace vitrine
