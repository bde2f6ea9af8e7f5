#include "server/recommendation_service.h"

#include "server/call_time.h"
#include "server/convert_query.h"
#include "server/status.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

// The engine knows codes; the API's reasons are this module's.
absl::Status WithEngineReason(const absl::Status& status) {
  if (absl::IsFailedPrecondition(status)) return WithReason(status, "STATE_NOT_REACHED");
  if (absl::IsNotFound(status)) return WithReason(status, "ITEM_NOT_FOUND");
  return status;
}

// FromProto has checked every other field.
absl::Status WithField(const absl::Status& status, const v1::RecommendItemsRequest& request) {
  if (!absl::IsInvalidArgument(status) || request.page_token().empty()) return status;
  return BadField("page_token", std::string(status.message()));
}
absl::Status WithField(const absl::Status& status, const v1::ExplainRecommendationRequest& asked) {
  if (!absl::IsInvalidArgument(status) || asked.request().page_token().empty()) return status;
  return BadField("request.page_token", std::string(status.message()));
}
absl::Status WithField(const absl::Status& status, const v1::BatchRecommendItemsRequest& /*page*/) {
  if (!absl::IsInvalidArgument(status)) return status;
  return BadField("rows", std::string(status.message()));  // Of a page token; it names the row.
}
template <typename Request>
absl::Status WithField(const absl::Status& status, const Request& /*request*/) {
  return status;
}

template <typename Question>
void SetTime(const CallTime& time, Question& question) {
  question.is_late = time.is_late;
  question.is_gone = time.is_gone;
}
void SetTime(const CallTime& time, ExplainItemRequest& asked) { SetTime(time, asked.request); }
void SetTime(const CallTime& time, std::vector<RecommendRequest>& rows) {
  for (RecommendRequest& row : rows) SetTime(time, row);
}

// Tells of lists for shoppers, those of a page one by one.
void Tell(const Backend& backend, const RecommendRequest& request,
          const absl::StatusOr<RecommendReply>& reply) {
  if (backend.observer == nullptr) return;
  if (reply.ok()) return backend.observer->OnAnswer(request, *reply);
  backend.observer->OnFailure(request, reply.status());
}
void Tell(const Backend& backend, const std::vector<RecommendRequest>& rows,
          const absl::StatusOr<std::vector<RecommendReply>>& replies) {
  if (backend.observer == nullptr) return;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (replies.ok()) backend.observer->OnAnswer(rows[row], (*replies)[row]);
    if (!replies.ok()) backend.observer->OnFailure(rows[row], replies.status());
  }
}
template <typename Question, typename Reply>
void Tell(const Backend& /*backend*/, const Question& /*question*/, const Reply& /*reply*/) {}

// One list in so many is traced for the metrics, whether or not the caller wants to see it.
bool BeginTrace(Metrics* metrics, RecommendRequest& question) {
  if (metrics == nullptr || question.wants_trace || !metrics->TracesNext()) return false;
  question.wants_trace = true;
  return true;
}
template <typename Question>
bool BeginTrace(Metrics* /*metrics*/, Question& /*question*/) {
  return false;
}

void Measure(Metrics* metrics, Micros took_us, const RecommendReply& reply) {
  if (metrics == nullptr || reply.placement.empty()) return;
  metrics->Listed(reply.placement, took_us);
  if (!reply.trace.has_value()) return;
  for (const Trace::Stage& stage : reply.trace->stages) metrics->Passed(stage.name, stage.micros);
}
template <typename Reply>
void Measure(Metrics* /*metrics*/, Micros /*took_us*/, const Reply& /*reply*/) {}

// As if it had not been traced.
void EndTrace(RecommendRequest& question, absl::StatusOr<RecommendReply>& reply) {
  question.wants_trace = false;
  if (reply.ok()) reply->trace.reset();
}
template <typename Question, typename Reply>
void EndTrace(Question& /*question*/, Reply& /*reply*/) {}

// The calls differ in their types and in which question they ask the engine.
template <auto Ask, typename Request, typename Response>
absl::Status Answer(const RequestPool& pool, const CallTime& time, const Request& request,
                    Response& response) {
  VITRINE_ASSIGN_OR_RETURN(auto question, vitrine::FromProto(request));
  SetTime(time, question);
  const bool is_traced = BeginTrace(pool.metrics(), question);
  const Micros began_us = MonotonicNow();
  auto reply = (pool.backend().engine->*Ask)(question);
  if (reply.ok()) Measure(pool.metrics(), MonotonicNow() - began_us, *reply);
  if (is_traced) EndTrace(question, reply);
  Tell(pool.backend(), question, reply);
  if (!reply.ok()) return WithField(WithEngineReason(reply.status()), request);
  if constexpr (requires { request.view(); }) {
    SetReply(*reply, request.view(), response);
  } else if constexpr (requires { request.rows(); }) {
    SetReply(*reply, request, response);
  } else {
    SetReply(*reply, response);
  }
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* RecommendationService::RecommendItems(
    grpc::CallbackServerContext* context, const v1::RecommendItemsRequest* request,
    v1::RecommendItemsResponse* response) {
  return pool_.Answer(context, *request, [this, request, response, time = TimeOf(*context)] {
    return vitrine::Answer<&Engine::Recommend>(pool_, time, *request, *response);
  });
}

grpc::ServerUnaryReactor* RecommendationService::BatchRecommendItems(
    grpc::CallbackServerContext* context, const v1::BatchRecommendItemsRequest* request,
    v1::BatchRecommendItemsResponse* response) {
  return pool_.Answer(context, *request, [this, request, response, time = TimeOf(*context)] {
    return vitrine::Answer<&Engine::RecommendRows>(pool_, time, *request, *response);
  });
}

grpc::ServerUnaryReactor* RecommendationService::SimilarItems(
    grpc::CallbackServerContext* context, const v1::SimilarItemsRequest* request,
    v1::SimilarItemsResponse* response) {
  return pool_.Answer(context, *request, [this, request, response, time = TimeOf(*context)] {
    return vitrine::Answer<&Engine::Similar>(pool_, time, *request, *response);
  });
}

grpc::ServerUnaryReactor* RecommendationService::RankItems(grpc::CallbackServerContext* context,
                                                           const v1::RankItemsRequest* request,
                                                           v1::RankItemsResponse* response) {
  return pool_.Answer(context, *request, [this, request, response, time = TimeOf(*context)] {
    return vitrine::Answer<&Engine::Rank>(pool_, time, *request, *response);
  });
}

grpc::ServerUnaryReactor* RecommendationService::ExplainRecommendation(
    grpc::CallbackServerContext* context, const v1::ExplainRecommendationRequest* request,
    v1::ExplainRecommendationResponse* response) {
  return pool_.Answer(context, *request, [this, request, response, time = TimeOf(*context)] {
    return vitrine::Answer<&Engine::ExplainItem>(pool_, time, *request, *response);
  });
}

}  // namespace vitrine
