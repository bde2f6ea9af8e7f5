#pragma once

#include "absl/status/statusor.h"
#include "vitrine/engine/engine.h"
#include "vitrine/server/convert.h"
#include "vitrine/v1/recommendation_service.pb.h"

// Between the messages of RecommendationService and the requests and replies of the engine.
namespace vitrine {

// Errors: INVALID_ARGUMENT with a BadRequest that names every field over its limit.
absl::StatusOr<RecommendRequest> FromProto(const v1::RecommendItemsRequest& message);
// The rows of a page: vitrine/server/convert.h.
absl::StatusOr<SimilarRequest> FromProto(const v1::SimilarItemsRequest& message);
absl::StatusOr<RankRequest> FromProto(const v1::RankItemsRequest& message);
absl::StatusOr<ExplainItemRequest> FromProto(const v1::ExplainRecommendationRequest& message);

// Fills any of the three responses, which have the same fields but for the token of the next page.
template <typename Response>
void SetReply(const RecommendReply& reply, v1::ItemView view, Response& response);

void SetReply(const std::vector<RecommendReply>& replies,
              const v1::BatchRecommendItemsRequest& request,
              v1::BatchRecommendItemsResponse& response);

void SetReply(const ExplainItemReply& reply, v1::ExplainRecommendationResponse& response);

}  // namespace vitrine
