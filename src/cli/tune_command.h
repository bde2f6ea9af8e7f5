#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

// vitrine tune: looks for the settings of a scorer that do best on a validation part.
void AddTuneCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
