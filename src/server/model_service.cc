#include "server/model_service.h"

#include <utility>

#include "server/status.h"
#include "server/training_watch.h"
#include "server/wire.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

v1::ModelVersion ToProto(const BundleSummary& bundle, const ModelControl::Versions& versions) {
  v1::ModelVersion message;
  message.set_version(bundle.version);
  *message.mutable_train_time() = ToTimestamp(bundle.trained_us);
  message.set_live(bundle.version == versions.live);
  for (const auto& [alias, version] :
       {std::pair(kLiveAlias, &versions.live), std::pair(kPreviousAlias, &versions.previous),
        std::pair(kCandidateAlias, &versions.candidate)}) {
    if (bundle.version == *version) message.add_aliases(std::string(alias));
  }
  for (const std::string& name : bundle.model_names) message.add_models(name);
  message.mutable_metrics()->insert(bundle.metrics.begin(), bundle.metrics.end());
  message.mutable_weights()->insert(bundle.weights.begin(), bundle.weights.end());
  message.set_size_bytes(static_cast<std::int64_t>(bundle.num_bytes));
  return message;
}

// Null models is a set-up, not a fault: there are just no versions.
absl::StatusOr<ModelControl::Versions> ListVersions(const Backend& backend) {
  if (backend.models == nullptr) return ModelControl::Versions{};
  return backend.models->ListVersions();
}

std::vector<TrainingProgress> Trainings(const Backend& backend) {
  if (backend.models == nullptr) return {};
  return backend.models->ListTrainings();
}

// The messages that have a live version and a previous one.
template <typename Response>
void SetNamed(const ModelControl::Versions& versions, Response& response) {
  for (const BundleSummary& bundle : versions.bundles) {
    const v1::ModelVersion version = ToProto(bundle, versions);
    if (bundle.version == versions.live) *response.mutable_live() = version;
    if (bundle.version == versions.previous) *response.mutable_previous() = version;
  }
}

absl::Status WithVersionReason(const absl::Status& status, const std::string& version) {
  if (absl::IsFailedPrecondition(status)) {
    return WithReason(status, version == kCandidateAlias ? "NO_CANDIDATE" : "NO_PREVIOUS_VERSION");
  }
  if (!absl::IsNotFound(status)) return status;
  return WithReason(status, "MODEL_VERSION_NOT_FOUND", {{"version", version}});
}

// Answers once `version` is served.
template <typename Response>
void MakeLive(const Backend& backend, const std::string& version, Response* response,
              const RequestPool::Finish& finish) {
  if (const absl::Status trains = CheckTrains(backend); !trains.ok()) return finish(trains);
  backend.models->MakeLive(
      version, [version, response, finish](const absl::StatusOr<ModelControl::Versions>& versions) {
        if (!versions.ok()) return finish(WithVersionReason(versions.status(), version));
        SetNamed(*versions, *response);
        finish(absl::OkStatus());
      });
}

v1::ShadowReport ToProto(const ShadowReport& report) {
  v1::ShadowReport message;
  message.set_candidate_version(report.candidate_version);
  message.set_live_version(report.live_version);
  message.set_compared_count(static_cast<std::int64_t>(report.num_compared));
  message.set_failed_count(static_cast<std::int64_t>(report.num_failed));
  message.set_left_out_count(static_cast<std::int64_t>(report.num_left_out));
  message.set_mean_overlap(report.mean_overlap);
  message.set_same_first_share(report.same_first_share);
  message.set_mean_score_shift(report.mean_score_shift);
  message.set_mean_rank_shift(report.mean_rank_shift);
  message.set_mean_latency_ms(report.mean_micros / 1000);
  return message;
}

v1::RollbackNote::Cause ToProto(RollbackCause cause) {
  switch (cause) {
    case RollbackCause::kErrors:
      return v1::RollbackNote::CAUSE_ERRORS;
    case RollbackCause::kClicks:
      return v1::RollbackNote::CAUSE_CLICKS;
    case RollbackCause::kRequest:
      return v1::RollbackNote::CAUSE_REQUEST;
  }
  return v1::RollbackNote::CAUSE_UNSPECIFIED;
}

v1::RollbackNote ToProto(const RollbackNote& note) {
  v1::RollbackNote message;
  *message.mutable_time() = ToTimestamp(note.time_us);
  message.set_from_version(note.from);
  message.set_to_version(note.to);
  message.set_reason(note.reason);
  message.set_cause(ToProto(note.cause));
  return message;
}

}  // namespace

grpc::ServerUnaryReactor* ModelService::TrainModels(grpc::CallbackServerContext* context,
                                                    const v1::TrainModelsRequest* request,
                                                    v1::TrainModelsResponse* response) {
  return pool_.Answer(context, *request, [this, request, response]() -> absl::Status {
    if (pool_.backend().models == nullptr) {
      return WithReason(absl::FailedPreconditionError("this server does not train: it was started "
                                                      "without models; train beside it"),
                        "TRAINING_DISABLED");
    }
    VITRINE_ASSIGN_OR_RETURN(const TrainingProgress progress,
                             pool_.backend().models->StartTraining(request->skip_gate()));
    *response->mutable_training() = vitrine::ToProto(progress);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ModelService::CancelTraining(grpc::CallbackServerContext* context,
                                                       const v1::CancelTrainingRequest* request,
                                                       v1::CancelTrainingResponse* response) {
  return pool_.Answer(context, *request, [this, request, response]() -> absl::Status {
    VITRINE_RETURN_IF_ERROR(CheckTrains(pool_.backend()));
    const std::string& id = request->training_id();
    VITRINE_ASSIGN_OR_RETURN(const TrainingProgress progress,
                             Named(pool_.backend().models->CancelTraining(id), id));
    *response->mutable_training() = vitrine::ToProto(progress);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ModelService::ListTrainings(grpc::CallbackServerContext* context,
                                                      const v1::ListTrainingsRequest* request,
                                                      v1::ListTrainingsResponse* response) {
  return pool_.Answer(context, *request, [this, response] {
    for (const TrainingProgress& run : Trainings(pool_.backend())) {
      *response->add_trainings() = vitrine::ToProto(run);
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ModelService::RollBackModels(grpc::CallbackServerContext* context,
                                                       const v1::RollBackModelsRequest* request,
                                                       v1::RollBackModelsResponse* response) {
  return pool_.AnswerLater(
      context, *request, [this, request, response](const RequestPool::Finish& finish) {
        const bool is_previous = request->version().empty();
        MakeLive(pool_.backend(), is_previous ? std::string(kPreviousAlias) : request->version(),
                 response, finish);
      });
}

grpc::ServerUnaryReactor* ModelService::PromoteCandidate(grpc::CallbackServerContext* context,
                                                         const v1::PromoteCandidateRequest* request,
                                                         v1::PromoteCandidateResponse* response) {
  return pool_.AnswerLater(context, *request, [this, response](const RequestPool::Finish& finish) {
    MakeLive(pool_.backend(), std::string(kCandidateAlias), response, finish);
  });
}

grpc::ServerUnaryReactor* ModelService::GetTraining(grpc::CallbackServerContext* context,
                                                    const v1::GetTrainingRequest* request,
                                                    v1::GetTrainingResponse* response) {
  return pool_.Answer(context, *request, [this, request, response]() -> absl::Status {
    VITRINE_ASSIGN_OR_RETURN(const TrainingProgress progress,
                             FindTraining(pool_.backend(), request->training_id()));
    *response->mutable_training() = vitrine::ToProto(progress);
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<v1::WatchTrainingResponse>* ModelService::WatchTraining(
    grpc::CallbackServerContext* context, const v1::WatchTrainingRequest* request) {
  auto* watch = new TrainingWatch(pool_, *context, request->training_id());  // Deletes itself.
  watch->Start(*request);
  return watch;
}

grpc::ServerUnaryReactor* ModelService::ListModelVersions(
    grpc::CallbackServerContext* context, const v1::ListModelVersionsRequest* request,
    v1::ListModelVersionsResponse* response) {
  return pool_.Answer(context, *request, [this, response]() -> absl::Status {
    VITRINE_ASSIGN_OR_RETURN(const auto versions, ListVersions(pool_.backend()));
    for (const BundleSummary& bundle : versions.bundles) {
      *response->add_versions() = ToProto(bundle, versions);
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ModelService::GetModelStatus(grpc::CallbackServerContext* context,
                                                       const v1::GetModelStatusRequest* request,
                                                       v1::GetModelStatusResponse* response) {
  return pool_.Answer(context, *request, [this, response]() -> absl::Status {
    VITRINE_ASSIGN_OR_RETURN(const auto versions, ListVersions(pool_.backend()));
    SetNamed(versions, *response);
    for (const BundleSummary& bundle : versions.bundles) {
      if (bundle.version == versions.candidate) {
        *response->mutable_candidate() = ToProto(bundle, versions);
      }
    }
    if (versions.rollback.has_value()) {
      *response->mutable_last_rollback() = ToProto(*versions.rollback);
    }
    if (pool_.backend().models != nullptr) {
      const ShadowReport shadow = pool_.backend().models->ReadShadow();
      if (shadow.num_compared + shadow.num_failed > 0)
        *response->mutable_shadow() = ToProto(shadow);
    }
    const std::vector<TrainingProgress> trainings = Trainings(pool_.backend());
    if (!trainings.empty()) *response->mutable_training() = vitrine::ToProto(trainings.front());
    return absl::OkStatus();
  });
}

}  // namespace vitrine
