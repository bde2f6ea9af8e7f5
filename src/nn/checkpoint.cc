#include "nn/checkpoint.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include "absl/strings/str_format.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/nn/safetensors.h"

namespace vitrine::nn {

namespace {

constexpr const char* kFingerprint = "training";
constexpr const char* kEpochs = "epochs";
constexpr const char* kBestEpoch = "best_epoch";

// "epoch loss validation_loss learning_rate" by line, exact.
std::string FormatEpochs(const std::vector<EpochReport>& epochs) {
  std::string text;
  for (const EpochReport& epoch : epochs) {
    absl::StrAppendFormat(&text, "%d %.17g %.17g %.17g\n", epoch.epoch, epoch.loss,
                          epoch.validation_loss, epoch.learning_rate);
  }
  return text;
}

absl::StatusOr<std::vector<EpochReport>> ParseEpochs(const std::string& text) {
  std::vector<EpochReport> epochs;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string loss;
    std::string validation;
    std::string rate;
    EpochReport epoch;
    if (!(words >> epoch.epoch >> loss >> validation >> rate)) {
      return absl::DataLossError(
          absl::StrFormat("a checkpoint's line '%s' is not that of an epoch", line));
    }
    epoch.loss = std::strtod(loss.c_str(), nullptr);  // Reads nan too.
    epoch.validation_loss = std::strtod(validation.c_str(), nullptr);
    epoch.learning_rate = std::strtod(rate.c_str(), nullptr);
    epochs.push_back(epoch);
  }
  return epochs;
}

Tensor MakeTensor(const std::string& name, const Matrix& value) {
  return {.name = name,
          .shape = {static_cast<std::size_t>(value.rows()), static_cast<std::size_t>(value.cols())},
          .values = {value.data(), value.data() + value.size()}};
}

// Sets `value` from the tensor `name`.
absl::Status TakeMatrix(const TensorFile& file, const std::string& name, Matrix& value) {
  const Tensor* const place = FindTensor(file, name);
  if (place == nullptr || place->values.size() != static_cast<std::size_t>(value.size())) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the checkpoint has no %s of %d numbers: it is of another network", name, value.size()));
  }
  std::copy(place->values.begin(), place->values.end(), value.data());
  return absl::OkStatus();
}

}  // namespace

std::string Fingerprint(std::size_t num_examples, const TrainingLoopOptions& options) {
  const Schedule& schedule = options.schedule;
  const OptimizerOptions& optimizer = options.optimizer;
  std::string text = absl::StrFormat("examples=%d batch_size=%d seed=%d", num_examples,
                                     options.batch_size, options.seed);
  absl::StrAppendFormat(&text, " schedule=%d,%g,%g,%g,%d,%d", static_cast<int>(schedule.kind),
                        schedule.rate, schedule.decay, schedule.floor, schedule.warm_up_steps,
                        schedule.num_steps);
  absl::StrAppendFormat(&text, " optimizer=%d,%g,%g,%g,%g,%g,%g", static_cast<int>(optimizer.kind),
                        optimizer.momentum, optimizer.adam.first_decay, optimizer.adam.second_decay,
                        optimizer.adam.tiny, optimizer.weight_decay, optimizer.max_gradient_norm);
  if (options.plateau) {
    absl::StrAppendFormat(&text, " plateau=%g,%d,%g,%g", options.plateau->factor,
                          options.plateau->patience, options.plateau->least_gain,
                          options.plateau->smallest_scale);
  }
  if (!options.subject.empty()) text += " " + options.subject;
  return text;
}

absl::Status WriteCheckpoint(FileSystem& files, const std::string& path,
                             const std::string& fingerprint, const LoopState& state) {
  TensorFile file = TensorsOf(state.parameters);
  for (std::size_t i = 0; i < state.best.size(); ++i) {
    file.tensors.push_back(MakeTensor("best." + state.parameters[i].name, state.best[i]));
  }
  for (const auto& [name, value] : state.optimizer->State()) {
    file.tensors.push_back(MakeTensor("optimizer." + name, *value));
  }
  for (const auto& [name, value] : state.beside) {
    file.tensors.push_back(MakeTensor("state." + name, *value));
  }
  file.metadata = {{kFingerprint, fingerprint},
                   {kEpochs, FormatEpochs(state.report.epochs)},
                   {kBestEpoch, absl::StrFormat("%d", state.report.best_epoch)}};
  return WriteTensors(files, path, file);
}

absl::StatusOr<bool> ReadCheckpoint(FileSystem& files, const std::string& path,
                                    const std::string& fingerprint, LoopState& state) {
  auto file = ReadTensors(files, path);
  if (absl::IsNotFound(file.status())) return false;
  if (!file.ok()) return file.status();
  if (file->metadata[kFingerprint] != fingerprint) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s is of a training with '%s', this one has '%s'", path,
                        file->metadata[kFingerprint], fingerprint));
  }
  VITRINE_ASSIGN_OR_RETURN(state.report.epochs, ParseEpochs(file->metadata[kEpochs]));
  state.report.best_epoch = std::strtoull(file->metadata[kBestEpoch].c_str(), nullptr, 10);
  VITRINE_RETURN_IF_ERROR(SetFromTensors(*file, state.parameters));
  for (std::size_t i = 0; i < state.best.size(); ++i) {
    VITRINE_RETURN_IF_ERROR(TakeMatrix(*file, "best." + state.parameters[i].name, state.best[i]));
  }
  for (const auto& [name, value] : state.optimizer->State()) {
    VITRINE_RETURN_IF_ERROR(TakeMatrix(*file, "optimizer." + name, *value));
  }
  for (const auto& [name, value] : state.beside) {
    VITRINE_RETURN_IF_ERROR(TakeMatrix(*file, "state." + name, *value));
  }
  return true;
}

}  // namespace vitrine::nn
