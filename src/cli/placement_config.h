#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/toml_table.h"
#include "vitrine/engine/placement.h"
#include "vitrine/engine/placements.h"

namespace vitrine::cli {

// The tables [placements.NAME] of a configuration: each is the built-in placement of that name, or
// a fresh one, with what the table says. `node` is the table of all of them.
//
// Errors: INVALID_ARGUMENT "file:line: " with what was seen and what is allowed.
absl::StatusOr<std::vector<Placement>> ReadPlacements(const toml::node& node,
                                                      const std::string& file);

// Those of a store, under this configuration.
absl::StatusOr<std::unique_ptr<Placements>> OpenPlacements(
    const std::string& store, const std::vector<Placement>& configured);

}  // namespace vitrine::cli
