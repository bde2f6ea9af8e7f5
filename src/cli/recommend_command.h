#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

// Adds `vitrine recommend`; docs/cli.md describes it.
void AddRecommendCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
