#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/filter/filtered_items.h"
#include "engine/lateness.h"
#include "engine/shopper_query.h"
#include "engine/trace.h"
#include "vitrine/engine/engine.h"
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
inline constexpr std::string_view kDeadline = "deadline";

// What one model set answers with. Made once per set, not per request.
struct Pipelines {
  std::shared_ptr<const ModelSet> models{};
  Pipeline for_shopper;
  Pipeline for_item;
};

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
  RankDeadline deadline = RankDeadline::kKept;
  Lateness* lateness = nullptr;    // Null: there is all the time.
  TraceRecorder* trace = nullptr;  // Null: nobody asks for one.
};

// Where the plan's lateness and its trace listen. The plan must outlive it.
PipelineControls WatchedFor(const Plan& plan);

// What stands in for what this shop or this shopper does not have yet.
std::vector<std::string_view> StandIns(const Pipelines& pipelines, const ShopperQuery& query);

struct Engine::State {
  const FeatureStore& store;
  const Published<ModelSet>& models;
  const Clock& clock;
  Options options;
  const Placements* placements = nullptr;
  FilteredItems filtered;
  std::map<std::string_view, Counter*> fallbacks{};
  std::mutex mutex{};
  std::shared_ptr<const Pipelines> pipelines{};  // Guarded by mutex.

  const Catalogue& catalogue() const { return store.catalogue(); }

  // The request with what its placement says where it says nothing itself.
  RecommendRequest Resolved(const RecommendRequest& request) const;

  std::shared_ptr<const Pipelines> CurrentPipelines();
  absl::Status CheckReached(std::uint64_t sequence, std::uint64_t min_sequence) const;
  absl::StatusOr<std::shared_ptr<const ItemBitmap>> Filter(std::span<const std::string> categories,
                                                           const std::string& filter,
                                                           Micros now) const;
  // The list of a request whose page shows the items of `above` already, to which its own are
  // added.
  absl::StatusOr<RecommendReply> RecommendBelow(const RecommendRequest& request,
                                                const Pipelines& of_set,
                                                std::vector<ItemIndex>& above) const;
  // What RecommendItems asks: the shopper as of now, with what is excluded.
  absl::StatusOr<ShopperQuery> QueryOf(const RecommendRequest& request) const;
  // `query` and `of_set` must outlive the plan.
  absl::StatusOr<Plan> PlanOf(const RecommendRequest& request, const Pipelines& of_set,
                              const ShopperQuery& query, std::size_t num_shown) const;
  // The items of the page, in order, fallbacks noted in the plan.
  std::vector<BlendedItem> MakeList(const RecommendRequest& request,
                                    std::span<const ItemIndex> shown, Plan& plan) const;
  RankedList BestOf(const Plan& plan, std::size_t k) const;
  // Whether BestOf knows the place of all that may be shown, however large k is.
  bool RanksAll(const Plan& plan) const;
  // Reasons and contributions of one item.
  void Tell(const Plan& plan, const BlendedItem& item, ExplainItemReply& reply) const;
  std::vector<BlendedItem> Retrieve(Plan& plan) const;
  std::vector<BlendedItem> Compose(Plan& plan, const ListControls& controls,
                                   std::span<const ItemIndex> shown) const;
  void Backfill(Plan& plan, std::vector<BlendedItem>& list) const;
  std::vector<RecommendedItem> Present(const Plan& plan, std::span<const BlendedItem> list) const;
  // `is_explained`: reasons were looked for.
  void AddReason(Micros now, bool is_explained, RecommendedItem& item) const;
  // Why items may not be shown, and that the stage is over.
  void TraceFilter(const RecommendRequest& request, const Plan& plan,
                   std::span<const ItemIndex> shown) const;
  RecommendReply Reply(const Plan& plan, std::vector<RecommendedItem> items) const;
};

}  // namespace vitrine
