#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/base/file_system.h"

namespace vitrine::testing {

// The machine's files, on a disk that fails when a test says so. Writes go straight to the real
// files, so that code which reads them by another way sees them; what has not been synced is
// remembered, and CutPower takes it away again, by the harshest reading of POSIX:
//
//   bytes            survive once their file was synced. Truncating takes effect at once: a file
//                    rewritten in place may lose both its old and its new content.
//   names            creating, renaming and removing a file, making and renaming a folder survive
//                    once the folder that holds the name was synced.
//   a failed sync    loses the bytes it was for: a later sync of that file reports success and
//                    saves nothing, as Linux does.
//
// What was there before counts as synced. Nothing is really synced, which makes it fast.
// Thread-safe. Outlives the files it opened. Not for symbolic or hard links.
class FaultFileSystem final : public FileSystem {
 public:
  FaultFileSystem() = default;
  ~FaultFileSystem() override;

  // Takes back what was not synced; every call from now on fails with UNAVAILABLE, on open files
  // too. Read what is left with LocalFileSystem() or a fresh object. With a seed, each file keeps a
  // random part, from the front, of the bytes that were appended but not synced: a torn tail.
  void CutPower(std::optional<std::uint64_t> torn_tail_seed = std::nullopt);

  // The same in the middle of the `nth` call from now (1 is the next one) that changes something:
  // OpenForWrite, Append, Sync, Rename, Remove, MakeFolder or SyncFolder. That call fails.
  void CutPowerAtCall(int nth, std::optional<std::uint64_t> torn_tail_seed = std::nullopt);
  bool is_power_cut() const;

  // Makes the `nth` sync from now (1 is the next one), of a file or a folder, fail with `code`:
  // UNAVAILABLE, or RESOURCE_EXHAUSTED as a disk does that finds out late. One fault at a time.
  void FailSync(int nth, absl::StatusCode code = absl::StatusCode::kUnavailable);

  // Makes the `nth` write from now (1 is the next one) take half of its bytes and fail with `code`:
  // UNAVAILABLE, as a disk that is broken does. Writes after it succeed.
  void FailWrite(int nth, absl::StatusCode code = absl::StatusCode::kUnavailable);

  // Makes the `nth` read from now of a file that was opened for reading fail with UNAVAILABLE, and
  // all after it until HealReads.
  void FailReads(int nth);
  void HealReads();

  // The disk takes `bytes` more bytes; what goes beyond is RESOURCE_EXHAUSTED after a partial
  // write, until MakeRoom.
  void FillDiskAfter(std::uint64_t bytes);
  void MakeRoom();

  // Syncs of files and folders so far, failed ones too.
  int num_syncs() const;

  // Syncs, writes and reads so far that were made to fail, or that a full disk refused: what was
  // asked for may wait for a later call than there are. Not those after a power cut.
  int num_failures() const;

  absl::StatusOr<std::unique_ptr<WritableFile>> OpenForWrite(const std::string& path,
                                                             OpenMode mode) override;
  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenForRead(const std::string& path) override;
  absl::StatusOr<std::string> ReadFile(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status MakeFolder(const std::string& path) override;
  absl::Status SyncFolder(const std::string& path) override;
  // What it takes stays away after a power cut.
  absl::Status RemoveFolder(const std::string& path) override;
  absl::StatusOr<std::uint64_t> FreeBytes(const std::string& folder) override;

 private:
  class File;
  class FileToRead;

  // The content of one file, whatever its name at present.
  struct Content {
    std::uint64_t size = 0;
    std::uint64_t synced = 0;    // Bytes, from the front, that survive.
    std::uint64_t kept = 0;      // The same with the torn tail; set by CutPower.
    bool has_lost_sync = false;  // Later bytes never survive.
  };

  // What a name stood for when its folder was last synced.
  struct DurableName {
    std::shared_ptr<Content> content;  // Null: there was no file of that name.
    int descriptor = -1;               // Keeps the file readable after it was removed.
  };

  // All private functions want mutex_ held.
  absl::Status CheckPower() const;
  absl::Status CountCall();
  absl::Status CountSync(const std::string& path);
  absl::Status CountWrite();
  absl::Status CountRead();
  absl::Status Fail(absl::StatusCode code, const std::string& message);
  void Cut(std::optional<std::uint64_t> torn_tail_seed);
  void UndoFolderRenames();
  void DecideKept(std::optional<std::uint64_t> torn_tail_seed);
  void UndoNames();
  std::shared_ptr<Content> ContentAt(const std::string& path);
  void RememberName(const std::string& path);
  void MovePaths(const std::string& from, const std::string& to);
  absl::Status Append(WritableFile& file, Content& content, std::string_view bytes);
  absl::Status Sync(Content& content, const std::string& path);

  mutable std::mutex mutex_;
  // All below: guarded by mutex_; paths are absolute and normal.
  std::map<std::string, std::shared_ptr<Content>> contents_;  // By present name.
  std::map<std::string, DurableName> unsynced_names_;
  std::vector<std::pair<std::string, std::string>> unsynced_folder_renames_;  // From, to.
  std::set<std::string> unsynced_folders_;
  bool is_power_cut_ = false;
  int calls_until_cut_ = 0;  // 0: never.
  std::optional<std::uint64_t> cut_seed_;
  int syncs_until_failure_ = 0;  // 0: never.
  absl::StatusCode sync_failure_ = absl::StatusCode::kUnavailable;
  int writes_until_failure_ = 0;  // 0: never.
  absl::StatusCode write_failure_ = absl::StatusCode::kUnavailable;
  int reads_until_failure_ = 0;  // 0: never; 1: every one fails.
  int num_syncs_ = 0;
  int num_failures_ = 0;
  std::optional<std::uint64_t> room_;  // Bytes the disk still takes; none: no limit.
};

}  // namespace vitrine::testing
