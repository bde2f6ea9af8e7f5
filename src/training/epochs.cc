#include "training/epochs.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

namespace {

// "neural_cf.factors"
std::string FullName(const std::string& name, const std::string& part) {
  return part.empty() ? name : absl::StrFormat("%s.%s", name, part);
}

}  // namespace

nn::TrainingLoopOptions CosineEpochs(std::size_t num_examples, std::size_t batch,
                                     std::size_t epochs, double rate, std::uint64_t seed) {
  nn::TrainingLoopOptions loop;
  loop.batch_size = std::min(batch, num_examples);
  loop.epochs = epochs;
  loop.seed = seed;
  loop.schedule.kind = nn::ScheduleKind::kCosine;
  loop.schedule.rate = rate;
  loop.schedule.num_steps = epochs * ((num_examples + loop.batch_size - 1) / loop.batch_size);
  return loop;
}

nn::TrainingCallbacks CallbacksOf(const TrainingContext& context, std::size_t before,
                                  std::size_t in_all) {
  nn::TrainingCallbacks callbacks;
  callbacks.on_progress = [&context, before, in_all](const nn::TrainingProgress& at) {
    if (context.networks.on_progress) context.networks.on_progress(at);
    const double share = static_cast<double>(at.step) / static_cast<double>(at.num_steps);
    const double done = static_cast<double>(before + at.epoch - 1) + share;
    ReportProgress(context,
                   0.999 * done / static_cast<double>(in_all > 0 ? in_all : at.num_epochs));
  };
  callbacks.is_cancelled = [&context] { return IsCancelled(context); };
  return callbacks;
}

TrainingContext ForNetworks(const TrainingContext& context, std::string_view kind,
                            std::uint64_t data, const Settings& settings) {
  const std::string_view name = TrainedName(context, kind);
  TrainingContext own = context;
  if (context.networks.on_start) {
    std::string subject = absl::StrFormat("model=%s data=%016x", name, data);
    for (const auto& [setting, value] : settings) {
      absl::StrAppendFormat(&subject, " %s=%s", setting, value);
    }
    own.networks.on_start = [&context, model = std::string(name), subject = std::move(subject)](
                                const std::string& part, nn::TrainingLoopOptions& loop) {
      loop.subject = subject;
      context.networks.on_start(FullName(model, part), loop);
    };
  }
  if (context.networks.on_learned) {
    own.networks.on_learned = [&context, model = std::string(name)](
                                  const std::string& part, const nn::TrainingReport& report) {
      context.networks.on_learned(FullName(model, part), report);
    };
  }
  return own;
}

absl::Status TrainNetwork(const Network& network, nn::TrainingLoopOptions loop,
                          const nn::TrainingCallbacks& callbacks, const TrainingContext& context) {
  if (context.networks.on_start) context.networks.on_start(network.part, loop);
  VITRINE_ASSIGN_OR_RETURN(const nn::TrainingReport report,
                           RunEpochs(network, loop, callbacks, context.pool));
  if (context.networks.on_learned) context.networks.on_learned(network.part, report);
  return absl::OkStatus();
}

absl::StatusOr<nn::TrainingReport> RunEpochs(const Network& network,
                                             const nn::TrainingLoopOptions& loop,
                                             const nn::TrainingCallbacks& callbacks,
                                             ThreadPool* pool) {
  absl::StatusOr<nn::TrainingReport> report =
      nn::RunTrainingLoop(network.num_examples, network.parameters, loop, callbacks, pool);
  if (report.ok() || loop.checkpoint.empty()) return report;
  const std::string message(report.status().message());
  const bool is_of_checkpoint =
      absl::IsFailedPrecondition(report.status()) || absl::IsDataLoss(report.status());
  if (is_of_checkpoint) {
    return absl::DataLossError(
        absl::StrFormat("%s: remove %s to start anew", message, loop.checkpoint));
  }
  // A full disk, or a folder that has gone: what other errors of these codes say is something else.
  const bool is_of_files =
      absl::IsResourceExhausted(report.status()) || absl::IsNotFound(report.status());
  if (is_of_files) return absl::UnavailableError("no checkpoint can be written: " + message);
  return report;
}

}  // namespace vitrine
