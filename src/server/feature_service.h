#pragma once

#include "server/request_pool.h"
#include "vitrine/v1/feature_service.grpc.pb.h"

namespace vitrine {

// Features over the store. Thread-safe.
class FeatureService final : public v1::FeatureService::CallbackService {
 public:
  FeatureService(RequestPool& pool, const Clock& clock) : pool_(pool), clock_(clock) {}

  grpc::ServerUnaryReactor* ListFeatures(grpc::CallbackServerContext* context,
                                         const v1::ListFeaturesRequest* request,
                                         v1::ListFeaturesResponse* response) override;
  grpc::ServerUnaryReactor* GetUserFeatures(grpc::CallbackServerContext* context,
                                            const v1::GetUserFeaturesRequest* request,
                                            v1::GetUserFeaturesResponse* response) override;
  grpc::ServerUnaryReactor* GetItemFeatures(grpc::CallbackServerContext* context,
                                            const v1::GetItemFeaturesRequest* request,
                                            v1::GetItemFeaturesResponse* response) override;
  grpc::ServerUnaryReactor* BatchGetUserFeatures(
      grpc::CallbackServerContext* context, const v1::BatchGetUserFeaturesRequest* request,
      v1::BatchGetUserFeaturesResponse* response) override;
  grpc::ServerUnaryReactor* BatchGetItemFeatures(
      grpc::CallbackServerContext* context, const v1::BatchGetItemFeaturesRequest* request,
      v1::BatchGetItemFeaturesResponse* response) override;
  grpc::ServerUnaryReactor* PutFeatures(grpc::CallbackServerContext* context,
                                        const v1::PutFeaturesRequest* request,
                                        v1::PutFeaturesResponse* response) override;

 private:
  RequestPool& pool_;
  const Clock& clock_;
};

}  // namespace vitrine
