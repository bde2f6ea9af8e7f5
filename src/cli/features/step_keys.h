#pragma once

#include <span>
#include <string_view>

#include "cli/toml_table.h"
#include "vitrine/feature_store/transform/pipeline.h"

namespace vitrine::cli {

// One kind of step in a config: its name, and how its keys are read.
struct StepKeys {
  std::string_view kind{};
  StepSettings (*read)(TomlTable& table) = nullptr;
};

std::span<const StepKeys> AllStepKeys();

}  // namespace vitrine::cli
