#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/exposure.h"
#include "engine/filter/filtered_items.h"
#include "engine/lateness.h"
#include "engine/lifts.h"
#include "engine/section.h"
#include "engine/shopper_query.h"
#include "engine/trace.h"
#include "vitrine/engine/engine.h"
#include "vitrine/engine/placements.h"
#include "vitrine/engine/rank_stage.h"

// The stages that the engine's calls are made of.
namespace vitrine {

// Fallbacks of a reply.
inline constexpr std::string_view kNoModel = "no-model";
inline constexpr std::string_view kColdShopper = "cold-shopper";
inline constexpr std::string_view kUnknownItem = "unknown-item";
inline constexpr std::string_view kBackfill = "backfill";
inline constexpr std::string_view kRankerLate = "ranker-late";
inline constexpr std::string_view kPinNotServable = "pin-not-servable";
inline constexpr std::string_view kUnknownPlacement = "unknown-placement";
inline constexpr std::string_view kFallbackPlacement = "fallback-placement";
inline constexpr std::string_view kModelLate = "model-late";  // In a reply with ":<model>".
inline constexpr std::string_view kDeadline = "deadline";

// What one model set answers with. Made once per set and table of placements, not per request.
struct Pipelines {
  std::shared_ptr<const ModelSet> models{};
  std::shared_ptr<const Placements::Table> placements{};
  Pipeline for_shopper;
  Pipeline for_item;
  std::map<std::string, Pipeline, std::less<>> of_placements{};  // Of those with their own weights.

  const Pipeline& For(const Placement& placement) const;
};

// One list to be made: from which models, for what, among which items.
struct Plan {
  const Pipeline& pipeline;
  const ModelSet& models;  // All of the version, for what is alike.
  const ShopperQuery& query;
  std::shared_ptr<const ItemBitmap> allowed{};
  // What to fill up from when the models have too few: the first that has something. None: nothing.
  std::vector<std::shared_ptr<const ItemBitmap>> backfill{};
  std::vector<ItemIndex> elsewhere{};  // Shown by the page: no variants of these.
  std::size_t page_size = 0;
  ExplanationLevel explanation{};
  std::vector<std::string_view> stand_ins{};  // Fallbacks of the reply.
  std::vector<ItemIndex> promoted{};          // Pins on the list.
  std::vector<double> propensities{};         // With an exploration: of each item of the list.
  NamedLifts lifts{};
  RankDeadline deadline = RankDeadline::kKept;
  Lateness* lateness = nullptr;    // Null: there is all the time.
  TraceRecorder* trace = nullptr;  // Null: nobody asks for one.
};

// What a list has to respect beside it, and who watches it being made: as in Plan.
struct Surroundings {
  std::span<const ItemIndex> above{};  // Shown by other rows.
  std::span<const ItemIndex> shown{};  // Shown on the pages before.
  RankDeadline deadline = RankDeadline::kKept;
  Lateness* lateness = nullptr;
  TraceRecorder* trace = nullptr;
};

// Where the plan's lateness and its trace listen. The plan must outlive it.
PipelineControls WatchedFor(const Plan& plan);

// Items that may be shown, are not excluded, and are not among `shown`.
std::size_t NumOpen(const Plan& plan, std::span<const ItemIndex> shown = {});

// What stands in for what this shop or this shopper does not have yet.
std::vector<std::string_view> StandIns(const Pipelines& pipelines, const ShopperQuery& query);

struct Engine::State {
  const FeatureStore& store;
  const Published<ModelSet>& models;
  const Clock& clock;
  Options options;
  const Placements* placements = nullptr;
  FilteredItems filtered;
  ExposedGroups exposed{};
  std::map<std::string_view, Counter*> fallbacks{};
  std::vector<Model> live_models{};
  std::shared_ptr<const ModelSet> no_models = std::make_shared<const ModelSet>();
  std::mutex mutex{};
  std::shared_ptr<const Pipelines> pipelines{};  // Guarded by mutex.
  std::shared_ptr<const Pipelines> warm{};       // Guarded by mutex; of what is published next.

  const Catalogue& catalogue() const { return store.catalogue(); }

  std::shared_ptr<const Pipelines> CurrentPipelines();
  std::shared_ptr<const Pipelines> MakePipelines(
      const std::shared_ptr<const ModelSet>& current,
      const std::shared_ptr<const Placements::Table>& table) const;
  std::shared_ptr<const Placements::Table> Table() const;
  void WarmUp(const std::shared_ptr<const ModelSet>& next);
  absl::Status CheckReached(std::uint64_t sequence, std::uint64_t min_sequence) const;
  // What may be shown now, lies in one of the categories where there are any, and meets all
  // filters.
  absl::StatusOr<std::shared_ptr<const ItemBitmap>> Filter(std::span<const std::string> categories,
                                                           std::span<const std::string> filters,
                                                           Micros now) const;
  // Makes the list of a request, section by section, until it is full, and hands each over with its
  // items. Errors: as Recommend.
  using TakeSection =
      std::function<void(const Section& section, Plan& plan, std::span<const BlendedItem> list)>;
  absl::Status MakeSections(const RecommendRequest& request, const Pipelines& of_set,
                            const Surroundings& around, const TakeSection& take) const;
  // The list of a request, which is checked here, whose page shows the items of `above` already, to
  // which its own are added.
  absl::StatusOr<RecommendReply> RecommendBelow(const RecommendRequest& request,
                                                const Pipelines& of_set,
                                                std::vector<ItemIndex>& above) const;
  // The shopper as of now and the page, of which nothing but seen items is left to exclude.
  absl::StatusOr<ShopperQuery> QueryOf(const RecommendRequest& request) const;
  // `query` and `of_set` must outlive the plan. `num_shown`: what the list has already.
  absl::StatusOr<Plan> PlanOf(const RecommendRequest& request, const Section& section,
                              const Pipelines& of_set, const ShopperQuery& query,
                              std::size_t num_shown) const;
  // What may be shown.
  absl::StatusOr<std::shared_ptr<const ItemBitmap>> Allowed(const Section& section,
                                                            const ShopperQuery& query) const;
  // The items of the section, in order, fallbacks noted in the plan. `shown`: what the list has
  // already, on pages before and of sections before.
  std::vector<BlendedItem> MakeList(const Section& section, std::span<const ItemIndex> shown,
                                    Plan& plan) const;
  // `only`: null for all that the plan allows.
  RankedList BestOf(const Plan& plan, std::size_t k, const ItemBitmap* only = nullptr) const;
  // The group of a quota, whatever the plan allows; null where there is none.
  std::shared_ptr<const ItemBitmap> Exposed(Micros now, const Exposure& exposure) const;
  // Whether BestOf knows the place of all that may be shown, however large k is.
  bool RanksAll(const Plan& plan) const;
  // What became of an item that the section's list has not.
  void ExplainAbsence(const RecommendRequest& request, const Section& section, const Plan& plan,
                      std::span<const BlendedItem> list, ItemIndex item,
                      ExplainItemReply& reply) const;
  // Reasons and contributions of one item.
  void Tell(const Plan& plan, const BlendedItem& item, ExplainItemReply& reply) const;
  std::vector<BlendedItem> Retrieve(Plan& plan) const;
  std::vector<BlendedItem> Compose(Plan& plan, const Section& section,
                                   std::span<const ItemIndex> shown) const;
  void Backfill(Plan& plan, std::vector<BlendedItem>& list) const;
  // The same as a stage of its own.
  void FillUp(Plan& plan, std::vector<BlendedItem>& list) const;
  std::vector<RecommendedItem> Present(const Plan& plan, std::span<const BlendedItem> list) const;
  // `is_explained`: reasons were looked for.
  void AddReason(Micros now, bool is_explained, RecommendedItem& item) const;
  // Why items may not be shown, where the trace wants to know, and that the stage is over. Of a
  // fallback only the latter.
  void TraceFilter(const RecommendRequest& request, const Section& section, const Plan& plan,
                   std::span<const ItemIndex> shown) const;
  RecommendReply Reply(const Plan& plan, std::vector<RecommendedItem> items) const;
  // Each once, in the reply and in the counters; then what was left out for want of time, which
  // the counters have once for all models. `lateness`: null where there was all the time.
  void NoteFallbacks(std::span<const std::string_view> stand_ins, const Lateness* lateness,
                     RecommendReply& reply) const;
  // A reply that is one section.
  RecommendReply Answer(const Plan& plan, std::vector<RecommendedItem> items) const;
};

}  // namespace vitrine
