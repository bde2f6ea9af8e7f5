#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "vitrine/nn/dense.h"

namespace vitrine::nn {

// What a row of a batch is: channel by channel, row by row. A sequence has height 1.
struct ImageShape {
  std::size_t channels = 1;
  std::size_t height = 1;
  std::size_t width = 1;

  std::size_t size() const { return channels * height * width; }
};

// Windows over an image; outside of it there is padding. Of a sequence, height 1 and no padding
// above.
struct Windows {
  std::size_t height = 1;
  std::size_t width = 1;
  std::size_t stride = 1;  // Both ways.
  std::size_t padding_height = 0;
  std::size_t padding_width = 0;
};

// Of each output channel a weighted sum of each window (LeCun et al., 1989; without flipping the
// kernel, as everywhere). By a matrix of all windows and one product.
struct Convolution {
  struct Cache {
    Matrix windows{};     // [batch * places x channels * window]
    Dense::Cache sums{};  // [batch * places x outputs]
    Matrix by_sums{};
    Matrix output{};    // [batch x outputs * places]
    Matrix by_input{};  // [batch x size of the input]
  };

  Convolution() = default;
  // REQUIRES: the window fits the padded image
  Convolution(const ImageShape& input_shape, std::size_t outputs, const Windows& kernel,
              Random& random);

  ImageShape OutputShape() const;
  void AddParameters(const std::string& prefix, ParameterList& list) {
    dense.AddParameters(prefix, list);
  }
  const Matrix& Forward(const Matrix& input, Cache& cache, const Pass& pass) const;
  const Matrix& Backward(const Matrix& input, const Matrix& by_output, Cache& cache,
                         const Pass& pass);

  ImageShape input{};
  Windows windows{};
  Dense dense{};  // weight [outputs x channels x height x width], without height of a sequence.
};

enum class PoolingKind { kMax, kMean };  // The mean counts padding, as zeros; the maximum does not.

// The largest number or the mean of each window, channel by channel.
struct Pooling {
  struct Cache {
    std::vector<std::uint32_t> largest{};  // Of kMax: where in the input's row, by output.
    Matrix output{};
    Matrix by_input{};
  };

  ImageShape OutputShape() const;
  const Matrix& Forward(const Matrix& batch, Cache& cache, const Pass& pass) const;
  const Matrix& Backward(const Matrix& batch, const Matrix& by_output, Cache& cache,
                         const Pass& pass) const;

  ImageShape input{};
  Windows windows{};
  PoolingKind kind = PoolingKind::kMax;
};

}  // namespace vitrine::nn
