#include "server/recommendation_service.h"

#include <optional>
#include <utility>

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
  if (reply.ok()) return backend.observer->OnAnswer(request, *reply, 0);
  backend.observer->OnFailure(request, reply.status());
}
void Tell(const Backend& backend, const std::vector<RecommendRequest>& rows,
          const absl::StatusOr<std::vector<RecommendReply>>& replies) {
  if (backend.observer == nullptr) return;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (replies.ok()) backend.observer->OnAnswer(rows[row], (*replies)[row], row);
    if (!replies.ok()) backend.observer->OnFailure(rows[row], replies.status());
  }
}
template <typename Question, typename Reply>
void Tell(const Backend& /*backend*/, const Question& /*question*/, const Reply& /*reply*/) {}

// Why a list is traced of which its caller does not want to see the trace.
struct Tracing {
  bool is_for_metrics = false;  // One list in so many.
  bool is_for_log = false;
  bool is_on() const { return is_for_metrics || is_for_log; }
};

Tracing BeginTrace(RequestPool& pool, RecommendRequest& question) {
  if (question.wants_trace) return {};
  const Tracing tracing = {
      .is_for_metrics = pool.metrics() != nullptr && pool.metrics()->TracesNext(),
      .is_for_log = pool.log().TracesNext()};
  question.wants_trace = tracing.is_on();
  return tracing;
}
template <typename Question>
Tracing BeginTrace(RequestPool& /*pool*/, Question& /*question*/) {
  return {};
}

void Measure(Metrics* metrics, Micros took_us, const Tracing& tracing,
             const RecommendReply& reply) {
  if (metrics == nullptr || reply.placement.empty()) return;
  metrics->Listed(reply.placement, took_us);
  if (!tracing.is_for_metrics || !reply.trace.has_value()) return;
  for (const Trace::Stage& stage : reply.trace->stages) metrics->Passed(stage.name, stage.micros);
}
template <typename Reply>
void Measure(Metrics* /*metrics*/, Micros /*took_us*/, const Tracing& /*tracing*/,
             const Reply& /*reply*/) {}

// The answer and the question as if nobody but the caller had asked for a trace; returns it.
std::optional<Trace> EndTrace(const Tracing& tracing, RecommendRequest& question,
                              absl::StatusOr<RecommendReply>& reply) {
  if (!tracing.is_on()) return std::nullopt;
  question.wants_trace = false;
  if (!reply.ok()) return std::nullopt;
  return std::exchange(reply->trace, std::nullopt);
}
template <typename Question, typename Reply>
std::optional<Trace> EndTrace(const Tracing& /*tracing*/, Question& /*question*/,
                              Reply& /*reply*/) {
  return std::nullopt;
}

// Once all else is done with the reply. Moves, so that it costs no memory.
void Keep(RecommendReply& reply, std::optional<Trace> trace, CallNote& note) {
  note.placement = std::move(reply.placement);
  note.num_items = reply.items.size();
  note.trace = trace.has_value() ? std::move(trace) : std::move(reply.trace);
}
template <typename Reply>
void Keep(Reply& reply, std::optional<Trace> /*trace*/, CallNote& note) {
  if constexpr (requires { reply.items.size(); }) note.num_items = reply.items.size();
}

// The calls differ in their types and in which question they ask the engine.
template <auto Ask, typename Request, typename Response>
absl::Status Answer(RequestPool& pool, const CallTime& time, CallNote& note, const Request& request,
                    Response& response) {
  VITRINE_ASSIGN_OR_RETURN(auto question, vitrine::FromProto(request));
  SetTime(time, question);
  const Tracing tracing = BeginTrace(pool, question);
  const Micros began_us = MonotonicNow();
  auto reply = (pool.backend().engine->*Ask)(question);
  if (reply.ok()) Measure(pool.metrics(), MonotonicNow() - began_us, tracing, *reply);
  std::optional<Trace> trace = EndTrace(tracing, question, reply);
  Tell(pool.backend(), question, reply);
  if (!reply.ok()) return WithField(WithEngineReason(reply.status()), request);
  if constexpr (requires { request.view(); }) {
    SetReply(*reply, request.view(), response);
  } else if constexpr (requires { request.rows(); }) {
    SetReply(*reply, request, response);
  } else {
    SetReply(*reply, response);
  }
  Keep(*reply, std::move(trace), note);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* RecommendationService::RecommendItems(
    grpc::CallbackServerContext* context, const v1::RecommendItemsRequest* request,
    v1::RecommendItemsResponse* response) {
  return pool_.Answer(
      context, *request, [this, request, response, time = TimeOf(*context)](CallNote& note) {
        return vitrine::Answer<&Engine::Recommend>(pool_, time, note, *request, *response);
      });
}

grpc::ServerUnaryReactor* RecommendationService::BatchRecommendItems(
    grpc::CallbackServerContext* context, const v1::BatchRecommendItemsRequest* request,
    v1::BatchRecommendItemsResponse* response) {
  return pool_.Answer(
      context, *request, [this, request, response, time = TimeOf(*context)](CallNote& note) {
        return vitrine::Answer<&Engine::RecommendRows>(pool_, time, note, *request, *response);
      });
}

grpc::ServerUnaryReactor* RecommendationService::SimilarItems(
    grpc::CallbackServerContext* context, const v1::SimilarItemsRequest* request,
    v1::SimilarItemsResponse* response) {
  return pool_.Answer(
      context, *request, [this, request, response, time = TimeOf(*context)](CallNote& note) {
        return vitrine::Answer<&Engine::Similar>(pool_, time, note, *request, *response);
      });
}

grpc::ServerUnaryReactor* RecommendationService::RankItems(grpc::CallbackServerContext* context,
                                                           const v1::RankItemsRequest* request,
                                                           v1::RankItemsResponse* response) {
  return pool_.Answer(
      context, *request, [this, request, response, time = TimeOf(*context)](CallNote& note) {
        return vitrine::Answer<&Engine::Rank>(pool_, time, note, *request, *response);
      });
}

grpc::ServerUnaryReactor* RecommendationService::ExplainRecommendation(
    grpc::CallbackServerContext* context, const v1::ExplainRecommendationRequest* request,
    v1::ExplainRecommendationResponse* response) {
  return pool_.Answer(
      context, *request, [this, request, response, time = TimeOf(*context)](CallNote& note) {
        return vitrine::Answer<&Engine::ExplainItem>(pool_, time, note, *request, *response);
      });
}

}  // namespace vitrine
