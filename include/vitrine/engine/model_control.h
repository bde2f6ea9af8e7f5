#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/models/bundle.h"

namespace vitrine {

// How a candidate did beside what is live, on the latest interactions, which neither had learned
// from: docs/lifecycle.md.
struct GateReport {
  bool is_passed = true;
  std::string verdict{};          // For people, with the numbers, or why there are none.
  std::string live_version{};     // What it was held against.
  bool is_live_refitted = false;  // It had seen the test part, so it was trained anew without.
  std::uint64_t num_users = 0;    // That the means are over. 0: nothing was measured.
  double candidate_accuracy = 0;  // ndcg@20
  double live_accuracy = 0;
  double lowest_difference = 0;  // Candidate less live: the interval of the paired bootstrap.
  double highest_difference = 0;
  double candidate_coverage = 0;  // Share of the items on any of the lists, 0 to 1.
  double live_coverage = 0;
};

// How the lists of a candidate, which nobody saw, differ from the live ones for the same requests:
// of RecommendItems, SimilarItems and RankItems.
struct ShadowReport {
  std::string candidate_version{};  // Empty: there is none.
  std::string live_version{};       // The latest that it was held against.
  std::uint64_t num_compared = 0;   // Lists; the means below are over these.
  std::uint64_t num_failed = 0;     // The candidate had no answer.
  std::uint64_t num_left_out = 0;   // Too much waited; no fault of the candidate.
  // Items on both lists, of the longer one, 0 to 1, without RankItems, where the caller names them;
  // 1 where there is nothing else.
  double mean_overlap = 0;
  double same_first_share = 0;  // Lists that begin with the same item, 0 to 1.
  double mean_score_shift = 0;  // Candidate less live, of items on both lists.
  double mean_rank_shift = 0;   // Places that such an item moves, up or down.
  double mean_micros = 0;       // That the candidate took, at the lowest priority.
};

// Why a version was taken back: too many of its lists failed, too few of its items were clicked, or
// somebody asked for another one.
enum class RollbackCause { kErrors, kClicks, kRequest };

// The latest change of the live version that was neither a publication nor a promotion.
struct RollbackNote {
  Micros time_us = 0;
  std::string from{};
  std::string to{};
  RollbackCause cause{};
  std::string reason{};  // Of one that nobody asked for, with the numbers; empty otherwise.
};

// What set a training off.
enum class TrainingTrigger { kRequest, kEvents, kSchedule };

// Where a training stands.
struct TrainingProgress {
  // kRefused: the candidate did not pass the gate; what was live stays.
  enum class State { kRunning, kSucceeded, kFailed, kCancelled, kRefused };
  std::string id{};  // Names the run, unique among those that the store remembers.
  State state{};
  std::string stage{};    // "snapshot", "train ials", "evaluate", "publish".
  double fraction = 0;    // Of the whole run done, 0 to 1.
  std::string version{};  // What it published, once it has.
  std::string error{};    // kFailed, kCancelled, kRefused: why.
  Micros started_us = 0;
  Micros finished_us = 0;  // 0 while running.
  TrainingTrigger trigger{};
  std::uint64_t num_events = 0;      // In the store when it began.
  std::optional<GateReport> gate{};  // Once the candidate was held against what is live.
};

inline constexpr std::string_view kLiveAlias = "live";
inline constexpr std::string_view kPreviousAlias = "previous";
inline constexpr std::string_view kCandidateAlias = "candidate";

// The life of models, as the server sees it; implemented above the engine. Thread-safe.
class ModelControl {
 public:
  virtual ~ModelControl() = default;

  // Starts a training in the background and returns where it stands; when one runs already, that
  // one. `skips_gate`: what comes of it is published however it does beside what is live. Never
  // blocks on the training.
  virtual absl::StatusOr<TrainingProgress> StartTraining(bool skips_gate) = 0;

  // Asks a running one to end and returns where it stands; it ends at its next step, and what is
  // live stays. One that has ended already is left as it is. NOT_FOUND: no such run.
  virtual absl::StatusOr<TrainingProgress> CancelTraining(const std::string& id) = 0;

  // NOT_FOUND: no such run. The last 50 are kept, over restarts too.
  virtual absl::StatusOr<TrainingProgress> GetTraining(const std::string& id) const = 0;

  // Those that are kept, newest first.
  virtual std::vector<TrainingProgress> ListTrainings() const = 0;

  // Bundles on disk, newest first, and which of them is live, was before, and may be next.
  struct Versions {
    std::vector<BundleSummary> bundles{};
    std::string live{};
    std::string previous{};
    std::string candidate{};
    std::optional<RollbackNote> rollback{};  // Since this process began, as below.
    // Changes of the live version that were neither a publication nor a promotion of the candidate.
    std::map<RollbackCause, std::uint64_t> num_rollbacks{};
    std::map<TrainingProgress::State, std::uint64_t> num_trainings{};  // That ended, as what.
  };
  virtual absl::StatusOr<Versions> ListVersions() const = 0;

  // All zero without a candidate.
  virtual ShadowReport ReadShadow() const = 0;

  // Makes `version` live; the one that was live becomes previous. Instead of a version it may be
  // called kPreviousAlias or kCandidateAlias. `done` hears of it, on a thread of this object, once
  // it answers. Errors: FAILED_PRECONDITION there is none of that alias; NOT_FOUND no such bundle;
  // DATA_LOSS it is damaged. What is live stays then.
  virtual void MakeLive(const std::string& version,
                        std::function<void(absl::StatusOr<Versions>)> done) = 0;
};

}  // namespace vitrine
