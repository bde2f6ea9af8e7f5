#include "cli/status_command.h"

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/command.h"
#include "cli/target.h"
#include "cli/training_table.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/client/client.h"

namespace vitrine::cli {
namespace {

struct StatusFlags {
  Target target;
  bool has_trainings = false;
  bool is_json = false;
};

absl::Status ShowTrainings(Client& client, bool is_json) {
  VITRINE_ASSIGN_OR_RETURN(const auto listed, client.ListTrainings());
  if (listed.trainings().empty() && !is_json) {
    std::printf("the server has trained nothing yet; `vitrine train --target ADDR` makes it\n");
  }
  for (const v1::Training& training : listed.trainings()) {
    std::printf("%s\n", (is_json ? TrainingJson(training).dump() : TrainingLine(training)).c_str());
  }
  return absl::OkStatus();
}

absl::Status ShowStatus(const StatusFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(const auto client, Connect(flags.target));
  if (flags.has_trainings) return ShowTrainings(*client, flags.is_json);
  VITRINE_ASSIGN_OR_RETURN(const bool is_serving, client->CheckHealth(""));
  std::string training;
  nlohmann::ordered_json json = {{"health", is_serving ? "SERVING" : "NOT_SERVING"}};
  if (is_serving) {
    VITRINE_ASSIGN_OR_RETURN(const auto models, client->GetModelStatus());
    json["model_version"] = models.live().version();
    json["previous_version"] = models.previous().version();
    if (models.has_candidate()) json["candidate_version"] = models.candidate().version();
    if (models.has_shadow()) json["shadow"] = ShadowJson(models.shadow());
    if (models.has_last_rollback()) json["last_rollback"] = RollbackJson(models.last_rollback());
    json["metrics"] = nlohmann::ordered_json::object();
    for (const auto& [name, value] : models.live().metrics()) json["metrics"][name] = value;
    if (models.has_training()) training = TrainingLine(models.training());
    if (models.has_training()) json["training"] = TrainingJson(models.training());
  }
  if (flags.is_json) {
    std::printf("%s\n", json.dump().c_str());
    return absl::OkStatus();
  }
  for (const auto& [key, value] : json.items()) {
    if (key == "training") continue;
    std::printf("%-17s %s\n", key.c_str(),
                (value.is_string() ? value.get<std::string>() : value.dump()).c_str());
  }
  if (!training.empty()) std::printf("%-17s %s\n", "last_training", training.c_str());
  return absl::OkStatus();
}

}  // namespace

void AddStatusCommand(CLI::App& app, int& exit_status) {
  CLI::App* command = AddCommand(
      app, "status", "Show whether a server is serving, with which models, and its trainings",
      "Example: vitrine status --target 127.0.0.1:50051\n"
      "Exit status 1 when no server answers; NOT_SERVING is an answer.");
  const auto flags = std::make_shared<StatusFlags>();
  AddTargetOptions(*command, flags->target)->required();
  command->add_flag("--trainings", flags->has_trainings, "List the latest trainings instead");
  command->add_flag("--json", flags->is_json,
                    "One JSON object for scripts, or one for each training");
  RunOnParse(command, exit_status, [flags] { return ShowStatus(*flags); });
}

}  // namespace vitrine::cli
