#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "cli/config.h"
#include "vitrine/feature_store/check_store.h"

namespace vitrine::cli {

// What a check counted.
struct CheckedStore {
  StoreCheck store{};
  std::size_t num_bundles = 0;
};

// Whether everything in the store's folder is whole: events, tables, views, models, placements,
// keys. Errors: all that is wrong, in one message.
absl::StatusOr<CheckedStore> CheckWholeStore(const std::string& folder, const Config& config);

// Adds `vitrine check`; docs/ops/check.md describes it.
void AddCheckCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
