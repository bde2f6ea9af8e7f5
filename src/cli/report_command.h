#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

// `vitrine report`: what came of the lists that were shown, by placement and model version.
void AddReportCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
