#pragma once

#include <string>

#include "absl/status/status.h"
#include "vitrine/base/file_system.h"

namespace vitrine {

// What is kept of a store's latest trainings, and of the version on probation, beside its models:
// docs/formats/trainings.md.
std::string TrainingsFile(const std::string& models_folder);
std::string ProbationFile(const std::string& models_folder);

// Whether the file is whole, or not there. Errors: DATA_LOSS it is damaged, or of a newer version,
// and a server does without it; those of FileSystem.
absl::Status CheckTrainings(FileSystem& files, const std::string& models_folder);
absl::Status CheckProbation(FileSystem& files, const std::string& models_folder);

}  // namespace vitrine
