#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

// Adds `vitrine keys`; docs/security.md describes it.
void AddKeysCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
