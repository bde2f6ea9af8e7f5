#pragma once

#include "server/request_pool.h"
#include "vitrine/v1/recommendation_service.grpc.pb.h"

namespace vitrine {

// Each call: convert, ask the engine, convert back. Thread-safe.
class RecommendationService final : public v1::RecommendationService::CallbackService {
 public:
  explicit RecommendationService(RequestPool& pool) : pool_(pool) {}

  grpc::ServerUnaryReactor* RecommendItems(grpc::CallbackServerContext* context,
                                           const v1::RecommendItemsRequest* request,
                                           v1::RecommendItemsResponse* response) override;
  grpc::ServerUnaryReactor* BatchRecommendItems(grpc::CallbackServerContext* context,
                                                const v1::BatchRecommendItemsRequest* request,
                                                v1::BatchRecommendItemsResponse* response) override;
  grpc::ServerUnaryReactor* SimilarItems(grpc::CallbackServerContext* context,
                                         const v1::SimilarItemsRequest* request,
                                         v1::SimilarItemsResponse* response) override;
  grpc::ServerUnaryReactor* RankItems(grpc::CallbackServerContext* context,
                                      const v1::RankItemsRequest* request,
                                      v1::RankItemsResponse* response) override;
  grpc::ServerUnaryReactor* ExplainRecommendation(
      grpc::CallbackServerContext* context, const v1::ExplainRecommendationRequest* request,
      v1::ExplainRecommendationResponse* response) override;

 private:
  RequestPool& pool_;
};

}  // namespace vitrine
