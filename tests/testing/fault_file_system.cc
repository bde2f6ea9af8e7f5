#include "testing/fault_file_system.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_format.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::testing {
namespace {

namespace fs = std::filesystem;

std::string Normal(const std::string& path) {
  const fs::path normal = fs::absolute(path).lexically_normal();
  return normal.has_filename() ? normal.string() : normal.parent_path().string();
}

std::string FolderOf(const std::string& path) { return fs::path(path).parent_path().string(); }

bool IsFile(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool IsFolder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// `path` after the folder `from`, which it may be or lie in, was renamed to `to`.
std::string Moved(const std::string& path, const std::string& from, const std::string& to) {
  const bool is_inside = path == from || path.starts_with(from + "/");
  return is_inside ? to + path.substr(from.size()) : path;
}

template <typename Value>
std::map<std::string, Value> MovedKeys(std::map<std::string, Value> map, const std::string& from,
                                       const std::string& to) {
  std::map<std::string, Value> moved;
  for (auto& [path, value] : map) {
    moved.insert_or_assign(Moved(path, from, to), std::move(value));
  }
  return moved;
}

template <typename Container, typename Matches>
void EraseWhere(Container& container, Matches matches) {
  for (auto it = container.begin(); it != container.end();) {
    it = matches(*it) ? container.erase(it) : std::next(it);
  }
}

}  // namespace

class FaultFileSystem::File final : public WritableFile {
 public:
  File(FaultFileSystem& files, std::shared_ptr<Content> content, std::string path,
       std::unique_ptr<WritableFile> file)
      : files_(files),
        content_(std::move(content)),
        path_(std::move(path)),
        file_(std::move(file)) {}

  absl::Status Append(std::string_view bytes) override {
    std::lock_guard lock(files_.mutex_);
    return files_.Append(*file_, *content_, bytes);
  }

  absl::Status Sync() override {
    std::lock_guard lock(files_.mutex_);
    return files_.Sync(*content_, path_);
  }

  absl::Status Close() override {
    std::lock_guard lock(files_.mutex_);
    absl::Status closed = file_->Close();
    VITRINE_RETURN_IF_ERROR(files_.CheckPower());
    return closed;
  }

 private:
  FaultFileSystem& files_;
  const std::shared_ptr<Content> content_;
  const std::string path_;
  const std::unique_ptr<WritableFile> file_;
};

class FaultFileSystem::FileToRead final : public ReadableFile {
 public:
  FileToRead(FaultFileSystem& files, std::unique_ptr<ReadableFile> file)
      : files_(files), file_(std::move(file)) {}

  absl::StatusOr<std::size_t> ReadAt(std::uint64_t offset, std::span<char> bytes) override {
    std::lock_guard lock(files_.mutex_);
    VITRINE_RETURN_IF_ERROR(files_.CountRead());
    return file_->ReadAt(offset, bytes);
  }

 private:
  FaultFileSystem& files_;
  const std::unique_ptr<ReadableFile> file_;
};

FaultFileSystem::~FaultFileSystem() {
  for (const auto& [path, name] : unsynced_names_) {
    if (name.descriptor >= 0) close(name.descriptor);
  }
}

void FaultFileSystem::CutPower(std::optional<std::uint64_t> torn_tail_seed) {
  std::lock_guard lock(mutex_);
  Cut(torn_tail_seed);
}

void FaultFileSystem::CutPowerAtCall(int nth, std::optional<std::uint64_t> torn_tail_seed) {
  std::lock_guard lock(mutex_);
  calls_until_cut_ = nth;
  cut_seed_ = torn_tail_seed;
}

bool FaultFileSystem::is_power_cut() const {
  std::lock_guard lock(mutex_);
  return is_power_cut_;
}

void FaultFileSystem::FailSync(int nth, absl::StatusCode code) {
  std::lock_guard lock(mutex_);
  syncs_until_failure_ = nth;
  sync_failure_ = code;
}

void FaultFileSystem::FailWrite(int nth, absl::StatusCode code) {
  std::lock_guard lock(mutex_);
  writes_until_failure_ = nth;
  write_failure_ = code;
}

void FaultFileSystem::FailReads(int nth) {
  std::lock_guard lock(mutex_);
  reads_until_failure_ = nth;
}

void FaultFileSystem::HealReads() {
  std::lock_guard lock(mutex_);
  reads_until_failure_ = 0;
}

void FaultFileSystem::FillDiskAfter(std::uint64_t bytes) {
  std::lock_guard lock(mutex_);
  room_ = bytes;
}

void FaultFileSystem::MakeRoom() {
  std::lock_guard lock(mutex_);
  room_.reset();
}

int FaultFileSystem::num_syncs() const {
  std::lock_guard lock(mutex_);
  return num_syncs_;
}

int FaultFileSystem::num_failures() const {
  std::lock_guard lock(mutex_);
  return num_failures_;
}

absl::StatusOr<std::unique_ptr<WritableFile>> FaultFileSystem::OpenForWrite(const std::string& path,
                                                                            OpenMode mode) {
  std::lock_guard lock(mutex_);
  VITRINE_RETURN_IF_ERROR(CountCall());
  const std::string name = Normal(path);
  if (!IsFile(name)) RememberName(name);
  VITRINE_ASSIGN_OR_RETURN(auto file, LocalFileSystem().OpenForWrite(path, mode));
  std::shared_ptr<Content> content = ContentAt(name);
  if (mode != OpenMode::kAppend) *content = Content{};
  return std::make_unique<File>(*this, std::move(content), path, std::move(file));
}

absl::StatusOr<std::unique_ptr<ReadableFile>> FaultFileSystem::OpenForRead(
    const std::string& path) {
  std::lock_guard lock(mutex_);
  VITRINE_ASSIGN_OR_RETURN(auto file, LocalFileSystem().OpenForRead(path));
  return std::make_unique<FileToRead>(*this, std::move(file));
}

absl::StatusOr<std::string> FaultFileSystem::ReadFile(const std::string& path) {
  std::lock_guard lock(mutex_);
  VITRINE_RETURN_IF_ERROR(CheckPower());
  return LocalFileSystem().ReadFile(path);
}

absl::StatusOr<std::vector<std::string>> FaultFileSystem::ListFolder(const std::string& path) {
  std::lock_guard lock(mutex_);
  VITRINE_RETURN_IF_ERROR(CheckPower());
  return LocalFileSystem().ListFolder(path);
}

absl::Status FaultFileSystem::Rename(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  VITRINE_RETURN_IF_ERROR(CountCall());
  const std::string old_name = Normal(from);
  const std::string new_name = Normal(to);
  if (IsFolder(old_name)) {
    VITRINE_RETURN_IF_ERROR(LocalFileSystem().Rename(from, to));
    unsynced_folder_renames_.emplace_back(old_name, new_name);
    MovePaths(old_name, new_name);
    return absl::OkStatus();
  }
  RememberName(old_name);
  RememberName(new_name);
  const std::shared_ptr<Content> content = ContentAt(old_name);
  VITRINE_RETURN_IF_ERROR(LocalFileSystem().Rename(from, to));
  contents_.erase(old_name);
  contents_[new_name] = content;
  return absl::OkStatus();
}

absl::Status FaultFileSystem::Remove(const std::string& path) {
  std::lock_guard lock(mutex_);
  VITRINE_RETURN_IF_ERROR(CountCall());
  RememberName(Normal(path));
  VITRINE_RETURN_IF_ERROR(LocalFileSystem().Remove(path));
  contents_.erase(Normal(path));
  return absl::OkStatus();
}

absl::Status FaultFileSystem::MakeFolder(const std::string& path) {
  std::lock_guard lock(mutex_);
  VITRINE_RETURN_IF_ERROR(CountCall());
  for (std::string name = Normal(path); !IsFolder(name); name = FolderOf(name)) {
    unsynced_folders_.insert(name);
  }
  return LocalFileSystem().MakeFolder(path);
}

absl::Status FaultFileSystem::SyncFolder(const std::string& path) {
  std::lock_guard lock(mutex_);
  VITRINE_RETURN_IF_ERROR(CountCall());
  VITRINE_RETURN_IF_ERROR(CountSync(path));
  const std::string folder = Normal(path);
  if (!IsFolder(folder)) {
    return absl::NotFoundError(absl::StrFormat("cannot sync folder %s: there is none", path));
  }
  EraseWhere(unsynced_names_, [&](const auto& entry) {
    if (FolderOf(entry.first) != folder) return false;
    if (entry.second.descriptor >= 0) close(entry.second.descriptor);
    return true;
  });
  EraseWhere(unsynced_folders_, [&](const auto& name) { return FolderOf(name) == folder; });
  EraseWhere(unsynced_folder_renames_,
             [&](const auto& rename) { return FolderOf(rename.second) == folder; });
  return absl::OkStatus();
}

absl::Status FaultFileSystem::RemoveFolder(const std::string& path) {
  std::lock_guard lock(mutex_);
  VITRINE_RETURN_IF_ERROR(CountCall());
  const std::string folder = Normal(path);
  EraseWhere(contents_, [&](const auto& one) { return one.first.starts_with(folder + "/"); });
  return LocalFileSystem().RemoveFolder(path);
}

absl::StatusOr<std::uint64_t> FaultFileSystem::FreeBytes(const std::string& folder) {
  std::lock_guard lock(mutex_);
  if (room_.has_value()) return *room_;
  return LocalFileSystem().FreeBytes(folder);
}

absl::Status FaultFileSystem::CheckPower() const {
  return is_power_cut_ ? absl::UnavailableError("the power is cut") : absl::OkStatus();
}

absl::Status FaultFileSystem::CountCall() {
  if (calls_until_cut_ > 0 && --calls_until_cut_ == 0) Cut(cut_seed_);
  return CheckPower();
}

absl::Status FaultFileSystem::CountSync(const std::string& path) {
  ++num_syncs_;
  if (syncs_until_failure_ == 0 || --syncs_until_failure_ > 0) return absl::OkStatus();
  return Fail(sync_failure_, absl::StrFormat("cannot sync %s: made to fail", path));
}

absl::Status FaultFileSystem::CountWrite() {
  if (writes_until_failure_ == 0 || --writes_until_failure_ > 0) return absl::OkStatus();
  return Fail(write_failure_, "cannot write: made to fail in the middle");
}

absl::Status FaultFileSystem::CountRead() {
  if (reads_until_failure_ == 1) {
    return Fail(absl::StatusCode::kUnavailable, "cannot read: made to fail");
  }
  if (reads_until_failure_ > 1) --reads_until_failure_;
  return absl::OkStatus();
}

absl::Status FaultFileSystem::Fail(absl::StatusCode code, const std::string& message) {
  ++num_failures_;
  return {code, message};
}

absl::Status FaultFileSystem::Append(WritableFile& file, Content& content, std::string_view bytes) {
  VITRINE_RETURN_IF_ERROR(CheckPower());
  const absl::Status counted = CountWrite();
  const std::size_t wanted = counted.ok() ? bytes.size() : bytes.size() / 2;
  const std::string_view fitting = bytes.substr(0, std::min(wanted, room_.value_or(wanted)));
  VITRINE_RETURN_IF_ERROR(file.Append(fitting));
  content.size += fitting.size();
  if (room_.has_value()) *room_ -= fitting.size();
  VITRINE_RETURN_IF_ERROR(CountCall());  // Now, so that a cut here tears these very bytes.
  VITRINE_RETURN_IF_ERROR(counted);
  if (fitting.size() == bytes.size()) return absl::OkStatus();
  return Fail(absl::StatusCode::kResourceExhausted,
              absl::StrFormat("cannot write: the disk took %d of %d bytes and is full",
                              fitting.size(), bytes.size()));
}

absl::Status FaultFileSystem::Sync(Content& content, const std::string& path) {
  VITRINE_RETURN_IF_ERROR(CountCall());
  if (absl::Status status = CountSync(path); !status.ok()) {
    content.has_lost_sync = true;
    return status;
  }
  if (!content.has_lost_sync) content.synced = content.size;
  return absl::OkStatus();
}

std::shared_ptr<FaultFileSystem::Content> FaultFileSystem::ContentAt(const std::string& path) {
  std::shared_ptr<Content>& content = contents_[path];
  if (content == nullptr) {
    std::error_code error;
    const std::uint64_t size = fs::file_size(path, error);
    content = std::make_shared<Content>();
    if (!error) content->size = content->synced = size;
  }
  return content;
}

void FaultFileSystem::RememberName(const std::string& path) {
  if (unsynced_names_.contains(path)) return;
  DurableName& name = unsynced_names_[path];
  if (!IsFile(path)) return;
  name.content = ContentAt(path);
  name.descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
}

void FaultFileSystem::MovePaths(const std::string& from, const std::string& to) {
  contents_ = MovedKeys(std::move(contents_), from, to);
  unsynced_names_ = MovedKeys(std::move(unsynced_names_), from, to);
  std::set<std::string> folders;
  for (const std::string& folder : unsynced_folders_) folders.insert(Moved(folder, from, to));
  unsynced_folders_ = std::move(folders);
}

}  // namespace vitrine::testing
