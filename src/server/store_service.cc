#include "server/store_service.h"

#include <optional>

#include "server/status.h"
#include "server/wire.h"
#include "server/write_and_finish.h"
#include "vitrine/base/status_macros.h"

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
      return WithReason(status, StoreReason(status));
    case absl::StatusCode::kUnavailable:
      return WithReason(status, kReasonDiskFailed);
    default:
      return status;
  }
}

absl::StatusOr<ForgetOldEvents> FromProto(const v1::ForgetOldEventsRequest& request) {
  ForgetOldEvents mutation;
  if (request.keep_count() < 0) return BadField("keep_count", "is negative");
  mutation.keep_events = static_cast<std::uint64_t>(request.keep_count());
  if (request.has_before_time()) {
    const std::optional<Micros> before = FromTimestamp(request.before_time());
    if (!before.has_value()) return BadField("before_time", "is no time since 1970");
    mutation.before_us = *before;
  }
  if (mutation.before_us == 0 && mutation.keep_events == 0) {
    return BadField("before_time", "neither before_time nor keep_count says what is old");
  }
  return mutation;
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

grpc::ServerUnaryReactor* StoreService::ForgetOldEvents(grpc::CallbackServerContext* context,
                                                        const v1::ForgetOldEventsRequest* request,
                                                        v1::ForgetOldEventsResponse* response) {
  return pool_.AnswerLater(
      context, *request, [this, request, response](const RequestPool::Finish& finish) {
        WriteAndFinish(
            pool_, FromProto(*request), response, finish, [response](const WriteResult& result) {
              response->set_forgotten_event_count(static_cast<std::int64_t>(result.num_removed));
            });
      });
}

}  // namespace vitrine
