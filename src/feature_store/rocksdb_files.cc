#include "feature_store/rocksdb_files.h"

#include <rocksdb/file_system.h>

#include <cstdarg>
#include <cstdio>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/log.h"

namespace vitrine {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus ToRocks(const absl::Status& status) {
  if (status.ok()) return IOStatus::OK();
  const std::string message(status.message());
  if (absl::IsNotFound(status)) return IOStatus::PathNotFound(message);
  if (absl::IsResourceExhausted(status)) return IOStatus::NoSpace(message);
  return IOStatus::IOError(message);
}

// One file of RocksDB's, written through ours. It buffers by itself, so that each Append is a
// write.
class RocksFile final : public rocksdb::FSWritableFile {
 public:
  RocksFile(std::unique_ptr<WritableFile> file, std::uint64_t size)
      : file_(std::move(file)), size_(size) {}

  using FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    const absl::Status status = file_->Append({data.data(), data.size()});
    if (status.ok()) size_ += data.size();
    return ToRocks(status);
  }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return ToRocks(file_->Sync()); }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return ToRocks(file_->Close()); }
  std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return size_; }

  // Asked for only to give back preallocated space, which we never have.
  IOStatus Truncate(std::uint64_t size, const IOOptions&, IODebugContext*) override {
    return size == size_ ? IOStatus::OK() : IOStatus::NotSupported("Truncate");
  }

 private:
  const std::unique_ptr<WritableFile> file_;
  std::uint64_t size_;
};

class RocksFolder final : public rocksdb::FSDirectory {
 public:
  RocksFolder(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    return ToRocks(files_.SyncFolder(path_));
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  FileSystem& files_;
  const std::string path_;
};

class RocksFiles final : public rocksdb::FileSystemWrapper {
 public:
  explicit RocksFiles(vitrine::FileSystem& files)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), files_(files) {}

  const char* Name() const override { return "VitrineFiles"; }

  IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions&,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext*) override {
    return Open(path, OpenMode::kTruncate, 0, result);
  }

  IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions&,
                              std::unique_ptr<rocksdb::FSWritableFile>* result,
                              IODebugContext* debug) override {
    std::uint64_t size = 0;
    IOStatus status = GetFileSize(path, IOOptions(), &size, debug);
    if (!status.ok() && !status.IsPathNotFound() && !status.IsNotFound()) return status;
    return Open(path, OpenMode::kAppend, size, result);
  }

  IOStatus ReuseWritableFile(const std::string& path, const std::string& old_path,
                             const rocksdb::FileOptions&,
                             std::unique_ptr<rocksdb::FSWritableFile>* result,
                             IODebugContext*) override {
    IOStatus status = ToRocks(files_.Rename(old_path, path));
    return status.ok() ? Open(path, OpenMode::kTruncate, 0, result) : status;
  }

  IOStatus NewDirectory(const std::string& path, const IOOptions&,
                        std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext*) override {
    *result = std::make_unique<RocksFolder>(files_, path);
    return IOStatus::OK();
  }

  IOStatus CreateDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    return ToRocks(files_.MakeFolder(path));
  }
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions&, IODebugContext*) override {
    return ToRocks(files_.MakeFolder(path));
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) override {
    return ToRocks(files_.Remove(path));
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&,
                      IODebugContext*) override {
    return ToRocks(files_.Rename(from, to));
  }

  // Ways around the seam that RocksDB does not need here: refused, so that none is used unnoticed.
  IOStatus NewRandomRWFile(const std::string&, const rocksdb::FileOptions&,
                           std::unique_ptr<rocksdb::FSRandomRWFile>*, IODebugContext*) override {
    return IOStatus::NotSupported("NewRandomRWFile");
  }
  IOStatus NewMemoryMappedFileBuffer(const std::string&,
                                     std::unique_ptr<rocksdb::MemoryMappedFileBuffer>*) override {
    return IOStatus::NotSupported("NewMemoryMappedFileBuffer");
  }
  IOStatus LinkFile(const std::string&, const std::string&, const IOOptions&,
                    IODebugContext*) override {
    return IOStatus::NotSupported("LinkFile");
  }
  IOStatus Truncate(const std::string&, std::size_t, const IOOptions&, IODebugContext*) override {
    return IOStatus::NotSupported("Truncate");
  }

 private:
  IOStatus Open(const std::string& path, OpenMode mode, std::uint64_t size,
                std::unique_ptr<rocksdb::FSWritableFile>* result) {
    auto file = files_.OpenForWrite(path, mode);
    if (!file.ok()) return ToRocks(file.status());
    *result = std::make_unique<RocksFile>(*std::move(file), size);
    return IOStatus::OK();
  }

  vitrine::FileSystem& files_;  // Not the base's rocksdb::FileSystem.
};

class RocksLogger final : public rocksdb::Logger {
 public:
  RocksLogger() : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}

  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    char line[1024];
    std::vsnprintf(line, sizeof line, format, arguments);
    Log(LogLevel::kWarning, "store.rocksdb", {{"message", line}});
  }
};

}  // namespace

std::unique_ptr<rocksdb::Env> MakeRocksEnv(FileSystem& files) {
  return rocksdb::NewCompositeEnv(std::make_shared<RocksFiles>(files));
}

std::shared_ptr<rocksdb::Logger> MakeRocksLogger() { return std::make_shared<RocksLogger>(); }

absl::Status FromRocks(const rocksdb::Status& status, std::string_view what) {
  if (status.ok()) return absl::OkStatus();
  const std::string message = absl::StrFormat("cannot %s: %s", what, status.ToString());
  if (status.IsCorruption()) return absl::DataLossError(message);
  if (status.IsNoSpace()) return absl::ResourceExhaustedError(message);
  if (status.IsNotFound() || status.IsPathNotFound()) return absl::NotFoundError(message);
  return absl::UnavailableError(message);
}

}  // namespace vitrine
