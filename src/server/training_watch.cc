#include "server/training_watch.h"

#include <google/protobuf/util/message_differencer.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/status.h"
#include "server/wire.h"

namespace vitrine {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(100);

v1::Training::State ToProto(TrainingProgress::State state) {
  switch (state) {
    case TrainingProgress::State::kRunning:
      return v1::Training::STATE_RUNNING;
    case TrainingProgress::State::kSucceeded:
      return v1::Training::STATE_SUCCEEDED;
    case TrainingProgress::State::kFailed:
      return v1::Training::STATE_FAILED;
    case TrainingProgress::State::kCancelled:
      return v1::Training::STATE_CANCELLED;
  }
  return v1::Training::STATE_UNSPECIFIED;
}

}  // namespace

v1::Training ToProto(const TrainingProgress& progress) {
  v1::Training message;
  message.set_training_id(progress.id);
  message.set_state(ToProto(progress.state));
  message.set_stage(progress.stage);
  message.set_progress(progress.fraction);
  *message.mutable_start_time() = ToTimestamp(progress.started_us);
  if (progress.finished_us != 0) *message.mutable_end_time() = ToTimestamp(progress.finished_us);
  message.set_model_version(progress.version);
  message.set_error(progress.error);
  return message;
}

absl::StatusOr<TrainingProgress> FindTraining(const Backend& backend, const std::string& id) {
  if (backend.models == nullptr) {
    return WithReason(absl::FailedPreconditionError("this server keeps no models: it was started "
                                                    "without training"),
                      "TRAINING_DISABLED");
  }
  absl::StatusOr<TrainingProgress> progress = backend.models->GetTraining(id);
  if (absl::IsNotFound(progress.status())) {
    return WithReason(progress.status(), "TRAINING_NOT_FOUND", {{"training_id", id}});
  }
  return progress;
}

TrainingWatch::TrainingWatch(RequestPool& pool, grpc::CallbackServerContext& context,
                             std::string training_id)
    : pool_(pool), context_(context), training_id_(std::move(training_id)) {}

void TrainingWatch::OnWriteDone(bool is_ok) {
  if (!is_ok) return Finish(grpc::Status::CANCELLED);
  if (response_.training().state() != v1::Training::STATE_RUNNING) return Finish(grpc::Status::OK);
  Wait();
}

void TrainingWatch::Look() {
  if (context_.IsCancelled()) return Finish(grpc::Status::CANCELLED);
  if (const absl::Status admitted = pool_.Admit(); !admitted.ok()) {
    return Finish(ToGrpcStatus(admitted));
  }
  const auto progress = FindTraining(pool_.backend(), training_id_);
  if (!progress.ok()) return Finish(ToGrpcStatus(progress.status()));
  v1::Training training = ToProto(*progress);
  if (has_written_ &&
      google::protobuf::util::MessageDifferencer::Equals(training, response_.training())) {
    return Wait();
  }
  *response_.mutable_training() = std::move(training);
  has_written_ = true;
  StartWrite(&response_);
}

void TrainingWatch::Wait() {
  alarm_.emplace();
  alarm_->Set(std::chrono::system_clock::now() + kInterval,
              [this](bool /*is_expired*/) { Look(); });
}

}  // namespace vitrine
