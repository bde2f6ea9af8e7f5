#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

void AddPredictCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
