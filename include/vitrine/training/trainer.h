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
#include "vitrine/training/setting_range.h"

namespace vitrine {

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
};

// A way to make a model of a data set, chosen by name at run time. Same data, settings and seed
// (and live models, where the settings ask for them): the same model.
struct Trainer {
  std::string_view name{};             // "ials"
  std::string_view description{};      // One line for --help.
  Settings defaults{};                 // Every setting there is, with its default.
  std::vector<SettingRange> ranges{};  // Of the settings that `vitrine tune` searches.

  // `settings` override the defaults. Errors: INVALID_ARGUMENT unknown setting or bad value (named,
  // with what is allowed), or data that this model cannot learn from; CANCELLED.
  absl::StatusOr<Model> (*train)(const Dataset& dataset, const Settings& settings,
                                 const TrainingContext& context) = nullptr;
};

// Every trainer this binary has, in order of name.
const std::vector<Trainer>& Trainers();

// Null when there is none of that name.
const Trainer* FindTrainer(std::string_view name);

}  // namespace vitrine
