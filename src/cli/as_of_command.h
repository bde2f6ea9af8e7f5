#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

// `vitrine features as-of`: puts behaviour features, as they were known then, beside the rows of a
// CSV file.
void AddAsOfCommand(CLI::App* features, int& exit_status);

}  // namespace vitrine::cli
