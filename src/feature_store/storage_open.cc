#include <rocksdb/db.h>

#include <filesystem>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>

#include "absl/strings/str_format.h"
#include "feature_store/rocksdb_files.h"
#include "feature_store/storage_options.h"
#include "feature_store/storage_state.h"
#include "feature_store/wal_tail.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::uint64_t kReopenBytes = 8 << 20;  // For a reopened store's first files and writes.

bool IsOwnedByAnother(const rocksdb::Status& status) {
  const std::string message = status.ToString();
  return status.IsIOError() && (message.find("While lock file") != std::string::npos ||
                                message.find("lock hold by") != std::string::npos);
}

}  // namespace

Storage::State::~State() {
  Close();
  if (lock != nullptr) env->UnlockFile(lock);
}

void Storage::State::Close() {
  for (rocksdb::ColumnFamilyHandle* table : tables) {
    if (db != nullptr) db->DestroyColumnFamilyHandle(table);
  }
  tables.clear();
  db.reset();
}

absl::Status Storage::State::OpenAsOwner() {
  VITRINE_RETURN_IF_ERROR(files->MakeFolder(folder));
  const std::filesystem::path parent = std::filesystem::absolute(folder).parent_path();
  VITRINE_RETURN_IF_ERROR(files->SyncFolder(parent));
  const rocksdb::Status locked = env->LockFile(folder + "/OWNER", &lock);
  if (IsOwnedByAnother(locked)) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s: a server owns this store, use --target ADDR", parent.string()));
  }
  VITRINE_RETURN_IF_ERROR(FromRocks(locked, "lock the store in " + folder));
  VITRINE_ASSIGN_OR_RETURN(cut_bytes, CutTornTail(*files, folder));
  return OpenTables();
}

absl::Status Storage::State::OpenTables() {
  rocksdb::DBOptions options = MakeTableOptions(*env, Access::kOwner);
  disk_watch = std::make_shared<DiskWatch>();
  options.listeners.push_back(disk_watch);
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(options, folder, DescribeTables(), &tables, &opened);
  db.reset(opened);
  if (!status.ok()) tables.clear();
  acknowledged = wal_watch.mark();  // Of the log that was made just now.
  return FromRocks(status, "open the store in " + folder);
}

absl::Status Storage::State::OpenBesideNobody() {
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(
      MakeTableOptions(*env, Access::kReader), folder, DescribeTables(), &tables, &opened);
  db.reset(opened);
  if (!status.ok()) tables.clear();
  return FromRocks(status, "read the store in " + folder);
}

absl::Status Storage::State::OpenAsReader() {
  if (!env->FileExists(folder + "/CURRENT").ok()) {
    return absl::NotFoundError(absl::StrFormat("there is no store in %s", folder));
  }
  rocksdb::Status status;
  for (int attempt = 0; attempt < kReaderAttempts; ++attempt) {
    rocksdb::DB* opened = nullptr;
    status = rocksdb::DB::OpenAsSecondary(MakeTableOptions(*env, Access::kReader), folder, folder,
                                          DescribeTables(), &tables, &opened);
    db.reset(opened);
    if (status.ok() || status.IsCorruption()) break;
    tables.clear();
    std::this_thread::sleep_for(kReaderPause);
  }
  return FromRocks(status, "read the store in " + folder);
}

Storage::Storage(std::unique_ptr<State> state) : state_(std::move(state)) {}
Storage::~Storage() = default;

absl::StatusOr<std::unique_ptr<Storage>> Storage::Open(const std::string& folder, Access access,
                                                       FileSystem& files) {
  auto state = std::make_unique<State>();
  state->files = &files;
  state->folder = folder;
  state->env = MakeRocksEnv(files, state->wal_watch);
  VITRINE_RETURN_IF_ERROR(access == Access::kOwner ? state->OpenAsOwner() : state->OpenAsReader());
  return std::unique_ptr<Storage>(new Storage(std::move(state)));
}

absl::StatusOr<std::uint64_t> Storage::BytesToReopen() const {
  std::uint64_t wal_bytes = 0;
  VITRINE_ASSIGN_OR_RETURN(const auto names, state_->files->ListFolder(state_->folder));
  for (const std::string& name : names) {
    std::error_code error;
    if (!name.ends_with(kWalSuffix)) continue;
    const std::uint64_t size = std::filesystem::file_size(state_->folder + "/" + name, error);
    if (!error) wal_bytes += size;
  }
  return kReopenBytes + 2 * wal_bytes;
}

absl::Status Storage::Reopen() {
  const NoCopies no_copies(*state_);
  const std::unique_lock wait_for_scans(state_->scans);
  const WalMark acknowledged = state_->acknowledged;
  state_->Close();
  absl::Status status =
      CutBehind(*state_->files, state_->folder, acknowledged.path, acknowledged.size);
  if (status.ok()) status = state_->OpenTables();
  if (status.ok()) return status;
  state_->acknowledged = acknowledged;  // For the next try.
  const absl::Status read = state_->OpenBesideNobody();
  if (!read.ok()) {
    Log(LogLevel::kError, "store.unreadable", {{"reason", std::string(read.message())}});
  }
  return status;
}

}  // namespace vitrine
