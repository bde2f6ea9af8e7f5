#include <algorithm>

#include "absl/strings/str_format.h"
#include "lifecycle/lifecycle_state.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

TrainingProgress Lifecycle::State::StartTraining(TrainingTrigger trigger, bool skips_the_gate) {
  const std::uint64_t num_events = store.status().num_events;
  std::lock_guard lock(mutex);
  const TrainingHistory::Begun begun = history.Begin({.stage = "snapshot",
                                                      .started_us = options.clock->Now(),
                                                      .trigger = trigger,
                                                      .num_events = num_events});
  if (!begun.is_new) return begun.run;
  attempted_events = num_events;
  new_events.Begin(num_events);
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
  const double seconds = static_cast<double>(MonotonicNow() - start) / 1e6;
  if (!trained.ok()) {
    Log(LogLevel::kWarning, "training.ended-without-models",
        {{"id", id}, {"error", std::string(trained.status().message())}});
  } else if (trained->is_refused()) {
    Log(LogLevel::kWarning, "training.refused", {{"id", id}, {"verdict", trained->gate->verdict}});
  } else {
    Log(LogLevel::kInfo, "training.published",
        {{"id", id},
         {"version", trained->models.version},
         {"seconds", LogValue::Rounded(seconds, 1)}});
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
  const std::shared_ptr<const ModelSet> served = live.served();
  const TrainingContext context{.pool = &pool, .is_cancelled = &is_cancelled, .live = served.get()};
  LifecycleOptions asked = *changing.Get();
  if (skips_the_gate) asked.gate.is_on = false;
  VITRINE_ASSIGN_OR_RETURN(TrainedModels trained, TrainModels(store, asked, context, report));
  if (is_cancelled) return absl::CancelledError("the training was cancelled");
  if (trained.is_refused()) return trained;
  report("publish", 0);
  VITRINE_ASSIGN_OR_RETURN(trained.models.version, live.folder().NewVersion(options.clock->Now()));
  TrainedModels published;
  published.models.version = trained.models.version;
  published.gate = trained.gate;
  std::optional<std::string> instead_of;  // The gate has judged it beside what is served alone.
  if (asked.gate.is_on) instead_of = served->version;
  VITRINE_RETURN_IF_ERROR(Publish(std::move(trained), instead_of));
  return published;
}

// Where there is nothing live yet there is nothing to wait for either.
absl::Status Lifecycle::State::Publish(TrainedModels trained,
                                       const std::optional<std::string>& instead_of) {
  if (changing.Get()->is_promoted_by_hand && !live.served()->version.empty()) {
    return live.SaveCandidate(std::move(trained.models), trained.item_ids,
                              [this](std::shared_ptr<const ModelSet> candidate) {
                                shadow.SetCandidate(std::move(candidate));
                              });
  }
  return live.Publish(std::move(trained.models), trained.item_ids, instead_of);
}

}  // namespace vitrine
