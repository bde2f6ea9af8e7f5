#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

#include "vitrine/base/counters.h"
#include "vitrine/base/published.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/engine/engine.h"
#include "vitrine/engine/model_control.h"

namespace vitrine {

// A candidate that answers a sample of the live requests beside the live models; nobody sees its
// answers, which are held against the live ones. Works on one thread of the lowest priority, and
// leaves out what comes while too much waits for it. Thread-safe.
class Shadow {
 public:
  static constexpr std::size_t kMostWaiting = 64;

  // `share` of the requests of each kind is answered, 0 to 1. All must outlive it.
  Shadow(const FeatureStore& store, const Clock& clock, const Engine::Options& options,
         const Placements* placements, double share);

  // From now on it answers with `candidate`, and counts anew; null or empty: with nothing.
  void SetCandidate(std::shared_ptr<const ModelSet> candidate);

  // Later pages are left out, and so must be rows below others: what is above differs between the
  // two.
  void OnAnswer(const RecommendRequest& request, const RecommendReply& live);
  void OnAnswer(const SimilarRequest& request, const RecommendReply& live);
  // Both answers hold the items that the caller named: ShadowReport::mean_overlap is without them.
  void OnAnswer(const RankRequest& request, const RecommendReply& live);

  ShadowReport Report() const;

 private:
  // Has the candidate answer too, where the request is one of the sample and there is room for it.
  // `num_seen`: so many of its kind were there.
  template <auto Ask, typename Request>
  void Sample(const Request& request, const RecommendReply& live,
              std::atomic<std::uint64_t>& num_seen);
  bool IsNext(std::atomic<std::uint64_t>& num_seen) const;
  bool TakePlace();  // Whether one more may wait, as it does then.
  // `is_choice`: which items the lists hold was up to the models.
  void Hold(const RecommendReply& candidate, const RecommendReply& live, bool is_choice,
            Micros micros);

  const double share_;
  Counters counters_;  // Its engine's own: fallbacks of silent answers are nobody's.
  Published<ModelSet> candidate_;
  const Engine engine_;
  std::atomic<bool> has_candidate_ = false;
  // By kind: of two calls that a page always makes in the same order, one might never be of the
  // sample otherwise.
  std::atomic<std::uint64_t> num_lists_ = 0;
  std::atomic<std::uint64_t> num_similar_ = 0;
  std::atomic<std::uint64_t> num_ranked_ = 0;
  std::atomic<std::size_t> num_waiting_ = 0;

  // Sums over what was compared.
  struct Sums {
    std::uint64_t num_compared = 0;
    std::uint64_t num_choices = 0;  // Of these, lists whose items the models chose.
    std::uint64_t num_failed = 0;
    std::uint64_t num_left_out = 0;
    std::uint64_t num_same_first = 0;
    std::uint64_t num_shared_items = 0;
    double overlap = 0;      // Of choices.
    double score_shift = 0;  // Over shared items.
    double rank_shift = 0;   // The same.
    double micros = 0;
  };
  mutable std::mutex mutex_;
  Sums sums_;                 // Guarded by mutex_.
  std::string version_;       // Guarded by mutex_; of the candidate.
  std::string live_version_;  // Guarded by mutex_; the latest that it was held against.

  ThreadPool thread_{1, ThreadPriority::kBackground};  // Last: its tasks use the rest.
};

}  // namespace vitrine
