#include "engine/engine_state.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "engine/compose_list.h"
#include "engine/explain.h"
#include "engine/promote.h"
#include "engine/rerank.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

namespace {

// The models as they compare items: what they say of the one item that a page is about. A content
// model needs no other form for that.
std::shared_ptr<const ModelSet> ItemToItemForms(const ModelSet& models) {
  auto forms = std::make_shared<ModelSet>();
  forms->version = models.version;
  forms->weights = models.weights;
  for (const Model& model : models.models) {
    const bool is_content = model.family == ModelFamily::kContent;
    if (model.item_to_item == nullptr && !is_content) continue;
    forms->models.push_back(model);
    if (model.item_to_item != nullptr) forms->models.back().scorer = model.item_to_item;
  }
  return forms;
}

}  // namespace

std::vector<std::string_view> StandIns(const Pipelines& pipelines, const ShopperQuery& query) {
  if (pipelines.models->models.empty()) return {kNoModel};
  if (query.IsCold()) return {kColdShopper};
  return {};
}

PipelineControls WatchedFor(const Plan& plan) {
  PipelineControls controls;
  if (Lateness* const lateness = plan.lateness; lateness != nullptr && lateness->can_be_late()) {
    controls.is_late = [lateness] { return lateness->LeavesOut(); };
  }
  if (TraceRecorder* const trace = plan.trace; trace != nullptr) {
    controls.on_step = [trace](std::string_view step, std::string_view model, std::size_t count,
                               double micros) {
      std::string name(step);
      if (!model.empty()) name.append(":").append(model);
      trace->AddStep(name, count, micros);
    };
  }
  return controls;
}

RecommendRequest Engine::State::Resolved(const RecommendRequest& request) const {
  RecommendRequest resolved = request;
  const Placement placement;
  if (resolved.page_size == 0) resolved.page_size = placement.page_size;
  if (!resolved.seen.has_value()) resolved.seen = placement.seen;
  return resolved;
}

std::shared_ptr<const Pipelines> Engine::State::CurrentPipelines() {
  std::shared_ptr<const ModelSet> current = models.Get();
  if (current == nullptr) current = std::make_shared<const ModelSet>();
  std::lock_guard lock(mutex);
  if (pipelines == nullptr || pipelines->models != current) {
    BlendOptions for_item = options.blend;
    for_item.cold_start_events = 0;  // The item is all there is to know.
    pipelines = std::make_shared<const Pipelines>(
        Pipelines{.models = current,
                  .for_shopper = Pipeline(current, options.blend),
                  .for_item = Pipeline(ItemToItemForms(*current), std::move(for_item))});
  }
  return pipelines;
}

absl::Status Engine::State::CheckReached(std::uint64_t sequence, std::uint64_t min_sequence) const {
  if (sequence >= min_sequence) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "the request wants an answer from state %d or later, this store is at %d: ask the server "
      "that gave the token, or ask without one",
      min_sequence, sequence));
}

absl::StatusOr<std::shared_ptr<const ItemBitmap>> Engine::State::Filter(
    std::span<const std::string> categories, const std::string& filter, Micros now) const {
  std::shared_ptr<const ItemBitmap> servable = catalogue().Servable(now);
  if (categories.empty() && filter.empty()) return servable;
  ItemBitmap allowed = *servable;
  if (!categories.empty()) allowed.IntersectWith(filtered.InCategories(categories));
  if (!filter.empty()) {
    VITRINE_ASSIGN_OR_RETURN(const auto matching, filtered.Matching(filter));
    allowed.IntersectWith(*matching);
  }
  return std::make_shared<const ItemBitmap>(std::move(allowed));
}

absl::StatusOr<ShopperQuery> Engine::State::QueryOf(const RecommendRequest& request) const {
  ShopperQuery query = ReadShopperQuery(store, {request.user_id, request.visitor_id}, clock.Now());
  VITRINE_RETURN_IF_ERROR(CheckReached(query.sequence, request.min_sequence));
  query.context = Resolve(catalogue(), request.context_item_ids);
  query.cart = Resolve(catalogue(), request.cart_item_ids);
  query.categories = request.categories;
  query.Exclude({SeenItems(query, *request.seen), query.context, query.cart,
                 Resolve(catalogue(), request.exclude_item_ids)});
  return query;
}

absl::StatusOr<Plan> Engine::State::PlanOf(const RecommendRequest& request, const Pipelines& of_set,
                                           const ShopperQuery& query, std::size_t num_shown) const {
  VITRINE_ASSIGN_OR_RETURN(const auto allowed,
                           Filter(request.categories, request.filter, query.now_us));
  Plan plan{.pipeline = of_set.for_shopper,
            .query = query,
            .allowed = allowed,
            .backfill = {allowed},
            .elsewhere = query.context,
            .page_size = std::min(request.page_size, kMaxListLength - num_shown),
            .explanation = request.explanation,
            .stand_ins = StandIns(of_set, query)};
  plan.elsewhere.insert(plan.elsewhere.end(), query.cart.begin(), query.cart.end());
  return plan;
}

std::vector<BlendedItem> Engine::State::MakeList(const RecommendRequest& request,
                                                 std::span<const ItemIndex> shown,
                                                 Plan& plan) const {
  if (request.controls != ListControls() || !shown.empty()) {
    return Compose(plan, request.controls, shown);
  }
  std::vector<BlendedItem> list = Retrieve(plan);
  const std::size_t num_ranked = list.size();
  Backfill(plan, list);
  if (plan.trace != nullptr) plan.trace->End("backfill", list.size() - num_ranked);
  return list;
}

RankedList Engine::State::BestOf(const Plan& plan, std::size_t k) const {
  const Query query = plan.query.View();
  return std::move(RecommendRanked(plan.pipeline, {&query, 1}, plan.allowed.get(), k, plan.deadline,
                                   WatchedFor(plan))
                       .front());
}

bool Engine::State::RanksAll(const Plan& plan) const {
  return plan.allowed->HasAtMost(options.blend.whole_catalogue_items);
}

void Engine::State::Tell(const Plan& plan, const BlendedItem& item, ExplainItemReply& reply) const {
  RecommendedItem told = std::move(Present(plan, {&item, 1}).front());
  reply.reasons = std::move(told.reasons);
  reply.contributions = std::move(told.contributions);
}

std::vector<BlendedItem> Engine::State::Retrieve(Plan& plan) const {
  bool is_late = false;
  const auto rank = [&](std::size_t k) {
    RankedList ranked = BestOf(plan, k);
    is_late = ranked.is_late;
    return std::move(ranked.items);
  };
  std::vector<BlendedItem> list =
      FindProducts(catalogue(), plan.elsewhere, plan.page_size, rank,
                   plan.trace == nullptr ? nullptr : &plan.trace->passed_over().variants);
  if (plan.trace != nullptr) plan.trace->End("select", list.size());
  if (is_late) plan.stand_ins.push_back(kRankerLate);
  return list;
}

std::vector<BlendedItem> Engine::State::Compose(Plan& plan, const ListControls& controls,
                                                std::span<const ItemIndex> shown) const {
  ServablePins pins = PinsToShow(controls.pins, catalogue(), plan.query, shown);
  for (const auto& [position, item] : pins.pins) plan.promoted.push_back(item);
  bool is_late = false;
  const auto rank = [&](std::size_t k) {
    RankedList ranked = BestOf(plan, k);
    is_late = ranked.is_late;
    return std::move(ranked.items);
  };
  double micros_of_backfill = 0;
  const auto popular = [&](std::size_t k) -> std::vector<BlendedItem> {
    if (plan.lateness != nullptr && plan.lateness->IsAbandoned()) return {};
    std::optional<Stopwatch> watch;
    if (plan.trace != nullptr) watch.emplace();
    ItemBitmap allowed = *plan.allowed;
    for (const ItemIndex item : plan.query.excluded) allowed.Erase(item);
    std::vector<BlendedItem> best = MostPopularOf(allowed, *store.LivePopularity(), k);
    if (watch.has_value()) micros_of_backfill += watch->Micros();
    return best;
  };
  ItemSimilarity similarity(plan.pipeline.models(),
                            [this](ItemIndex item) { return catalogue().Get(item); });
  std::vector<BlendedItem> page =
      ComposePage({controls, std::move(pins.pins), shown, plan.elsewhere, plan.page_size,
                   plan.trace == nullptr ? nullptr : &plan.trace->passed_over()},
                  catalogue(), similarity, {rank, popular});
  if (is_late) plan.stand_ins.push_back(kRankerLate);
  const std::size_t num_backfilled = NumBackfilled(page, plan.promoted);
  if (num_backfilled > 0) plan.stand_ins.push_back(kBackfill);
  if (plan.trace != nullptr) {
    plan.trace->End("controls", page.size() - num_backfilled, micros_of_backfill);
    plan.trace->Add("backfill", num_backfilled, micros_of_backfill);
  }
  if (pins.has_others) plan.stand_ins.push_back(kPinNotServable);
  return page;
}

void Engine::State::Backfill(Plan& plan, std::vector<BlendedItem>& list) const {
  if (list.size() == plan.page_size) return;
  if (plan.lateness != nullptr && plan.lateness->IsAbandoned()) return;
  const std::shared_ptr<const std::vector<float>> popularity = store.LivePopularity();
  for (const std::shared_ptr<const ItemBitmap>& from : plan.backfill) {
    if (list.size() == plan.page_size) break;
    ItemBitmap allowed = *from;
    for (const ItemIndex item : plan.query.excluded) allowed.Erase(item);
    std::vector<ItemIndex> elsewhere = plan.elsewhere;
    for (const BlendedItem& item : list) elsewhere.push_back(item.item);
    const std::vector<BlendedItem> found = FindProducts(
        catalogue(), elsewhere, plan.page_size - list.size(),
        [&](std::size_t k) { return MostPopularOf(allowed, *popularity, k); },
        plan.trace == nullptr ? nullptr : &plan.trace->passed_over().variants);
    list.insert(list.end(), found.begin(), found.end());
  }
  if (!list.empty() && IsBackfill(list.back())) plan.stand_ins.push_back(kBackfill);
}

void Engine::State::TraceFilter(const RecommendRequest& request, const Plan& plan,
                                std::span<const ItemIndex> shown) const {
  if (plan.trace == nullptr) return;
  const Stopwatch watch;  // Of what only the trace wants to know.
  const std::shared_ptr<const ItemBitmap> servable = catalogue().Servable(plan.query.now_us);
  const ItemBitmap in_categories =
      request.categories.empty() ? *servable : filtered.InCategories(request.categories);
  const std::size_t num_left =
      RecordDrops({request, plan.query, *servable, in_categories, *plan.allowed, shown},
                  catalogue(), *plan.trace);
  plan.trace->End("filter", num_left, watch.Micros());
}

std::vector<RecommendedItem> Engine::State::Present(const Plan& plan,
                                                    std::span<const BlendedItem> list) const {
  // Contributions are made however late it is: a score without all its parts is a wrong one.
  const bool is_left_out =
      plan.lateness != nullptr && plan.explanation == ExplanationLevel::kReasons &&
      !std::all_of(list.begin(), list.end(), IsBackfill) && plan.lateness->LeavesOut();
  std::vector<Explanation> explained =
      Explain(plan.pipeline.models(), plan.query, catalogue(), list,
              is_left_out ? ExplanationLevel::kNone : plan.explanation);
  std::vector<RecommendedItem> items;
  items.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    items.push_back({.item_id = catalogue().Id(list[i].item),
                     .score = list[i].score,
                     .reasons = std::move(explained[i].reasons),
                     .contributions = std::move(explained[i].contributions),
                     .item = catalogue().Get(list[i].item),
                     .is_backfill = IsBackfill(list[i])});
    if (plan.explanation != ExplanationLevel::kNone) {
      AddReason(plan.query.now_us, !is_left_out, items.back());
    }
  }
  MarkPromoted(plan.promoted, list, plan.explanation, items);
  if (plan.trace != nullptr) plan.trace->End("explain", items.size());
  return items;
}

void Engine::State::AddReason(Micros now, bool is_explained, RecommendedItem& item) const {
  const auto new_for = static_cast<Micros>(options.new_arrival_days * kMicrosPerDay);
  const bool is_new = item.item != nullptr && item.item->publish_time_us > 0 &&
                      item.item->publish_time_us > now - new_for;
  if (is_new && item.reasons.size() < kMaxReasons) {
    item.reasons.push_back({.kind = Reason::Kind::kNewArrival});
  }
  if (item.is_backfill || (item.reasons.empty() && is_explained)) {
    item.reasons.push_back({.kind = Reason::Kind::kBackfill});
  }
}

RecommendReply Engine::State::Reply(const Plan& plan, std::vector<RecommendedItem> items) const {
  RecommendReply reply{.items = std::move(items),
                       .model_version = plan.pipeline.models().version,
                       .sequence = plan.query.sequence};
  std::vector<std::string_view> stand_ins = plan.stand_ins;
  if (plan.lateness != nullptr && plan.lateness->was_late()) stand_ins.push_back(kDeadline);
  for (const std::string_view stand_in : stand_ins) {
    fallbacks.at(stand_in)->Add();
    reply.fallbacks.emplace_back(stand_in);
  }
  if (plan.trace != nullptr) reply.trace = plan.trace->Take();
  return reply;
}

}  // namespace vitrine
