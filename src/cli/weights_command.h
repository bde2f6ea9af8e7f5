#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

// Adds `vitrine weights`; docs/cli.md describes it.
void AddWeightsCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
