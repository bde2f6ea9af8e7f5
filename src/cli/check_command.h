#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

// Adds `vitrine check`; docs/ops/check.md describes it.
void AddCheckCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
