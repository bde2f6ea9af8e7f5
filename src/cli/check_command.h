#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/config.h"
#include "vitrine/feature_store/check_store.h"

namespace vitrine::cli {

// What a check found of a store that can be served.
struct CheckedStore {
  StoreCheck store{};
  std::size_t num_bundles = 0;
  std::vector<std::string> unknown_files{};  // In its folder, and looked at by nothing.
  // All that is wrong with what a server does without: the candidate and any version but the live
  // one, the list of trainings, the probation; of notes of imports the first that is damaged.
  absl::Status dispensable{};
};

// Whether everything in the store's folder is whole: events, tables, views, models, placements,
// keys. Errors: all that is wrong, in one message, where a server does not do without some of it.
absl::StatusOr<CheckedStore> CheckWholeStore(const std::string& folder, const Config& config);

// Adds `vitrine check`; docs/ops/check.md describes it.
void AddCheckCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
