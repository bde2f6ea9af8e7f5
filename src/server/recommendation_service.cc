#include "server/recommendation_service.h"

#include <algorithm>
#include <optional>
#include <span>
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

// Where calls are answered.
struct Desk {
  RequestPool& pool;
  std::atomic<std::size_t>& num_about_items;  // Calls of SimilarItems and RankItems so far.
};

// Why a list is traced of which its caller does not want to see the trace.
struct Tracing {
  bool is_for_metrics = false;  // One call in so many.
  bool is_for_log = false;
  bool is_on() const { return is_for_metrics || is_for_log; }
};

// Lists for shoppers; of a page all rows or none, since its line has the times of all.
Tracing BeginTrace(const Desk& desk, std::span<RecommendRequest> lists) {
  const auto wants_trace = [](const RecommendRequest& list) { return list.wants_trace; };
  if (std::all_of(lists.begin(), lists.end(), wants_trace)) return {};
  Metrics* const metrics = desk.pool.metrics();
  const Tracing tracing = {.is_for_metrics = metrics != nullptr && metrics->TracesNext(),
                           .is_for_log = desk.pool.log().TracesNext()};
  if (!tracing.is_on()) return {};
  for (RecommendRequest& list : lists) list.wants_trace = true;
  return tracing;
}
Tracing BeginTrace(const Desk& desk, RecommendRequest& list) {
  return BeginTrace(desk, {&list, 1});
}
Tracing BeginTrace(const Desk& /*desk*/, ExplainItemRequest& /*asked*/) { return {}; }
// Their stages are in the log alone. They have a count of their own: of two calls that a page
// always makes in the same order, one might never be chosen otherwise.
template <typename AboutItems>
requires requires(AboutItems question) { question.wants_trace; }
Tracing BeginTrace(const Desk& desk, AboutItems& question) {
  constexpr std::size_t kTracedCalls = 64;  // One in so many, as of lists.
  const bool is_next =
      desk.num_about_items.fetch_add(1, std::memory_order_relaxed) % kTracedCalls == 0;
  const Tracing tracing = {.is_for_log = desk.pool.log().TracesNext() || is_next};
  question.wants_trace = tracing.is_on();
  return tracing;
}

void Measure(Metrics* metrics, Micros took_us, const Tracing& tracing,
             const RecommendReply& reply) {
  if (metrics == nullptr || reply.placement.empty()) return;
  metrics->Listed(reply.placement, took_us);
  if (!tracing.is_for_metrics || !reply.trace.has_value()) return;
  for (const Trace::Stage& stage : reply.trace->stages) metrics->Passed(stage.name, stage.micros);
}
void Measure(Metrics* metrics, Micros /*took_us*/, const Tracing& tracing,
             const std::vector<RecommendReply>& rows) {
  for (const RecommendReply& row : rows) Measure(metrics, row.took_us, tracing, row);
}
void Measure(Metrics* /*metrics*/, Micros /*took_us*/, const Tracing& /*tracing*/,
             const ExplainItemReply& /*reply*/) {}

// Of a page all of whose rows were traced: each stage once, with the items and the time of all.
std::optional<Trace> SumOfTraces(const std::vector<RecommendReply>& rows) {
  Trace sum;
  for (const RecommendReply& row : rows) {
    if (!row.trace.has_value()) return std::nullopt;
    for (const Trace::Stage& stage : row.trace->stages) {
      const auto same = std::find_if(sum.stages.begin(), sum.stages.end(),
                                     [&](const auto& each) { return each.name == stage.name; });
      if (same == sum.stages.end()) {
        sum.stages.push_back(stage);
      } else {
        same->count += stage.count;
        same->micros += stage.micros;
      }
    }
  }
  return sum;
}

// The answer and the question as if nobody but the caller had asked for a trace; returns it.
// REQUIRES, for all: `tracing` is on
template <typename Request, typename Question>
std::optional<Trace> EndTrace(const Request& /*request*/, Question& question,
                              absl::StatusOr<RecommendReply>& reply) {
  question.wants_trace = false;
  if (!reply.ok()) return std::nullopt;
  return std::exchange(reply->trace, std::nullopt);
}
std::optional<Trace> EndTrace(const v1::BatchRecommendItemsRequest& request,
                              std::vector<RecommendRequest>& rows,
                              absl::StatusOr<std::vector<RecommendReply>>& replies) {
  std::optional<Trace> sum;
  if (replies.ok()) sum = SumOfTraces(*replies);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    rows[row].wants_trace = request.rows(static_cast<int>(row)).include_trace();
    if (replies.ok() && !rows[row].wants_trace) (*replies)[row].trace.reset();
  }
  return sum;
}
std::optional<Trace> EndTrace(const v1::ExplainRecommendationRequest& /*request*/,
                              ExplainItemRequest& /*asked*/,
                              absl::StatusOr<ExplainItemReply>& /*reply*/) {
  return std::nullopt;
}

// Once all else is done with the reply. Moves, so that it costs no memory.
void Keep(RecommendReply& reply, std::optional<Trace> trace, CallNote& note) {
  note.placement = std::move(reply.placement);
  note.num_items = reply.items.size();
  note.trace = trace.has_value() ? std::move(trace) : std::move(reply.trace);
}
void Keep(const std::vector<RecommendReply>& rows, std::optional<Trace> trace, CallNote& note) {
  for (const RecommendReply& row : rows) {
    if (!note.placement.empty()) note.placement += ',';
    note.placement += row.placement;
    note.num_items += row.items.size();
  }
  note.trace = trace.has_value() ? std::move(trace) : SumOfTraces(rows);
}
void Keep(const ExplainItemReply& /*reply*/, const std::optional<Trace>& /*trace*/,
          CallNote& /*note*/) {}

// The calls differ in their types and in which question they ask the engine.
template <auto Ask, typename Request, typename Response>
absl::Status Answer(const Desk& desk, const CallTime& time, CallNote& note, const Request& request,
                    Response& response) {
  VITRINE_ASSIGN_OR_RETURN(auto question, vitrine::FromProto(request));
  SetTime(time, question);
  const Tracing tracing = BeginTrace(desk, question);
  const Micros began_us = MonotonicNow();
  const Backend& backend = desk.pool.backend();
  auto reply = (backend.engine->*Ask)(question);
  if (reply.ok()) Measure(desk.pool.metrics(), MonotonicNow() - began_us, tracing, *reply);
  std::optional<Trace> trace;
  if (tracing.is_on()) trace = EndTrace(request, question, reply);
  Tell(backend, question, reply);
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
  return pool_.Answer(context, *request,
                      [this, request, response, time = TimeOf(*context)](CallNote& note) {
                        return vitrine::Answer<&Engine::Recommend>({pool_, num_about_items_}, time,
                                                                   note, *request, *response);
                      });
}

grpc::ServerUnaryReactor* RecommendationService::BatchRecommendItems(
    grpc::CallbackServerContext* context, const v1::BatchRecommendItemsRequest* request,
    v1::BatchRecommendItemsResponse* response) {
  return pool_.Answer(context, *request,
                      [this, request, response, time = TimeOf(*context)](CallNote& note) {
                        return vitrine::Answer<&Engine::RecommendRows>(
                            {pool_, num_about_items_}, time, note, *request, *response);
                      });
}

grpc::ServerUnaryReactor* RecommendationService::SimilarItems(
    grpc::CallbackServerContext* context, const v1::SimilarItemsRequest* request,
    v1::SimilarItemsResponse* response) {
  return pool_.Answer(context, *request,
                      [this, request, response, time = TimeOf(*context)](CallNote& note) {
                        return vitrine::Answer<&Engine::Similar>({pool_, num_about_items_}, time,
                                                                 note, *request, *response);
                      });
}

grpc::ServerUnaryReactor* RecommendationService::RankItems(grpc::CallbackServerContext* context,
                                                           const v1::RankItemsRequest* request,
                                                           v1::RankItemsResponse* response) {
  return pool_.Answer(context, *request,
                      [this, request, response, time = TimeOf(*context)](CallNote& note) {
                        return vitrine::Answer<&Engine::Rank>({pool_, num_about_items_}, time, note,
                                                              *request, *response);
                      });
}

grpc::ServerUnaryReactor* RecommendationService::ExplainRecommendation(
    grpc::CallbackServerContext* context, const v1::ExplainRecommendationRequest* request,
    v1::ExplainRecommendationResponse* response) {
  return pool_.Answer(context, *request,
                      [this, request, response, time = TimeOf(*context)](CallNote& note) {
                        return vitrine::Answer<&Engine::ExplainItem>(
                            {pool_, num_about_items_}, time, note, *request, *response);
                      });
}

}  // namespace vitrine
