#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

void AddBenchCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
