#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vitrine/base/matrix.h"
#include "vitrine/base/random.h"

namespace vitrine::nn {

// Numbers of a layer, learned or kept: the one thing that optimisers, weight files and gradient
// checks know about a layer. Names and shapes are PyTorch's, so that either reads the other's
// files.
struct Parameter {
  Parameter() = default;
  // All zero. REQUIRES: `dimensions` is not empty
  explicit Parameter(std::vector<std::size_t> dimensions);

  std::vector<std::size_t> shape{};  // As in a file.
  Matrix value{};     // [shape[0] x product of the rest]; of a shape of one number [1 x shape[0]].
  Matrix gradient{};  // The same. Backward adds to it, an optimiser's step sets it to zero.
  bool is_trained = true;  // false: kept, not learned, such as a running mean.

  // Of a table of embeddings a batch touches few rows. Where `is_sparse`, rows of the gradient that
  // are not in `touched` are zero, and neither optimisers nor ZeroGradients look at them.
  bool is_sparse = false;
  std::vector<std::uint32_t> touched{};  // Ascending, distinct.
};

// The layer owns the parameter and must not move while the list is used.
struct NamedParameter {
  std::string name{};
  Parameter* parameter = nullptr;
};
using ParameterList = std::vector<NamedParameter>;

// `prefix`.`name`, or `name` where there is no prefix.
std::string JoinName(const std::string& prefix, const std::string& name);

void ZeroGradients(std::span<const NamedParameter> parameters);

// The root of the sum of the squares of all gradients.
double GradientNorm(std::span<const NamedParameter> parameters);

// Scales the gradients so that their norm is at most `max_norm`, and returns what it was.
double ClipGradients(std::span<const NamedParameter> parameters, double max_norm);

// Numbers that are learned.
std::size_t NumTrained(std::span<const NamedParameter> parameters);

// First values: normal of mean 0, or uniform in [-bound, bound].
void FillNormal(Parameter& parameter, double deviation, Random& random);
void FillUniform(Parameter& parameter, double bound, Random& random);

// The bound sqrt(6 / (inputs + outputs)) (Glorot, Bengio, AISTATS 2010), which keeps the size of
// signals and gradients alike through layers.
double GlorotBound(std::size_t inputs, std::size_t outputs);

}  // namespace vitrine::nn
