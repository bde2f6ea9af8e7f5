#include "feature_store/rocksdb_files.h"

#include <rocksdb/file_system.h>

#include <cstdarg>
#include <cstdio>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "feature_store/wal_tail.h"
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
  // `watch` is null for what is no write-ahead log.
  RocksFile(std::unique_ptr<WritableFile> file, std::string path, std::uint64_t size,
            WalWatch* watch)
      : file_(std::move(file)), path_(std::move(path)), size_(size), watch_(watch) {}

  using FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    const absl::Status status = file_->Append({data.data(), data.size()});
    if (status.ok()) size_ += data.size();
    return ToRocks(status);
  }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override {
    const absl::Status synced = file_->Sync();
    if (synced.ok() && watch_ != nullptr) watch_->Set(path_, size_);
    return ToRocks(synced);
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return ToRocks(file_->Close()); }
  std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return size_; }

  // Asked for only to give back preallocated space, which we never have.
  IOStatus Truncate(std::uint64_t size, const IOOptions&, IODebugContext*) override {
    return size == size_ ? IOStatus::OK() : IOStatus::NotSupported("Truncate");
  }

 private:
  const std::unique_ptr<WritableFile> file_;
  const std::string path_;
  std::uint64_t size_;
  WalWatch* const watch_;
};

// Reads `size` bytes from `offset` into `scratch`; `result` is those that there are.
IOStatus ReadThrough(ReadableFile& file, std::uint64_t offset, std::size_t size, char* scratch,
                     Slice* result) {
  const auto count = file.ReadAt(offset, std::span(scratch, size));
  *result = Slice(scratch, count.ok() ? *count : 0);
  return ToRocks(count.status());
}

class RocksFileToRead final : public rocksdb::FSRandomAccessFile {
 public:
  explicit RocksFileToRead(std::unique_ptr<ReadableFile> file) : file_(std::move(file)) {}

  IOStatus Read(std::uint64_t offset, std::size_t size, const IOOptions&, Slice* result,
                char* scratch, IODebugContext*) const override {
    return ReadThrough(*file_, offset, size, scratch, result);
  }

 private:
  const std::unique_ptr<ReadableFile> file_;
};

class RocksFileInOrder final : public rocksdb::FSSequentialFile {
 public:
  explicit RocksFileInOrder(std::unique_ptr<ReadableFile> file) : file_(std::move(file)) {}

  IOStatus Read(std::size_t size, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) override {
    const IOStatus status = ReadThrough(*file_, offset_, size, scratch, result);
    offset_ += result->size();
    return status;
  }
  IOStatus Skip(std::uint64_t size) override {
    offset_ += size;
    return IOStatus::OK();
  }

 private:
  const std::unique_ptr<ReadableFile> file_;
  std::uint64_t offset_ = 0;
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
  RocksFiles(vitrine::FileSystem& files, WalWatch& watch)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), files_(files), watch_(watch) {}

  const char* Name() const override { return "VitrineFiles"; }

  IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions&,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                               IODebugContext*) override {
    return OpenToRead<RocksFileToRead>(path, result);
  }
  IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions&,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                             IODebugContext*) override {
    return OpenToRead<RocksFileInOrder>(path, result);
  }

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
    WalWatch* const watch = path.ends_with(kWalSuffix) ? &watch_ : nullptr;
    if (watch != nullptr && size == 0) watch->Set(path, 0);
    *result = std::make_unique<RocksFile>(*std::move(file), path, size, watch);
    return IOStatus::OK();
  }

  template <typename File, typename Base>
  IOStatus OpenToRead(const std::string& path, std::unique_ptr<Base>* result) {
    auto file = files_.OpenForRead(path);
    if (file.ok()) *result = std::make_unique<File>(*std::move(file));
    return ToRocks(file.status());
  }

  vitrine::FileSystem& files_;  // Not the base's rocksdb::FileSystem.
  WalWatch& watch_;
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

std::unique_ptr<rocksdb::Env> MakeRocksEnv(FileSystem& files, WalWatch& watch) {
  return rocksdb::NewCompositeEnv(std::make_shared<RocksFiles>(files, watch));
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
