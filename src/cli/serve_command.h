#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

// Adds `vitrine serve`; docs/cli.md describes it.
void AddServeCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
