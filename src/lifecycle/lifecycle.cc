#include "vitrine/lifecycle/lifecycle.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "absl/strings/str_format.h"
#include "lifecycle/live_models.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/base/thread_pool.h"

namespace vitrine {
namespace {

constexpr std::size_t kKeptRuns = 20;

constexpr double kLeastPollSeconds = 0.01;

// While texts keep changing, as in an import, the content model is refreshed once in so many polls.
constexpr int kMostPollsUnsettled = 10;

// Growth of the store since the last training, as a factor, that calls for another one.
constexpr double kGrowth = 1.5;

}  // namespace

struct Lifecycle::State {
  State(const FeatureStore& the_store, FileSystem& files, BundleFolder folder,
        Published<ModelSet>& published, LifecycleOptions the_options)
      : store(the_store),
        options(std::move(the_options)),
        live(files, std::move(folder), the_store.catalogue(), published),
        pool(std::max<std::size_t>(options.num_threads, 1), ThreadPriority::kBackground) {}

  // Each runs on a thread of its own until is_stopping.
  void RunTrainings();
  void Watch();

  void Train(const std::string& id);
  absl::StatusOr<std::string> TrainAndPublish(const StageReport& report);
  void FollowCatalogue();
  void TrainIfGrown();
  TrainingProgress StartTraining();
  // Changes the progress of a run that is still kept. REQUIRES: mutex is not held.
  void Update(const std::string& id, const std::function<void(TrainingProgress&)>& change);

  const FeatureStore& store;
  const LifecycleOptions options;
  LiveModels live;
  std::atomic<bool> is_cancelled = false;

  mutable std::mutex mutex;
  std::condition_variable wake;
  // Guarded by mutex.
  bool is_stopping = false;
  std::deque<TrainingProgress> runs;  // Oldest first; only the last one may be running.
  std::uint64_t num_runs = 0;

  // Used by the watching thread alone.
  std::uint64_t last_content_version = 0;
  int polls_unsettled = 0;
  std::uint64_t attempted_events = 0;  // In the store when it last started a training by itself.

  ThreadPool pool;  // Of the trainers.
  // Last, so that they end first.
  std::unique_ptr<ThreadPool> training_thread;
  std::unique_ptr<ThreadPool> watching_thread;
};

void Lifecycle::State::Update(const std::string& id,
                              const std::function<void(TrainingProgress&)>& change) {
  std::lock_guard lock(mutex);
  for (TrainingProgress& run : runs) {
    if (run.id == id) change(run);
  }
}

TrainingProgress Lifecycle::State::StartTraining() {
  std::lock_guard lock(mutex);
  if (!runs.empty() && runs.back().state == TrainingProgress::State::kRunning) return runs.back();
  runs.push_back({.id = absl::StrFormat("training-%d", ++num_runs),
                  .state = TrainingProgress::State::kRunning,
                  .stage = "snapshot",
                  .started_us = options.clock->Now()});
  if (runs.size() > kKeptRuns) runs.pop_front();
  wake.notify_all();
  return runs.back();
}

void Lifecycle::State::RunTrainings() {
  std::unique_lock lock(mutex);
  while (true) {
    wake.wait(lock, [this] {
      return is_stopping ||
             (!runs.empty() && runs.back().state == TrainingProgress::State::kRunning);
    });
    if (is_stopping) return;
    const std::string id = runs.back().id;
    lock.unlock();
    Train(id);
    lock.lock();
  }
}

void Lifecycle::State::Train(const std::string& id) {
  Log(LogLevel::kInfo, "training.started", {{"id", id}});
  const Micros start = MonotonicNow();
  const absl::StatusOr<std::string> version =
      TrainAndPublish([this, &id](std::string_view stage, double fraction) {
        Update(id, [&](TrainingProgress& run) {
          run.stage = std::string(stage);
          run.fraction = std::max(run.fraction, fraction);
        });
      });
  const std::string error(version.status().message());
  Update(id, [&](TrainingProgress& run) {
    run.finished_us = options.clock->Now();
    if (version.ok()) {
      run.state = TrainingProgress::State::kSucceeded;
      run.fraction = 1;
      run.version = *version;
    } else {
      run.state = absl::IsCancelled(version.status()) ? TrainingProgress::State::kCancelled
                                                      : TrainingProgress::State::kFailed;
      run.error = error;
    }
  });
  const std::string seconds =
      absl::StrFormat("%.1f", static_cast<double>(MonotonicNow() - start) / 1e6);
  if (version.ok()) {
    Log(LogLevel::kInfo, "training.published",
        {{"id", id}, {"version", *version}, {"seconds", seconds}});
  } else {
    Log(LogLevel::kWarning, "training.ended-without-models", {{"id", id}, {"error", error}});
  }
}

absl::StatusOr<std::string> Lifecycle::State::TrainAndPublish(const StageReport& report) {
  const std::uint64_t content_version = store.catalogue().content_version();
  const std::shared_ptr<const ModelSet> served = live.served();
  const TrainingContext context{.pool = &pool, .is_cancelled = &is_cancelled, .live = served.get()};
  VITRINE_ASSIGN_OR_RETURN(TrainedModels trained, TrainModels(store, options, context, report));
  if (is_cancelled) return absl::CancelledError("the training was cancelled");
  report("publish", 0);
  VITRINE_ASSIGN_OR_RETURN(trained.models.version, live.folder().NewVersion(options.clock->Now()));
  std::string version = trained.models.version;
  VITRINE_RETURN_IF_ERROR(
      live.Publish(std::move(trained.models), trained.item_ids, content_version));
  return version;
}

void Lifecycle::State::Watch() {
  const auto poll =
      std::chrono::duration<double>(std::max(options.poll_seconds, kLeastPollSeconds));
  while (true) {
    {
      std::unique_lock lock(mutex);
      if (wake.wait_for(lock, poll, [this] { return is_stopping; })) return;
    }
    live.FollowLive();
    FollowCatalogue();
    TrainIfGrown();
  }
}

void Lifecycle::State::FollowCatalogue() {
  const std::uint64_t version = store.catalogue().content_version();
  const bool is_settled = std::exchange(last_content_version, version) == version;
  if (!live.IsContentStale()) {
    polls_unsettled = 0;
    return;
  }
  if (!is_settled && ++polls_unsettled < kMostPollsUnsettled) return;
  polls_unsettled = 0;
  const absl::Status refreshed = live.RefreshContent(pool, is_cancelled);
  if (refreshed.ok() || absl::IsCancelled(refreshed)) return;
  Log(LogLevel::kWarning, "models.content-not-refreshed",
      {{"error", std::string(refreshed.message())}});
}

void Lifecycle::State::TrainIfGrown() {
  if (options.auto_train_events == 0) return;
  const std::uint64_t events = store.status().num_events;
  // A bundle may come from a larger store.
  const std::uint64_t trained = std::min(live.TrainedEvents().value_or(0), events);
  const auto base = static_cast<double>(std::max(trained, attempted_events));
  const double wanted = std::max(kGrowth * base, static_cast<double>(options.auto_train_events));
  if (static_cast<double>(events) < wanted) return;
  attempted_events = events;  // Whatever comes of it, so that a failure is not repeated each poll.
  (void)StartTraining();
}

Lifecycle::Lifecycle(std::unique_ptr<State> state) : state_(std::move(state)) {}

absl::StatusOr<std::unique_ptr<Lifecycle>> Lifecycle::Start(const FeatureStore& store,
                                                            FileSystem& files,
                                                            const std::string& models_folder,
                                                            Published<ModelSet>& published,
                                                            const LifecycleOptions& options) {
  for (const std::string& name : options.models) {
    if (FindTrainer(name) != nullptr || name == kAutoName) continue;
    return absl::InvalidArgumentError(absl::StrFormat("there is no model '%s' to train", name));
  }
  VITRINE_ASSIGN_OR_RETURN(BundleFolder folder, BundleFolder::Open(files, models_folder));
  auto state = std::make_unique<State>(store, files, std::move(folder), published, options);
  State* const shared = state.get();
  shared->live.FollowLive();
  shared->training_thread = std::make_unique<ThreadPool>(1, ThreadPriority::kBackground);
  shared->watching_thread = std::make_unique<ThreadPool>(1, ThreadPriority::kBackground);
  shared->training_thread->Submit([shared] { shared->RunTrainings(); });
  shared->watching_thread->Submit([shared] { shared->Watch(); });
  return std::unique_ptr<Lifecycle>(new Lifecycle(std::move(state)));
}

Lifecycle::~Lifecycle() {
  state_->is_cancelled = true;
  {
    std::lock_guard lock(state_->mutex);
    state_->is_stopping = true;
  }
  state_->wake.notify_all();
}

absl::StatusOr<TrainingProgress> Lifecycle::StartTraining() { return state_->StartTraining(); }

absl::StatusOr<TrainingProgress> Lifecycle::GetTraining(const std::string& id) const {
  std::lock_guard lock(state_->mutex);
  for (const TrainingProgress& run : state_->runs) {
    if (run.id == id) return run;
  }
  return absl::NotFoundError(absl::StrFormat(
      "there is no training '%s': this process keeps its last %d and started %d so far", id,
      kKeptRuns, state_->num_runs));
}

absl::StatusOr<ModelControl::Versions> Lifecycle::ListVersions() const {
  Versions versions;
  VITRINE_ASSIGN_OR_RETURN(versions.bundles, state_->live.folder().List());
  const absl::StatusOr<BundleFolder::Live> live = state_->live.folder().ReadLive();
  if (live.ok()) {
    versions.live = live->version;
    versions.previous = live->previous;
  }
  return versions;
}

}  // namespace vitrine
