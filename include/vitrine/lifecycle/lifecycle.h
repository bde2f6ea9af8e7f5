#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/published.h"
#include "vitrine/engine/answer_observer.h"
#include "vitrine/engine/engine.h"
#include "vitrine/engine/model_control.h"
#include "vitrine/engine/pipeline.h"
#include "vitrine/engine/placements.h"
#include "vitrine/evaluation/comparison.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/lifecycle/gate.h"
#include "vitrine/lifecycle/rollback_bounds.h"
#include "vitrine/lifecycle/training_schedule.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

struct LifecycleOptions {
  // Or kAutoName alone: each training chooses by the shop's own events.
  std::vector<std::string> models = {"most_popular", "content", "item_knn", "ials"};
  std::map<std::string, Settings> settings{};  // By model name; the trainers' defaults otherwise.
  BlendOptions blend{};
  double test_fraction = 0.1;  // Of the interactions, the latest, to measure a training.
  GateOptions gate{};
  std::size_t num_threads = 1;  // Background priority.
  // By how much a training may grow the process before it is called off. 0: as much as there is.
  std::uint64_t memory_mb = 0;
  double poll_seconds = 1;  // How often LIVE and the catalogue are looked at.
  // A server trains by itself once the store holds this many events, and again whenever it holds
  // half as many more than at the last training. 0: never.
  std::uint64_t auto_train_events = 100;
  // It trains as well once so many events were recorded since the last training began. 0: not so.
  std::uint64_t train_every_events = 0;
  // Every so many-th training learns the blend; those between keep that of the live models, as long
  // as it is the answer to the same question: docs/lifecycle.md. At least 1.
  std::size_t learn_blend_every = 1;
  TrainingSchedule schedule{};  // A server trains by the clock too.
  RollbackBounds rollback{};
  // What a training made waits as the candidate until somebody makes it live, where anything is
  // live already. The candidate answers `shadow_share` of the requests of each method silently.
  bool is_promoted_by_hand = false;
  double shadow_share = 0.1;
  Engine::Options engine{};  // The server's, for the candidate's silent answers.
  // Is given each model set before it goes live; may be empty.
  std::function<void(const std::shared_ptr<const ModelSet>&)> warm_up{};
  const Clock* clock = &SystemClock();  // Names and dates the versions.
  bool has_purchase_predictor = false;  // Whether one is trained too, beside the models.
  Settings purchase_settings{};         // Its settings; the defaults otherwise.
  // Models that these ask by name are trained too, beside those of the blend, which does not ask
  // them. Must outlive all that uses the options. Null: the built-in ones.
  const Placements* placements = nullptr;
};

// Result of one training run, by the command line and by the server.
struct TrainedModels {
  ModelSet models{};
  std::vector<std::string> item_ids{};
  std::optional<GateReport> gate{};  // Where it was held against what is live.

  // The gate has said no: `models` holds none, and there is nothing to publish.
  bool is_refused() const { return gate.has_value() && !gate->is_passed; }
};

// Learns the blend's weights on a validation part of the store's snapshot, unless `options` say
// them or keep those of `context.live`, measures the blend on a temporal split, holds it there
// against what is live (`context.live`, unless it has no models or the gate is off), then fits
// every model of `options` on all data. What the gate refuses is not fitted. A store too small to
// split is trained without being measured. The version is left empty: BundleFolder::NewVersion
// names it. A purchase predictor is part of it where it is asked for and says more of the latest
// moments than the base rates do; metrics: "purchase.shopper.auc" and the like. A model that only a
// placement asks and that cannot be trained on this shop is left out, and that is logged. `report`
// (may be empty) hears of each stage, with the fraction of the whole that is done. Metrics: those
// of the blend at 20, "test_users", "events", how many the store held, and where the blend may be
// kept "blend_age", the trainings since it was learned. Errors: FAILED_PRECONDITION the store holds
// no item at all; RESOURCE_EXHAUSTED it takes more memory than `options` allow; those of Snapshot
// and TrainEach.
absl::StatusOr<TrainedModels> TrainModels(const FeatureStore& store,
                                          const LifecycleOptions& options,
                                          const TrainingContext& context,
                                          const StageReport& report);

// Keeps a server's models: loads the live bundle at start, trains in the background on request,
// when there is enough that is new and by the clock, publishes with one pointer swap, rolls back,
// notices a bundle that another process made live, and refreshes the content model when the
// catalogue's texts change. Works on four threads of its own and `num_threads` more, all of
// background priority, and on one of normal priority that gives memory back. Thread-safe.
// docs/models.md and docs/lifecycle.md tell what a running server does when.
class Lifecycle final : public ModelControl, public AnswerObserver {
 public:
  // `store`, `published` and `files` must outlive it. A damaged live bundle is logged, and the
  // previous one is loaded instead. Blocks until the first model set, if there is any, is
  // published. Errors: those of FileSystem, for making the folder; INVALID_ARGUMENT a model that
  // there is no trainer for.
  static absl::StatusOr<std::unique_ptr<Lifecycle>> Start(const FeatureStore& store,
                                                          FileSystem& files,
                                                          const std::string& models_folder,
                                                          Published<ModelSet>& published,
                                                          const LifecycleOptions& options);
  // Cancels what runs and waits for it.
  ~Lifecycle() override;

  // Trainings that begin from now on are made, called for and judged by these: models, settings,
  // memory_mb, test_fraction, gate, auto_train_events, train_every_events, learn_blend_every,
  // schedule, rollback, is_promoted_by_hand, has_purchase_predictor, purchase_settings. All else of
  // `next` is not looked at. REQUIRES: there is a trainer for each of its models
  void Change(const LifecycleOptions& next);

  absl::StatusOr<TrainingProgress> StartTraining(bool skips_gate) override;
  absl::StatusOr<TrainingProgress> CancelTraining(const std::string& id) override;
  absl::StatusOr<TrainingProgress> GetTraining(const std::string& id) const override;
  std::vector<TrainingProgress> ListTrainings() const override;
  absl::StatusOr<Versions> ListVersions() const override;
  ShadowReport ReadShadow() const override;
  void MakeLive(const std::string& version,
                std::function<void(absl::StatusOr<Versions>)> done) override;

  // All count for RollbackBounds. What was answered is held against the candidate's answers, but
  // for rows below the first of their page.
  void OnAnswer(const RecommendRequest& request, const RecommendReply& reply,
                std::size_t row) override;
  void OnFailure(const RecommendRequest& request, const absl::Status& status) override;
  void OnSimilar(const SimilarRequest& request,
                 const absl::StatusOr<RecommendReply>& reply) override;
  void OnRanked(const RankRequest& request, const absl::StatusOr<RecommendReply>& reply) override;

 private:
  struct State;
  explicit Lifecycle(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace vitrine
