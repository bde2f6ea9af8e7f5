#pragma once

#include <string>

#include "absl/status/status.h"
#include "vitrine/base/file_system.h"

namespace vitrine {

// The file of a store's latest trainings, beside its models: docs/formats/trainings.md.
std::string TrainingsFile(const std::string& models_folder);

// Whether it is whole, or not there. Errors: DATA_LOSS it is damaged, or of a newer version: a
// server begins it anew; those of FileSystem.
absl::Status CheckTrainings(FileSystem& files, const std::string& models_folder);

}  // namespace vitrine
