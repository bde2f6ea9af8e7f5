#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

// Adds `vitrine placements`; docs/cli.md describes it.
void AddPlacementsCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
