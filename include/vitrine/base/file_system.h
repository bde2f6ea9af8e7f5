#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vitrine {

// kCreate makes a file that is not there yet: of several who try at once one succeeds.
enum class OpenMode { kTruncate, kAppend, kCreate };

// One file open for writing. Not thread-safe. Closing does not sync.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual absl::Status Append(std::string_view bytes) = 0;
  virtual absl::Status Sync() = 0;   // Data and size are on disk once this returns OK.
  virtual absl::Status Close() = 0;  // Idempotent; the destructor calls it and ignores the result.
};

// One file open for reading at any place. Thread-safe.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  // Fills `bytes` from `offset` on; returns how many there were: fewer only at the file's end.
  virtual absl::StatusOr<std::size_t> ReadAt(std::uint64_t offset, std::span<char> bytes) = 0;
};

// The one way to files: everything Vitrine reads and writes goes through it, the storage engine's
// files too, so that a test can drop what was not synced, fail a sync or a read, or fill the disk.
// Thread-safe.
//
// Errors: NOT_FOUND no such file; ALREADY_EXISTS a file that was to be made is there;
// RESOURCE_EXHAUSTED the disk is full; UNAVAILABLE any other failure of the disk. Messages name the
// path and the operating system's reason.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> OpenForWrite(const std::string& path,
                                                                     OpenMode mode) = 0;
  virtual absl::StatusOr<std::unique_ptr<ReadableFile>> OpenForRead(const std::string& path) = 0;
  virtual absl::StatusOr<std::string> ReadFile(const std::string& path) = 0;
  virtual absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& path) = 0;
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual absl::Status Remove(const std::string& path) = 0;      // A file.
  virtual absl::Status MakeFolder(const std::string& path) = 0;  // Parents too; OK if it is there.
  virtual absl::Status SyncFolder(const std::string& path) = 0;  // Names in it are on disk.
  // With all that is in it; OK if it is not there. Not atomic.
  virtual absl::Status RemoveFolder(const std::string& path) = 0;
  // Bytes that the disk under the folder still takes from this process.
  virtual absl::StatusOr<std::uint64_t> FreeBytes(const std::string& folder) = 0;
};

// The machine's files. Lives as long as the process.
FileSystem& LocalFileSystem();

}  // namespace vitrine
