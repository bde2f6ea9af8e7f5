#include "vitrine/engine/engine.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_format.h"
#include "engine/check_request.h"
#include "engine/engine_state.h"
#include "engine/forecast.h"
#include "engine/live_scorers.h"
#include "engine/page_token.h"
#include "engine/rerank.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/engine/seen_items.h"
#include "vitrine/feature_store/attribution.h"

namespace vitrine {

namespace {

// For the events that will come of the list. `page`: the items of the reply.
std::string AttributionToken(const FeatureStore& store, const RecommendRequest& request,
                             const RecommendReply& reply, std::size_t num_shown,
                             std::vector<ItemIndex> page, Micros now) {
  Attribution attribution{
      .placement = request.placement.empty() ? reply.placement : request.placement,
      .model_version = reply.model_version,
      .time_us = now,
      .first_position = num_shown + 1,
      .items = std::move(page)};
  if (request.controls.exploration.temperature > 0) {
    for (const RecommendedItem& item : reply.items) {
      attribution.propensities.push_back(static_cast<float>(item.propensity));
    }
  }
  return SealAttribution(store, attribution);
}

// The items of a request, in its order.
struct NamedItems {
  std::vector<ItemIndex> known{};
  std::vector<std::string_view> unknown{};
};

// Errors: INVALID_ARGUMENT an item is named twice.
absl::StatusOr<NamedItems> FindNamed(const Catalogue& catalogue, std::span<const std::string> ids) {
  const std::vector<std::optional<ItemIndex>> found = catalogue.FindEach(ids);
  NamedItems named;
  ItemBitmap seen(catalogue.num_indices());
  absl::flat_hash_set<std::string_view> seen_unknown;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const bool is_new =
        found[i].has_value() ? !seen.Contains(*found[i]) : seen_unknown.insert(ids[i]).second;
    if (!is_new) {
      return absl::InvalidArgumentError(
          absl::StrFormat("item_ids names \"%s\" twice, each item may be named once", ids[i]));
    }
    if (!found[i].has_value()) {
      named.unknown.push_back(ids[i]);
      continue;
    }
    seen.Insert(*found[i]);
    named.known.push_back(*found[i]);
  }
  return named;
}

// Null where nobody asks for a trace, nor for its stages.
template <typename Request>
TraceRecorder* BeginTrace(const Request& request, std::optional<TraceRecorder>& trace) {
  if (!request.wants_trace && request.stages == nullptr) return nullptr;
  const TraceDetail detail = request.wants_trace ? TraceDetail::kAll : TraceDetail::kStages;
  return &trace.emplace(detail, request.stages);
}

}  // namespace

Engine::Engine(const FeatureStore& store, const Published<ModelSet>& models, Counters& counters,
               const Clock& clock, Options options, const Placements* placements)
    : state_(new State{.store = store,
                       .models = models,
                       .clock = clock,
                       .options = std::move(options),
                       .placements = placements,
                       .filtered = FilteredItems(store.catalogue(), &counters),
                       .live_models = LiveModels(store)}) {
  for (const std::string_view name :
       {kNoModel, kColdShopper, kUnknownItem, kBackfill, kRankerLate, kPinNotServable, kModelLate,
        kDeadline, kUnknownPlacement, kFallbackPlacement}) {
    state_->fallbacks[name] = &counters.Get(absl::StrFormat("engine.fallback.%s", name));
  }
}

Engine::~Engine() = default;

void Engine::WarmUp(const std::shared_ptr<const ModelSet>& models) const { state_->WarmUp(models); }

absl::StatusOr<RecommendReply> Engine::Recommend(const RecommendRequest& request) const {
  const auto pipelines = state_->CurrentPipelines();
  std::vector<ItemIndex> above;
  return state_->RecommendBelow(request, *pipelines, above);
}

absl::StatusOr<std::vector<RecommendReply>> Engine::RecommendRows(
    std::span<const RecommendRequest> rows) const {
  if (rows.empty() || rows.size() > kMaxRows) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a page of %d rows is wanted, it may have 1 to %d", rows.size(), kMaxRows));
  }
  const auto pipelines = state_->CurrentPipelines();
  std::vector<ItemIndex> above;
  std::vector<RecommendReply> replies;
  for (const RecommendRequest& row : rows) {
    const Micros began_us = MonotonicNow();
    absl::StatusOr<RecommendReply> reply = state_->RecommendBelow(row, *pipelines, above);
    if (!reply.ok()) {
      return absl::Status(reply.status().code(), absl::StrFormat("rows[%d]: %s", replies.size(),
                                                                 reply.status().message()));
    }
    reply->took_us = MonotonicNow() - began_us;
    replies.push_back(*std::move(reply));
  }
  return replies;
}

absl::Status Engine::State::MakeSections(const RecommendRequest& request, const Pipelines& of_set,
                                         const Surroundings& around,
                                         const TakeSection& take) const {
  const std::vector<const Placement*> chain = ChainOf(request, *of_set.placements);
  VITRINE_ASSIGN_OR_RETURN(ShopperQuery page, QueryOf(request));
  if (!around.above.empty()) page.Exclude({around.above});
  if (around.trace != nullptr) around.trace->End("query", page.shopper.history.size());
  std::vector<ItemIndex> listed(around.shown.begin(), around.shown.end());
  for (std::size_t i = 0; i < chain.size(); ++i) {
    Section section = SectionOf(request, chain, i);
    section.page_size -= listed.size() - around.shown.size();
    ShopperQuery query = section.is_last ? std::move(page) : page;
    query.Exclude({SeenItems(query.shopper.history, query.owned, section.seen)});
    AskAbout(section.placement, catalogue(), query);
    VITRINE_ASSIGN_OR_RETURN(Plan plan, PlanOf(request, section, of_set, query, listed.size()));
    plan.elsewhere.insert(plan.elsewhere.end(), around.above.begin(), around.above.end());
    plan.deadline = around.deadline;
    plan.lateness = around.lateness;
    plan.trace = around.trace;
    TraceFilter(request, section, plan, around.shown);
    const std::vector<BlendedItem> list = MakeList(section, listed, plan);
    if (plan.lateness != nullptr) VITRINE_RETURN_IF_ERROR(plan.lateness->CheckCaller());
    take(section, plan, list);
    for (const BlendedItem& each : list) listed.push_back(each.item);
    if (list.size() == plan.page_size || section.controls.is_strict) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<RecommendReply> Engine::State::RecommendBelow(const RecommendRequest& request,
                                                             const Pipelines& of_set,
                                                             std::vector<ItemIndex>& above) const {
  std::optional<TraceRecorder> trace;
  TraceRecorder* const recorder = BeginTrace(request, trace);
  VITRINE_RETURN_IF_ERROR(CheckRequest(request));
  Lateness lateness(request.is_late, request.time_left, request.is_gone);
  VITRINE_RETURN_IF_ERROR(lateness.CheckCaller());
  VITRINE_ASSIGN_OR_RETURN(const std::vector<ItemIndex> shown, ShownBefore(store, request));
  RecommendReply reply;
  std::vector<std::string_view> stand_ins;
  std::vector<ItemIndex> page;
  std::vector<ItemIndex> promoted;
  std::size_t page_size = 0;
  Micros now = 0;
  bool is_cut_short = false;
  const auto take = [&](const Section& section, const Plan& plan,
                        std::span<const BlendedItem> list) {
    is_cut_short = lateness.is_over();  // Before the reasons, which are no part of the list.
    std::vector<RecommendedItem> items = Present(plan, list);
    if (reply.placement.empty()) {
      reply = Reply(plan, std::move(items));
      reply.placement = section.placement.name;
      page_size = plan.page_size;
      now = plan.query.now_us;
      if (!request.placement.empty() && request.placement != section.placement.name) {
        stand_ins.push_back(kUnknownPlacement);
      }
    } else {
      std::move(items.begin(), items.end(), std::back_inserter(reply.items));
      if (!list.empty()) stand_ins.push_back(kFallbackPlacement);
    }
    stand_ins.insert(stand_ins.end(), plan.stand_ins.begin(), plan.stand_ins.end());
    promoted.insert(promoted.end(), plan.promoted.begin(), plan.promoted.end());
    for (const BlendedItem& each : list) page.push_back(each.item);
  };
  const Surroundings around{
      .above = above, .shown = shown, .lateness = &lateness, .trace = recorder};
  VITRINE_RETURN_IF_ERROR(MakeSections(request, of_set, around, take));
  NoteFallbacks(stand_ins, &lateness, reply);
  if (request.wants_trace) {
    RecordPassedOver(page, promoted, shown, *recorder);
    reply.trace = recorder->Take();
  }
  above.insert(above.end(), page.begin(), page.end());
  const bool goes_on = page.size() == page_size || is_cut_short;
  // After an empty page the next would be the same one.
  if (goes_on && !page.empty()) {
    reply.next_page_token = NextPageToken(store, request, shown, page);
  }
  reply.attribution_token =
      AttributionToken(store, request, reply, shown.size(), std::move(page), now);
  return reply;
}

absl::StatusOr<RecommendReply> Engine::Similar(const SimilarRequest& request) const {
  std::optional<TraceRecorder> trace;
  TraceRecorder* const recorder = BeginTrace(request, trace);
  VITRINE_RETURN_IF_ERROR(CheckRequest(request));
  const auto pipelines = state_->CurrentPipelines();
  const Catalogue& catalogue = state_->catalogue();
  ShopperQuery query =
      ReadShopperQuery(state_->store, {request.user_id, request.visitor_id}, state_->clock.Now());
  VITRINE_RETURN_IF_ERROR(state_->CheckReached(query.sequence, request.min_sequence));
  Lateness lateness(request.is_late, request.time_left, request.is_gone);
  query.context = Resolve(catalogue, {&request.item_id, 1});
  query.Exclude({SeenItems(query.shopper.history, query.owned, SeenPolicy::kExcludePurchased),
                 query.context, Resolve(catalogue, request.exclude_item_ids)});
  if (recorder != nullptr) recorder->End("query", query.shopper.history.size());
  query.shopper = {};  // From here on the question is about the item alone.

  std::vector<std::string> filters;
  if (!request.filter.empty()) filters.push_back(request.filter);
  VITRINE_ASSIGN_OR_RETURN(const auto allowed, state_->Filter({}, filters, query.now_us));
  Plan plan{.pipeline = pipelines->for_item,
            .models = *pipelines->models,
            .query = query,
            .allowed = allowed,
            .elsewhere = query.context,
            .page_size = request.page_size,
            .explanation = request.explanation,
            .stand_ins = StandIns(*pipelines, query),
            .lateness = &lateness,
            .trace = recorder};
  if (recorder != nullptr) recorder->End("filter", NumOpen(plan));
  std::vector<BlendedItem> list;
  if (query.context.empty()) {
    plan.stand_ins = {kUnknownItem};
  } else {
    list = state_->Retrieve(plan);
    const std::shared_ptr<const Item> item = catalogue.Get(query.context.front());
    if (item != nullptr && list.size() < plan.page_size) {
      VITRINE_ASSIGN_OR_RETURN(const auto alike,
                               state_->Filter(item->categories, filters, query.now_us));
      plan.backfill = {alike};
    }
  }
  plan.backfill.push_back(plan.allowed);
  state_->FillUp(plan, list);
  VITRINE_RETURN_IF_ERROR(lateness.CheckCaller());
  return state_->Answer(plan, state_->Present(plan, list));
}

absl::StatusOr<RecommendReply> Engine::Rank(const RankRequest& request) const {
  std::optional<TraceRecorder> trace;
  TraceRecorder* const recorder = BeginTrace(request, trace);
  VITRINE_RETURN_IF_ERROR(CheckRequest(request));
  const auto pipelines = state_->CurrentPipelines();
  const Catalogue& catalogue = state_->catalogue();
  VITRINE_ASSIGN_OR_RETURN(const NamedItems named, FindNamed(catalogue, request.item_ids));
  ShopperQuery query =
      ReadShopperQuery(state_->store, {request.user_id, request.visitor_id}, state_->clock.Now());
  VITRINE_RETURN_IF_ERROR(state_->CheckReached(query.sequence, request.min_sequence));
  query.context = Resolve(catalogue, request.context_item_ids);
  query.cart = Resolve(catalogue, request.cart_item_ids);
  if (recorder != nullptr) recorder->End("query", query.shopper.history.size());

  Lateness lateness(request.is_late, request.time_left, request.is_gone);
  Plan plan{.pipeline = pipelines->for_shopper,
            .models = *pipelines->models,
            .query = query,
            .allowed = catalogue.Servable(query.now_us),
            .explanation = request.explanation,
            .stand_ins = StandIns(*pipelines, query),
            .lateness = &lateness,
            .trace = recorder};
  std::vector<BlendedItem> list =
      pipelines->for_shopper.Rank(query.View(), named.known, plan.allowed.get(), WatchedFor(plan));
  const std::size_t num_scored = PutInOrder(list, state_->store.LivePopularity()->values);
  if (recorder != nullptr) recorder->End("select", num_scored);
  VITRINE_RETURN_IF_ERROR(lateness.CheckCaller());
  if (num_scored < list.size()) plan.stand_ins.push_back(kBackfill);
  std::vector<RecommendedItem> items = state_->Present(plan, list);
  for (const std::string_view id : named.unknown) {
    items.push_back({.item_id = std::string(id), .is_known = false});
  }
  return state_->Answer(plan, std::move(items));
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
