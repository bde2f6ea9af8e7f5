#include "lifecycle/serving_watch.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "vitrine/feature_store/attribution.h"

namespace vitrine {
namespace {

// As the engine names it among the fallbacks.
constexpr std::string_view kCutShort = "deadline";

// A caller that sent what cannot be answered, or that has gone, is no fault of the models.
bool IsFault(const absl::Status& status) {
  return absl::IsInternal(status) || absl::IsUnknown(status) || absl::IsDataLoss(status) ||
         absl::IsDeadlineExceeded(status);
}

bool WasCutShort(const RecommendReply& reply) {
  return std::find(reply.fallbacks.begin(), reply.fallbacks.end(), kCutShort) !=
         reply.fallbacks.end();
}

// Items of the event that are on the list, each once.
std::uint64_t NumOnList(const FeatureStore& store, const Event& event,
                        const Attribution& attribution) {
  std::set<ItemIndex> counted;
  for (const EventItem& line : event.items) {
    const auto item = store.catalogue().Find(line.item_id);
    if (item.has_value() && attribution.PositionOf(*item).has_value()) counted.insert(*item);
  }
  return counted.size();
}

}  // namespace

void ServingWatch::CountAnswer(const RecommendReply& reply) {
  const bool was_cut_short = WasCutShort(reply);
  std::lock_guard lock(mutex_);
  ServingFigures& figures = by_version_[reply.model_version];
  ++figures.num_answers;
  if (was_cut_short) ++figures.num_failed;
}

void ServingWatch::CountFailure(const absl::Status& status, const std::string& live) {
  if (!IsFault(status)) return;
  std::lock_guard lock(mutex_);
  ServingFigures& figures = by_version_[live];
  ++figures.num_answers;
  ++figures.num_failed;
}

absl::Status ServingWatch::ReadClicks(const FeatureStore& store) {
  std::size_t num_read = 0;
  return store.ReadEvents(next_offset_, [&](std::uint64_t offset, const Event& event) {
    next_offset_ = offset + 1;
    CountEvent(store, event);
    return ++num_read < kMostEvents;
  });
}

void ServingWatch::CountEvent(const FeatureStore& store, const Event& event) {
  const bool is_impression = event.type == EventType::kImpression;
  const bool is_click =
      event.type == EventType::kRecommendationClick || event.type == EventType::kDetailPageView;
  if (event.attribution_token.empty() || (!is_impression && !is_click)) return;
  const absl::StatusOr<Attribution> attribution = ReadAttribution(store, event.attribution_token);
  if (!attribution.ok()) return;
  const std::uint64_t count = NumOnList(store, event, *attribution);
  std::lock_guard lock(mutex_);
  ServingFigures& figures = by_version_[attribution->model_version];
  (is_impression ? figures.num_shown : figures.num_clicked) += count;
}

ServingFigures ServingWatch::FiguresOf(const std::string& version) const {
  std::lock_guard lock(mutex_);
  const auto figures = by_version_.find(version);
  return figures == by_version_.end() ? ServingFigures() : figures->second;
}

}  // namespace vitrine
