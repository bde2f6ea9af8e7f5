#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

// Adds `vitrine forget`; docs/ops/retention.md describes it.
void AddForgetCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
