#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

void AddEvaluateCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
