#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lifecycle/live_models.h"
#include "lifecycle/serving_watch.h"
#include "lifecycle/shadow.h"
#include "lifecycle/training_history.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/lifecycle/lifecycle.h"

namespace vitrine {

// What Lifecycle is made of: trainings (trainings.cc) and all that is looked after between them
// (watching.cc).
struct Lifecycle::State {
  State(const FeatureStore& the_store, FileSystem& files, BundleFolder folder,
        Published<ModelSet>& published, LifecycleOptions the_options, std::string history_path)
      : store(the_store),
        options(std::move(the_options)),
        changing(std::make_shared<const LifecycleOptions>(options)),
        live(files, std::move(folder), the_store.catalogue(), published, *options.clock,
             options.warm_up),
        history(files, std::move(history_path)),
        shadow(the_store, *options.clock, options.engine, options.placements, options.shadow_share),
        pool(std::max<std::size_t>(options.num_threads, 1), ThreadPriority::kBackground) {}

  // Each runs on a thread of its own until is_stopping.
  void RunTrainings();
  void Watch();

  void Train(const std::string& id, bool skips_the_gate);
  void End(const std::string& id, const absl::StatusOr<TrainedModels>& trained);
  absl::StatusOr<TrainedModels> TrainAndPublish(bool skips_the_gate, const StageReport& report);
  void GiveBackWhatWasReplaced();
  void FollowCatalogue();
  void TrainIfGrown();
  std::uint64_t CountNew(std::uint64_t num_events);
  void TrainIfDue();
  TrainingProgress StartTraining(TrainingTrigger trigger, bool skips_the_gate);
  absl::StatusOr<TrainingProgress> CancelTraining(const std::string& id);
  absl::Status Publish(TrainedModels trained, const std::optional<std::string>& instead_of);
  void LoadCandidate();
  void RollBackIfWorse();
  ServingFigures FiguresBefore(const Probation& probation);  // Of the version before.
  // `why`: of a version that does harm; nothing where somebody asked for another one.
  absl::StatusOr<ModelControl::Versions> MakeLive(const std::string& version,
                                                  const std::optional<RollbackReason>& why = {},
                                                  const std::string& instead_of = "");
  // Not of a promotion, nor where what was asked for was live already.
  void NoteRollback(const LiveModels::Change& change, const std::optional<RollbackReason>& why);
  absl::StatusOr<ModelControl::Versions> ListVersions() const;
  // What came of a question about items.
  template <typename AboutItems>
  void HearOfItems(const AboutItems& request, const absl::StatusOr<RecommendReply>& reply) {
    if (!reply.ok()) return serving.CountFailure(reply.status(), live.served()->version);
    serving.CountAnswer(*reply);
    shadow.OnAnswer(request, *reply);
  }
  absl::Status NoSuchTraining(const std::string& id) const;

  const FeatureStore& store;
  const LifecycleOptions options;        // As they were at the start: for all that cannot change.
  Published<LifecycleOptions> changing;  // As they are now: for what Change takes in.
  LiveModels live;
  TrainingHistory history;
  ServingWatch serving;
  Shadow shadow;
  std::atomic<bool> is_cancelled = false;  // The training that runs.
  std::atomic<bool> is_ending = false;     // All that runs.

  mutable std::mutex mutex;
  std::condition_variable wake;
  // Guarded by mutex.
  bool is_stopping = false;
  std::string waiting;  // The training that is to run next; empty: none.
  bool skips_gate = false;
  std::optional<RollbackNote> rollback;  // The latest.
  NewEvents new_events;
  std::map<RollbackCause, std::uint64_t> num_rollbacks;
  mutable std::vector<BundleSummary> known_bundles;  // Those that were listed last.

  // Events in the store when the last training began, or when it was rolled back: a failure or a
  // refusal is not repeated before there is more.
  std::atomic<std::uint64_t> attempted_events = 0;

  // Used by the watching thread alone.
  bool has_freed = false;  // A set of models, since memory was given back.
  std::uint32_t last_content = 0;
  int polls_unsettled = 0;
  std::string counted_version;  // Served when it counted new events.
  Micros started_us = 0;

  ThreadPool pool;  // Of the trainers.
  // Last, so that they end first.
  std::unique_ptr<ThreadPool> freeing_thread;  // Of normal priority, unlike the others.
  std::unique_ptr<ThreadPool> training_thread;
  std::unique_ptr<ThreadPool> watching_thread;
  std::unique_ptr<ThreadPool> errand_thread;
};

}  // namespace vitrine
