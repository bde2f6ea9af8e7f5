#pragma once

#include <string>

#include "absl/status/status.h"
#include "vitrine/training/trainer.h"

namespace vitrine::cli {

// Whether `trainer` takes the value for its setting `name`, without training. Errors:
// INVALID_ARGUMENT the trainer's own words.
absl::Status CheckSetting(const Trainer& trainer, const std::string& name,
                          const std::string& value);

}  // namespace vitrine::cli
