#include <algorithm>
#include <chrono>

#include "lifecycle/lifecycle_state.h"
#include "vitrine/base/log.h"
#include "vitrine/base/memory.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr double kLeastPollSeconds = 0.01;

constexpr double kMicrosPerHour = 3600.0 * kMicrosPerSecond;

// While texts keep changing, as in an import, the content model is refreshed once in so many polls.
constexpr int kMostPollsUnsettled = 10;

// Growth of the store since the last training, as a factor, that calls for another one.
constexpr double kGrowth = 1.5;

// How many events call for a training after one on `num_trained`.
double EnoughAfter(std::uint64_t num_trained, std::uint64_t least) {
  return std::max(kGrowth * static_cast<double>(num_trained), static_cast<double>(least));
}

}  // namespace

void Lifecycle::State::Watch() {
  const auto poll =
      std::chrono::duration<double>(std::max(options.poll_seconds, kLeastPollSeconds));
  while (true) {
    {
      std::unique_lock lock(mutex);
      if (wake.wait_for(lock, poll, [this] { return is_stopping; })) return;
    }
    live.FollowLive();
    if (live.HasOtherCandidate()) LoadCandidate();
    RollBackIfWorse();
    GiveBackWhatWasReplaced();
    FollowCatalogue();
    TrainIfGrown();
    TrainIfDue();
  }
}

// Gives the memory back once no more is freed: until then the next version takes what the one
// before left. Not on this thread, which the allocator's locks would wait for while it has no core.
void Lifecycle::State::GiveBackWhatWasReplaced() {
  if (live.FreeReplaced()) {
    has_freed = true;
  } else if (std::exchange(has_freed, false)) {
    freeing_thread->Submit(&GiveBackFreeMemory);
  }
}

void Lifecycle::State::FollowCatalogue() {
  const std::uint32_t content = store.catalogue().content_fingerprint();
  const bool is_settled = std::exchange(last_content, content) == content;
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

// Whichever of the two calls for one first.
void Lifecycle::State::TrainIfGrown() {
  const std::shared_ptr<const LifecycleOptions> asked = changing.Get();
  const std::uint64_t least = asked->auto_train_events;
  const std::uint64_t every = asked->train_every_events;
  if (least == 0 && every == 0) return;
  const std::uint64_t events = store.status().num_events;
  const bool has_enough_new = CountNew(events) >= every && every > 0;
  // A bundle may come from a larger store.
  const std::uint64_t trained = std::min(live.TrainedEvents().value_or(0), events);
  const std::uint64_t base = std::max(trained, attempted_events.load());
  const bool has_grown = least > 0 && static_cast<double>(events) >= EnoughAfter(base, least);
  if (!has_enough_new && !has_grown) return;
  (void)StartTraining(TrainingTrigger::kEvents, /*skips_the_gate=*/false);
}

// A training of this process said so when it began; one of another shows by the version it made.
std::uint64_t Lifecycle::State::CountNew(std::uint64_t num_events) {
  const std::string version = live.served()->version;
  const bool is_other = std::exchange(counted_version, version) != version;
  std::lock_guard lock(mutex);
  if (is_other) new_events.Learned(live.TrainedEvents().value_or(0), num_events);
  return new_events.Count(num_events);
}

void Lifecycle::State::TrainIfDue() {
  const TrainingSchedule schedule = changing.Get()->schedule;
  if (schedule.is_empty()) return;
  const std::optional<TrainingProgress> last = history.Latest();
  const Micros last_us = last.has_value() ? last->started_us : started_us;
  if (options.clock->Now() < NextTraining(schedule, last_us)) return;
  (void)StartTraining(TrainingTrigger::kSchedule, /*skips_the_gate=*/false);
}

void Lifecycle::State::RollBackIfWorse() {
  const RollbackBounds bounds = changing.Get()->rollback;
  if (bounds.click_drop > 0) {
    const absl::Status read = serving.ReadClicks(store);
    if (!read.ok()) {
      Log(LogLevel::kWarning, "models.clicks-not-read", {{"error", std::string(read.message())}});
    }
  }
  const std::optional<Probation> probation = live.probation();
  if (!probation.has_value()) return;
  const auto watched_us = static_cast<double>(options.clock->Now() - probation->since_us);
  if (watched_us > bounds.probation_hours * kMicrosPerHour) return;
  const std::optional<RollbackReason> why =
      WhyRollBack(bounds, serving.FiguresOf(probation->version), FiguresBefore(*probation));
  if (!why.has_value()) return;
  const auto back = MakeLive(probation->previous, why, probation->version);
  if (back.ok() || absl::IsAborted(back.status())) return;  // Another one has been published since.
  live.EndProbation(probation->version);  // Its bundle will be no better at the next look.
  Log(LogLevel::kError, "models.not-rolled-back",
      {{"version", probation->version},
       {"why", why->text},
       {"error", std::string(back.status().message())}});
}

// Its clicks are in the log; its answers, of which none come after the swap, are kept.
ServingFigures Lifecycle::State::FiguresBefore(const Probation& probation) {
  ServingFigures before = serving.FiguresOf(probation.previous);
  if (before.num_answers > probation.before.num_answers) {
    live.KeepBefore(probation.version, before);
  } else {
    before.num_answers = probation.before.num_answers;
    before.num_failed = probation.before.num_failed;
  }
  return before;
}

absl::StatusOr<ModelControl::Versions> Lifecycle::State::MakeLive(
    const std::string& version, const std::optional<RollbackReason>& why,
    const std::string& instead_of) {
  VITRINE_ASSIGN_OR_RETURN(const LiveModels::Change change, live.MakeLive(version, instead_of));
  LoadCandidate();
  Log(LogLevel::kWarning, "models.made-live",
      {{"from", change.from},
       {"to", change.to},
       {"why", why.has_value() ? why->text : "somebody asked for it"}});
  // What was left behind is not made again of the same events.
  attempted_events = store.status().num_events;
  if (!change.is_promotion && change.from != change.to) NoteRollback(change, why);
  return ListVersions();
}

void Lifecycle::State::NoteRollback(const LiveModels::Change& change,
                                    const std::optional<RollbackReason>& why) {
  const RollbackCause cause = why.has_value() ? why->cause : RollbackCause::kRequest;
  std::lock_guard lock(mutex);
  rollback = {.time_us = options.clock->Now(),
              .from = change.from,
              .to = change.to,
              .cause = cause,
              .reason = why.has_value() ? why->text : ""};
  ++num_rollbacks[cause];
}

// In the shadow answers what CANDIDATE names, and nothing else.
void Lifecycle::State::LoadCandidate() {
  const absl::Status loaded = live.LoadCandidate([this](std::shared_ptr<const ModelSet> candidate) {
    shadow.SetCandidate(std::move(candidate));
  });
  if (loaded.ok()) return;
  Log(LogLevel::kWarning, "models.candidate-refused", {{"error", std::string(loaded.message())}});
}

absl::StatusOr<ModelControl::Versions> Lifecycle::State::ListVersions() const {
  std::vector<BundleSummary> known;
  {
    std::lock_guard lock(mutex);
    known = known_bundles;
  }
  ModelControl::Versions versions;
  VITRINE_ASSIGN_OR_RETURN(versions.bundles, live.folder().List(known));
  const absl::StatusOr<BundleFolder::Live> named = live.folder().ReadLive();
  if (named.ok()) {
    versions.live = named->version;
    versions.previous = named->previous;
  }
  versions.candidate = live.folder().ReadCandidate().value_or("");
  versions.num_trainings = history.num_ended();
  std::lock_guard lock(mutex);
  known_bundles = versions.bundles;
  versions.rollback = rollback;
  versions.num_rollbacks = num_rollbacks;
  return versions;
}

}  // namespace vitrine
