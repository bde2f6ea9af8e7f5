#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vitrine/base/file_system.h"

namespace vitrine::testing {

// One file, in memory, under every name; nothing else can be done with it but to write and read it.
class MemoryFile final : public FileSystem {
 public:
  std::string bytes{};

  absl::StatusOr<std::unique_ptr<WritableFile>> OpenForWrite(const std::string& /*path*/,
                                                             OpenMode mode) override {
    if (mode == OpenMode::kTruncate) bytes.clear();
    return std::unique_ptr<WritableFile>(new Writer(bytes));
  }
  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenForRead(const std::string& /*path*/) override {
    return std::unique_ptr<ReadableFile>(new Reader(bytes));
  }
  absl::StatusOr<std::string> ReadFile(const std::string& /*path*/) override { return bytes; }
  absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& /*path*/) override {
    return std::vector<std::string>();
  }
  absl::Status Rename(const std::string& /*from*/, const std::string& /*to*/) override {
    return absl::OkStatus();
  }
  absl::Status Remove(const std::string& /*path*/) override { return absl::OkStatus(); }
  absl::Status MakeFolder(const std::string& /*path*/) override { return absl::OkStatus(); }
  absl::Status SyncFolder(const std::string& /*path*/) override { return absl::OkStatus(); }
  absl::Status RemoveFolder(const std::string& /*path*/) override { return absl::OkStatus(); }
  absl::StatusOr<std::uint64_t> FreeBytes(const std::string& /*folder*/) override {
    return std::numeric_limits<std::uint64_t>::max();
  }

 private:
  class Writer final : public WritableFile {
   public:
    explicit Writer(std::string& bytes) : bytes_(bytes) {}
    absl::Status Append(std::string_view more) override {
      bytes_.append(more);
      return absl::OkStatus();
    }
    absl::Status Sync() override { return absl::OkStatus(); }
    absl::Status Close() override { return absl::OkStatus(); }

   private:
    std::string& bytes_;
  };
  class Reader final : public ReadableFile {
   public:
    explicit Reader(const std::string& bytes) : bytes_(bytes) {}
    absl::StatusOr<std::size_t> ReadAt(std::uint64_t offset, std::span<char> into) override {
      if (offset >= bytes_.size()) return std::size_t{0};
      return bytes_.copy(into.data(), into.size(), offset);
    }

   private:
    const std::string& bytes_;
  };
};

}  // namespace vitrine::testing
