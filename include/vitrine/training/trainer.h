#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/feature_store/dataset.h"
#include "vitrine/models/model.h"
#include "vitrine/nn/training_loop.h"
#include "vitrine/training/setting_range.h"

namespace vitrine {

// Follows the networks of a training: of a model that learns by epochs, one or several, such as
// "gan_cf" or "neural_cf.factors". Each may be empty. Calls do not overlap.
struct NetworkCallbacks {
  // Before it learns. To have a checkpoint kept and to go on from it, set `loop.checkpoint` and
  // `loop.files`: a file for each `network` and `loop.subject`, which is what it learns from, data
  // and settings. Who sets it removes it, once no training is to go on from it.
  std::function<void(const std::string& network, nn::TrainingLoopOptions& loop)> on_start = {};
  std::function<void(const nn::TrainingProgress&)> on_progress = {};  // After each step.
  // Once it has learned: its losses by epoch.
  std::function<void(const std::string& network, const nn::TrainingReport&)> on_learned = {};
};

// What a training runs on and how it reports. Results do not depend on the number of threads.
struct TrainingContext {
  ThreadPool* pool = nullptr;                          // Never null. Not called from its own tasks.
  std::function<void(double fraction)> progress = {};  // May be empty; 0 to 1.
  const std::atomic<bool>* is_cancelled = nullptr;     // May be null; then CANCELLED is returned.
  // What a training may take beside what the process holds already. A trainer that wants much and
  // knows how much asks before it starts.
  std::uint64_t memory_bytes = std::numeric_limits<std::uint64_t>::max();
  // What is served now, of the same item indices, for trainers whose settings ask them to go on
  // from it; may be null.
  const ModelSet* live = nullptr;
  // What the model is to be called; empty: as its kind. Its networks are called so too, and of
  // `live` the model of that name is the one to go on from.
  std::string_view name{};
  NetworkCallbacks networks = {};  // Only models that learn by epochs call them.
};

inline bool IsCancelled(const TrainingContext& context) {
  return context.is_cancelled != nullptr && context.is_cancelled->load();
}

// A way to make a model of a data set, chosen by name at run time. Same data, settings and seed
// (and live models, where the settings ask for them): the same model.
struct Trainer {
  std::string_view name{};             // "ials"
  std::string_view description{};      // One line for --help.
  Settings defaults{};                 // Every setting there is, with its default.
  std::vector<SettingRange> ranges{};  // Of the settings that `vitrine tune` searches.
  bool learns_by_epochs = false;       // It has networks, which TrainingContext::networks follow.

  // `settings` override the defaults. Errors: INVALID_ARGUMENT unknown setting or bad value (named,
  // with what is allowed), or data that this model cannot learn from; CANCELLED; DATA_LOSS a
  // checkpoint is damaged or of another training; UNAVAILABLE it cannot be read or written.
  absl::StatusOr<Model> (*train)(const Dataset& dataset, const Settings& settings,
                                 const TrainingContext& context) = nullptr;
};

// Every trainer this binary has, in order of name.
const std::vector<Trainer>& Trainers();

// That of the kind of the model that is called so (KindOf). Null when there is none.
const Trainer* FindTrainer(std::string_view name);

// Makes the model that is called so, as Trainer::train, whatever name `context` has. Errors:
// INVALID_ARGUMENT there is no trainer for it, too.
absl::StatusOr<Model> TrainModel(std::string_view name, const Dataset& dataset,
                                 const Settings& settings, TrainingContext context);

// Whether an error of a model's training ends that of all others with it: CANCELLED, and those of a
// checkpoint, which say nothing of the data or the settings. Others may go on without the model.
bool EndsAllTraining(const absl::Status& status);

}  // namespace vitrine
