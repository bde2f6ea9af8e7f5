#include "vitrine/engine/engine.h"

#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "engine/check_request.h"
#include "engine/engine_state.h"
#include "engine/forecast.h"
#include "engine/page_token.h"
#include "engine/rerank.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

Engine::Engine(const FeatureStore& store, const Published<ModelSet>& models, Counters& counters,
               const Clock& clock, Options options, const Placements* placements)
    : state_(new State{.store = store,
                       .models = models,
                       .clock = clock,
                       .options = std::move(options),
                       .placements = placements,
                       .filtered = FilteredItems(store.catalogue())}) {
  for (const std::string_view name :
       {kNoModel, kColdShopper, kUnknownItem, kBackfill, kRankerLate, kPinNotServable, kDeadline}) {
    state_->fallbacks[name] = &counters.Get(absl::StrFormat("engine.fallback.%s", name));
  }
}

Engine::~Engine() = default;

absl::StatusOr<RecommendReply> Engine::Recommend(const RecommendRequest& request) const {
  VITRINE_RETURN_IF_ERROR(CheckRequest(request));
  const auto pipelines = state_->CurrentPipelines();
  std::vector<ItemIndex> above;
  return state_->RecommendBelow(state_->Resolved(request), *pipelines, above);
}

absl::StatusOr<std::vector<RecommendReply>> Engine::RecommendRows(
    std::span<const RecommendRequest> rows) const {
  if (rows.empty() || rows.size() > kMaxRows) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a page of %d rows is wanted, it may have 1 to %d", rows.size(), kMaxRows));
  }
  const auto pipelines = state_->CurrentPipelines();
  std::vector<ItemIndex> above;
  const auto answer = [&](const RecommendRequest& row) -> absl::StatusOr<RecommendReply> {
    VITRINE_RETURN_IF_ERROR(CheckRequest(row));
    return state_->RecommendBelow(state_->Resolved(row), *pipelines, above);
  };
  std::vector<RecommendReply> replies;
  for (const RecommendRequest& row : rows) {
    absl::StatusOr<RecommendReply> reply = answer(row);
    if (!reply.ok()) {
      return absl::Status(reply.status().code(), absl::StrFormat("rows[%d]: %s", replies.size(),
                                                                 reply.status().message()));
    }
    replies.push_back(*std::move(reply));
  }
  return replies;
}

absl::StatusOr<RecommendReply> Engine::State::RecommendBelow(const RecommendRequest& request,
                                                             const Pipelines& of_set,
                                                             std::vector<ItemIndex>& above) const {
  Lateness lateness(request.is_late, request.is_gone);
  VITRINE_RETURN_IF_ERROR(lateness.CheckCaller());
  std::optional<TraceRecorder> trace;
  if (request.wants_trace) trace.emplace();
  VITRINE_ASSIGN_OR_RETURN(ShopperQuery query, QueryOf(request));
  if (trace.has_value()) trace->End("query", query.shopper.history.size());
  if (!above.empty()) query.Exclude({above});
  VITRINE_ASSIGN_OR_RETURN(const std::vector<ItemIndex> shown, ShownBefore(store, request));
  VITRINE_ASSIGN_OR_RETURN(Plan plan, PlanOf(request, of_set, query, shown.size()));
  plan.elsewhere.insert(plan.elsewhere.end(), above.begin(), above.end());
  plan.lateness = &lateness;
  plan.trace = trace.has_value() ? &*trace : nullptr;
  TraceFilter(request, plan, shown);
  const std::vector<BlendedItem> list = MakeList(request, shown, plan);
  for (const BlendedItem& item : list) above.push_back(item.item);
  VITRINE_RETURN_IF_ERROR(lateness.CheckCaller());
  std::vector<RecommendedItem> items = Present(plan, list);
  if (trace.has_value()) RecordPassedOver(list, plan.promoted, shown, *trace);
  RecommendReply reply = Reply(plan, std::move(items));
  reply.next_page_token = NextPageToken(store, request, shown, list, lateness.was_late());
  return reply;
}

absl::StatusOr<RecommendReply> Engine::Similar(const SimilarRequest& request) const {
  VITRINE_RETURN_IF_ERROR(CheckRequest(request));
  const auto pipelines = state_->CurrentPipelines();
  const Catalogue& catalogue = state_->catalogue();
  ShopperQuery query =
      ReadShopperQuery(state_->store, {request.user_id, request.visitor_id}, state_->clock.Now());
  VITRINE_RETURN_IF_ERROR(state_->CheckReached(query.sequence, request.min_sequence));
  Lateness lateness(request.is_late, request.is_gone);
  query.context = Resolve(catalogue, {&request.item_id, 1});
  query.Exclude({SeenItems(query, SeenPolicy::kExcludePurchased), query.context,
                 Resolve(catalogue, request.exclude_item_ids)});
  query.shopper = {};  // From here on the question is about the item alone.

  VITRINE_ASSIGN_OR_RETURN(const auto allowed, state_->Filter({}, request.filter, query.now_us));
  Plan plan{.pipeline = pipelines->for_item,
            .query = query,
            .allowed = allowed,
            .elsewhere = query.context,
            .page_size = request.page_size,
            .explanation = request.explanation,
            .stand_ins = StandIns(*pipelines, query),
            .lateness = &lateness};
  std::vector<BlendedItem> list;
  if (query.context.empty()) {
    plan.stand_ins = {kUnknownItem};
  } else {
    list = state_->Retrieve(plan);
    const std::shared_ptr<const Item> item = catalogue.Get(query.context.front());
    if (item != nullptr && list.size() < plan.page_size) {
      VITRINE_ASSIGN_OR_RETURN(const auto alike,
                               state_->Filter(item->categories, request.filter, query.now_us));
      plan.backfill = {alike};
    }
  }
  plan.backfill.push_back(plan.allowed);
  state_->Backfill(plan, list);
  VITRINE_RETURN_IF_ERROR(lateness.CheckCaller());
  return state_->Reply(plan, state_->Present(plan, list));
}

absl::StatusOr<RecommendReply> Engine::Rank(const RankRequest& request) const {
  VITRINE_RETURN_IF_ERROR(CheckRequest(request));
  const auto pipelines = state_->CurrentPipelines();
  const Catalogue& catalogue = state_->catalogue();
  ShopperQuery query =
      ReadShopperQuery(state_->store, {request.user_id, request.visitor_id}, state_->clock.Now());
  VITRINE_RETURN_IF_ERROR(state_->CheckReached(query.sequence, request.min_sequence));
  query.context = Resolve(catalogue, request.context_item_ids);
  query.cart = Resolve(catalogue, request.cart_item_ids);

  Lateness lateness(request.is_late, request.is_gone);
  Plan plan{.pipeline = pipelines->for_shopper,
            .query = query,
            .explanation = request.explanation,
            .stand_ins = StandIns(*pipelines, query),
            .lateness = &lateness};
  const std::vector<ItemIndex> known = Resolve(catalogue, request.item_ids);
  std::vector<BlendedItem> list =
      pipelines->for_shopper.Rank(query.View(), known, WatchedFor(plan));
  const std::size_t num_scored = PutInOrder(list, *state_->store.LivePopularity());
  VITRINE_RETURN_IF_ERROR(lateness.CheckCaller());
  if (num_scored < list.size()) plan.stand_ins.push_back(kBackfill);
  std::vector<RecommendedItem> items = state_->Present(plan, list);
  for (const std::string& id : request.item_ids) {
    if (!catalogue.Find(id).has_value()) items.push_back({.item_id = id, .is_known = false});
  }
  return state_->Reply(plan, std::move(items));
}

absl::StatusOr<PurchaseReply> Engine::PredictPurchase(const PurchaseRequest& request) const {
  VITRINE_RETURN_IF_ERROR(CheckRequest(request));
  const std::uint64_t sequence = state_->store.sequence();  // Before what is read: at least this.
  VITRINE_RETURN_IF_ERROR(state_->CheckReached(sequence, request.min_sequence));
  const auto pipelines = state_->CurrentPipelines();  // Holds the models, be they none.
  VITRINE_ASSIGN_OR_RETURN(PurchaseReply reply, ForecastPurchase(state_->store, *pipelines->models,
                                                                 request, state_->clock.Now()));
  reply.sequence = sequence;
  return reply;
}

}  // namespace vitrine
