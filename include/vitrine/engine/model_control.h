#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/models/bundle.h"

namespace vitrine {

// Where a training stands.
struct TrainingProgress {
  enum class State { kRunning, kSucceeded, kFailed, kCancelled };
  std::string id{};  // Names the run, unique within a process.
  State state{};
  std::string stage{};    // "snapshot", "train ials", "evaluate", "publish".
  double fraction = 0;    // Of the whole run done, 0 to 1.
  std::string version{};  // What it published, once it has.
  std::string error{};    // kFailed: why.
  Micros started_us = 0;
  Micros finished_us = 0;  // 0 while running.
};

// The life of models, as the server sees it; implemented above the engine. Thread-safe.
class ModelControl {
 public:
  virtual ~ModelControl() = default;

  // Starts a training in the background and returns where it stands; when one runs already, that
  // one. Never blocks on the training.
  virtual absl::StatusOr<TrainingProgress> StartTraining() = 0;

  // NOT_FOUND: no such run. The last 20 are kept.
  virtual absl::StatusOr<TrainingProgress> GetTraining(const std::string& id) const = 0;

  // Bundles on disk, newest first, and which of them is live and was before.
  struct Versions {
    std::vector<BundleSummary> bundles{};
    std::string live{};
    std::string previous{};
  };
  virtual absl::StatusOr<Versions> ListVersions() const = 0;
};

}  // namespace vitrine
