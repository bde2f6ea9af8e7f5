#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/file_system.h"
#include "vitrine/lifecycle/rollback_bounds.h"

namespace vitrine {

// A version that went live of late and is watched: docs/lifecycle.md.
struct Probation {
  std::string version{};
  std::string previous{};  // What it took the place of.
  Micros since_us = 0;
  // What came of the lists of `previous`: their answers alone are kept.
  ServingFigures before{};
};

// Kept in a file over restarts: docs/formats/trainings.md. Errors: those of FileSystem.
absl::Status SaveProbation(FileSystem& files, const std::string& path, const Probation& probation);

// Errors: NOT_FOUND none was saved; DATA_LOSS the file is damaged, or of a newer version.
absl::StatusOr<Probation> LoadProbation(FileSystem& files, const std::string& path);

}  // namespace vitrine
