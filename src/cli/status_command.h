#pragma once

#include <CLI/CLI.hpp>

namespace vitrine {

// Adds `vitrine status`; docs/cli.md describes it.
void AddStatusCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine
