#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/engine/engine.h"

namespace vitrine {

// Hears of the lists that were given, and of those that could not be made; implemented above the
// engine. Called by the thread that answers, before the answer leaves: must be quick. Thread-safe.
class AnswerObserver {
 public:
  virtual ~AnswerObserver() = default;

  // `row`: of its page; one below the first holds nothing that those above it hold.
  virtual void OnAnswer(const RecommendRequest& request, const RecommendReply& reply,
                        std::size_t row) = 0;
  virtual void OnFailure(const RecommendRequest& request, const absl::Status& status) = 0;

  // What came of questions about items.
  virtual void OnSimilar(const SimilarRequest& request,
                         const absl::StatusOr<RecommendReply>& reply) = 0;
  virtual void OnRanked(const RankRequest& request,
                        const absl::StatusOr<RecommendReply>& reply) = 0;
};

}  // namespace vitrine
