#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/feature_store/transform/pipeline.h"

namespace vitrine::cli {

// What one TOML file says about a pipeline: an [input] table, and a [[step]] for each step, in
// order. docs/transforms.md has every key.
struct TransformConfig {
  PipelineSettings pipeline{};
  std::vector<std::string> texts{};  // Columns that are texts even if all of it is like numbers.
};

// Errors: NOT_FOUND no such file; INVALID_ARGUMENT "file:line: " and what was seen and what is
// allowed, for text that is not TOML, a key or kind of step that does not exist, a value of another
// type or out of its range.
absl::StatusOr<TransformConfig> LoadTransformConfig(const std::string& path);

// The same for TOML text; `name` stands for the file in messages.
absl::StatusOr<TransformConfig> ParseTransformConfig(std::string_view text,
                                                     const std::string& name);

}  // namespace vitrine::cli
