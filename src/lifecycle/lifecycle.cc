#include "vitrine/lifecycle/lifecycle.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "lifecycle/lifecycle_state.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/lifecycle/kept_files.h"

namespace vitrine {

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
                                       TrainingsFile(models_folder));
  State* const shared = state.get();
  shared->started_us = options.clock->Now();
  const std::optional<TrainingProgress> last = shared->history.Latest();
  if (last.has_value()) {
    const std::uint64_t num_events = store.status().num_events;
    // Of a larger store, such as one that was put back from a backup: it says nothing of this one.
    if (last->num_events <= num_events) shared->attempted_events = last->num_events;
    shared->new_events.Begin(std::min(last->num_events, num_events));
  }
  shared->live.FollowLive();
  shared->LoadCandidate();
  shared->freeing_thread = std::make_unique<ThreadPool>(1);
  shared->training_thread = std::make_unique<ThreadPool>(1, ThreadPriority::kBackground);
  shared->watching_thread = std::make_unique<ThreadPool>(1, ThreadPriority::kBackground);
  shared->errand_thread = std::make_unique<ThreadPool>(1, ThreadPriority::kBackground);
  shared->training_thread->Submit([shared] { shared->RunTrainings(); });
  shared->watching_thread->Submit([shared] { shared->Watch(); });
  return std::unique_ptr<Lifecycle>(new Lifecycle(std::move(state)));
}

void Lifecycle::Change(const LifecycleOptions& next) {
  LifecycleOptions changed = state_->options;
  changed.models = next.models;
  changed.settings = next.settings;
  changed.memory_mb = next.memory_mb;
  changed.test_fraction = next.test_fraction;
  changed.gate = next.gate;
  changed.auto_train_events = next.auto_train_events;
  changed.train_every_events = next.train_every_events;
  changed.learn_blend_every = next.learn_blend_every;
  changed.schedule = next.schedule;
  changed.rollback = next.rollback;
  changed.is_promoted_by_hand = next.is_promoted_by_hand;
  changed.has_purchase_predictor = next.has_purchase_predictor;
  changed.purchase_settings = next.purchase_settings;
  state_->changing.Set(std::make_shared<const LifecycleOptions>(std::move(changed)));
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

ShadowReport Lifecycle::ReadShadow() const { return state_->shadow.Report(); }

void Lifecycle::MakeLive(const std::string& version,
                         std::function<void(absl::StatusOr<Versions>)> done) {
  state_->errand_thread->Submit(
      [state = state_.get(), version, done = std::move(done)] { done(state->MakeLive(version)); });
}

void Lifecycle::OnAnswer(const RecommendRequest& request, const RecommendReply& reply,
                         std::size_t row) {
  state_->serving.CountAnswer(reply);
  if (row == 0) state_->shadow.OnAnswer(request, reply);
}

void Lifecycle::OnFailure(const RecommendRequest& /*request*/, const absl::Status& status) {
  state_->serving.CountFailure(status, state_->live.served()->version);
}

void Lifecycle::OnSimilar(const SimilarRequest& request,
                          const absl::StatusOr<RecommendReply>& reply) {
  state_->HearOfItems(request, reply);
}

void Lifecycle::OnRanked(const RankRequest& request, const absl::StatusOr<RecommendReply>& reply) {
  state_->HearOfItems(request, reply);
}

}  // namespace vitrine
