#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

// Adds `vitrine rollback`; docs/cli.md describes it.
void AddRollbackCommand(CLI::App& app, int& exit_status);

// The same for `vitrine promote`.
void AddPromoteCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
