#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "absl/status/status.h"

namespace vitrine::cli {

// A subcommand whose line in `vitrine --help` is `summary`, and whose own --help ends with
// `details`: what else to know, and examples.
CLI::App* AddCommand(CLI::App& app, const std::string& name, const std::string& summary,
                     const std::string& details);

// What every subcommand shares: run it when CLI11 has parsed its flags, print its error to standard
// error as "vitrine NAME: message", and set the exit status: 0 fine, 1 failed, 2 wrong usage (the
// flags do not fit together: UsageError).
void RunOnParse(CLI::App* command, int& exit_status, std::function<absl::Status()> run);

// INVALID_ARGUMENT that exits with 2, for what CLI11 cannot check by itself.
absl::Status UsageError(const std::string& message);

// Usage error unless the folder is there that the file at `path`, which `flag` names, is to be in:
// for what is written when much time has gone by.
absl::Status CheckFolderOf(const std::string& flag, const std::string& path);

}  // namespace vitrine::cli
