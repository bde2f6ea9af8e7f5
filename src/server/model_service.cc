#include "server/model_service.h"

#include "server/status.h"
#include "server/training_watch.h"
#include "server/wire.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

v1::ModelVersion ToProto(const BundleSummary& bundle, const std::string& live) {
  v1::ModelVersion message;
  message.set_version(bundle.version);
  *message.mutable_train_time() = ToTimestamp(bundle.trained_us);
  message.set_live(bundle.version == live);
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
    const v1::ModelVersion version = ToProto(bundle, versions.live);
    if (bundle.version == versions.live) *response.mutable_live() = version;
    if (bundle.version == versions.previous) *response.mutable_previous() = version;
  }
}

absl::Status WithRollBackReason(const absl::Status& status,
                                const v1::RollBackModelsRequest& request) {
  if (absl::IsFailedPrecondition(status)) return WithReason(status, "NO_PREVIOUS_VERSION");
  if (!absl::IsNotFound(status)) return status;
  return WithReason(status, "MODEL_VERSION_NOT_FOUND", {{"version", request.version()}});
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
        if (const absl::Status trains = CheckTrains(pool_.backend()); !trains.ok()) {
          return finish(trains);
        }
        pool_.backend().models->RollBack(
            request->version(),
            [request, response, finish](const absl::StatusOr<ModelControl::Versions>& versions) {
              if (!versions.ok()) return finish(WithRollBackReason(versions.status(), *request));
              SetNamed(*versions, *response);
              finish(absl::OkStatus());
            });
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
      *response->add_versions() = ToProto(bundle, versions.live);
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
    const std::vector<TrainingProgress> trainings = Trainings(pool_.backend());
    if (!trainings.empty()) *response->mutable_training() = vitrine::ToProto(trainings.front());
    return absl::OkStatus();
  });
}

}  // namespace vitrine
