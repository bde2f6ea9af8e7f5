#pragma once

#include <functional>

#include "server/insight_reports.h"
#include "server/request_pool.h"
#include "vitrine/v1/insight_service.grpc.pb.h"

namespace vitrine {

// Answers from the latest report, from live features, and from the engine. Thread-safe.
class InsightService final : public v1::InsightService::CallbackService {
 public:
  InsightService(RequestPool& pool, InsightReports& reports, const Clock& clock)
      : pool_(pool), reports_(reports), clock_(clock) {}

  grpc::ServerUnaryReactor* GetUserProfile(grpc::CallbackServerContext* context,
                                           const v1::GetUserProfileRequest* request,
                                           v1::GetUserProfileResponse* response) override;
  grpc::ServerUnaryReactor* ListSegments(grpc::CallbackServerContext* context,
                                         const v1::ListSegmentsRequest* request,
                                         v1::ListSegmentsResponse* response) override;
  grpc::ServerUnaryReactor* GetFunnel(grpc::CallbackServerContext* context,
                                      const v1::GetFunnelRequest* request,
                                      v1::GetFunnelResponse* response) override;
  grpc::ServerUnaryReactor* GetPaths(grpc::CallbackServerContext* context,
                                     const v1::GetPathsRequest* request,
                                     v1::GetPathsResponse* response) override;
  grpc::ServerUnaryReactor* GetPlacementReport(grpc::CallbackServerContext* context,
                                               const v1::GetPlacementReportRequest* request,
                                               v1::GetPlacementReportResponse* response) override;

  grpc::ServerUnaryReactor* PredictPurchase(grpc::CallbackServerContext* context,
                                            const v1::PredictPurchaseRequest* request,
                                            v1::PredictPurchaseResponse* response) override;

 private:
  using Fill = std::function<absl::Status(const InsightReports::Report&)>;
  grpc::ServerUnaryReactor* AnswerFromReport(grpc::CallbackServerContext* context,
                                             const google::protobuf::Message& request, Fill fill);

  RequestPool& pool_;
  InsightReports& reports_;
  const Clock& clock_;
};

}  // namespace vitrine
