#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "vitrine/base/file_system.h"
#include "vitrine/training/trainer.h"

namespace vitrine::cli {

// The losses by epoch of the networks that are trained, of each its latest training. Not
// thread-safe.
class LossCurves {
 public:
  // `context`, whose networks are taken note of. This must outlive it, and stay where it is.
  TrainingContext Follow(TrainingContext context);

  // Writes them, as lines where `path` ends in .csv, else as pictures (SVG): the only one to
  // `path`, of several each to a file with its name behind the stem, as loss-neural_cf.both.svg of
  // loss.svg. Errors: FAILED_PRECONDITION nothing was trained by epochs; those of FileSystem.
  absl::Status Write(FileSystem& files, const std::string& path) const;

 private:
  std::map<std::string, nn::TrainingReport> latest_;  // By network.
};

// Usage error unless `path` ends in .csv or .svg and is in a folder that is there.
absl::Status CheckLossCurve(const std::string& path);

// Usage error, naming those that do, unless one of the models may learn by epochs, which is what
// `flag` is about.
absl::Status CheckLearnsByEpochs(const std::string& flag, const std::vector<std::string>& models);

}  // namespace vitrine::cli
