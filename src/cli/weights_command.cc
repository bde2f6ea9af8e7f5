#include "cli/weights_command.h"

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "cli/trained_store.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/bundle.h"
#include "vitrine/models/weights.h"

namespace vitrine::cli {
namespace {

struct WeightsFlags {
  std::string store;
  std::string version;
  std::string model;
  std::string out;
  std::string from;
  bool is_json = false;
};

absl::StatusOr<std::string> LiveIn(const BundleFolder& folder, const std::string& store) {
  VITRINE_ASSIGN_OR_RETURN(const BundleFolder::Live live, folder.ReadLive());
  if (!live.version.empty()) return live.version;
  return absl::FailedPreconditionError(absl::StrFormat(
      "no models are live in %s: `vitrine train --store %s` makes some", store, store));
}

// Needs nothing of the store but its bundles, so a server may run on it.
absl::Status Export(const WeightsFlags& flags, const BundleFolder& folder) {
  std::string version = flags.version;
  if (version.empty()) {
    VITRINE_ASSIGN_OR_RETURN(version, LiveIn(folder, flags.store));
  }
  VITRINE_RETURN_IF_ERROR(CheckNamesVersion(version));
  VITRINE_ASSIGN_OR_RETURN(const Bundle bundle,
                           ReadBundle(LocalFileSystem(), folder.PathOf(version)));
  VITRINE_ASSIGN_OR_RETURN(const nn::TensorFile file,
                           ExportWeights(bundle.models, flags.model, bundle.item_ids));
  VITRINE_RETURN_IF_ERROR(nn::WriteTensors(LocalFileSystem(), flags.out, file));
  std::size_t num_numbers = 0;
  for (const nn::Tensor& tensor : file.tensors) num_numbers += tensor.values.size();
  if (flags.is_json) {
    const nlohmann::ordered_json json = {{"model_version", version},
                                         {"model", flags.model},
                                         {"kind", file.metadata.at(kModelKindKey)},
                                         {"tensors", file.tensors.size()},
                                         {"numbers", num_numbers},
                                         {"file", flags.out}};
    std::printf("%s\n", json.dump().c_str());
  } else {
    std::printf("%s has the weights of %s in %s: %zu tensors, %zu numbers\n", flags.out.c_str(),
                flags.model.c_str(), version.c_str(), file.tensors.size(), num_numbers);
  }
  return absl::OkStatus();
}

// The live models with other weights in one of them become the candidate, which a server that runs
// on the store finds there.
absl::Status Import(const WeightsFlags& flags, const BundleFolder& folder) {
  VITRINE_ASSIGN_OR_RETURN(const nn::TensorFile file,
                           nn::ReadTensors(LocalFileSystem(), flags.from));
  VITRINE_ASSIGN_OR_RETURN(const std::string live, LiveIn(folder, flags.store));
  VITRINE_ASSIGN_OR_RETURN(const Bundle bundle, ReadBundle(LocalFileSystem(), folder.PathOf(live)));
  const Micros now = SystemClock().Now();
  VITRINE_ASSIGN_OR_RETURN(ModelSet models,
                           ImportWeights(bundle.models, flags.model, bundle.item_ids, file, now));
  VITRINE_ASSIGN_OR_RETURN(models.version, folder.NewVersion(now));
  VITRINE_RETURN_IF_ERROR(folder.SaveCandidate(models, bundle.item_ids));
  if (flags.is_json) {
    const nlohmann::ordered_json json = {
        {"candidate_version", models.version}, {"model_version", live}, {"model", flags.model}};
    std::printf("%s\n", json.dump().c_str());
  } else {
    std::printf("made the candidate %s: the live %s with the weights of %s in %s\n",
                models.version.c_str(), live.c_str(), flags.from.c_str(), flags.model.c_str());
  }
  return absl::OkStatus();
}

absl::Status Run(const WeightsFlags& flags) {
  if (flags.out.empty() == flags.from.empty()) {
    return UsageError("give one of --out FILE and --from FILE");
  }
  if (!flags.from.empty() && !flags.version.empty()) {
    return UsageError("--version goes with --out; --from changes the live models");
  }
  VITRINE_ASSIGN_OR_RETURN(const BundleFolder folder, OpenModels(flags.store));
  return flags.out.empty() ? Import(flags, folder) : Export(flags, folder);
}

}  // namespace

void AddWeightsCommand(CLI::App& app, int& exit_status) {
  CLI::App* command = AddCommand(
      app, "weights", "Write a model's weights for PyTorch, or make a candidate of other weights",
      "Examples: vitrine weights --store store --model sequence_rnn --out rnn.safetensors\n"
      "          vitrine weights --store store --model sequence_rnn --from mine.safetensors\n"
      "The format is safetensors, which safetensors.torch.load_file reads: docs/nn.md. Weights\n"
      "that come in must have the names, shapes and items of those that went out. What is live\n"
      "stays; `vitrine promote` makes the candidate live. A server may run on the store.");
  const auto flags = std::make_shared<WeightsFlags>();
  command->add_option("--store", flags->store, "Folder of the store")
      ->required()
      ->check(CLI::ExistingDirectory);
  command->add_option("--model", flags->model, "Name of a model, such as ials")->required();
  command->add_option("--out", flags->out, "Write the weights to this file");
  command->add_option("--from", flags->from, "Take the weights of this file instead")
      ->check(CLI::ExistingFile);
  command->add_option("--version", flags->version, "A version on disk, with --out [the live one]");
  command->add_flag("--json", flags->is_json, "One JSON object for scripts");
  RunOnParse(command, exit_status, [flags] { return Run(*flags); });
}

}  // namespace vitrine::cli
