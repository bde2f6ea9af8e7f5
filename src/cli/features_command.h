#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

// Fits a pipeline of transforms on a CSV file, applies it to others, and describes tables.
void AddFeaturesCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
