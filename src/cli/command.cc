#include "cli/command.h"

#include <cstdio>
#include <filesystem>
#include <utility>

#include "absl/strings/str_format.h"

namespace vitrine::cli {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;
constexpr const char* kUsagePayload = "vitrine.dev/usage";

// "vitrine features fit", as it was called.
std::string FullName(const CLI::App* command) {
  const CLI::App* parent = command->get_parent();
  return parent == nullptr ? command->get_name() : FullName(parent) + " " + command->get_name();
}

}  // namespace

CLI::App* AddCommand(CLI::App& app, const std::string& name, const std::string& summary,
                     const std::string& details) {
  CLI::App* command = app.add_subcommand(name, summary);
  command->footer("\n" + details);
  return command;
}

void RunOnParse(CLI::App* command, int& exit_status, std::function<absl::Status()> run) {
  command->callback([command, &exit_status, run = std::move(run)] {
    const absl::Status status = run();
    if (status.ok()) return;
    const bool is_usage = status.GetPayload(kUsagePayload).has_value();
    std::fprintf(stderr, "%s: %s\n", FullName(command).c_str(),
                 std::string(status.message()).c_str());
    if (is_usage) {
      std::fprintf(stderr, "Run with --help for more information.\n");
    }
    exit_status = is_usage ? kWrongUsage : kFailed;
  });
}

absl::Status UsageError(const std::string& message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kUsagePayload, absl::Cord("1"));
  return status;
}

absl::Status CheckFolderOf(const std::string& flag, const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (folder.empty() || std::filesystem::is_directory(folder, error)) return absl::OkStatus();
  if (error && error != std::errc::no_such_file_or_directory) {
    return UsageError(
        absl::StrFormat("%s: cannot look into %s: %s", flag, folder.string(), error.message()));
  }
  return UsageError(absl::StrFormat("%s: there is no folder %s", flag, folder.string()));
}

}  // namespace vitrine::cli
