#include "lifecycle/shadow.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <type_traits>
#include <utility>

namespace vitrine {
namespace {

double Mean(double sum, std::uint64_t count) {
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

// The request as nobody waits for it.
template <typename Request>
Request Silent(const Request& request) {
  Request silent = request;
  silent.is_late = nullptr;  // They look at the call, which ends now.
  silent.time_left = nullptr;
  silent.is_gone = nullptr;
  silent.wants_trace = false;
  silent.stages = nullptr;
  silent.explanation = ExplanationLevel::kNone;
  return silent;
}

// What there is to hold another answer against.
RecommendReply OnlyRanking(const RecommendReply& reply) {
  RecommendReply ranking;
  ranking.model_version = reply.model_version;
  ranking.items.reserve(reply.items.size());
  for (const RecommendedItem& item : reply.items) {
    ranking.items.push_back({.item_id = item.item_id, .score = item.score});
  }
  return ranking;
}

}  // namespace

Shadow::Shadow(const FeatureStore& store, const Clock& clock, const Engine::Options& options,
               const Placements* placements, double share)
    : share_(share),
      candidate_(std::make_shared<const ModelSet>()),
      engine_(store, candidate_, counters_, clock, options, placements) {}

void Shadow::SetCandidate(std::shared_ptr<const ModelSet> candidate) {
  if (candidate == nullptr) candidate = std::make_shared<const ModelSet>();
  std::lock_guard lock(mutex_);
  sums_ = Sums();
  version_ = candidate->version;
  live_version_.clear();
  has_candidate_ = !candidate->models.empty() && share_ > 0;
  candidate_.Set(std::move(candidate));
}

void Shadow::OnAnswer(const RecommendRequest& request, const RecommendReply& live) {
  if (request.page_token.empty()) Sample<&Engine::Recommend>(request, live, num_lists_);
}

void Shadow::OnAnswer(const SimilarRequest& request, const RecommendReply& live) {
  Sample<&Engine::Similar>(request, live, num_similar_);
}

void Shadow::OnAnswer(const RankRequest& request, const RecommendReply& live) {
  Sample<&Engine::Rank>(request, live, num_ranked_);
}

template <auto Ask, typename Request>
void Shadow::Sample(const Request& request, const RecommendReply& live,
                    std::atomic<std::uint64_t>& num_seen) {
  constexpr bool kIsChoice = !std::is_same_v<Request, RankRequest>;
  if (!has_candidate_ || !IsNext(num_seen) || !TakePlace()) return;
  thread_.Submit([this, silent = Silent(request), seen = OnlyRanking(live)] {
    --num_waiting_;
    const Micros start = MonotonicNow();
    const absl::StatusOr<RecommendReply> reply = (engine_.*Ask)(silent);
    if (reply.ok()) return Hold(*reply, seen, kIsChoice, MonotonicNow() - start);
    std::lock_guard lock(mutex_);
    ++sums_.num_failed;
  });
}

// Every so manieth, evenly: of n requests floor(n * share).
bool Shadow::IsNext(std::atomic<std::uint64_t>& num_seen) const {
  const auto number = static_cast<double>(num_seen.fetch_add(1));
  return std::floor((number + 1) * share_) != std::floor(number * share_);
}

bool Shadow::TakePlace() {
  if (num_waiting_.fetch_add(1) < kMostWaiting) return true;
  --num_waiting_;
  std::lock_guard lock(mutex_);
  ++sums_.num_left_out;
  return false;
}

void Shadow::Hold(const RecommendReply& candidate, const RecommendReply& live, bool is_choice,
                  Micros micros) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < live.items.size(); ++i) places[live.items[i].item_id] = i;
  std::size_t num_shared = 0;
  double score_shift = 0;
  double rank_shift = 0;
  for (std::size_t i = 0; i < candidate.items.size(); ++i) {
    const auto place = places.find(candidate.items[i].item_id);
    if (place == places.end() || !candidate.items[i].is_known) continue;
    ++num_shared;
    score_shift += candidate.items[i].score - live.items[place->second].score;
    rank_shift += std::abs(static_cast<double>(i) - static_cast<double>(place->second));
  }
  const std::size_t longer = std::max(candidate.items.size(), live.items.size());
  const bool is_same_first = !candidate.items.empty() && !live.items.empty() &&
                             candidate.items[0].item_id == live.items[0].item_id;
  std::lock_guard lock(mutex_);
  if (candidate.model_version != version_) return;  // Of the candidate before.
  live_version_ = live.model_version;
  ++sums_.num_compared;
  sums_.num_same_first += is_same_first ? 1 : 0;
  sums_.num_shared_items += num_shared;
  if (is_choice) {
    ++sums_.num_choices;
    sums_.overlap += longer == 0 ? 1 : Mean(static_cast<double>(num_shared), longer);
  }
  sums_.score_shift += score_shift;
  sums_.rank_shift += rank_shift;
  sums_.micros += static_cast<double>(micros);
}

ShadowReport Shadow::Report() const {
  std::lock_guard lock(mutex_);
  const bool has_rankings_alone = sums_.num_choices == 0 && sums_.num_compared > 0;
  return {.candidate_version = version_,
          .live_version = live_version_,
          .num_compared = sums_.num_compared,
          .num_failed = sums_.num_failed,
          .num_left_out = sums_.num_left_out,
          .mean_overlap = has_rankings_alone ? 1 : Mean(sums_.overlap, sums_.num_choices),
          .same_first_share = Mean(static_cast<double>(sums_.num_same_first), sums_.num_compared),
          .mean_score_shift = Mean(sums_.score_shift, sums_.num_shared_items),
          .mean_rank_shift = Mean(sums_.rank_shift, sums_.num_shared_items),
          .mean_micros = Mean(sums_.micros, sums_.num_compared)};
}

}  // namespace vitrine
