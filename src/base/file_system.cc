#include "vitrine/base/file_system.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_format.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

absl::Status SystemError(const char* action, const std::string& path, int error) {
  const std::string message =
      absl::StrFormat("cannot %s %s: %s", action, path, std::strerror(error));
  if (error == ENOENT) return absl::NotFoundError(message);
  if (error == ENOSPC || error == EDQUOT) return absl::ResourceExhaustedError(message);
  return absl::UnavailableError(message);
}

int FlagOf(OpenMode mode) {
  switch (mode) {
    case OpenMode::kTruncate:
      return O_TRUNC;
    case OpenMode::kAppend:
      return O_APPEND;
    case OpenMode::kCreate:
      return O_EXCL;
  }
  return O_EXCL;
}

class LocalFile final : public WritableFile {
 public:
  LocalFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  ~LocalFile() override { (void)Close(); }

  absl::Status Append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return SystemError("write", path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    if (fdatasync(descriptor_) == 0) return absl::OkStatus();
    return SystemError("sync", path_, errno);
  }

  absl::Status Close() override {
    const int descriptor = std::exchange(descriptor_, -1);
    if (descriptor < 0 || close(descriptor) == 0) return absl::OkStatus();
    return SystemError("close", path_, errno);
  }

 private:
  int descriptor_;
  const std::string path_;
};

class LocalFileToRead final : public ReadableFile {
 public:
  LocalFileToRead(int descriptor, std::string path)
      : descriptor_(descriptor), path_(std::move(path)) {}
  ~LocalFileToRead() override { close(descriptor_); }

  absl::StatusOr<std::size_t> ReadAt(std::uint64_t offset, std::span<char> bytes) override {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t count = pread(descriptor_, bytes.data() + done, bytes.size() - done,
                                  static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return SystemError("read", path_, errno);
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

 private:
  const int descriptor_;
  const std::string path_;
};

class LocalFiles final : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<WritableFile>> OpenForWrite(const std::string& path,
                                                             OpenMode mode) override {
    const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | FlagOf(mode), 0644);
    if (descriptor < 0 && errno == EEXIST) {
      return absl::AlreadyExistsError(absl::StrFormat("%s is there already", path));
    }
    if (descriptor < 0) return SystemError("open for writing", path, errno);
    return std::make_unique<LocalFile>(descriptor, path);
  }

  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenForRead(const std::string& path) override {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return SystemError("open", path, errno);
    return std::make_unique<LocalFileToRead>(descriptor, path);
  }

  absl::StatusOr<std::string> ReadFile(const std::string& path) override {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return SystemError("open", path, errno);
    // As large as it is said to be, and a byte more, which finds the end; some files say 0.
    struct stat about {};
    const bool is_said = fstat(descriptor, &about) == 0 && about.st_size > 0;
    std::string content(is_said ? static_cast<std::size_t>(about.st_size) + 1 : 1 << 12, '\0');
    std::size_t size = 0;
    ssize_t count = 0;
    do {
      if (size == content.size()) content.resize(2 * size);
      count = read(descriptor, content.data() + size, content.size() - size);
      if (count > 0) size += static_cast<std::size_t>(count);
    } while (count > 0 || (count < 0 && errno == EINTR));
    const int error = errno;
    close(descriptor);
    if (count < 0) return SystemError("read", path, error);
    content.resize(size);
    return content;
  }

  absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& path) override {
    std::error_code error;
    std::vector<std::string> names;
    std::filesystem::directory_iterator entries(path, error);
    for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
      names.push_back(entries->path().filename());
    }
    if (error) return SystemError("list", path, error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    if (rename(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
    return SystemError("rename", from, errno);
  }

  absl::Status Remove(const std::string& path) override {
    if (unlink(path.c_str()) == 0) return absl::OkStatus();
    return SystemError("remove", path, errno);
  }

  absl::Status MakeFolder(const std::string& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    return error ? SystemError("make folder", path, error.value()) : absl::OkStatus();
  }

  absl::Status SyncFolder(const std::string& path) override {
    const int descriptor = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return SystemError("open folder", path, errno);
    const int result = fsync(descriptor);
    const int error = errno;
    close(descriptor);
    return result == 0 ? absl::OkStatus() : SystemError("sync folder", path, error);
  }

  absl::Status RemoveFolder(const std::string& path) override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    return error ? SystemError("remove folder", path, error.value()) : absl::OkStatus();
  }

  absl::StatusOr<std::uint64_t> FreeBytes(const std::string& folder) override {
    std::error_code error;
    const std::filesystem::space_info space = std::filesystem::space(folder, error);
    if (error) return SystemError("look for room in", folder, error.value());
    return space.available;
  }
};

}  // namespace

FileSystem& LocalFileSystem() {
  static LocalFiles files;
  return files;
}

}  // namespace vitrine
