#include "server/training_watch.h"

#include <google/protobuf/util/message_differencer.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/status.h"
#include "server/wire.h"
#include "vitrine/base/status_macros.h"

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
    case TrainingProgress::State::kRefused:
      return v1::Training::STATE_REFUSED;
  }
  return v1::Training::STATE_UNSPECIFIED;
}

v1::Training::Trigger ToProto(TrainingTrigger trigger) {
  switch (trigger) {
    case TrainingTrigger::kRequest:
      return v1::Training::TRIGGER_REQUEST;
    case TrainingTrigger::kEvents:
      return v1::Training::TRIGGER_EVENTS;
    case TrainingTrigger::kSchedule:
      return v1::Training::TRIGGER_SCHEDULE;
  }
  return v1::Training::TRIGGER_UNSPECIFIED;
}

v1::GateReport ToProto(const GateReport& gate) {
  v1::GateReport message;
  message.set_passed(gate.is_passed);
  message.set_verdict(gate.verdict);
  message.set_live_version(gate.live_version);
  message.set_live_refitted(gate.is_live_refitted);
  message.set_test_user_count(static_cast<std::int64_t>(gate.num_users));
  message.set_candidate_accuracy(gate.candidate_accuracy);
  message.set_live_accuracy(gate.live_accuracy);
  message.set_lowest_difference(gate.lowest_difference);
  message.set_highest_difference(gate.highest_difference);
  message.set_candidate_coverage(gate.candidate_coverage);
  message.set_live_coverage(gate.live_coverage);
  return message;
}

absl::Status Refusal(const GateReport& gate) {
  const auto number = [](double value) { return absl::StrFormat("%.6g", value); };
  return WithReason(absl::FailedPreconditionError(gate.verdict), "PROMOTION_GATE_FAILED",
                    {{"live_version", gate.live_version},
                     {"test_user_count", absl::StrFormat("%d", gate.num_users)},
                     {"candidate_accuracy", number(gate.candidate_accuracy)},
                     {"live_accuracy", number(gate.live_accuracy)},
                     {"lowest_difference", number(gate.lowest_difference)},
                     {"highest_difference", number(gate.highest_difference)},
                     {"candidate_coverage", number(gate.candidate_coverage)},
                     {"live_coverage", number(gate.live_coverage)}});
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
  message.set_trigger(ToProto(progress.trigger));
  if (!progress.gate.has_value()) return message;
  *message.mutable_gate() = ToProto(*progress.gate);
  if (progress.state == TrainingProgress::State::kRefused) {
    *message.mutable_refusal() = ToRpcStatus(Refusal(*progress.gate));
  }
  return message;
}

absl::Status CheckTrains(const Backend& backend) {
  if (backend.models != nullptr) return absl::OkStatus();
  return WithReason(absl::FailedPreconditionError("this server keeps no models: it was started "
                                                  "without training"),
                    "TRAINING_DISABLED");
}

absl::StatusOr<TrainingProgress> Named(absl::StatusOr<TrainingProgress> progress,
                                       const std::string& id) {
  if (!absl::IsNotFound(progress.status())) return progress;
  return WithReason(progress.status(), "TRAINING_NOT_FOUND", {{"training_id", id}});
}

absl::StatusOr<TrainingProgress> FindTraining(const Backend& backend, const std::string& id) {
  VITRINE_RETURN_IF_ERROR(CheckTrains(backend));
  return Named(backend.models->GetTraining(id), id);
}

TrainingWatch::TrainingWatch(RequestPool& pool, grpc::CallbackServerContext& context,
                             std::string training_id)
    : pool_(pool), context_(context), training_id_(std::move(training_id)) {}

void TrainingWatch::Start(const v1::WatchTrainingRequest& request) {
  const absl::Status admitted = pool_.Admit(context_, request);
  if (!admitted.ok()) return Finish(EndOf(admitted));
  Look();
}

void TrainingWatch::OnWriteDone(bool is_ok) {
  if (!is_ok) return Finish(EndOf(absl::CancelledError()));
  if (response_.training().state() != v1::Training::STATE_RUNNING)
    return Finish(EndOf(absl::OkStatus()));
  Wait();
}

void TrainingWatch::Look() {
  if (context_.IsCancelled()) return Finish(EndOf(absl::CancelledError()));
  absl::Status admitted = pool_.CheckStill(context_, v1::WatchTrainingRequest::default_instance());
  if (admitted.ok()) admitted = pool_.Admit();
  if (!admitted.ok()) return Finish(EndOf(admitted));
  const auto progress = FindTraining(pool_.backend(), training_id_);
  if (!progress.ok()) return Finish(EndOf(progress.status()));
  v1::Training training = ToProto(*progress);
  if (has_written_ &&
      google::protobuf::util::MessageDifferencer::Equals(training, response_.training())) {
    return Wait();
  }
  *response_.mutable_training() = std::move(training);
  has_written_ = true;
  StartWrite(&response_);
}

grpc::Status TrainingWatch::EndOf(const absl::Status& status) {
  return pool_.EndStream(context_, v1::WatchTrainingRequest::default_instance(), status);
}

void TrainingWatch::Wait() {
  alarm_.emplace();
  alarm_->Set(std::chrono::system_clock::now() + kInterval,
              [this](bool /*is_expired*/) { Look(); });
}

}  // namespace vitrine
