#pragma once

#include "server/request_pool.h"
#include "vitrine/v1/serving_config_service.grpc.pb.h"

namespace vitrine {

// The shop's placements. Thread-safe.
class ServingConfigService final : public v1::ServingConfigService::CallbackService {
 public:
  explicit ServingConfigService(RequestPool& pool) : pool_(pool) {}

  grpc::ServerUnaryReactor* ListPlacements(grpc::CallbackServerContext* context,
                                           const v1::ListPlacementsRequest* request,
                                           v1::ListPlacementsResponse* response) override;
  grpc::ServerUnaryReactor* GetPlacement(grpc::CallbackServerContext* context,
                                         const v1::GetPlacementRequest* request,
                                         v1::GetPlacementResponse* response) override;
  grpc::ServerUnaryReactor* PutPlacement(grpc::CallbackServerContext* context,
                                         const v1::PutPlacementRequest* request,
                                         v1::PutPlacementResponse* response) override;
  grpc::ServerUnaryReactor* DeletePlacement(grpc::CallbackServerContext* context,
                                            const v1::DeletePlacementRequest* request,
                                            v1::DeletePlacementResponse* response) override;

 private:
  RequestPool& pool_;
};

}  // namespace vitrine
