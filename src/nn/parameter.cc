#include "vitrine/nn/parameter.h"

#include <cassert>
#include <cmath>
#include <utility>

namespace vitrine::nn {

namespace {

// Calls body(row) for the rows that may have a gradient.
template <typename Body>
void ForEachTouchedRow(Parameter& parameter, const Body& body) {
  if (parameter.is_sparse) {
    for (const std::uint32_t row : parameter.touched) body(parameter.gradient.row(row));
  } else {
    for (Eigen::Index row = 0; row < parameter.gradient.rows(); ++row) {
      body(parameter.gradient.row(row));
    }
  }
}

}  // namespace

Parameter::Parameter(std::vector<std::size_t> dimensions) : shape(std::move(dimensions)) {
  assert(!shape.empty());
  std::size_t rows = 1;
  std::size_t columns = shape[0];
  if (shape.size() > 1) {
    rows = shape[0];
    columns = 1;
    for (std::size_t i = 1; i < shape.size(); ++i) columns *= shape[i];
  }
  value = Matrix::Zero(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns));
  gradient = value;
}

std::string JoinName(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}

void ZeroGradients(std::span<const NamedParameter> parameters) {
  for (const NamedParameter& named : parameters) {
    ForEachTouchedRow(*named.parameter, [](auto row) { row.setZero(); });
    named.parameter->touched.clear();
  }
}

double GradientNorm(std::span<const NamedParameter> parameters) {
  double sum = 0;
  for (const NamedParameter& named : parameters) {
    if (!named.parameter->is_trained) continue;
    ForEachTouchedRow(*named.parameter,
                      [&sum](auto row) { sum += row.template cast<double>().squaredNorm(); });
  }
  return std::sqrt(sum);
}

double ClipGradients(std::span<const NamedParameter> parameters, double max_norm) {
  const double norm = GradientNorm(parameters);
  if (norm <= max_norm || !std::isfinite(norm)) return norm;
  const auto scale = static_cast<float>(max_norm / norm);
  for (const NamedParameter& named : parameters) {
    if (!named.parameter->is_trained) continue;
    ForEachTouchedRow(*named.parameter, [scale](auto row) { row *= scale; });
  }
  return norm;
}

std::size_t NumTrained(std::span<const NamedParameter> parameters) {
  std::size_t count = 0;
  for (const NamedParameter& named : parameters) {
    if (named.parameter->is_trained)
      count += static_cast<std::size_t>(named.parameter->value.size());
  }
  return count;
}

void FillNormal(Parameter& parameter, double deviation, Random& random) {
  if (deviation == 0) {  // As for a network that is about to get the weights of a file.
    parameter.value.setZero();
    return;
  }
  for (float& value : parameter.value.reshaped<Eigen::RowMajor>()) {
    value = static_cast<float>(deviation * random.Normal());
  }
}

void FillUniform(Parameter& parameter, double bound, Random& random) {
  for (float& value : parameter.value.reshaped<Eigen::RowMajor>()) {
    value = static_cast<float>(bound * (2 * random.Uniform() - 1));
  }
}

double GlorotBound(std::size_t inputs, std::size_t outputs) {
  return std::sqrt(6.0 / static_cast<double>(inputs + outputs));
}

}  // namespace vitrine::nn
