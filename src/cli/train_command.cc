#include "cli/train_command.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/checkpoint_folder.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/loss_curves.h"
#include "cli/model_settings.h"
#include "cli/placement_config.h"
#include "cli/progress_bar.h"
#include "cli/target.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/client/client.h"

namespace vitrine::cli {
namespace {

struct TrainFlags {
  std::string store;
  Target target;
  std::string config;
  std::string checkpoints;
  std::string loss_curve;
  std::size_t num_threads = 0;
  bool skips_gate = false;
  bool is_cancel = false;
  bool is_json = false;
};

// `resumed`: networks that went on from a checkpoint.
void PrintJson(const std::string& version, const std::map<std::string, double>& metrics,
               const std::set<std::string>& resumed = {}) {
  nlohmann::ordered_json json = {{"version", version}, {"metrics", metrics}};
  if (!resumed.empty()) json["resumed"] = resumed;
  std::printf("%s\n", json.dump().c_str());
}

void PrintTrained(const char* what, const ModelSet& models, const std::set<std::string>& resumed) {
  std::printf("%s %s:", what, models.version.c_str());
  for (const Model& model : models.models) std::printf(" %s", model.name.c_str());
  std::printf("\n");
  for (const auto& [metric, value] : models.metrics) {
    std::printf("  %-16s %.4f\n", metric.c_str(), value);
  }
  if (!resumed.empty()) {
    std::printf("  %-16s %s\n", "resumed", absl::StrJoin(resumed, ", ").c_str());
  }
}

absl::Status Refused(const std::string& verdict) {
  return absl::FailedPreconditionError("PROMOTION_GATE_FAILED: " + verdict +
                                       "; what was live still is, --force publishes all the same");
}

// What a server would serve. One that cannot be loaded is told of, and nothing is held against it.
ModelSet LoadLive(const FeatureStore& store, const BundleFolder& folder) {
  const absl::StatusOr<BundleFolder::Live> live = folder.ReadLive();
  if (live.ok() && live->version.empty()) return {};
  absl::Status status = live.status();
  if (live.ok()) {
    absl::StatusOr<ModelSet> models =
        LoadBundle(LocalFileSystem(), folder.PathOf(live->version), store.catalogue().num_indices(),
                   [&store](std::string_view id) { return store.catalogue().Find(id); });
    if (models.ok()) return *std::move(models);
    status = models.status();
  }
  Log(LogLevel::kWarning, "train.no-live-models", {{"reason", std::string(status.message())}});
  return {};
}

// That the training may come to, by the config and by the placements that ask for them by name.
std::vector<std::string> ModelsOf(const LifecycleOptions& options) {
  std::vector<std::string> models = options.models;
  if (options.has_purchase_predictor) models.emplace_back(kPurchasePredictorName);
  const auto table = options.placements->All();
  for (const auto& [name, entry] : *table) {
    for (const auto& [model, weight] : entry.placement.weights) models.push_back(model);
  }
  return models;
}

// Flags that would do nothing are refused.
absl::Status CheckNetworkFlags(const TrainFlags& flags, const LifecycleOptions& options) {
  const std::vector<std::string> models = ModelsOf(options);
  if (!flags.checkpoints.empty()) {
    VITRINE_RETURN_IF_ERROR(CheckLearnsByEpochs("--checkpoints", models));
  }
  return flags.loss_curve.empty() ? absl::OkStatus() : CheckLearnsByEpochs("--loss-curve", models);
}

// What follows the networks of a training, as far as the flags ask for it.
struct Followers {
  LossCurves curves{};
  std::optional<CheckpointFolder> checkpoints{};
};

absl::StatusOr<TrainingContext> Follow(const TrainFlags& flags, TrainingContext context,
                                       Followers& followers) {
  if (!flags.loss_curve.empty()) context = followers.curves.Follow(std::move(context));
  if (flags.checkpoints.empty()) return context;
  VITRINE_ASSIGN_OR_RETURN(
      followers.checkpoints,
      CheckpointFolder::Open(LocalFileSystem(), flags.checkpoints, VITRINE_VERSION));
  return followers.checkpoints->Follow(std::move(context));
}

// The models are published: nothing is to go on from the checkpoints.
absl::Status RemoveCheckpoints(const TrainFlags& flags, CheckpointFolder& checkpoints) {
  VITRINE_ASSIGN_OR_RETURN(const std::size_t num_left, checkpoints.RemoveOwn());
  if (num_left > 0) {
    Log(LogLevel::kWarning, "train.other-checkpoints",
        {{"folder", flags.checkpoints},
         {"count", num_left},
         {"what",
          "they are of other data, settings or versions; remove what nobody goes on from"}});
  }
  return absl::OkStatus();
}

absl::Status TrainStore(const TrainFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(Config config, LoadConfig(flags.config));
  RaiseMinShoppers(config.store.min_group, config.lifecycle.models, config.lifecycle.settings);
  if (flags.skips_gate) config.lifecycle.gate.is_on = false;
  SetLogLevel(LogLevel::kWarning);
  VITRINE_ASSIGN_OR_RETURN(const auto store, FeatureStore::Open(flags.store, config.store,
                                                                LocalFileSystem(), SystemClock()));
  VITRINE_ASSIGN_OR_RETURN(const BundleFolder folder,
                           BundleFolder::Open(LocalFileSystem(), flags.store + "/models"));
  VITRINE_ASSIGN_OR_RETURN(const auto placements, OpenPlacements(flags.store, config.placements));
  config.lifecycle.placements = placements.get();
  VITRINE_RETURN_IF_ERROR(CheckNetworkFlags(flags, config.lifecycle));
  const std::size_t num_cores = std::max(1U, std::thread::hardware_concurrency());
  ThreadPool pool(flags.num_threads == 0 ? num_cores : flags.num_threads);
  const ModelSet live = LoadLive(*store, folder);
  ProgressBar bar;
  Followers followers;
  VITRINE_ASSIGN_OR_RETURN(const TrainingContext context,
                           Follow(flags, bar.Follow({.pool = &pool, .live = &live}), followers));
  VITRINE_ASSIGN_OR_RETURN(
      TrainedModels trained,
      TrainModels(*store, config.lifecycle, context,
                  [&bar](std::string_view stage, double fraction) { bar.Show(stage, fraction); }));
  // What is refused has curves too, which may say why.
  const absl::Status drawn = flags.loss_curve.empty()
                                 ? absl::OkStatus()
                                 : followers.curves.Write(LocalFileSystem(), flags.loss_curve);
  if (trained.is_refused()) return Refused(trained.gate->verdict);
  VITRINE_ASSIGN_OR_RETURN(trained.models.version, folder.NewVersion(SystemClock().Now()));
  const bool is_candidate = config.lifecycle.is_promoted_by_hand && !live.version.empty();
  VITRINE_RETURN_IF_ERROR(is_candidate ? folder.SaveCandidate(trained.models, trained.item_ids)
                                       : folder.Publish(trained.models, trained.item_ids));
  const std::set<std::string> resumed = followers.checkpoints.has_value()
                                            ? followers.checkpoints->resumed()
                                            : std::set<std::string>();
  if (flags.is_json) {
    PrintJson(trained.models.version, trained.models.metrics, resumed);
  } else {
    PrintTrained(is_candidate ? "made the candidate" : "published version", trained.models,
                 resumed);
  }
  // What is published has been told of, whatever becomes of files beside it.
  if (followers.checkpoints.has_value()) {
    VITRINE_RETURN_IF_ERROR(RemoveCheckpoints(flags, *followers.checkpoints));
  }
  return drawn;
}

// Ends the training that runs.
absl::Status CancelOnServer(Client& client) {
  VITRINE_ASSIGN_OR_RETURN(const auto models, client.GetModelStatus());
  if (models.training().state() != v1::Training::STATE_RUNNING) {
    return absl::FailedPreconditionError("no training runs: there is nothing to cancel");
  }
  const std::string& id = models.training().training_id();
  VITRINE_RETURN_IF_ERROR(client.CancelTraining(id).status());
  v1::Training last;
  VITRINE_RETURN_IF_ERROR(client.WatchTraining(id, [&last](const v1::Training& training) {
    last = training;
    return true;
  }));
  std::printf(
      "%s %s\n", id.c_str(),
      last.state() == v1::Training::STATE_CANCELLED ? "was cancelled" : "had ended before that");
  return absl::OkStatus();
}

// Starts a training, or joins the one that runs, and stays until it has ended.
absl::Status TrainServer(const TrainFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(const auto client, Connect(flags.target));
  if (flags.is_cancel) return CancelOnServer(*client);
  VITRINE_ASSIGN_OR_RETURN(const auto started, client->TrainModels(flags.skips_gate));
  v1::Training last = started.training();
  ProgressBar bar;
  VITRINE_RETURN_IF_ERROR(
      client->WatchTraining(last.training_id(), [&bar, &last](const v1::Training& training) {
        last = training;
        bar.Show(training.stage(), training.progress());
        return true;
      }));
  if (last.state() == v1::Training::STATE_REFUSED) return Refused(last.error());
  if (last.state() != v1::Training::STATE_SUCCEEDED) {
    return absl::AbortedError("the training ended without a model: " + last.error());
  }
  if (!flags.is_json) {
    VITRINE_ASSIGN_OR_RETURN(const auto models, client->GetModelStatus());
    const bool is_candidate = models.candidate().version() == last.model_version();
    std::printf("%s %s\n", is_candidate ? "made the candidate" : "published version",
                last.model_version().c_str());
    return absl::OkStatus();
  }
  VITRINE_ASSIGN_OR_RETURN(const auto listed, client->ListModelVersions());
  for (const v1::ModelVersion& version : listed.versions()) {
    if (version.version() != last.model_version()) continue;
    PrintJson(version.version(), {version.metrics().begin(), version.metrics().end()});
  }
  return absl::OkStatus();
}

absl::Status Train(const TrainFlags& flags) {
  if (flags.store.empty() == flags.target.empty()) {
    return UsageError("give one of --store DIR and --target ADDR");
  }
  if (flags.is_cancel && flags.target.empty()) {
    return UsageError("--cancel wants the server that trains, with --target ADDR");
  }
  if (flags.store.empty() && !(flags.checkpoints.empty() && flags.loss_curve.empty())) {
    return UsageError("--checkpoints and --loss-curve want --store DIR: a server writes neither");
  }
  if (!flags.loss_curve.empty()) VITRINE_RETURN_IF_ERROR(CheckLossCurve(flags.loss_curve));
  return flags.store.empty() ? TrainServer(flags) : TrainStore(flags);
}

}  // namespace

void AddTrainCommand(CLI::App& app, int& exit_status) {
  CLI::App* command = AddCommand(
      app, "train",
      "Train the models, measure them on the latest tenth of the events, publish them",
      "Examples: vitrine train --store store           no server is running\n"
      "          vitrine train --target 127.0.0.1:50051   a server trains in the background\n"
      "          vitrine train --store store --config deep.toml --checkpoints unfinished \\\n"
      "            --loss-curve loss.svg\n"
      "What is worse than the live models is refused (PROMOTION_GATE_FAILED, exit status 1) and\n"
      "changes nothing: docs/lifecycle.md.");
  const auto flags = std::make_shared<TrainFlags>();
  command->add_option("--store", flags->store, "Folder of the store")
      ->check(CLI::ExistingDirectory);
  AddTargetOptions(*command, flags->target);
  command->add_option("--config", flags->config, "TOML file; with --store")
      ->check(CLI::ExistingFile);
  command->add_option("--threads", flags->num_threads, "0: one per core; with --store");
  command->add_option("--checkpoints", flags->checkpoints,
                      "Folder that models which learn by epochs write a checkpoint to after each. "
                      "Killed and started again with the same data and settings, the training "
                      "goes on from there; with --store");
  command->add_option("--loss-curve", flags->loss_curve,
                      "File for their losses by epoch: lines (.csv) or a picture (.svg); of "
                      "several models a file each, with its name; with --store");
  command->add_flag("--force", flags->skips_gate,
                    "Publish even what is worse than the live models");
  command->add_flag("--cancel", flags->is_cancel, "End the training that runs; with --target");
  command->add_flag("--json", flags->is_json, "One JSON object for scripts");
  RunOnParse(command, exit_status, [flags] { return Train(*flags); });
}

}  // namespace vitrine::cli
