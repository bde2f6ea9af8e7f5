#include "vitrine/lifecycle/lifecycle.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "absl/strings/str_format.h"
#include "lifecycle/live_models.h"
#include "lifecycle/training_history.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/base/thread_pool.h"

namespace vitrine {
namespace {

constexpr double kLeastPollSeconds = 0.01;

// While texts keep changing, as in an import, the content model is refreshed once in so many polls.
constexpr int kMostPollsUnsettled = 10;

// Growth of the store since the last training, as a factor, that calls for another one.
constexpr double kGrowth = 1.5;

}  // namespace

struct Lifecycle::State {
  State(const FeatureStore& the_store, FileSystem& files, BundleFolder folder,
        Published<ModelSet>& published, LifecycleOptions the_options, std::string history_path)
      : store(the_store),
        options(std::move(the_options)),
        live(files, std::move(folder), the_store.catalogue(), published),
        history(files, std::move(history_path)),
        pool(std::max<std::size_t>(options.num_threads, 1), ThreadPriority::kBackground) {}

  // Each runs on a thread of its own until is_stopping.
  void RunTrainings();
  void Watch();

  void Train(const std::string& id, bool skips_the_gate);
  void End(const std::string& id, const absl::StatusOr<TrainedModels>& trained);
  absl::StatusOr<TrainedModels> TrainAndPublish(bool skips_the_gate, const StageReport& report);
  void FollowCatalogue();
  void TrainIfGrown();
  void TrainIfDue();
  TrainingProgress StartTraining(TrainingTrigger trigger, bool skips_the_gate);
  absl::StatusOr<TrainingProgress> CancelTraining(const std::string& id);
  absl::StatusOr<ModelControl::Versions> RollBack(const std::string& version);
  absl::StatusOr<ModelControl::Versions> ListVersions() const;
  absl::Status NoSuchTraining(const std::string& id) const;

  const FeatureStore& store;
  const LifecycleOptions options;
  LiveModels live;
  TrainingHistory history;
  std::atomic<bool> is_cancelled = false;  // The training that runs.
  std::atomic<bool> is_ending = false;     // All that runs.

  std::mutex mutex;
  std::condition_variable wake;
  // Guarded by mutex.
  bool is_stopping = false;
  std::string waiting;  // The training that is to run next; empty: none.
  bool skips_gate = false;

  // Events in the store when the last training began, or when it was rolled back: a failure or a
  // refusal is not repeated before there is more.
  std::atomic<std::uint64_t> attempted_events = 0;

  // Used by the watching thread alone.
  std::uint64_t last_content_version = 0;
  int polls_unsettled = 0;
  Micros started_us = 0;

  ThreadPool pool;  // Of the trainers.
  // Last, so that they end first.
  std::unique_ptr<ThreadPool> training_thread;
  std::unique_ptr<ThreadPool> watching_thread;
  std::unique_ptr<ThreadPool> errand_thread;
};

TrainingProgress Lifecycle::State::StartTraining(TrainingTrigger trigger, bool skips_the_gate) {
  const std::uint64_t num_events = store.status().num_events;
  std::lock_guard lock(mutex);
  const TrainingHistory::Begun begun = history.Begin({.stage = "snapshot",
                                                      .started_us = options.clock->Now(),
                                                      .trigger = trigger,
                                                      .num_events = num_events});
  if (!begun.is_new) return begun.run;
  attempted_events = num_events;
  waiting = begun.run.id;
  skips_gate = skips_the_gate;
  is_cancelled = is_ending.load();
  wake.notify_all();
  return begun.run;
}

absl::StatusOr<TrainingProgress> Lifecycle::State::CancelTraining(const std::string& id) {
  std::lock_guard lock(mutex);  // No other training begins meanwhile.
  std::optional<TrainingProgress> run = history.Find(id);
  if (!run.has_value()) return NoSuchTraining(id);
  if (run->state == TrainingProgress::State::kRunning) is_cancelled = true;
  return *std::move(run);
}

absl::Status Lifecycle::State::NoSuchTraining(const std::string& id) const {
  return absl::NotFoundError(
      absl::StrFormat("there is no training '%s': the store remembers its last %d of %d so far", id,
                      TrainingHistory::kKeptRuns, history.num_begun()));
}

void Lifecycle::State::RunTrainings() {
  std::unique_lock lock(mutex);
  while (true) {
    wake.wait(lock, [this] { return is_stopping || !waiting.empty(); });
    if (is_stopping) return;
    const std::string id = std::exchange(waiting, "");
    const bool skips_the_gate = skips_gate;
    lock.unlock();
    Train(id, skips_the_gate);
    lock.lock();
  }
}

void Lifecycle::State::Train(const std::string& id, bool skips_the_gate) {
  Log(LogLevel::kInfo, "training.started", {{"id", id}});
  const Micros start = MonotonicNow();
  const absl::StatusOr<TrainedModels> trained =
      TrainAndPublish(skips_the_gate, [this, &id](std::string_view stage, double fraction) {
        (void)history.Update(id, [&](TrainingProgress& run) {
          run.stage = std::string(stage);
          run.fraction = std::max(run.fraction, fraction);
        });
      });
  End(id, trained);
  const std::string seconds =
      absl::StrFormat("%.1f", static_cast<double>(MonotonicNow() - start) / 1e6);
  if (!trained.ok()) {
    Log(LogLevel::kWarning, "training.ended-without-models",
        {{"id", id}, {"error", std::string(trained.status().message())}});
  } else if (trained->is_refused()) {
    Log(LogLevel::kWarning, "training.refused", {{"id", id}, {"verdict", trained->gate->verdict}});
  } else {
    Log(LogLevel::kInfo, "training.published",
        {{"id", id}, {"version", trained->models.version}, {"seconds", seconds}});
  }
}

void Lifecycle::State::End(const std::string& id, const absl::StatusOr<TrainedModels>& trained) {
  using ProgressState = TrainingProgress::State;
  (void)history.Update(id, [&](TrainingProgress& run) {
    run.finished_us = options.clock->Now();
    if (!trained.ok()) {
      run.state =
          absl::IsCancelled(trained.status()) ? ProgressState::kCancelled : ProgressState::kFailed;
      run.error = std::string(trained.status().message());
      return;
    }
    run.gate = trained->gate;
    if (trained->is_refused()) {
      run.state = ProgressState::kRefused;
      run.error = trained->gate->verdict;
      return;
    }
    run.state = ProgressState::kSucceeded;
    run.fraction = 1;
    run.version = trained->models.version;
  });
}

// What comes of it says no more of its models than their version.
absl::StatusOr<TrainedModels> Lifecycle::State::TrainAndPublish(bool skips_the_gate,
                                                                const StageReport& report) {
  const std::uint64_t content_version = store.catalogue().content_version();
  const std::shared_ptr<const ModelSet> served = live.served();
  const TrainingContext context{.pool = &pool, .is_cancelled = &is_cancelled, .live = served.get()};
  LifecycleOptions asked = options;
  if (skips_the_gate) asked.gate.is_on = false;
  VITRINE_ASSIGN_OR_RETURN(TrainedModels trained, TrainModels(store, asked, context, report));
  if (is_cancelled) return absl::CancelledError("the training was cancelled");
  if (trained.is_refused()) return trained;
  report("publish", 0);
  VITRINE_ASSIGN_OR_RETURN(trained.models.version, live.folder().NewVersion(options.clock->Now()));
  TrainedModels published{.models = {.version = trained.models.version},
                          .gate = std::move(trained.gate)};
  VITRINE_RETURN_IF_ERROR(
      live.Publish(std::move(trained.models), trained.item_ids, content_version));
  return published;
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
    TrainIfDue();
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
  const absl::Status refreshed = live.RefreshContent(pool, is_ending);
  if (refreshed.ok() || absl::IsCancelled(refreshed)) return;
  Log(LogLevel::kWarning, "models.content-not-refreshed",
      {{"error", std::string(refreshed.message())}});
}

void Lifecycle::State::TrainIfGrown() {
  if (options.auto_train_events == 0) return;
  const std::uint64_t events = store.status().num_events;
  // A bundle may come from a larger store.
  const std::uint64_t trained = std::min(live.TrainedEvents().value_or(0), events);
  const auto base = static_cast<double>(std::max(trained, attempted_events.load()));
  const double wanted = std::max(kGrowth * base, static_cast<double>(options.auto_train_events));
  if (static_cast<double>(events) < wanted) return;
  (void)StartTraining(TrainingTrigger::kEvents, /*skips_the_gate=*/false);
}

void Lifecycle::State::TrainIfDue() {
  if (options.schedule.is_empty()) return;
  const std::optional<TrainingProgress> last = history.Latest();
  const Micros last_us = last.has_value() ? last->started_us : started_us;
  if (options.clock->Now() < NextTraining(options.schedule, last_us)) return;
  (void)StartTraining(TrainingTrigger::kSchedule, /*skips_the_gate=*/false);
}

absl::StatusOr<ModelControl::Versions> Lifecycle::State::RollBack(const std::string& version) {
  VITRINE_RETURN_IF_ERROR(live.RollBack(version));
  // What was left behind is not made again of the same events.
  attempted_events = store.status().num_events;
  return ListVersions();
}

absl::StatusOr<ModelControl::Versions> Lifecycle::State::ListVersions() const {
  ModelControl::Versions versions;
  VITRINE_ASSIGN_OR_RETURN(versions.bundles, live.folder().List());
  const absl::StatusOr<BundleFolder::Live> named = live.folder().ReadLive();
  if (named.ok()) {
    versions.live = named->version;
    versions.previous = named->previous;
  }
  return versions;
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
  auto state = std::make_unique<State>(store, files, std::move(folder), published, options,
                                       models_folder + "/TRAININGS");
  State* const shared = state.get();
  shared->started_us = options.clock->Now();
  const std::optional<TrainingProgress> last = shared->history.Latest();
  // Of a larger store, such as one that was put back from a backup: it says nothing of this one.
  if (last.has_value() && last->num_events <= store.status().num_events) {
    shared->attempted_events = last->num_events;
  }
  shared->live.FollowLive();
  shared->training_thread = std::make_unique<ThreadPool>(1, ThreadPriority::kBackground);
  shared->watching_thread = std::make_unique<ThreadPool>(1, ThreadPriority::kBackground);
  shared->errand_thread = std::make_unique<ThreadPool>(1);
  shared->training_thread->Submit([shared] { shared->RunTrainings(); });
  shared->watching_thread->Submit([shared] { shared->Watch(); });
  return std::unique_ptr<Lifecycle>(new Lifecycle(std::move(state)));
}

Lifecycle::~Lifecycle() {
  {
    std::lock_guard lock(state_->mutex);
    state_->is_stopping = true;
    state_->is_ending = true;
    state_->is_cancelled = true;
  }
  state_->wake.notify_all();
}

absl::StatusOr<TrainingProgress> Lifecycle::StartTraining(bool skips_gate) {
  return state_->StartTraining(TrainingTrigger::kRequest, skips_gate);
}

absl::StatusOr<TrainingProgress> Lifecycle::CancelTraining(const std::string& id) {
  return state_->CancelTraining(id);
}

absl::StatusOr<TrainingProgress> Lifecycle::GetTraining(const std::string& id) const {
  std::optional<TrainingProgress> run = state_->history.Find(id);
  if (!run.has_value()) return state_->NoSuchTraining(id);
  return *std::move(run);
}

std::vector<TrainingProgress> Lifecycle::ListTrainings() const {
  return state_->history.NewestFirst();
}

absl::StatusOr<ModelControl::Versions> Lifecycle::ListVersions() const {
  return state_->ListVersions();
}

void Lifecycle::RollBack(const std::string& version,
                         std::function<void(absl::StatusOr<Versions>)> done) {
  state_->errand_thread->Submit(
      [state = state_.get(), version, done = std::move(done)] { done(state->RollBack(version)); });
}

}  // namespace vitrine
