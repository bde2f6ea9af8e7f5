#include "server/recommendation_service.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

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
  question.time_left = time.time_left;
  question.is_gone = time.is_gone;
}
void SetTime(const CallTime& time, ExplainItemRequest& asked) { SetTime(time, asked.request); }
void SetTime(const CallTime& time, std::vector<RecommendRequest>& rows) {
  for (RecommendRequest& row : rows) SetTime(time, row);
}

// Tells of what was answered, the lists of a page one by one.
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
void Tell(const Backend& /*backend*/, const ExplainItemRequest& /*asked*/,
          const absl::StatusOr<ExplainItemReply>& /*reply*/) {}
void Tell(const Backend& backend, const SimilarRequest& question,
          const absl::StatusOr<RecommendReply>& reply) {
  if (backend.observer != nullptr) backend.observer->OnSimilar(question, reply);
}
void Tell(const Backend& backend, const RankRequest& question,
          const absl::StatusOr<RecommendReply>& reply) {
  if (backend.observer != nullptr) backend.observer->OnRanked(question, reply);
}

// Where the calls of one method are answered.
struct Desk {
  RequestPool& pool;
  std::optional<ListMethod> method;  // Nothing: it makes no list.
};

using StagesOfLists = decltype(CallNote::stages);

// Has the stages of the question's lists written there as they end, whether or not its caller wants
// a trace.
void WriteStages(std::vector<RecommendRequest>& rows, StagesOfLists& stages) {
  stages.resize(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) rows[row].stages = &stages[row];
}
void WriteStages(ExplainItemRequest& /*asked*/, StagesOfLists& /*stages*/) {}
template <typename Question>
void WriteStages(Question& question, StagesOfLists& stages) {
  stages.resize(1);
  question.stages = &stages.front();
}

// SimilarItems and RankItems have no placement.
void Measure(Metrics& metrics, Micros took_us, const RecommendReply& reply) {
  if (!reply.placement.empty()) metrics.Listed(reply.placement, took_us);
}
void Measure(Metrics& metrics, Micros /*took_us*/, const std::vector<RecommendReply>& rows) {
  for (const RecommendReply& row : rows) Measure(metrics, row.took_us, row);
}
void Measure(Metrics& /*metrics*/, Micros /*took_us*/, const ExplainItemReply& /*reply*/) {}

// Once all else is done with the reply. Moves, so that it costs no memory.
void Keep(RecommendReply& reply, CallNote& note) {
  note.placement = std::move(reply.placement);
  note.num_items = reply.items.size();
}
void Keep(const std::vector<RecommendReply>& rows, CallNote& note) {
  for (const RecommendReply& row : rows) {
    if (!note.placement.empty()) note.placement += ',';
    note.placement += row.placement;
    note.num_items += row.items.size();
  }
}
void Keep(const ExplainItemReply& /*reply*/, CallNote& /*note*/) {}

void CountStages(Metrics& metrics, ListMethod method, const StagesOfLists& lists) {
  for (const std::vector<Trace::Stage>& stages : lists) {
    for (const Trace::Stage& stage : stages) metrics.Passed(method, stage.name, stage.micros);
  }
}

// Asks the engine, and counts how long it took. `stages`: for the call's line in the log.
template <auto Ask, typename Question>
auto AskTimed(const Desk& desk, Question& question, StagesOfLists& stages) {
  Metrics* const metrics = desk.pool.metrics();
  const bool is_counted =
      metrics != nullptr && desk.method.has_value() && metrics->TimesNext(*desk.method);
  if (is_counted || desk.pool.log().HasLines()) WriteStages(question, stages);
  const Micros began_us = MonotonicNow();
  auto reply = (desk.pool.backend().engine->*Ask)(question);
  if (reply.ok() && metrics != nullptr) Measure(*metrics, MonotonicNow() - began_us, *reply);
  if (reply.ok() && is_counted) CountStages(*metrics, *desk.method, stages);
  return reply;
}

// The calls differ in their types and in which question they ask the engine.
template <auto Ask, typename Request, typename Response>
absl::Status Answer(const Desk& desk, const CallTime& time, CallNote& note, const Request& request,
                    Response& response) {
  VITRINE_ASSIGN_OR_RETURN(auto question, vitrine::FromProto(request));
  SetTime(time, question);
  auto reply = AskTimed<Ask>(desk, question, note.stages);
  Tell(desk.pool.backend(), question, reply);
  if (!reply.ok()) return WithField(WithEngineReason(reply.status()), request);
  if constexpr (requires { request.view(); }) {
    SetReply(*reply, request.view(), response);
  } else if constexpr (requires { request.rows(); }) {
    SetReply(*reply, request, response);
  } else {
    SetReply(*reply, response);
  }
  Keep(*reply, note);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* RecommendationService::RecommendItems(
    grpc::CallbackServerContext* context, const v1::RecommendItemsRequest* request,
    v1::RecommendItemsResponse* response) {
  return pool_.Answer(context, *request,
                      [this, request, response, time = TimeOf(*context)](CallNote& note) {
                        return vitrine::Answer<&Engine::Recommend>(
                            {pool_, ListMethod::kRecommendItems}, time, note, *request, *response);
                      });
}

grpc::ServerUnaryReactor* RecommendationService::BatchRecommendItems(
    grpc::CallbackServerContext* context, const v1::BatchRecommendItemsRequest* request,
    v1::BatchRecommendItemsResponse* response) {
  return pool_.Answer(
      context, *request, [this, request, response, time = TimeOf(*context)](CallNote& note) {
        return vitrine::Answer<&Engine::RecommendRows>({pool_, ListMethod::kBatchRecommendItems},
                                                       time, note, *request, *response);
      });
}

grpc::ServerUnaryReactor* RecommendationService::SimilarItems(
    grpc::CallbackServerContext* context, const v1::SimilarItemsRequest* request,
    v1::SimilarItemsResponse* response) {
  return pool_.Answer(context, *request,
                      [this, request, response, time = TimeOf(*context)](CallNote& note) {
                        return vitrine::Answer<&Engine::Similar>({pool_, ListMethod::kSimilarItems},
                                                                 time, note, *request, *response);
                      });
}

grpc::ServerUnaryReactor* RecommendationService::RankItems(grpc::CallbackServerContext* context,
                                                           const v1::RankItemsRequest* request,
                                                           v1::RankItemsResponse* response) {
  return pool_.Answer(context, *request,
                      [this, request, response, time = TimeOf(*context)](CallNote& note) {
                        return vitrine::Answer<&Engine::Rank>({pool_, ListMethod::kRankItems}, time,
                                                              note, *request, *response);
                      });
}

grpc::ServerUnaryReactor* RecommendationService::ExplainRecommendation(
    grpc::CallbackServerContext* context, const v1::ExplainRecommendationRequest* request,
    v1::ExplainRecommendationResponse* response) {
  return pool_.Answer(context, *request,
                      [this, request, response, time = TimeOf(*context)](CallNote& note) {
                        return vitrine::Answer<&Engine::ExplainItem>({pool_, std::nullopt}, time,
                                                                     note, *request, *response);
                      });
}

}  // namespace vitrine
