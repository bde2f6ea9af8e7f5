#include "engine/trace.h"

#include <algorithm>
#include <map>
#include <utility>

#include "engine/promote.h"

namespace vitrine {
namespace {

// Why one of the query's excluded items is. As ExplainItem says it.
std::string_view ReasonOfExclusion(const ListGround& ground,
                                   std::span<const ItemIndex> named_by_request, ItemIndex item) {
  const ShopperQuery& query = ground.query;
  if (IsAmong(query.context, item)) return "context";
  if (IsAmong(query.on_page, item)) return "cart";
  if (IsAmong(named_by_request, item)) return "excluded";
  bool is_seen = false;
  for (const Interaction& interaction : query.Past()) {
    if (interaction.item != item) continue;
    if (interaction.type == EventType::kNotInterested) return "not-interested";
    is_seen = true;
  }
  const SeenPolicy policy = ground.seen;
  if (policy == SeenPolicy::kExcludePurchased && IsAmong(query.owned, item)) return "purchased";
  return policy == SeenPolicy::kExcludeSeen && is_seen ? "seen" : "row-above";
}

}  // namespace

void TraceRecorder::End(std::string_view stage, std::size_t count, double elsewhere) {
  Add(std::string(stage), count, std::max(0.0, since_end_.Micros() - micros_of_steps_ - elsewhere));
  micros_of_steps_ = 0;
  since_end_ = Stopwatch();
}

void TraceRecorder::AddStep(std::string name, std::size_t count, double micros) {
  micros_of_steps_ += micros;
  const auto same = std::find_if(stages_.begin(), stages_.end(),
                                 [&](const Trace::Stage& each) { return each.name == name; });
  if (same == stages_.end()) {
    Add(std::move(name), count, micros);
    return;
  }
  same->count = count;
  same->micros += micros;
}

void TraceRecorder::Add(std::string name, std::size_t count, double micros) {
  stages_.push_back({.name = std::move(name), .count = count, .micros = micros});
}

void TraceRecorder::Drop(std::string_view reason, std::size_t count) {
  if (count > 0) trace_.drops.push_back({.reason = std::string(reason), .count = count});
}

void RecordDrops(const ListGround& ground, const Catalogue& catalogue, TraceRecorder& trace) {
  const std::size_t num_servable = ground.servable.Count();
  ItemBitmap in_categories = ground.servable;
  in_categories.IntersectWith(ground.in_categories);
  const std::size_t num_in_categories = in_categories.Count();
  trace.Drop("not-servable", catalogue.num_indices() - num_servable);
  trace.Drop("categories", num_servable - num_in_categories);
  trace.Drop("filter", num_in_categories - ground.allowed.Count());

  const std::vector<ItemIndex> named = Resolve(catalogue, ground.request.exclude_item_ids);
  std::map<std::string_view, std::size_t> excluded;
  for (const ItemIndex item : ground.query.excluded) {
    if (!ground.allowed.Contains(item)) continue;
    ++excluded[ReasonOfExclusion(ground, named, item)];
  }
  for (const ItemIndex item : ground.shown) {
    const auto& of_query = ground.query.excluded;
    if (!ground.allowed.Contains(item)) continue;
    if (!std::binary_search(of_query.begin(), of_query.end(), item)) ++excluded["shown-before"];
  }
  for (const auto& [reason, count] : excluded) trace.Drop(reason, count);
}

void RecordPassedOver(std::span<const ItemIndex> list, std::span<const ItemIndex> pins,
                      std::span<const ItemIndex> shown, TraceRecorder& trace) {
  PassedOver& passed_over = *trace.passed_over();
  for (auto* items : {&passed_over.variants, &passed_over.limited}) {
    for (const ItemIndex item : list) items->erase(item);
    for (const ItemIndex item : pins) items->erase(item);
    for (const ItemIndex item : shown) items->erase(item);
  }
  trace.Drop("variant", passed_over.variants.size());
  trace.Drop("limit", passed_over.limited.size());
}

}  // namespace vitrine
