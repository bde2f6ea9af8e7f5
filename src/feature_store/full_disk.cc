#include <algorithm>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_format.h"
#include "feature_store/local_store.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::uint64_t kMaxPauses = 32;  // Between two tries, in times of the first pause.

absl::Status DiskFullError(const StorePlace& place, const Storage& storage,
                           const absl::Status& reason) {
  const auto free = place.files->FreeBytes(place.folder);
  const auto wanted = storage.BytesToReopen();
  absl::Status status = absl::ResourceExhaustedError(absl::StrFormat(
      "the disk is full: %d bytes are free under %s, %d are wanted; make room and writes go on by "
      "themselves, as reads do meanwhile: %s",
      free.value_or(0), place.folder, wanted.value_or(0), std::string(reason.message())));
  status.SetPayload(kReasonPayload, absl::Cord(kReasonDiskFull));
  return status;
}

}  // namespace

void LocalStore::BecomeReadOnly(const absl::Status& reason) {
  const bool is_full = absl::IsResourceExhausted(reason);
  absl::Status why =
      is_full ? DiskFullError(place_, *storage_, reason)
              : absl::Status(reason.code(), absl::StrFormat("the store is read-only since a write "
                                                            "failed; cure the disk and restart: %s",
                                                            std::string(reason.message())));
  Log(LogLevel::kError, is_full ? "store.disk-full" : "store.read-only",
      {{"reason", std::string(reason.message())}});
  std::lock_guard lock(mutex_);
  writable_ = std::move(why);
  is_disk_full_ = is_full;
  if (full_disk_pause_ms_ == 0) full_disk_pause_ms_ = place_.options.full_disk_retry_ms;
}

void LocalStore::LookForRoom() {
  const absl::Status status = GoOn();
  if (status.ok()) {
    full_disk_pause_ms_ = 0;
    Log(LogLevel::kWarning, "store.writable-again", {{"folder", place_.folder}});
  } else if (!absl::IsResourceExhausted(status)) {
    BecomeReadOnly(status);
  } else {
    full_disk_pause_ms_ =
        std::min(2 * full_disk_pause_ms_, kMaxPauses * place_.options.full_disk_retry_ms);
  }
}

absl::Status LocalStore::GoOn() {
  VITRINE_ASSIGN_OR_RETURN(const std::uint64_t wanted, storage_->BytesToReopen());
  VITRINE_ASSIGN_OR_RETURN(const std::uint64_t free, place_.files->FreeBytes(place_.folder));
  if (free < wanted) return absl::ResourceExhaustedError("there is no room yet");
  VITRINE_RETURN_IF_ERROR(storage_->Reopen());
  VITRINE_ASSIGN_OR_RETURN(const auto row, storage_->Get(Table::kMeta, kStateRow));
  VITRINE_ASSIGN_OR_RETURN(const StoreState state, DecodeStoreState(row.value_or("")));
  if (state.sequence != state_.sequence) {
    // What was refused had come further than the write-ahead log: into a table.
    return absl::UnavailableError(
        absl::StrFormat("the disk has the state %d, and %d was acknowledged last", state.sequence,
                        state_.sequence));
  }
  {
    std::lock_guard lock(mutex_);
    writable_ = absl::OkStatus();
    is_disk_full_ = false;
  }
  VITRINE_RETURN_IF_ERROR(FinishForgetting());
  VITRINE_ASSIGN_OR_RETURN(const auto erasure, storage_->Get(Table::kMeta, kErasureRow));
  return erasure.has_value() ? FinishErasure() : absl::OkStatus();
}

}  // namespace vitrine
