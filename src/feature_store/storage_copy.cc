#include <rocksdb/db.h>

#include <mutex>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "feature_store/rocksdb_files.h"
#include "feature_store/storage_state.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

absl::Status RewrittenError() {
  return absl::AbortedError("the store was rewritten while it was copied");
}

absl::StatusOr<CopiedFile> CopyOne(FileSystem& files, const rocksdb::LiveFileStorageInfo& file,
                                   const std::string& to, const MayGoOn& may_go_on) {
  if (!file.replacement_contents.empty()) return WriteCopy(files, to, file.replacement_contents);
  return CopyFile(files, file.directory + "/" + file.relative_filename, to, file.size, may_go_on);
}

}  // namespace

Storage::NoCopies::NoCopies(State& state) : state_(state) {
  ++state_.num_rewrites;
  state_.copies.lock();
}

Storage::NoCopies::~NoCopies() {
  state_.copies.unlock();
  --state_.num_rewrites;
}

absl::StatusOr<std::vector<CopiedFile>> Storage::CopyTo(const std::string& to,
                                                        const MayGoOn& may_go_on) const {
  const std::shared_lock lock(state_->copies, std::try_to_lock);
  if (!lock.owns_lock() || state_->db == nullptr) return RewrittenError();
  const std::string what = "copy the store in " + state_->folder;
  rocksdb::DB& db = *state_->db;
  VITRINE_RETURN_IF_ERROR(FromRocks(db.DisableFileDeletions(), what));
  absl::StatusOr<std::vector<CopiedFile>> copied = CopyLiveFiles(to, [&]() -> absl::Status {
    if (state_->num_rewrites > 0) return RewrittenError();
    return may_go_on();
  });
  VITRINE_RETURN_IF_ERROR(FromRocks(db.EnableFileDeletions(/*force=*/false), what));
  return copied;
}

// While no file is deleted.
absl::StatusOr<std::vector<CopiedFile>> Storage::CopyLiveFiles(const std::string& to,
                                                               const MayGoOn& may_go_on) const {
  // Everything is sorted into tables first: what the write-ahead log holds then came meanwhile.
  rocksdb::LiveFilesStorageInfoOptions options;
  options.wal_size_for_flush = 0;
  std::vector<rocksdb::LiveFileStorageInfo> live;
  VITRINE_RETURN_IF_ERROR(FromRocks(state_->db->GetLiveFilesStorageInfo(options, &live),
                                    "list the files of the store in " + state_->folder));
  VITRINE_RETURN_IF_ERROR(state_->files->MakeFolder(to));
  std::vector<CopiedFile> copied;
  for (const rocksdb::LiveFileStorageInfo& file : live) {
    VITRINE_RETURN_IF_ERROR(may_go_on());
    const std::string path = to + "/" + file.relative_filename;
    VITRINE_ASSIGN_OR_RETURN(CopiedFile one, CopyOne(*state_->files, file, path, may_go_on));
    one.name = file.relative_filename;
    copied.push_back(std::move(one));
  }
  VITRINE_RETURN_IF_ERROR(state_->files->SyncFolder(to));
  return copied;
}

}  // namespace vitrine
