#include "engine/engine_state.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "engine/compose_list.h"
#include "engine/explain.h"
#include "engine/promote.h"
#include "engine/rerank.h"
#include "engine/time_budget.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

// Where is written down what the list passes over; null: nowhere.
PassedOver* PassedOverOf(const Plan& plan) {
  return plan.trace == nullptr ? nullptr : plan.trace->passed_over();
}
absl::flat_hash_set<ItemIndex>* PassedVariantsOf(const Plan& plan) {
  PassedOver* const passed_over = PassedOverOf(plan);
  return passed_over == nullptr ? nullptr : &passed_over->variants;
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
    controls.on_left_out = [lateness](std::string_view model) { lateness->NoteLeftOut(model); };
    controls.time_left = lateness->time_left();
  }
  if (TraceRecorder* const trace = plan.trace; trace != nullptr) {
    controls.on_step = [trace](std::string_view step, std::string_view model, std::size_t count,
                               double micros) {
      std::string name;
      name.reserve(step.size() + 1 + model.size());
      name.append(step);
      if (!model.empty()) name.append(":").append(model);
      trace->AddStep(std::move(name), count, micros);
    };
  }
  return controls;
}

std::size_t NumOpen(const Plan& plan, std::span<const ItemIndex> shown) {
  const std::vector<ItemIndex>& excluded = plan.query.excluded;
  std::size_t num_open = plan.allowed->Count();
  for (const ItemIndex item : excluded) {
    if (plan.allowed->Contains(item)) --num_open;
  }
  for (const ItemIndex item : shown) {
    const bool is_excluded = std::binary_search(excluded.begin(), excluded.end(), item);
    if (plan.allowed->Contains(item) && !is_excluded) --num_open;
  }
  return num_open;
}

absl::Status Engine::State::CheckReached(std::uint64_t sequence, std::uint64_t min_sequence) const {
  if (sequence >= min_sequence) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "the request wants an answer from state %d or later, this store is at %d: ask the server "
      "that gave the token, or ask without one",
      min_sequence, sequence));
}

absl::StatusOr<std::shared_ptr<const ItemBitmap>> Engine::State::Filter(
    std::span<const std::string> categories, std::span<const std::string> filters,
    Micros now) const {
  std::shared_ptr<const ItemBitmap> servable = catalogue().Servable(now);
  if (categories.empty() && filters.empty()) return servable;
  ItemBitmap allowed = *servable;
  if (!categories.empty()) allowed.IntersectWith(filtered.InCategories(categories));
  for (const std::string& filter : filters) {
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
  query.Exclude({query.context, query.cart, Resolve(catalogue(), request.exclude_item_ids)});
  query.on_page = query.context;
  query.on_page.insert(query.on_page.end(), query.cart.begin(), query.cart.end());
  return query;
}

absl::StatusOr<std::shared_ptr<const ItemBitmap>> Engine::State::Allowed(
    const Section& section, const ShopperQuery& query) const {
  VITRINE_ASSIGN_OR_RETURN(auto allowed, Filter(query.categories, section.filters, query.now_us));
  if (section.placement.is_of_bought) {
    allowed = std::make_shared<const ItemBitmap>(OnlyBought(*allowed, query));
  }
  if (section.placement.max_age_days > 0) {
    const auto age = static_cast<Micros>(section.placement.max_age_days * kMicrosPerDay);
    allowed = std::make_shared<const ItemBitmap>(
        ExposedGroups::PublishedSince(query.now_us - age, *allowed, catalogue(), filtered));
  }
  return allowed;
}

absl::StatusOr<Plan> Engine::State::PlanOf(const RecommendRequest& request, const Section& section,
                                           const Pipelines& of_set, const ShopperQuery& query,
                                           std::size_t num_shown) const {
  VITRINE_ASSIGN_OR_RETURN(const auto allowed, Allowed(section, query));
  const ListControls& controls = section.controls;
  Plan plan{.pipeline = of_set.For(section.placement),
            .models = *of_set.models,
            .query = query,
            .allowed = allowed,
            .elsewhere = query.on_page,
            .page_size = std::min(section.page_size, kMaxListLength - num_shown),
            .explanation = request.explanation,
            .stand_ins = StandIns(of_set, query)};
  if (section.is_last && !controls.is_strict) plan.backfill = {allowed};
  VITRINE_RETURN_IF_ERROR(AddBoosts(controls.boosts, filtered, plan.lifts));
  if (controls.rotation > 0) {
    AddRotation(controls.rotation, store.ReadShownItems(request.user_id, request.visitor_id),
                query.Past(), plan.lifts);
  }
  return plan;
}

std::vector<BlendedItem> Engine::State::MakeList(const Section& section,
                                                 std::span<const ItemIndex> shown,
                                                 Plan& plan) const {
  if (section.controls != ListControls() || !shown.empty()) return Compose(plan, section, shown);
  std::vector<BlendedItem> list = Retrieve(plan);
  FillUp(plan, list);
  return list;
}

void Engine::State::FillUp(Plan& plan, std::vector<BlendedItem>& list) const {
  const std::size_t num_ranked = list.size();
  Backfill(plan, list);
  if (plan.trace != nullptr) plan.trace->End("backfill", list.size() - num_ranked);
}

RankedList Engine::State::BestOf(const Plan& plan, std::size_t k, const ItemBitmap* only) const {
  const Query query = plan.query.View();
  PipelineControls controls = WatchedFor(plan);
  controls.lifts = plan.lifts.lifts;
  controls.only = only;
  controls.is_explained = plan.explanation == ExplanationLevel::kContributions;
  return std::move(
      RecommendRanked(plan.pipeline, {&query, 1}, plan.allowed.get(), k, plan.deadline, controls)
          .front());
}

std::shared_ptr<const ItemBitmap> Engine::State::Exposed(Micros now,
                                                         const Exposure& exposure) const {
  if (exposure.group == Exposure::Group::kNone || exposure.share == 0) return nullptr;
  const ItemBitmap all(catalogue().num_indices(), /*is_full=*/true);
  if (exposure.group == Exposure::Group::kLongTail) {
    const std::shared_ptr<const RankedValues> live = store.LivePopularity();
    return std::make_shared<const ItemBitmap>(exposed.LongTailOf(all, {live, &live->values}));
  }
  if (exposure.group == Exposure::Group::kFilter) {
    return filtered.Matching(exposure.filter).value_or(nullptr);  // CheckControls has read it.
  }
  const auto new_for = static_cast<Micros>(options.new_arrival_days * kMicrosPerDay);
  return std::make_shared<const ItemBitmap>(
      ExposedGroups::PublishedSince(now - new_for, all, catalogue(), filtered));
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
      FindProducts(catalogue(), plan.elsewhere, plan.page_size, rank, PassedVariantsOf(plan));
  if (plan.trace != nullptr) plan.trace->End("select", list.size());
  if (is_late) plan.stand_ins.push_back(kRankerLate);
  return list;
}

std::vector<BlendedItem> Engine::State::Compose(Plan& plan, const Section& section,
                                                std::span<const ItemIndex> shown) const {
  const ListControls& controls = section.controls;
  ServablePins pins = PinsToShow(controls.pins, catalogue(), plan.query, shown);
  for (const auto& [position, item] : pins.pins) plan.promoted.push_back(item);
  bool is_late = false;
  const auto rank_of = [&](std::size_t k, const ItemBitmap* only) {
    RankedList ranked = BestOf(plan, k, only);
    is_late = is_late || ranked.is_late;
    return std::move(ranked.items);
  };
  double micros_of_backfill = 0;
  const auto popular_of = [&](std::size_t k, ItemBitmap allowed) -> std::vector<BlendedItem> {
    if (plan.lateness != nullptr && plan.lateness->IsAbandoned()) return {};
    std::optional<Stopwatch> watch;
    if (plan.trace != nullptr) watch.emplace();
    for (const ItemIndex item : plan.query.excluded) allowed.Erase(item);
    std::vector<BlendedItem> best = MostPopularOf(allowed, *store.LivePopularity(), k);
    if (watch.has_value()) micros_of_backfill += watch->Micros();
    return best;
  };
  const auto none = [](std::size_t /*k*/) { return std::vector<BlendedItem>(); };
  const std::shared_ptr<const ItemBitmap> group = Exposed(plan.query.now_us, controls.exposure);
  PageSources sources{.rank = [&](std::size_t k) { return rank_of(k, nullptr); },
                      .backfill = none,
                      .rank_exposed = [&](std::size_t k) { return rank_of(k, group.get()); },
                      .backfill_exposed = none};
  if (!plan.backfill.empty()) {
    sources.backfill = [&](std::size_t k) { return popular_of(k, *plan.backfill.front()); };
    sources.backfill_exposed = [&](std::size_t k) {
      ItemBitmap of_group = *plan.backfill.front();
      of_group.IntersectWith(*group);
      return popular_of(k, std::move(of_group));
    };
  }
  ItemSimilarity similarity(plan.models, [this](ItemIndex item) { return catalogue().Get(item); });
  ComposedPage page = ComposePage({.controls = controls,
                                   .pins = std::move(pins.pins),
                                   .shown = shown,
                                   .elsewhere = plan.elsewhere,
                                   .exposed = group.get(),
                                   .page_size = plan.page_size,
                                   .has_more = !section.is_last && !controls.is_strict,
                                   .passed_over = PassedOverOf(plan)},
                                  catalogue(), similarity, sources);
  plan.propensities = std::move(page.propensities);
  if (is_late) plan.stand_ins.push_back(kRankerLate);
  const std::size_t num_backfilled = NumBackfilled(page.items, plan.promoted);
  if (num_backfilled > 0) plan.stand_ins.push_back(kBackfill);
  if (plan.trace != nullptr) {
    plan.trace->End("controls", page.items.size() - num_backfilled, micros_of_backfill);
    plan.trace->Add("backfill", num_backfilled, micros_of_backfill);
  }
  if (pins.has_others) plan.stand_ins.push_back(kPinNotServable);
  return std::move(page.items);
}

void Engine::State::Backfill(Plan& plan, std::vector<BlendedItem>& list) const {
  if (list.size() == plan.page_size) return;
  if (plan.lateness != nullptr && plan.lateness->IsAbandoned()) return;
  const std::shared_ptr<const RankedValues> popularity = store.LivePopularity();
  for (const std::shared_ptr<const ItemBitmap>& from : plan.backfill) {
    if (list.size() == plan.page_size) break;
    ItemBitmap allowed = *from;
    for (const ItemIndex item : plan.query.excluded) allowed.Erase(item);
    std::vector<ItemIndex> elsewhere = plan.elsewhere;
    for (const BlendedItem& item : list) elsewhere.push_back(item.item);
    const std::vector<BlendedItem> found = FindProducts(
        catalogue(), elsewhere, plan.page_size - list.size(),
        [&](std::size_t k) { return MostPopularOf(allowed, *popularity, k); },
        PassedVariantsOf(plan));
    list.insert(list.end(), found.begin(), found.end());
  }
  if (!list.empty() && IsBackfill(list.back())) plan.stand_ins.push_back(kBackfill);
}

void Engine::State::TraceFilter(const RecommendRequest& request, const Section& section,
                                const Plan& plan, std::span<const ItemIndex> shown) const {
  if (plan.trace == nullptr) return;
  const Stopwatch watch;  // Of what only the trace wants to know.
  const ShopperQuery& query = plan.query;
  if (section.is_first && plan.trace->detail() == TraceDetail::kAll) {
    const std::shared_ptr<const ItemBitmap> servable = catalogue().Servable(query.now_us);
    const ItemBitmap in_categories =
        query.categories.empty() ? *servable : filtered.InCategories(query.categories);
    RecordDrops({request, section.seen, query, *servable, in_categories, *plan.allowed, shown},
                catalogue(), *plan.trace);
  }
  const std::size_t num_left = section.is_first ? NumOpen(plan, shown) : plan.allowed->Count();
  plan.trace->End("filter", num_left, watch.Micros());
}

std::vector<RecommendedItem> Engine::State::Present(const Plan& plan,
                                                    std::span<const BlendedItem> list) const {
  // Contributions are made however late it is: a score without all its parts is a wrong one.
  const bool may_be_left_out = plan.explanation == ExplanationLevel::kReasons &&
                               !std::all_of(list.begin(), list.end(), IsBackfill);
  const PipelineControls controls = may_be_left_out ? WatchedFor(plan) : PipelineControls();
  TimeBudget budget(controls);
  UsualCost& cost = plan.pipeline.costs().OfReasons(list.size());
  const bool is_left_out = !budget.HasTimeFor(cost);
  if (is_left_out) plan.lateness->NoteNoReasons();
  std::vector<Explanation> explained =
      Explain(plan.pipeline.models(), plan.query, catalogue(), list,
              is_left_out ? ExplanationLevel::kNone : plan.explanation);
  if (!is_left_out) budget.NoteDone(cost);
  std::vector<ItemIndex> indices;
  indices.reserve(list.size());
  for (const BlendedItem& each : list) indices.push_back(each.item);
  std::vector<Catalogue::Entry> entries = catalogue().GetEach(indices);
  std::vector<RecommendedItem> items;
  items.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    items.push_back({.item_id = std::move(entries[i].id),
                     .score = list[i].score,
                     .reasons = std::move(explained[i].reasons),
                     .contributions = std::move(explained[i].contributions),
                     .item = std::move(entries[i].item),
                     .is_backfill = IsBackfill(list[i])});
    if (plan.explanation == ExplanationLevel::kContributions) {
      AddLiftParts(plan.lifts, list[i], items.back().contributions);
    }
    if (plan.explanation != ExplanationLevel::kNone) {
      AddReason(plan.query.now_us, !is_left_out, items.back());
    }
    // Not where Tell presents a single item of the list.
    if (plan.propensities.size() == list.size()) items.back().propensity = plan.propensities[i];
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
  return {.items = std::move(items),
          .model_version = plan.models.version,
          .sequence = plan.query.sequence};
}

void Engine::State::NoteFallbacks(std::span<const std::string_view> stand_ins,
                                  const Lateness* lateness, RecommendReply& reply) const {
  for (const std::string_view stand_in : stand_ins) {
    if (std::find(reply.fallbacks.begin(), reply.fallbacks.end(), stand_in) !=
        reply.fallbacks.end()) {
      continue;
    }
    fallbacks.at(stand_in)->Add();
    reply.fallbacks.emplace_back(stand_in);
  }
  if (lateness == nullptr || !lateness->was_late()) return;
  for (const std::string_view model : lateness->models_left_out()) {
    reply.fallbacks.push_back(absl::StrFormat("%s:%s", kModelLate, model));
  }
  if (!lateness->models_left_out().empty()) fallbacks.at(kModelLate)->Add();
  fallbacks.at(kDeadline)->Add();
  reply.fallbacks.emplace_back(kDeadline);
}

RecommendReply Engine::State::Answer(const Plan& plan, std::vector<RecommendedItem> items) const {
  RecommendReply reply = Reply(plan, std::move(items));
  NoteFallbacks(plan.stand_ins, plan.lateness, reply);
  if (plan.trace != nullptr && plan.trace->detail() == TraceDetail::kAll) {
    reply.trace = plan.trace->Take();
  }
  return reply;
}

}  // namespace vitrine
