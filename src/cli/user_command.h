#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

// Adds `vitrine user`; docs/cli.md describes it.
void AddUserCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
