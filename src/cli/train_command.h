#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

// Adds `vitrine train`; docs/cli.md describes it.
void AddTrainCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
