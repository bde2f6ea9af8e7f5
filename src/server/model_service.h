#pragma once

#include "server/request_pool.h"
#include "vitrine/v1/model_service.grpc.pb.h"

namespace vitrine {

class TrainingWatch;

// Training and versions over ModelControl. Thread-safe.
class ModelService final : public v1::ModelService::CallbackService {
 public:
  explicit ModelService(RequestPool& pool) : pool_(pool) {}

  grpc::ServerUnaryReactor* TrainModels(grpc::CallbackServerContext* context,
                                        const v1::TrainModelsRequest* request,
                                        v1::TrainModelsResponse* response) override;
  grpc::ServerUnaryReactor* GetTraining(grpc::CallbackServerContext* context,
                                        const v1::GetTrainingRequest* request,
                                        v1::GetTrainingResponse* response) override;
  grpc::ServerUnaryReactor* CancelTraining(grpc::CallbackServerContext* context,
                                           const v1::CancelTrainingRequest* request,
                                           v1::CancelTrainingResponse* response) override;
  grpc::ServerUnaryReactor* ListTrainings(grpc::CallbackServerContext* context,
                                          const v1::ListTrainingsRequest* request,
                                          v1::ListTrainingsResponse* response) override;
  grpc::ServerUnaryReactor* RollBackModels(grpc::CallbackServerContext* context,
                                           const v1::RollBackModelsRequest* request,
                                           v1::RollBackModelsResponse* response) override;
  grpc::ServerUnaryReactor* PromoteCandidate(grpc::CallbackServerContext* context,
                                             const v1::PromoteCandidateRequest* request,
                                             v1::PromoteCandidateResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchTrainingResponse>* WatchTraining(
      grpc::CallbackServerContext* context, const v1::WatchTrainingRequest* request) override;
  grpc::ServerUnaryReactor* ListModelVersions(grpc::CallbackServerContext* context,
                                              const v1::ListModelVersionsRequest* request,
                                              v1::ListModelVersionsResponse* response) override;
  grpc::ServerUnaryReactor* GetModelStatus(grpc::CallbackServerContext* context,
                                           const v1::GetModelStatusRequest* request,
                                           v1::GetModelStatusResponse* response) override;

 private:
  RequestPool& pool_;
};

}  // namespace vitrine
