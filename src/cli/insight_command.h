#pragma once

#include <CLI/CLI.hpp>

namespace vitrine::cli {

// `vitrine insight`: what a shop's log says of its shoppers, as text, JSON or a web page.
void AddInsightCommand(CLI::App& app, int& exit_status);

}  // namespace vitrine::cli
