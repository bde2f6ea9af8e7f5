#include "cli/status_command.h"

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/command.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/client/client.h"

namespace vitrine::cli {
namespace {

struct StatusFlags {
  std::string target;
  bool is_json = false;
};

absl::Status ShowStatus(const StatusFlags& flags) {
  const auto client = Client::Connect(flags.target);
  VITRINE_ASSIGN_OR_RETURN(const bool is_serving, client->CheckHealth(""));
  nlohmann::ordered_json json = {{"health", is_serving ? "SERVING" : "NOT_SERVING"}};
  if (is_serving) {
    VITRINE_ASSIGN_OR_RETURN(const auto models, client->GetModelStatus());
    json["model_version"] = models.live().version();
    json["previous_version"] = models.previous().version();
    json["metrics"] = nlohmann::ordered_json::object();
    for (const auto& [name, value] : models.live().metrics()) json["metrics"][name] = value;
  }
  if (flags.is_json) {
    std::printf("%s\n", json.dump().c_str());
    return absl::OkStatus();
  }
  for (const auto& [key, value] : json.items()) {
    std::printf("%-17s %s\n", key.c_str(),
                (value.is_string() ? value.get<std::string>() : value.dump()).c_str());
  }
  return absl::OkStatus();
}

}  // namespace

void AddStatusCommand(CLI::App& app, int& exit_status) {
  CLI::App* command =
      AddCommand(app, "status", "Show whether a server is serving, and with which models",
                 "Example: vitrine status --target 127.0.0.1:50051\n"
                 "Exit status 1 when no server answers; NOT_SERVING is an answer.");
  const auto flags = std::make_shared<StatusFlags>();
  command->add_option("--target", flags->target, "Address of a server")->required();
  command->add_flag("--json", flags->is_json, "One JSON object for scripts");
  RunOnParse(command, exit_status, [flags] { return ShowStatus(*flags); });
}

}  // namespace vitrine::cli
