// vitrine: the one binary. Subcommands build objects from flags and hand them over.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "cli/backup_command.h"
#include "cli/bench_command.h"
#include "cli/check_command.h"
#include "cli/evaluate_command.h"
#include "cli/features_command.h"
#include "cli/forget_command.h"
#include "cli/import_command.h"
#include "cli/insight_command.h"
#include "cli/keys_command.h"
#include "cli/placements_command.h"
#include "cli/predict_command.h"
#include "cli/recommend_command.h"
#include "cli/report_command.h"
#include "cli/rollback_command.h"
#include "cli/serve_command.h"
#include "cli/simulate_command.h"
#include "cli/status_command.h"
#include "cli/train_command.h"
#include "cli/tune_command.h"
#include "cli/user_command.h"
#include "cli/weights_command.h"
#include "vitrine/base/cpu.h"
#include "vitrine/base/nearest.h"

namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

constexpr const char* kDescription =
    "Vitrine recommends items to a shop's visitors, from what they did a moment ago.";
constexpr const char* kFooter =
    "A first session:\n"
    "  vitrine simulate --out shop --items 1000 --users 1000 --events 50000 --seed 1\n"
    "  vitrine import --store store --items shop/items.csv --events shop/events.jsonl\n"
    "  vitrine train --store store\n"
    "  vitrine serve --store store\n"
    "  vitrine recommend --target 127.0.0.1:50051 --user u00001 --explain\n\n"
    "Exit status: 0 fine, 1 failed, 2 wrong usage.";

std::vector<std::string> SubcommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

// The first argument when it should be a subcommand and is none; CLI11 would only say that one is
// required.
std::string UnknownSubcommand(const CLI::App& app, int argc, char** argv) {
  const std::string word = argc > 1 ? argv[1] : "";
  const std::vector<std::string> names = SubcommandNames(app);
  const bool is_known = std::find(names.begin(), names.end(), word) != names.end();
  return is_known || word.starts_with('-') ? "" : word;
}

}  // namespace

int main(int argc, char** argv) {
  const absl::Status cpu = vitrine::CheckCpu();
  if (!cpu.ok()) {
    std::fprintf(stderr, "vitrine: %s\n", std::string(cpu.message()).c_str());
    return kFailed;
  }

  CLI::App app(kDescription, "vitrine");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_version_flag("--version", "vitrine " VITRINE_VERSION);
  int exit_status = 0;
  vitrine::cli::AddServeCommand(app, exit_status);
  vitrine::cli::AddImportCommand(app, exit_status);
  vitrine::cli::AddTrainCommand(app, exit_status);
  vitrine::cli::AddRecommendCommand(app, exit_status);
  vitrine::cli::AddEvaluateCommand(app, exit_status);
  vitrine::cli::AddTuneCommand(app, exit_status);
  vitrine::cli::AddInsightCommand(app, exit_status);
  vitrine::cli::AddReportCommand(app, exit_status);
  vitrine::cli::AddStatusCommand(app, exit_status);
  vitrine::cli::AddRollbackCommand(app, exit_status);
  vitrine::cli::AddPromoteCommand(app, exit_status);
  vitrine::cli::AddWeightsCommand(app, exit_status);
  vitrine::cli::AddUserCommand(app, exit_status);
  vitrine::cli::AddPlacementsCommand(app, exit_status);
  vitrine::cli::AddKeysCommand(app, exit_status);
  vitrine::cli::AddCheckCommand(app, exit_status);
  vitrine::cli::AddBackupCommand(app, exit_status);
  vitrine::cli::AddRestoreCommand(app, exit_status);
  vitrine::cli::AddForgetCommand(app, exit_status);
  vitrine::cli::AddPredictCommand(app, exit_status);
  vitrine::cli::AddSimulateCommand(app, exit_status);
  vitrine::cli::AddBenchCommand(app, exit_status);
  vitrine::cli::AddFeaturesCommand(app, exit_status);

  try {  // CLI11 throws to say what to print; nothing of ours does.
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (const std::string word = UnknownSubcommand(app, argc, argv); !word.empty()) {
      std::fprintf(stderr, "vitrine: there is no subcommand %s; %s\n", word.c_str(),
                   vitrine::Allowed(word, SubcommandNames(app)).c_str());
      return kWrongUsage;
    }
    return app.exit(error) == 0 ? 0 : kWrongUsage;
  }
  return exit_status;
}
