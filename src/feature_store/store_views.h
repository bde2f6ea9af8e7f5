#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "feature_store/behaviour/behaviour.h"
#include "feature_store/behaviour/event_details.h"
#include "feature_store/behaviour/facets.h"
#include "feature_store/behaviour/feature_reader.h"
#include "feature_store/catalogue_state.h"
#include "feature_store/item_shoppers.h"
#include "feature_store/live_ranking.h"
#include "feature_store/popularity.h"
#include "feature_store/put_values.h"
#include "feature_store/shoppers.h"
#include "feature_store/store_codec.h"
#include "vitrine/base/clock.h"
#include "vitrine/feature_store/catalogue.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {

// What one commit changes in the views: first the catalogue, then the shoppers, step by step, then
// what the shop put.
struct StoreChanges {
  struct SetRow {
    UserIndex index{};
    ShopperRow row{};
  };
  struct AddEvent {
    std::uint64_t offset = 0;
    UserIndex shopper{};  // Resolved when the event came.
    LogHead head{};
    EventDetails details{};
  };
  struct Merge {
    UserIndex from{};
    ShopperRow row{};  // Says into whom.
  };
  using Step = std::variant<SetRow, AddEvent, Merge>;

  CatalogueChanges catalogue{};
  std::vector<Step> steps{};
  PutChanges puts{};
};

// Everything in memory that answers requests. Reads are thread-safe; changes are made by one
// thread, the commit thread, and visible to every read that begins after Apply.
class StoreViews {
 public:
  explicit StoreViews(const FeatureStoreOptions& options);

  const Catalogue& catalogue() const { return catalogue_; }
  const Shoppers& shoppers() const { return shoppers_; }
  const PutValues& put_values() const { return put_values_; }
  std::shared_ptr<const RankedValues> LivePopularity() const;
  std::shared_ptr<const RankedValues> LiveTrends() const;  // popularity.h has the formula.

  // The user and the visitor as one; either id may be empty. Merges happen before or after it,
  // never between its parts.
  Shoppers::View ReadShopper(const std::string& user_id, const std::string& visitor_id) const;

  // What impressions showed them, oldest first, with the same promise.
  std::vector<HistoryEntry> ReadShown(const std::string& user_id,
                                      const std::string& visitor_id) const;

  // As FeatureStore has them; of shoppers with the same promise.
  std::vector<Feature> ReadUserFeatures(const std::string& user_id, const std::string& visitor_id,
                                        std::span<const std::string> names, Micros now) const;
  std::vector<Feature> ReadItemFeatures(const std::string& item_id,
                                        std::span<const std::string> names, Micros now) const;
  std::vector<SessionEvent> ReadSession(const std::string& user_id, const std::string& visitor_id,
                                        Micros now) const;
  const Facets& facets() const { return facets_; }

  // The user of that id, else the one that the visitor was merged into.
  std::optional<UserIndex> FindUser(const std::string& user_id,
                                    const std::string& visitor_id) const;

  void Apply(const StoreChanges& changes);

  // For the start: the same, one shopper or event at a time.
  void SetShopperRow(UserIndex index, const ShopperRow& row) { shoppers_.SetRow(index, row); }
  void AddEvent(const StoreChanges::AddEvent& event);

  // Its two halves over events in log order, for a replay that has a thread for each. The first
  // follows merges, which it writes to the events; false: an event's shopper has no row.
  bool AddToShoppers(std::span<StoreChanges::AddEvent> events);
  void AddToItems(std::span<const StoreChanges::AddEvent> events);

  // For an erasure: the shoppers go, and what their events had added to other views.
  struct Erasure {
    std::vector<UserIndex> shoppers{};
    struct Rebuilt {
      UserIndex index{};
      ShopperPast past{};
      ShopperActivity activity{};
      bool has_events = false;
    };
    std::vector<Rebuilt> others{};  // Shoppers who lose some of their events.
    Demand demand;
    std::unique_ptr<Behaviour::Items> items = std::make_unique<Behaviour::Items>();
  };
  void Apply(Erasure erasure);
  void AddDemand(Demand& demand, const LogHead& head) const;
  // To a past that is put together in the order of the log: no more is held than of any shopper.
  void AddToPast(const LogHead& head, std::uint64_t offset, ShopperPast& past) const {
    shoppers_.AddToPast(head, offset, weights_, past);
  }
  const EventWeights& weights() const { return weights_; }
  std::size_t min_group() const { return min_group_; }

  // As Behaviour has it.
  std::vector<DecayedSum> TakeSums() { return behaviour_.TakeSums(); }

  // A consistent cut for a checkpoint: Begin between two commits, then Write from any thread, which
  // holds up a merge or an erasure, and with it the writes behind it, but no event else. Read wants
  // the rows of items and shoppers set.
  class Cut {
   public:
    ~Cut() { views_.behaviour_.EndCut(); }
    Cut(const Cut&) = delete;
    Cut& operator=(const Cut&) = delete;

    std::string Write() const;

   private:
    friend class StoreViews;
    Cut(const StoreViews& views, std::uint64_t end, Demand demand)
        : views_(views), lock_(views.merge_mutex_), end_(end), demand_(std::move(demand)) {
      views_.behaviour_.BeginCut();
    }
    const StoreViews& views_;
    const std::unique_lock<std::mutex> lock_;
    const std::uint64_t end_;
    const Demand demand_;
  };
  std::unique_ptr<Cut> BeginCheckpoint(std::uint64_t next_offset) const;
  absl::Status ReadCheckpoint(std::string_view bytes);

 private:
  // Calls `read` until no merge or erasure came between its parts.
  template <typename Read>
  auto ReadUnmoved(const Read& read) const;
  FeatureReader Reader() const;
  // What counts as untouched, since few shoppers touched it; empty: nothing does. REQUIRES:
  // demand_mutex_ is held.
  std::vector<bool> Hidden(std::size_t num_items) const;
  std::vector<float> PopularityNow() const;
  std::vector<float> TrendsNow() const;
  void AddToShopper(const StoreChanges::AddEvent& event);
  void ApplyStep(const StoreChanges::SetRow& step);
  void ApplyStep(const StoreChanges::AddEvent& step);
  void ApplyStep(const StoreChanges::Merge& step);

  const EventWeights weights_;
  const double half_life_days_;
  const std::size_t min_group_;
  Catalogue catalogue_;
  ItemShoppers item_shoppers_;  // Left alone where min_group_ is 1.
  Shoppers shoppers_;
  Behaviour behaviour_;
  Facets facets_;
  PutValues put_values_;
  std::vector<HistoryEntry> entries_;  // Scratch of AddToShopper, as is
  std::vector<HistoryEntry> shown_;    // this.

  mutable std::mutex merge_mutex_;  // Held while shoppers are moved, and while a cut is written.

  std::atomic<std::uint64_t> num_moves_ = 0;  // Odd while a merge or an erasure is under way.

  mutable std::mutex demand_mutex_;
  Demand demand_;  // Guarded by demand_mutex_.
  // The last: they read what is above until they are gone.
  mutable LiveRanking popularity_;
  mutable LiveRanking trends_;
};

}  // namespace vitrine
