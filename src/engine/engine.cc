#include "vitrine/engine/engine.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <mutex>
#include <numeric>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "engine/check_request.h"
#include "engine/compose_list.h"
#include "engine/explain.h"
#include "engine/filter/filtered_items.h"
#include "engine/forecast.h"
#include "engine/page_token.h"
#include "engine/promote.h"
#include "engine/rerank.h"
#include "engine/shopper_query.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/engine/rank_stage.h"

namespace vitrine {

namespace {

constexpr std::string_view kNoModel = "no-model";
constexpr std::string_view kColdShopper = "cold-shopper";
constexpr std::string_view kUnknownItem = "unknown-item";
constexpr std::string_view kBackfill = "backfill";
constexpr std::string_view kRankerLate = "ranker-late";
constexpr std::string_view kPinNotServable = "pin-not-servable";

// What one model set answers with. Made once per set, not per request.
struct Pipelines {
  std::shared_ptr<const ModelSet> models{};
  Pipeline for_shopper;
  Pipeline for_item;
};

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

// One list to be made: from which models, for what, among which items.
struct Plan {
  const Pipeline& pipeline;
  const ShopperQuery& query;
  std::shared_ptr<const ItemBitmap> allowed{};
  // What to fill up from when the models have too few: the first that has something.
  std::vector<std::shared_ptr<const ItemBitmap>> backfill{};
  std::vector<ItemIndex> elsewhere{};  // Shown by the page: no variants of these.
  std::size_t page_size = 0;
  ExplanationLevel explanation{};
  std::vector<std::string_view> stand_ins{};  // Fallbacks of the reply.
  std::vector<ItemIndex> promoted{};          // Pins on the list.
};

// What stands in for what this shop or this shopper does not have yet.
std::vector<std::string_view> StandIns(const Pipelines& pipelines, const ShopperQuery& query) {
  if (pipelines.models->models.empty()) return {kNoModel};
  if (query.IsCold()) return {kColdShopper};
  return {};
}

}  // namespace

struct Engine::State {
  const FeatureStore& store;
  const Published<ModelSet>& models;
  const Clock& clock;
  Options options;
  FilteredItems filtered;
  std::map<std::string_view, Counter*> fallbacks{};
  std::mutex mutex{};
  std::shared_ptr<const Pipelines> pipelines{};  // Guarded by mutex.

  const Catalogue& catalogue() const { return store.catalogue(); }

  std::shared_ptr<const Pipelines> CurrentPipelines();
  absl::Status CheckReached(std::uint64_t sequence, std::uint64_t min_sequence) const;
  absl::StatusOr<std::shared_ptr<const ItemBitmap>> Filter(std::span<const std::string> categories,
                                                           const std::string& filter,
                                                           Micros now) const;
  RankedList BestOf(const Plan& plan, std::size_t k) const;
  std::vector<BlendedItem> Retrieve(Plan& plan) const;
  std::vector<BlendedItem> Compose(Plan& plan, const ListControls& controls,
                                   std::span<const ItemIndex> shown) const;
  void Backfill(Plan& plan, std::vector<BlendedItem>& list) const;
  std::vector<RecommendedItem> Present(const Plan& plan, std::span<const BlendedItem> list) const;
  void AddReason(Micros now, RecommendedItem& item) const;
  RecommendReply Reply(const Plan& plan, std::vector<RecommendedItem> items) const;
};

Engine::Engine(const FeatureStore& store, const Published<ModelSet>& models, Counters& counters,
               const Clock& clock, Options options)
    : state_(new State{.store = store,
                       .models = models,
                       .clock = clock,
                       .options = std::move(options),
                       .filtered = FilteredItems(store.catalogue())}) {
  for (const std::string_view name :
       {kNoModel, kColdShopper, kUnknownItem, kBackfill, kRankerLate, kPinNotServable}) {
    state_->fallbacks[name] = &counters.Get(absl::StrFormat("engine.fallback.%s", name));
  }
}

Engine::~Engine() = default;

absl::StatusOr<RecommendReply> Engine::Recommend(const RecommendRequest& request) const {
  VITRINE_RETURN_IF_ERROR(CheckRequest(request));
  const auto pipelines = state_->CurrentPipelines();
  const Catalogue& catalogue = state_->catalogue();
  ShopperQuery query =
      ReadShopperQuery(state_->store, {request.user_id, request.visitor_id}, state_->clock.Now());
  VITRINE_RETURN_IF_ERROR(state_->CheckReached(query.sequence, request.min_sequence));
  VITRINE_ASSIGN_OR_RETURN(const std::vector<ItemIndex> shown, ShownBefore(state_->store, request));
  query.context = Resolve(catalogue, request.context_item_ids);
  query.cart = Resolve(catalogue, request.cart_item_ids);
  query.categories = request.categories;
  query.Exclude({SeenItems(query, request.seen), query.context, query.cart,
                 Resolve(catalogue, request.exclude_item_ids)});

  VITRINE_ASSIGN_OR_RETURN(const auto allowed,
                           state_->Filter(request.categories, request.filter, query.now_us));
  Plan plan{.pipeline = pipelines->for_shopper,
            .query = query,
            .allowed = allowed,
            .backfill = {allowed},
            .elsewhere = query.context,
            .page_size = std::min(request.page_size, kMaxListLength - shown.size()),
            .explanation = request.explanation,
            .stand_ins = StandIns(*pipelines, query)};
  plan.elsewhere.insert(plan.elsewhere.end(), query.cart.begin(), query.cart.end());
  std::vector<BlendedItem> list;
  if (request.controls == ListControls() && shown.empty()) {
    list = state_->Retrieve(plan);
    state_->Backfill(plan, list);
  } else {
    list = state_->Compose(plan, request.controls, shown);
  }
  RecommendReply reply = state_->Reply(plan, state_->Present(plan, list));
  reply.next_page_token = NextPageToken(state_->store, request, shown, list);
  return reply;
}

absl::StatusOr<RecommendReply> Engine::Similar(const SimilarRequest& request) const {
  VITRINE_RETURN_IF_ERROR(CheckRequest(request));
  const auto pipelines = state_->CurrentPipelines();
  const Catalogue& catalogue = state_->catalogue();
  ShopperQuery query =
      ReadShopperQuery(state_->store, {request.user_id, request.visitor_id}, state_->clock.Now());
  VITRINE_RETURN_IF_ERROR(state_->CheckReached(query.sequence, request.min_sequence));
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
            .stand_ins = StandIns(*pipelines, query)};
  std::vector<BlendedItem> list;
  if (query.context.empty()) {
    plan.stand_ins = {kUnknownItem};
  } else {
    list = state_->Retrieve(plan);
    const std::shared_ptr<const Item> item = catalogue.Get(query.context.front());
    if (item != nullptr) {
      VITRINE_ASSIGN_OR_RETURN(const auto alike,
                               state_->Filter(item->categories, request.filter, query.now_us));
      plan.backfill = {alike};
    }
  }
  plan.backfill.push_back(plan.allowed);
  state_->Backfill(plan, list);
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

  const std::vector<ItemIndex> known = Resolve(catalogue, request.item_ids);
  std::vector<BlendedItem> list = pipelines->for_shopper.Rank(query.View(), known);
  const std::size_t num_scored = PutInOrder(list, *state_->store.LivePopularity());

  Plan plan{.pipeline = pipelines->for_shopper,
            .query = query,
            .explanation = request.explanation,
            .stand_ins = StandIns(*pipelines, query)};
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

RankedList Engine::State::BestOf(const Plan& plan, std::size_t k) const {
  const Query query = plan.query.View();
  return std::move(
      RecommendRanked(plan.pipeline, {&query, 1}, plan.allowed.get(), k, RankDeadline::kKept)
          .front());
}

std::vector<BlendedItem> Engine::State::Retrieve(Plan& plan) const {
  bool is_late = false;
  std::vector<BlendedItem> list =
      FindProducts(catalogue(), plan.elsewhere, plan.page_size, [&](std::size_t k) {
        RankedList ranked = BestOf(plan, k);
        is_late = ranked.is_late;
        return std::move(ranked.items);
      });
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
  const auto popular = [&](std::size_t k) {
    ItemBitmap allowed = *plan.allowed;
    for (const ItemIndex item : plan.query.excluded) allowed.Erase(item);
    return MostPopularOf(allowed, *store.LivePopularity(), k);
  };
  ItemSimilarity similarity(plan.pipeline.models(),
                            [this](ItemIndex item) { return catalogue().Get(item); });
  std::vector<BlendedItem> page =
      ComposePage({controls, std::move(pins.pins), shown, plan.elsewhere, plan.page_size},
                  catalogue(), similarity, {rank, popular});
  if (is_late) plan.stand_ins.push_back(kRankerLate);
  if (NumBackfilled(page, plan.promoted) > 0) plan.stand_ins.push_back(kBackfill);
  if (pins.has_others) plan.stand_ins.push_back(kPinNotServable);
  return page;
}

void Engine::State::Backfill(Plan& plan, std::vector<BlendedItem>& list) const {
  if (list.size() == plan.page_size) return;
  const std::shared_ptr<const std::vector<float>> popularity = store.LivePopularity();
  for (const std::shared_ptr<const ItemBitmap>& from : plan.backfill) {
    if (list.size() == plan.page_size) break;
    ItemBitmap allowed = *from;
    for (const ItemIndex item : plan.query.excluded) allowed.Erase(item);
    std::vector<ItemIndex> elsewhere = plan.elsewhere;
    for (const BlendedItem& item : list) elsewhere.push_back(item.item);
    const std::vector<BlendedItem> found =
        FindProducts(catalogue(), elsewhere, plan.page_size - list.size(),
                     [&](std::size_t k) { return MostPopularOf(allowed, *popularity, k); });
    list.insert(list.end(), found.begin(), found.end());
  }
  if (!list.empty() && IsBackfill(list.back())) plan.stand_ins.push_back(kBackfill);
}

std::vector<RecommendedItem> Engine::State::Present(const Plan& plan,
                                                    std::span<const BlendedItem> list) const {
  std::vector<Explanation> explained =
      Explain(plan.pipeline.models(), plan.query, catalogue(), list, plan.explanation);
  std::vector<RecommendedItem> items;
  items.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    items.push_back({.item_id = catalogue().Id(list[i].item),
                     .score = list[i].score,
                     .reasons = std::move(explained[i].reasons),
                     .contributions = std::move(explained[i].contributions),
                     .item = catalogue().Get(list[i].item),
                     .is_backfill = IsBackfill(list[i])});
    if (plan.explanation != ExplanationLevel::kNone) AddReason(plan.query.now_us, items.back());
  }
  MarkPromoted(plan.promoted, list, plan.explanation, items);
  return items;
}

void Engine::State::AddReason(Micros now, RecommendedItem& item) const {
  const auto new_for = static_cast<Micros>(options.new_arrival_days * kMicrosPerDay);
  const bool is_new = item.item != nullptr && item.item->publish_time_us > 0 &&
                      item.item->publish_time_us > now - new_for;
  if (is_new && item.reasons.size() < kMaxReasons) {
    item.reasons.push_back({.kind = Reason::Kind::kNewArrival});
  }
  if (item.is_backfill || item.reasons.empty()) {
    item.reasons.push_back({.kind = Reason::Kind::kBackfill});
  }
}

RecommendReply Engine::State::Reply(const Plan& plan, std::vector<RecommendedItem> items) const {
  RecommendReply reply{.items = std::move(items),
                       .model_version = plan.pipeline.models().version,
                       .sequence = plan.query.sequence};
  for (const std::string_view stand_in : plan.stand_ins) {
    fallbacks.at(stand_in)->Add();
    reply.fallbacks.emplace_back(stand_in);
  }
  return reply;
}

}  // namespace vitrine
