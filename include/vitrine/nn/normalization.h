#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vitrine/nn/parameter.h"
#include "vitrine/nn/pass.h"

namespace vitrine::nn {

// In training sets each number to zero with a probability and divides the others by that of staying
// (Srivastava et al., JMLR 2014); served, it changes nothing.
struct Dropout {
  struct Cache {
    Matrix scale{};  // [as the input] 0 or 1 / (1 - rate).
    Matrix output{};
    Matrix by_input{};
  };

  const Matrix& Forward(const Matrix& input, Cache& cache, const Pass& pass) const;
  const Matrix& Backward(const Matrix& input, const Matrix& by_output, Cache& cache,
                         const Pass& pass) const;

  double rate = 0.1;  // In [0, 1).
};

// Each row brought to mean 0 and variance 1, then scaled and shifted column by column (Ba, Kiros,
// Hinton, 2016).
struct LayerNorm {
  struct Cache {
    Matrix normalized{};                // [batch x d]
    std::vector<float> by_deviation{};  // [batch] 1 / sqrt(variance + tiny)
    Matrix output{};
    Matrix by_input{};
  };

  LayerNorm() = default;
  explicit LayerNorm(std::size_t dimensions);

  void AddParameters(const std::string& prefix, ParameterList& list);
  const Matrix& Forward(const Matrix& input, Cache& cache, const Pass& pass) const;
  const Matrix& Backward(const Matrix& input, const Matrix& by_output, Cache& cache,
                         const Pass& pass);

  float tiny = 1e-5F;
  Parameter weight{};  // [d] 1 at first.
  Parameter bias{};    // [d]
};

// Each column brought to mean 0 and variance 1 over the batch, then scaled and shifted (Ioffe,
// Szegedy, ICML 2015). Served, it uses the running means over the batches of training, which
// Forward moves in training: then in one thread at a time.
struct BatchNorm {
  struct Cache {
    Matrix normalized{};                // [batch x d]
    std::vector<float> by_deviation{};  // [d]
    Matrix output{};
    Matrix by_input{};
  };

  BatchNorm() = default;
  explicit BatchNorm(std::size_t dimensions);

  void AddParameters(const std::string& prefix, ParameterList& list);
  // A batch of one is normalized as where it is served, in training too.
  const Matrix& Forward(const Matrix& input, Cache& cache, const Pass& pass);
  // In training the statistics of the batch have gradients too.
  const Matrix& Backward(const Matrix& input, const Matrix& by_output, Cache& cache,
                         const Pass& pass);

  float tiny = 1e-5F;
  float momentum = 0.1F;     // The share of the newest batch in the running statistics.
  Parameter weight{};        // [d] 1 at first.
  Parameter bias{};          // [d]
  Parameter running_mean{};  // [d] Kept, not trained.
  Parameter running_var{};   // [d] The same; without bias, by batch size - 1.
};

}  // namespace vitrine::nn
