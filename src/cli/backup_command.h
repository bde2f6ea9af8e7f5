#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

// Add `vitrine backup` and `vitrine restore`; docs/ops/backup.md describes them.
void AddBackupCommand(CLI::App& app, int& exit_status);
void AddRestoreCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
