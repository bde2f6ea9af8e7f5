#include "cli/placements_command.h"

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/placement_config.h"
#include "cli/target.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/client/client.h"
#include "vitrine/client/json_form.h"
#include "vitrine/server/convert.h"

namespace vitrine::cli {
namespace {

struct PlacementsFlags {
  std::string store;
  Target target;
  std::string config;
  std::string name;
  std::string put;
  std::string deleted;
  bool is_json = false;
};

std::string OriginName(v1::Placement::Origin origin) {
  switch (origin) {
    case v1::Placement::ORIGIN_BUILT_IN:
      return "built in";
    case v1::Placement::ORIGIN_CONFIGURATION:
      return "configuration";
    case v1::Placement::ORIGIN_SERVICE:
      return "service";
    default:
      return "";
  }
}

// What is special about it, on one line.
std::string MadeOf(const v1::Placement& placement) {
  std::vector<std::string> parts;
  if (placement.subject() == v1::Placement::SUBJECT_CONTEXT) parts.emplace_back("of the page");
  if (placement.subject() == v1::Placement::SUBJECT_CART) parts.emplace_back("of the cart");
  const std::map<std::string, double> weights(placement.weights().begin(),
                                              placement.weights().end());
  for (const auto& [model, weight] : weights) {
    parts.push_back(absl::StrFormat("%s %g", model, weight));
  }
  if (!placement.filter().empty()) parts.push_back(placement.filter());
  if (placement.max_age_days() > 0) {
    parts.push_back(absl::StrFormat("at most %g days old", placement.max_age_days()));
  }
  if (placement.of_categories()) parts.emplace_back("same categories");
  if (placement.of_bought()) parts.emplace_back("bought before");
  return absl::StrJoin(parts, ", ");
}

absl::Status Print(const std::vector<v1::Placement>& placements, const PlacementsFlags& flags) {
  bool is_found = flags.name.empty();
  for (const v1::Placement& placement : placements) {
    if (!flags.name.empty() && placement.name() != flags.name) continue;
    is_found = true;
    if (flags.is_json || !flags.name.empty()) {
      std::printf("%s", vitrine::ToJson(placement).c_str());
      continue;
    }
    std::printf("%-27s %-13s %s\n", placement.name().c_str(),
                OriginName(placement.origin()).c_str(), MadeOf(placement).c_str());
  }
  if (is_found) return absl::OkStatus();
  return absl::NotFoundError(
      absl::StrFormat("there is no placement \"%s\"; without --name all are listed", flags.name));
}

// Reads beside the server that owns the store, if there is one.
absl::Status ShowStore(const PlacementsFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(const Config config, LoadConfig(flags.config));
  VITRINE_ASSIGN_OR_RETURN(const auto placements, OpenPlacements(flags.store, config.placements));
  std::vector<v1::Placement> all;
  for (const auto& [name, entry] : *placements->All()) all.push_back(vitrine::ToProto(entry));
  return Print(all, flags);
}

absl::StatusOr<v1::Placement> ReadPlacementFile(const std::string& path) {
  VITRINE_ASSIGN_OR_RETURN(const std::string text, LocalFileSystem().ReadFile(path));
  absl::StatusOr<v1::Placement> placement = vitrine::ReadPlacement(text);
  if (placement.ok()) return placement;
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: %s", path, std::string(placement.status().message())));
}

absl::Status AskServer(const PlacementsFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(const auto client, Connect(flags.target));
  if (!flags.deleted.empty()) return client->DeletePlacement(flags.deleted).status();
  if (!flags.put.empty()) {
    v1::PutPlacementRequest request;
    VITRINE_ASSIGN_OR_RETURN(*request.mutable_placement(), ReadPlacementFile(flags.put));
    VITRINE_ASSIGN_OR_RETURN(const auto response, client->PutPlacement(request));
    return Print({response.placement()}, {});
  }
  VITRINE_ASSIGN_OR_RETURN(const auto response, client->ListPlacements());
  return Print({response.placements().begin(), response.placements().end()}, flags);
}

absl::Status RunPlacements(const PlacementsFlags& flags) {
  if (flags.store.empty() == flags.target.empty()) {
    return UsageError("give one of --store DIR and --target ADDR");
  }
  const bool is_change = !flags.put.empty() || !flags.deleted.empty();
  if (is_change && flags.target.empty()) {
    return UsageError(
        "--put and --delete want the server, with --target ADDR: it holds what it "
        "answers by in memory");
  }
  if (!flags.put.empty() && !flags.deleted.empty()) {
    return UsageError("give one of --put and --delete");
  }
  return flags.store.empty() ? AskServer(flags) : ShowStore(flags);
}

}  // namespace

void AddPlacementsCommand(CLI::App& app, int& exit_status) {
  CLI::App* command = AddCommand(
      app, "placements", "Show what lists are made of, and change it",
      "Examples: vitrine placements --target 127.0.0.1:50051\n"
      "          vitrine placements --target 127.0.0.1:50051 --name trending > row.json\n"
      "          vitrine placements --target 127.0.0.1:50051 --put row.json\n"
      "What is put counts from the next request on and outlives a restart; --delete brings back\n"
      "what was before: docs/placements.md.");
  const auto flags = std::make_shared<PlacementsFlags>();
  command->add_option("--store", flags->store, "Folder of the store")
      ->check(CLI::ExistingDirectory);
  AddTargetOptions(*command, flags->target);
  command->add_option("--config", flags->config, "TOML file; with --store")
      ->check(CLI::ExistingFile);
  command->add_option("--name", flags->name, "Only this one, as JSON");
  command->add_option("--put", flags->put, "JSON file of a placement to make or replace")
      ->check(CLI::ExistingFile);
  command->add_option("--delete", flags->deleted, "Name of a placement that was put");
  command->add_flag("--json", flags->is_json, "One JSON object for each");
  RunOnParse(command, exit_status, [flags] { return RunPlacements(*flags); });
}

}  // namespace vitrine::cli
