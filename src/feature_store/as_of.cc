#include <algorithm>
#include <utility>

#include "feature_store/behaviour/event_details.h"
#include "feature_store/behaviour/replay.h"
#include "feature_store/local_store.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::uint64_t kRowsPerRead = 10'000;

struct KnownEvent {
  std::uint64_t offset = 0;
  LogHead head{};
  EventDetails details{};
};

}  // namespace

absl::StatusOr<std::vector<FeatureRow>> LocalStore::FeaturesAsOf(
    std::span<const FeatureQuestion> questions, const AsOfOptions& options) const {
  std::uint64_t end = 0;
  {
    std::lock_guard lock(commit_mutex_);
    end = state_.next_offset;
  }
  BehaviourReplay replay(*views_, questions, options);
  const bool follows_arrivals = options.known_since == KnownSince::kArrival;
  std::vector<KnownEvent> by_time;  // All that matter, where they are not taken in order.
  Micros known_us = 0;
  for (std::uint64_t from = 0; from < end; from += kRowsPerRead) {
    VITRINE_ASSIGN_OR_RETURN(const auto rows, ReadLog(from, std::min(end, from + kRowsPerRead)));
    for (const LogRow& row : rows) {
      VITRINE_ASSIGN_OR_RETURN(LogHead head, DecodeLogHead(row.value));
      // Records of version 1 have the event's time, in any order: known with the latest before.
      known_us = std::max(known_us, head.arrival_us);
      if (!replay.Matters(head)) continue;
      VITRINE_ASSIGN_OR_RETURN(EventDetails details, DetailsOf(head, row.value));
      if (follows_arrivals) {
        replay.Add(known_us, row.offset, head, details);
      } else {
        by_time.push_back({row.offset, std::move(head), std::move(details)});
      }
    }
  }
  std::stable_sort(by_time.begin(), by_time.end(), [](const KnownEvent& a, const KnownEvent& b) {
    return a.head.time_us < b.head.time_us;
  });
  for (const KnownEvent& event : by_time) {
    replay.Add(event.head.time_us, event.offset, event.head, event.details);
  }
  return replay.Finish();
}

}  // namespace vitrine
