#include "cli/loss_curves.h"

#include <set>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/command.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/evaluation/comparison.h"
#include "vitrine/nn/training_loop.h"
#include "vitrine/scorers/purchase_model.h"

namespace vitrine::cli {
namespace {

bool IsCsv(const std::string& path) { return path.ends_with(".csv"); }

// "dir/loss-gan_cf.svg" of "dir/loss.svg".
std::string WithName(const std::string& path, const std::string& network) {
  const std::size_t ending = path.rfind('.');
  return path.substr(0, ending) + "-" + network + path.substr(ending);
}

bool MayLearnByEpochs(const std::string& model) {
  if (model == kAutoName || model == kPurchasePredictorName) return true;
  const Trainer* trainer = FindTrainer(model);
  return trainer != nullptr && trainer->learns_by_epochs;
}

}  // namespace

TrainingContext LossCurves::Follow(TrainingContext context) {
  context.networks.on_learned = [this](const std::string& network,
                                       const nn::TrainingReport& report) {
    latest_[network] = report;
  };
  return context;
}

absl::Status LossCurves::Write(FileSystem& files, const std::string& path) const {
  if (latest_.empty()) {
    return absl::FailedPreconditionError(
        "there is no loss curve to write: nothing that was trained learned by epochs");
  }
  for (const auto& [network, report] : latest_) {
    const std::string text = IsCsv(path) ? nn::LossCurveCsv(report) : nn::LossCurveSvg(report);
    VITRINE_RETURN_IF_ERROR(
        WriteFileAtomically(files, latest_.size() == 1 ? path : WithName(path, network), text));
  }
  return absl::OkStatus();
}

absl::Status CheckLossCurve(const std::string& path) {
  if (IsCsv(path) || path.ends_with(".svg")) return CheckFolderOf("--loss-curve", path);
  return UsageError(absl::StrFormat(
      "--loss-curve wants a file that ends in .csv, for lines, or in .svg, for a picture, got '%s'",
      path));
}

absl::Status CheckLearnsByEpochs(const std::string& flag, const std::vector<std::string>& models) {
  std::set<std::string> asked;
  for (const std::string& model : models) {
    if (MayLearnByEpochs(model)) return absl::OkStatus();
    asked.insert(model);
  }
  std::vector<std::string> known;
  for (const Trainer& trainer : Trainers()) {
    if (trainer.learns_by_epochs) known.emplace_back(trainer.name);
  }
  known.emplace_back(kPurchasePredictorName);
  return UsageError(
      absl::StrFormat("%s wants a model that learns by epochs (%s), but what is trained is %s",
                      flag, absl::StrJoin(known, ", "), absl::StrJoin(asked, ", ")));
}

}  // namespace vitrine::cli
