#include "server/store_service.h"

#include "server/status.h"
#include "server/wire.h"

namespace vitrine {
namespace {

absl::Status BackupRunning() {
  return WithReason(absl::FailedPreconditionError("another backup is being made; wait for its end"),
                    kReasonBackupRunning);
}

// The store knows codes; the API's reasons are this module's.
absl::Status WithBackupReason(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return BadField("folder", std::string(status.message()));
    case absl::StatusCode::kAborted:
      return WithReason(status, "STORE_REWRITTEN");
    case absl::StatusCode::kResourceExhausted:
      return WithReason(status, kReasonDiskFull);
    case absl::StatusCode::kFailedPrecondition:
      return BackupRunning();
    default:
      return status;
  }
}

}  // namespace

grpc::ServerUnaryReactor* StoreService::BackUpStore(grpc::CallbackServerContext* context,
                                                    const v1::BackUpStoreRequest* request,
                                                    v1::BackUpStoreResponse* response) {
  return pool_.AnswerLater(
      context, *request, [this, context, request, response](const RequestPool::Finish& finish) {
        if (is_copying_.exchange(true)) return finish(BackupRunning());
        copier_->Submit([this, context, request, response, finish] {
          const absl::Status status = BackUp(
              *request, [&] { return is_stopped_ || context->IsCancelled(); }, *response);
          is_copying_ = false;
          finish(status);
        });
      });
}

absl::Status StoreService::BackUp(const v1::BackUpStoreRequest& request,
                                  const std::function<bool()>& is_over,
                                  v1::BackUpStoreResponse& response) {
  const auto backup = pool_.backend().store->BackUp(request.folder(), is_over);
  if (!backup.ok()) return WithBackupReason(backup.status());
  *response.mutable_begin_time() = ToTimestamp(backup->time_us);
  response.set_event_count(static_cast<std::int64_t>(backup->num_events));
  response.set_file_count(static_cast<std::int64_t>(backup->num_files));
  response.set_byte_count(static_cast<std::int64_t>(backup->num_bytes));
  response.set_consistency_token(ConsistencyToken(backup->sequence));
  return absl::OkStatus();
}

}  // namespace vitrine
