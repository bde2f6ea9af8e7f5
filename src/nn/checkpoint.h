#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/file_system.h"
#include "vitrine/nn/training_loop.h"

namespace vitrine::nn {

// All that a training is between two epochs.
struct LoopState {
  ParameterList parameters{};
  Optimizer* optimizer = nullptr;
  std::vector<Optimizer::NamedState> beside{};  // What else steps change.
  std::vector<Matrix> best{};                   // By parameter.
  TrainingReport report{};
};

// Names whatever must be the same for a training to go on. More epochs may be asked for, or more
// patience.
std::string Fingerprint(std::size_t num_examples, const TrainingLoopOptions& options);

// A checkpoint is a safetensors file: the parameters, the best ones under "best.", what the
// optimiser remembers under "optimizer.", what else steps change under "state.", the report and
// `fingerprint` as metadata.
absl::Status WriteCheckpoint(FileSystem& files, const std::string& path,
                             const std::string& fingerprint, const LoopState& state);

// False when there is no such file. Errors: those of FileSystem; DATA_LOSS; FAILED_PRECONDITION
// where it is of another network or has another fingerprint.
absl::StatusOr<bool> ReadCheckpoint(FileSystem& files, const std::string& path,
                                    const std::string& fingerprint, LoopState& state);

}  // namespace vitrine::nn
