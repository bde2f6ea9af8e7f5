#include "vitrine/feature_store/backup.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "feature_store/backup_list.h"
#include "feature_store/checkpoint.h"
#include "feature_store/copy_file.h"
#include "feature_store/local_store.h"
#include "feature_store/unfinished_restore.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUnfinished = ".unfinished";
constexpr std::string_view kVolumesOwn = "lost+found";  // At its root; only root may read it.
constexpr std::uint64_t kRoomToLeave = 64 << 20;        // Beside a backup, for writes meanwhile.

bool IsInside(const fs::path& path, const fs::path& folder) {
  const auto [end, unused] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

// `home`: what it has to be below; empty: anything.
absl::Status CheckTarget(const std::string& to, const std::string& store, const std::string& home) {
  const fs::path target = fs::path(to).lexically_normal();
  std::error_code error;
  if (!target.is_absolute() || !target.has_filename()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "'%s' is not the absolute path of a folder to make, such as /var/backups/vitrine/today",
        to));
  }
  constexpr std::size_t kLongestName = 255 - kUnfinished.size();  // Of a file, in bytes.
  if (to.find('\0') != std::string::npos || target.filename().native().size() > kLongestName) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a folder's name has no zero byte and at most %d others, this one has %d",
                        kLongestName, target.filename().native().size()));
  }
  if (!fs::is_directory(target.parent_path(), error)) {
    return absl::InvalidArgumentError(absl::StrFormat("there is no folder %s to make a backup in",
                                                      target.parent_path().string()));
  }
  if (!home.empty() &&
      !IsInside(fs::weakly_canonical(target, error), fs::weakly_canonical(home, error))) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s is not below %s, where alone store.backup_folder lets backups be made", to, home));
  }
  if (IsInside(fs::weakly_canonical(target, error), fs::weakly_canonical(store, error))) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is in the store %s; a backup wants a place of its own", to, store));
  }
  if (fs::exists(target, error)) {
    return absl::AlreadyExistsError(
        absl::StrFormat("%s is there already; give every backup a new name", to));
  }
  return absl::OkStatus();
}

// What is copied beside the tables: all but views, which are made anew, and what is half written.
bool IsCopied(const fs::path& name) {
  const std::string text = name.filename();
  return !IsCheckpointName(text) && !text.ends_with(".tmp") && !text.ends_with(kUnfinished);
}

struct OtherFile {
  std::string name{};
  std::uint64_t num_bytes = 0;
};

// The files of the store's folder, tables left out, by path in it, and what lies behind links.
// Bundles come last: what names one is copied before it, and bundles that are named are not
// removed. `num_table_bytes`: of all tables.
absl::StatusOr<std::vector<OtherFile>> ListOtherFiles(const fs::path& folder,
                                                      std::uint64_t& num_table_bytes) {
  std::vector<OtherFile> found;
  num_table_bytes = 0;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::follow_directory_symlink,
                                         error);
  for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error)) {
    const fs::path name = entry->path().lexically_relative(folder);
    const bool is_folder = entry->is_directory(error);
    const std::uint64_t num_bytes = is_folder || error ? 0 : entry->file_size(error);
    if (error == std::errc::no_such_file_or_directory) {  // Removed meanwhile, as old bundles are.
      error.clear();
      continue;
    }
    if (error) break;
    if (is_folder) {
      if (name == kVolumesOwn) entry.disable_recursion_pending();
      continue;
    }
    if (*name.begin() == "db") {
      num_table_bytes += num_bytes;
    } else if (IsCopied(name)) {
      found.push_back({.name = name, .num_bytes = num_bytes});
    }
  }
  if (error) {
    return absl::UnavailableError(
        absl::StrFormat("not all of the store in %s can be read, so nothing is backed up: %s",
                        folder.string(), error.message()));
  }
  const auto is_bundle = [](const OtherFile& file) { return file.name.ends_with(".bundle"); };
  std::sort(found.begin(), found.end(), [&](const OtherFile& a, const OtherFile& b) {
    return std::pair(is_bundle(a), a.name) < std::pair(is_bundle(b), b.name);
  });
  return found;
}

// A backup that fills the disk would take the room that writes need.
absl::Status CheckRoom(FileSystem& files, const std::string& to, const std::string& store) {
  std::uint64_t wanted = 0;
  VITRINE_ASSIGN_OR_RETURN(const auto others, ListOtherFiles(store, wanted));
  wanted += kRoomToLeave;
  for (const OtherFile& file : others) wanted += file.num_bytes;
  const std::string folder = fs::path(to).parent_path();
  VITRINE_ASSIGN_OR_RETURN(const std::uint64_t free, files.FreeBytes(folder));
  if (free >= wanted) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrFormat(
      "%d bytes are free under %s, a backup wants %d; make room, or choose another disk", free,
      folder, wanted));
}

absl::Status MakeFolderOf(FileSystem& files, const std::string& path) {
  return files.MakeFolder(fs::path(path).parent_path());
}

// Names in all of the folders are on disk.
absl::Status SyncFolders(FileSystem& files, const std::string& root,
                         const std::vector<CopiedFile>& copied) {
  std::set<fs::path> folders = {root};
  for (const CopiedFile& file : copied) {
    for (fs::path path = fs::path(file.name).parent_path(); !path.empty();
         path = path.parent_path()) {
      folders.insert(root / path);
    }
  }
  for (const fs::path& folder : folders) VITRINE_RETURN_IF_ERROR(files.SyncFolder(folder));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<CopiedFile>> CopyOtherFiles(FileSystem& files, const std::string& from,
                                                       const std::string& to,
                                                       const MayGoOn& may_go_on) {
  std::vector<CopiedFile> copied;
  std::uint64_t num_table_bytes = 0;
  VITRINE_ASSIGN_OR_RETURN(const auto others, ListOtherFiles(from, num_table_bytes));
  for (const auto& [name, num_bytes] : others) {
    VITRINE_RETURN_IF_ERROR(MakeFolderOf(files, to + "/" + name));
    auto one = CopyFile(files, from + "/" + name, to + "/" + name, std::nullopt, may_go_on);
    if (absl::IsNotFound(one.status())) continue;  // Removed meanwhile.
    VITRINE_RETURN_IF_ERROR(one.status());
    one->name = name;
    copied.push_back(*std::move(one));
  }
  return copied;
}

// But for what is a volume's own, and what a restore that was killed left.
absl::Status CheckEmpty(FileSystem& files, const std::string& store) {
  VITRINE_ASSIGN_OR_RETURN(std::vector<std::string> names, files.ListFolder(store));
  std::erase_if(names, [&](const std::string& name) {
    return name == kVolumesOwn || store + "/" + name == UnfinishedRestore(store);
  });
  if (names.empty()) return absl::OkStatus();
  return absl::AlreadyExistsError(
      absl::StrFormat("%s holds something, %s; restore into a folder that is not there, or empty",
                      store, names[0]));
}

absl::Status RestoreFile(FileSystem& files, const std::string& from, const std::string& to,
                         const CopiedFile& file) {
  VITRINE_RETURN_IF_ERROR(MakeFolderOf(files, to + "/" + file.name));
  VITRINE_ASSIGN_OR_RETURN(const CopiedFile copy,
                           CopyFile(files, from + "/" + file.name, to + "/" + file.name,
                                    file.num_bytes, [] { return absl::OkStatus(); }));
  if (copy.checksum == file.checksum) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat(
      "%s/%s is damaged: its checksum does not match; use another backup", from, file.name));
}

// All that is listed, checked, and on disk.
absl::Status RestoreFiles(FileSystem& files, const std::string& from, const std::string& to,
                          const BackupList& list, const CheckCopy& check) {
  for (const CopiedFile& file : list.files) {
    VITRINE_RETURN_IF_ERROR(RestoreFile(files, from, to, file));
  }
  VITRINE_RETURN_IF_ERROR(check(to));
  return SyncFolders(files, to, list.files);  // Last: what the check removed stays so.
}

// Gives the draft its name if it is whole; else nothing is left of it.
absl::Status Publish(FileSystem& files, const std::string& draft, const std::string& to,
                     absl::Status made) {
  if (made.ok()) made = files.Rename(draft, to);
  if (made.ok()) return files.SyncFolder(fs::path(draft).parent_path());
  (void)files.RemoveFolder(draft);
  return made;
}

// `moved`: the names of what is in `to` now.
absl::Status MoveAll(FileSystem& files, const std::string& draft, const std::string& to,
                     std::vector<std::string>& moved) {
  VITRINE_RETURN_IF_ERROR(files.SyncFolder(to));  // The draft stays known as long as they move.
  VITRINE_ASSIGN_OR_RETURN(const auto names, files.ListFolder(draft));
  for (const std::string& name : names) {
    VITRINE_RETURN_IF_ERROR(files.Rename(draft + "/" + name, to + "/" + name));
    moved.push_back(name);
  }
  return files.SyncFolder(to);
}

// The same for a folder that is there. Its parts come one by one, but count only once the draft in
// it is gone.
absl::Status PublishWithin(FileSystem& files, const std::string& draft, const std::string& to,
                           absl::Status made) {
  std::vector<std::string> moved;
  if (made.ok()) made = MoveAll(files, draft, to, moved);
  if (made.ok()) made = files.RemoveFolder(draft);
  if (made.ok()) return files.SyncFolder(to);
  for (const std::string& name : moved) {
    const std::string path = to + "/" + name;
    std::error_code error;
    (void)(fs::is_directory(path, error) ? files.RemoveFolder(path) : files.Remove(path));
  }
  (void)files.RemoveFolder(draft);  // Last: without it the rest would count.
  return made;
}

}  // namespace

absl::StatusOr<BackupSummary> LocalStore::BackUp(const std::string& asked,
                                                 const std::function<bool()>& is_cancelled) {
  const std::string to = fs::path(asked).lexically_normal();  // A link may lead behind a "..".
  VITRINE_RETURN_IF_ERROR(CheckTarget(to, place_.folder, place_.options.backup_folder));
  const std::unique_lock only_one(backup_mutex_, std::try_to_lock);
  if (!only_one.owns_lock()) {
    return RefusedBecause(kReasonBackupRunning, "another backup is being made; wait for its end");
  }
  VITRINE_RETURN_IF_ERROR(WhyNotWritable());
  FileSystem& files = *place_.files;
  const std::string draft = to + std::string(kUnfinished);
  VITRINE_RETURN_IF_ERROR(files.RemoveFolder(draft));  // Of a process that was killed.
  VITRINE_RETURN_IF_ERROR(CheckRoom(files, draft, place_.folder));
  auto summary = CopyAll(draft, is_cancelled);
  const absl::Status whole = Publish(files, draft, to, summary.status());
  if (!whole.ok()) return whole;
  Log(LogLevel::kInfo, "store.backed-up", {{"folder", to}, {"events", summary->num_events}});
  return summary;
}

absl::StatusOr<BackupSummary> LocalStore::CopyAll(const std::string& to,
                                                  const std::function<bool()>& is_cancelled) {
  BackupList list;
  const std::uint64_t num_erasures = num_erasures_;
  {
    std::lock_guard lock(commit_mutex_);
    list.summary = {.time_us = place_.clock->Now(),
                    .sequence = state_.sequence,
                    .num_events = state_.num_events};
  }
  const MayGoOn may_go_on = [&]() -> absl::Status {
    if (is_cancelled()) return absl::CancelledError("the backup was given up");
    if (num_erasures_ == num_erasures) return absl::OkStatus();
    return absl::AbortedError("an erasure came while the backup was made; make it again");
  };
  FileSystem& files = *place_.files;
  VITRINE_RETURN_IF_ERROR(files.MakeFolder(to));
  // Before the tables: a note of how far an import is must not be ahead of them.
  VITRINE_ASSIGN_OR_RETURN(list.files, CopyOtherFiles(files, place_.folder, to, may_go_on));
  VITRINE_ASSIGN_OR_RETURN(std::vector<CopiedFile> tables, storage_->CopyTo(to + "/db", may_go_on));
  for (CopiedFile& table : tables) {
    table.name = "db/" + table.name;
    list.files.push_back(std::move(table));
  }
  VITRINE_RETURN_IF_ERROR(SyncFolders(files, to, list.files));
  VITRINE_RETURN_IF_ERROR(WriteBackupList(files, to, list));
  VITRINE_RETURN_IF_ERROR(may_go_on());
  return list.Summary();
}

absl::StatusOr<BackupSummary> ReadBackupSummary(FileSystem& files, const std::string& from) {
  VITRINE_ASSIGN_OR_RETURN(const BackupList list, ReadBackupList(files, from));
  return list.Summary();
}

absl::StatusOr<BackupSummary> RestoreBackup(FileSystem& files, const std::string& from,
                                            const std::string& store, const CheckCopy& check) {
  VITRINE_ASSIGN_OR_RETURN(const BackupList list, ReadBackupList(files, from));
  const fs::path target = fs::absolute(store).lexically_normal();
  const std::string to = target.has_filename() ? target : target.parent_path();
  std::error_code error;
  const bool is_there = fs::exists(to, error);
  if (is_there) VITRINE_RETURN_IF_ERROR(CheckEmpty(files, to));
  const std::string draft = is_there ? UnfinishedRestore(to) : to + std::string(kUnfinished);
  VITRINE_RETURN_IF_ERROR(files.RemoveFolder(draft));  // Of a process that was killed.
  const absl::Status made = RestoreFiles(files, from, draft, list, check);
  VITRINE_RETURN_IF_ERROR(is_there ? PublishWithin(files, draft, to, made)
                                   : Publish(files, draft, to, made));
  return list.Summary();
}

}  // namespace vitrine
