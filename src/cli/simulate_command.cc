#include "cli/simulate_command.h"

#include <cstdio>
#include <memory>

#include "cli/command.h"
#include "cli/progress_bar.h"
#include "cli/simulate/simulator.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::cli {
namespace {

absl::Status RunSimulate(const simulate::SimulateOptions& options) {
  ProgressBar bar;
  return simulate::Simulate(options, [&bar](double fraction) { bar.Show("simulating", fraction); });
}

}  // namespace

void AddSimulateCommand(CLI::App& app, int& exit_status) {
  CLI::App* command = AddCommand(
      app, "simulate", "Make up a shop: catalogue, shoppers, events, and the truth behind them",
      "Example: vitrine simulate --out shop --items 1000 --users 1000 --events 50000 --seed 1\n"
      "The same seed gives the same files on every machine. docs/simulator.md says what they "
      "hold.");
  const auto options = std::make_shared<simulate::SimulateOptions>();
  command->add_option("--out", options->folder, "Folder to write to; made if it is not there")
      ->required();
  command->add_option("--items", options->num_items, "Products and variants")
      ->check(CLI::Range(10, 10'000'000))
      ->capture_default_str();
  command->add_option("--users", options->num_users, "Shoppers")
      ->check(CLI::Range(10, 100'000'000))
      ->capture_default_str();
  command->add_option("--events", options->num_events, "Events, exactly")
      ->check(CLI::Range(1LL, 10'000'000'000LL))
      ->capture_default_str();
  command->add_option("--days", options->days, "How long it takes them, about")
      ->check(CLI::Range(1, 3650))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Another seed, another shop")->capture_default_str();
  RunOnParse(command, exit_status, [options] { return RunSimulate(*options); });
}

}  // namespace vitrine::cli
