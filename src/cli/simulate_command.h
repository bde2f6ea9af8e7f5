#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

// Adds `vitrine simulate`; docs/cli.md describes it.
void AddSimulateCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
