#include "feature_store/store_views.h"

#include <algorithm>
#include <iterator>
#include <thread>

#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

// Events between asking for what is found by index, asking for what that points to, and adding.
constexpr std::size_t kFirstStep = 4;
constexpr std::size_t kSecondStep = 8;

}  // namespace

StoreViews::StoreViews(const FeatureStoreOptions& options)
    : weights_(options.weights),
      half_life_days_(options.popularity_half_life_days),
      min_group_(options.min_group),
      item_shoppers_(options.weights),
      shoppers_(options.history_limit, options.min_group > 1 ? &item_shoppers_ : nullptr),
      demand_(options.popularity_half_life_days),
      popularity_([this] { return PopularityNow(); }),
      trends_([this] { return TrendsNow(); }) {}

// Read while the demand is held: an erasure counts the shoppers first and changes the demand last,
// so that no sum without the erased is shown for as many as there were with them.
std::vector<bool> StoreViews::Hidden(std::size_t num_items) const {
  return min_group_ > 1 ? item_shoppers_.AreFew(min_group_, num_items) : std::vector<bool>();
}

std::vector<float> StoreViews::PopularityNow() const {
  const std::size_t num_items = catalogue_.num_indices();
  std::lock_guard lock(demand_mutex_);
  return demand_.lasting.Values(num_items, Hidden(num_items));
}

std::vector<float> StoreViews::TrendsNow() const {
  const std::size_t num_items = catalogue_.num_indices();
  std::unique_lock lock(demand_mutex_);
  const std::vector<bool> is_hidden = Hidden(num_items);
  const std::vector<float> recent = demand_.recent.Values(num_items, is_hidden);
  const std::vector<float> lasting = demand_.lasting.Values(num_items, is_hidden);
  lock.unlock();
  return Trends(recent, lasting);
}

std::shared_ptr<const RankedValues> StoreViews::LivePopularity() const {
  return popularity_.Read();
}

std::shared_ptr<const RankedValues> StoreViews::LiveTrends() const { return trends_.Read(); }

template <typename Read>
auto StoreViews::ReadUnmoved(const Read& read) const {
  while (true) {
    const std::uint64_t before = num_moves_.load();
    if (before % 2 == 0) {
      auto result = read();
      if (num_moves_.load() == before) return result;
    }
    std::this_thread::yield();
  }
}

Shoppers::View StoreViews::ReadShopper(const std::string& user_id,
                                       const std::string& visitor_id) const {
  return ReadUnmoved([&] { return shoppers_.Read(shoppers_.FindParts(user_id, visitor_id)); });
}

std::vector<HistoryEntry> StoreViews::ReadShown(const std::string& user_id,
                                                const std::string& visitor_id) const {
  return ReadUnmoved([&] { return shoppers_.ReadShown(shoppers_.FindParts(user_id, visitor_id)); });
}

FeatureReader StoreViews::Reader() const {
  return {.shoppers = shoppers_,
          .behaviour = behaviour_,
          .facets = facets_,
          .catalogue = catalogue_,
          .weights = weights_,
          .min_group = min_group_};
}

std::vector<Feature> StoreViews::ReadUserFeatures(const std::string& user_id,
                                                  const std::string& visitor_id,
                                                  std::span<const std::string> names,
                                                  Micros now) const {
  const FeatureSources sources = put_values_.SourcesOf(FeatureEntity::kUser, names);
  return ReadUnmoved([&] {
    std::vector<Feature> computed;
    if (sources.HasComputed()) {
      computed =
          Reader().ReadUser(shoppers_.FindParts(user_id, visitor_id), sources.computed(), now);
    }
    if (sources.put.empty()) return computed;
    std::optional<std::uint32_t> row;
    if (const auto user = FindUser(user_id, visitor_id)) {
      row = static_cast<std::uint32_t>(Row(*user));
    }
    return sources.Join(std::move(computed),
                        put_values_.Read(FeatureEntity::kUser, row, sources.put, now));
  });
}

std::vector<Feature> StoreViews::ReadItemFeatures(const std::string& item_id,
                                                  std::span<const std::string> names,
                                                  Micros now) const {
  const FeatureSources sources = put_values_.SourcesOf(FeatureEntity::kItem, names);
  std::vector<Feature> computed;
  if (sources.HasComputed()) {
    computed = ReadUnmoved([&] { return Reader().ReadItem(item_id, sources.computed(), now); });
  }
  if (sources.put.empty()) return computed;
  std::optional<std::uint32_t> row;
  if (const auto item = catalogue_.Find(item_id)) row = static_cast<std::uint32_t>(Row(*item));
  return sources.Join(std::move(computed),
                      put_values_.Read(FeatureEntity::kItem, row, sources.put, now));
}

std::vector<SessionEvent> StoreViews::ReadSession(const std::string& user_id,
                                                  const std::string& visitor_id, Micros now) const {
  return ReadUnmoved(
      [&] { return Reader().ReadSession(shoppers_.FindParts(user_id, visitor_id), now); });
}

std::optional<UserIndex> StoreViews::FindUser(const std::string& user_id,
                                              const std::string& visitor_id) const {
  if (!user_id.empty()) return shoppers_.Find(ShopperKind::kUser, user_id);
  const auto visitor = shoppers_.Find(ShopperKind::kVisitor, visitor_id);
  if (!visitor.has_value()) return std::nullopt;
  const auto resolved = shoppers_.Resolve(*visitor);
  return resolved == visitor ? std::nullopt : resolved;
}

void StoreViews::Apply(const StoreChanges& changes) {
  catalogue_.state_->Apply(changes.catalogue);
  for (const auto& [index, item] : changes.catalogue.items) facets_.Set(index, item.get());
  if (catalogue_.num_indices() >= RankedValues::kFewestRanked) {
    // Threads inherit a priority: here that of who writes, while whoever reads may hardly get on,
    // as what asks for lists in the shadow does.
    popularity_.MakeInBackground();
    trends_.MakeInBackground();
  }
  for (const StoreChanges::Step& step : changes.steps) {
    std::visit([this](const auto& one) { ApplyStep(one); }, step);
  }
  put_values_.Apply(changes.puts);
}

void StoreViews::ApplyStep(const StoreChanges::SetRow& step) {
  shoppers_.SetRow(step.index, step.row);
}

void StoreViews::ApplyStep(const StoreChanges::AddEvent& step) { AddEvent(step); }

void StoreViews::ApplyStep(const StoreChanges::Merge& step) {
  std::lock_guard lock(merge_mutex_);
  ++num_moves_;
  shoppers_.SetRow(step.from, step.row);
  shoppers_.Merge(step.from, *step.row.merged_into);
  behaviour_.Merge(step.from, *step.row.merged_into);
  ++num_moves_;
}

void StoreViews::AddEvent(const StoreChanges::AddEvent& event) {
  AddToShopper(event);
  AddToItems({&event, 1});
}

void StoreViews::AddToShopper(const StoreChanges::AddEvent& event) {
  entries_.clear();
  AppendEntries(event.head, event.offset, weights_, entries_);
  shown_.clear();
  AppendShown(event.head, event.offset, shown_);
  shoppers_.AddEvent(event.shopper, entries_, shown_);
  behaviour_.AddToShopper(event.shopper, event.offset, event.head, event.details);
}

// What an event changes lies all over the memory, so it is asked for some events ahead: first what
// is found by index, then what that points to.
bool StoreViews::AddToShoppers(std::span<StoreChanges::AddEvent> events) {
  for (std::size_t i = 0; i < events.size() + kSecondStep; ++i) {
    if (i < events.size()) {
      shoppers_.Prefetch(events[i].shopper);
      behaviour_.PrefetchShopper(events[i].shopper);
    }
    if (i >= kFirstStep && i - kFirstStep < events.size()) {
      StoreChanges::AddEvent& event = events[i - kFirstStep];
      const auto owner = shoppers_.Resolve(event.shopper);
      if (!owner.has_value()) return false;
      event.shopper = *owner;
      shoppers_.PrefetchHistory(*owner);
      behaviour_.PrefetchShopperParts(*owner);
    }
    if (i >= kSecondStep) AddToShopper(events[i - kSecondStep]);
  }
  return true;
}

void StoreViews::AddToItems(std::span<const StoreChanges::AddEvent> events) {
  for (std::size_t i = 0; i < events.size() + kSecondStep; ++i) {
    if (i < events.size()) {
      for (const auto& touch : events[i].head.items) behaviour_.PrefetchItem(touch.item);
    }
    if (i >= kFirstStep && i - kFirstStep < events.size()) {
      const LogHead& head = events[i - kFirstStep].head;
      for (const auto& touch : head.items) {
        if (head.type == EventType::kDetailPageView) behaviour_.PrefetchItemParts(touch.item);
      }
    }
    if (i < kSecondStep) continue;
    const StoreChanges::AddEvent& event = events[i - kSecondStep];
    behaviour_.AddToItems(event.offset, event.head);
  }
  std::lock_guard lock(demand_mutex_);
  for (const StoreChanges::AddEvent& event : events) AddDemand(demand_, event.head);
}

void StoreViews::AddDemand(Demand& demand, const LogHead& head) const {
  for (const LogHead::Touch& touch : head.items) {
    demand.Add(touch.item, head.time_us, weights_.Of(head.type, head.Value(touch)));
  }
}

void StoreViews::Apply(Erasure erasure) {
  // Whoever reads a shopper waits for the end of a move, so a move has few of them; a user who is
  // erased goes with all visitors at once.
  constexpr std::size_t kShoppersOfMove = 256;
  std::lock_guard merge_lock(merge_mutex_);
  const auto in_moves = [this](std::size_t count, const auto& move) {
    for (std::size_t i = 0; i < count; ++i) {
      if (i % kShoppersOfMove == 0) ++num_moves_;
      move(i);
      if ((i + 1) % kShoppersOfMove == 0 || i + 1 == count) ++num_moves_;
    }
  };
  in_moves(erasure.shoppers.size(), [&](std::size_t i) {
    const UserIndex shopper = erasure.shoppers[i];
    shoppers_.Erase(shopper);
    put_values_.EraseUser(shopper);
    behaviour_.SetShopper(shopper, ShopperActivity());
  });
  behaviour_.SetItems(*erasure.items);
  in_moves(erasure.others.size(), [&](std::size_t i) {
    Erasure::Rebuilt& other = erasure.others[i];
    behaviour_.SetShopper(other.index, std::move(other.activity));
    shoppers_.SetPast(other.index, std::move(other.past), other.has_events);
  });
  std::lock_guard lock(demand_mutex_);
  demand_ = std::move(erasure.demand);
}

std::unique_ptr<StoreViews::Cut> StoreViews::BeginCheckpoint(std::uint64_t next_offset) const {
  std::unique_lock lock(demand_mutex_);
  Demand copy = demand_;
  lock.unlock();
  return std::unique_ptr<Cut>(new Cut(*this, next_offset, std::move(copy)));
}

std::string StoreViews::Cut::Write() const {
  ByteWriter writer;
  demand_.Write(writer);
  for (std::size_t shard = 0; shard < Shoppers::kNumShards; ++shard) {
    views_.shoppers_.WriteShard(shard, end_, writer);
  }
  views_.behaviour_.WriteCut(writer);
  return writer.Take();
}

absl::Status StoreViews::ReadCheckpoint(std::string_view bytes) {
  ByteReader reader(bytes);
  {
    std::lock_guard lock(demand_mutex_);
    demand_.Read(reader);
  }
  for (std::size_t shard = 0; shard < Shoppers::kNumShards; ++shard) {
    VITRINE_RETURN_IF_ERROR(shoppers_.ReadShard(reader));
  }
  VITRINE_RETURN_IF_ERROR(behaviour_.Read(reader, shoppers_));
  VITRINE_RETURN_IF_ERROR(reader.Finish("a checkpoint"));
  shoppers_.MoveMerged();
  return absl::OkStatus();
}

}  // namespace vitrine
