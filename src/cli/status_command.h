#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

// Adds `vitrine status`; docs/cli.md describes it.
void AddStatusCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
