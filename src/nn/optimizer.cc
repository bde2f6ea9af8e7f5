#include "vitrine/nn/optimizer.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "nn/shards.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::nn {

namespace {

absl::Status CheckRange(const char* name, double value, double least, double below) {
  if (value >= least && value < below) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s of an optimiser is %g; it must be at least %g and below %g", name, value, least, below));
}

bool IsAdam(OptimizerKind kind) {
  return kind == OptimizerKind::kAdam || kind == OptimizerKind::kAdamW;
}

}  // namespace

absl::StatusOr<Optimizer> Optimizer::Create(ParameterList parameters,
                                            const OptimizerOptions& options) {
  VITRINE_RETURN_IF_ERROR(CheckRange("momentum", options.momentum, 0, 1));
  VITRINE_RETURN_IF_ERROR(CheckRange("first_decay", options.adam.first_decay, 0, 1));
  VITRINE_RETURN_IF_ERROR(CheckRange("second_decay", options.adam.second_decay, 0, 1));
  VITRINE_RETURN_IF_ERROR(CheckRange("tiny", options.adam.tiny, 1e-30, 1));
  VITRINE_RETURN_IF_ERROR(CheckRange("weight_decay", options.weight_decay, 0, 1e6));
  VITRINE_RETURN_IF_ERROR(CheckRange("max_gradient_norm", options.max_gradient_norm, 0, 1e30));
  return Optimizer(std::move(parameters), options);
}

Optimizer::Optimizer(ParameterList parameters, const OptimizerOptions& options)
    : options_(options) {
  for (const NamedParameter& named : parameters) {
    if (!named.parameter->is_trained) continue;
    parameters_.push_back(named);
    const Matrix& value = named.parameter->value;
    if (IsAdam(options.kind)) {
      adam_.emplace_back(value, options.adam);
    } else if (options.kind == OptimizerKind::kAdagrad || options.momentum > 0) {
      past_.push_back(Matrix::Zero(value.rows(), value.cols()));
    }
  }
}

double Optimizer::Step(double learning_rate, ThreadPool* pool) {
  const double norm = options_.max_gradient_norm > 0
                          ? ClipGradients(parameters_, options_.max_gradient_norm)
                          : GradientNorm(parameters_);
  if (!std::isfinite(norm)) return norm;
  const auto rate = static_cast<float>(learning_rate);
  for (std::size_t index = 0; index < parameters_.size(); ++index) {
    Parameter& parameter = *parameters_[index].parameter;
    const auto rows = parameter.is_sparse ? static_cast<Eigen::Index>(parameter.touched.size())
                                          : parameter.value.rows();
    ForEachRows(rows, 4 * parameter.value.cols(), pool, [&](Eigen::Index begin, Eigen::Index end) {
      for (Eigen::Index i = begin; i < end; ++i) {
        const Eigen::Index row =
            parameter.is_sparse ? parameter.touched[static_cast<std::size_t>(i)] : i;
        StepRow(index, row, rate);
      }
    });
    parameter.touched.clear();
  }
  return norm;
}

void Optimizer::StepRow(std::size_t index, Eigen::Index row, float learning_rate) {
  Parameter& parameter = *parameters_[index].parameter;
  auto value = parameter.value.row(row);
  auto gradient = parameter.gradient.row(row);
  const auto decay = static_cast<float>(options_.weight_decay);
  if (options_.kind == OptimizerKind::kAdamW) {
    value *= 1 - learning_rate * decay;
  } else if (decay > 0) {
    gradient += decay * value;
  }
  if (IsAdam(options_.kind)) {
    adam_[index].Step(row, gradient, learning_rate, parameter.value);
  } else if (options_.kind == OptimizerKind::kAdagrad) {
    auto sum = past_[index].row(row).array();
    sum += gradient.array().square();
    value.array() -= learning_rate * gradient.array() / (sum.sqrt() + options_.adam.tiny);
  } else if (options_.momentum > 0) {
    auto velocity = past_[index].row(row);
    velocity = static_cast<float>(options_.momentum) * velocity + gradient;
    value -= learning_rate * velocity;
  } else {
    value -= learning_rate * gradient;
  }
  gradient.setZero();
}

std::vector<Optimizer::NamedState> Optimizer::State() {
  std::vector<NamedState> state;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const std::string& name = parameters_[i].name;
    if (!adam_.empty()) {
      state.push_back({name + ".first", &adam_[i].first()});
      state.push_back({name + ".second", &adam_[i].second()});
      state.push_back({name + ".num_steps", &adam_[i].num_steps()});
    } else if (!past_.empty()) {
      state.push_back({name + ".past", &past_[i]});
    }
  }
  return state;
}

}  // namespace vitrine::nn
