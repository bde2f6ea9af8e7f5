#include "vitrine/nn/convolution.h"

#include <cassert>
#include <limits>

#include "nn/shards.h"

namespace vitrine::nn {

namespace {

using Index = Eigen::Index;

Index Signed(std::size_t count) { return static_cast<Index>(count); }

ImageShape Slide(const ImageShape& image, const Windows& windows, std::size_t channels) {
  const std::size_t height = image.height + 2 * windows.padding_height;
  const std::size_t width = image.width + 2 * windows.padding_width;
  assert(windows.height <= height && windows.width <= width && windows.stride > 0);
  return {.channels = channels,
          .height = (height - windows.height) / windows.stride + 1,
          .width = (width - windows.width) / windows.stride + 1};
}

// Calls body(index in the window, index in the channel) for what of the window at place
// (row, column) lies in the image.
template <typename Body>
void ForEachInWindow(const ImageShape& image, const Windows& windows, std::size_t place,
                     std::size_t places_across, const Body& body) {
  const Index top = Signed(place / places_across * windows.stride) - Signed(windows.padding_height);
  const Index left = Signed(place % places_across * windows.stride) - Signed(windows.padding_width);
  for (Index y = 0; y < Signed(windows.height); ++y) {
    for (Index x = 0; x < Signed(windows.width); ++x) {
      const Index row = top + y;
      const Index column = left + x;
      if (row < 0 || column < 0 || row >= Signed(image.height) || column >= Signed(image.width)) {
        continue;
      }
      body(y * Signed(windows.width) + x, row * Signed(image.width) + column);
    }
  }
}

std::vector<std::size_t> KernelShape(const ImageShape& image, std::size_t outputs,
                                     const Windows& kernel) {
  if (image.height == 1 && kernel.height == 1) return {outputs, image.channels, kernel.width};
  return {outputs, image.channels, kernel.height, kernel.width};
}

}  // namespace

Convolution::Convolution(const ImageShape& input_shape, std::size_t outputs, const Windows& kernel,
                         Random& random)
    : input(input_shape),
      windows(kernel),
      dense(input_shape.channels * kernel.height * kernel.width, outputs, random) {
  dense.weight.shape = KernelShape(input, outputs, kernel);
}

ImageShape Convolution::OutputShape() const {
  return Slide(input, windows, static_cast<std::size_t>(dense.weight.value.rows()));
}

const Matrix& Convolution::Forward(const Matrix& batch, Cache& cache, const Pass& pass) const {
  assert(batch.cols() == Signed(input.size()));
  const ImageShape shape = OutputShape();
  const Index places = Signed(shape.height * shape.width);
  const Index window = Signed(windows.height * windows.width);
  const Index channel_size = Signed(input.height * input.width);
  cache.windows.setZero(batch.rows() * places, dense.weight.value.cols());
  ForEachRows(
      batch.rows(), 4 * places * dense.weight.value.cols(), pass.pool, [&](Index begin, Index end) {
        for (Index row = begin; row < end; ++row) {
          for (Index i = 0; i < places * Signed(input.channels); ++i) {
            const Index place = i / Signed(input.channels);
            const Index channel = i % Signed(input.channels);
            float* const to = cache.windows.row(row * places + place).data() + channel * window;
            const float* const from = batch.row(row).data() + channel * channel_size;
            ForEachInWindow(
                input, windows, static_cast<std::size_t>(place), shape.width,
                [&](Index in_window, Index in_channel) { to[in_window] = from[in_channel]; });
          }
        }
      });
  const Matrix& sums = dense.Forward(cache.windows, cache.sums, pass);
  cache.output.resize(batch.rows(), Signed(shape.size()));
  for (Index row = 0; row < batch.rows(); ++row) {
    Eigen::Map<Matrix>(cache.output.row(row).data(), Signed(shape.channels), places) =
        sums.middleRows(row * places, places).transpose();
  }
  return cache.output;
}

const Matrix& Convolution::Backward(const Matrix& batch, const Matrix& by_output, Cache& cache,
                                    const Pass& pass) {
  const ImageShape shape = OutputShape();
  const Index places = Signed(shape.height * shape.width);
  const Index window = Signed(windows.height * windows.width);
  const Index channel_size = Signed(input.height * input.width);
  cache.by_sums.resize(batch.rows() * places, Signed(shape.channels));
  for (Index row = 0; row < batch.rows(); ++row) {
    cache.by_sums.middleRows(row * places, places) =
        Eigen::Map<const Matrix>(by_output.row(row).data(), Signed(shape.channels), places)
            .transpose();
  }
  const Matrix& by_windows = dense.Backward(cache.windows, cache.by_sums, cache.sums, pass);
  cache.by_input.setZero(batch.rows(), batch.cols());
  ForEachRows(
      batch.rows(), 4 * places * dense.weight.value.cols(), pass.pool, [&](Index begin, Index end) {
        for (Index row = begin; row < end; ++row) {
          for (Index i = 0; i < places * Signed(input.channels); ++i) {
            const Index place = i / Signed(input.channels);
            const Index channel = i % Signed(input.channels);
            const float* const from =
                by_windows.row(row * places + place).data() + channel * window;
            float* const to = cache.by_input.row(row).data() + channel * channel_size;
            ForEachInWindow(
                input, windows, static_cast<std::size_t>(place), shape.width,
                [&](Index in_window, Index in_channel) { to[in_channel] += from[in_window]; });
          }
        }
      });
  return cache.by_input;
}

ImageShape Pooling::OutputShape() const { return Slide(input, windows, input.channels); }

const Matrix& Pooling::Forward(const Matrix& batch, Cache& cache, const Pass& pass) const {
  assert(batch.cols() == Signed(input.size()));
  const ImageShape shape = OutputShape();
  const std::size_t places = shape.height * shape.width;
  const auto area = static_cast<float>(windows.height * windows.width);
  cache.output.resize(batch.rows(), Signed(shape.size()));
  cache.largest.resize(kind == PoolingKind::kMax ? static_cast<std::size_t>(cache.output.size())
                                                 : 0);
  ForEachRows(batch.rows(), 4 * batch.cols(), pass.pool, [&](Index begin, Index end) {
    for (Index i = begin * Signed(shape.size()); i < end * Signed(shape.size()); ++i) {
      const auto in_row = static_cast<std::size_t>(i) % shape.size();
      const Index channel = Signed(in_row / places * input.height * input.width);
      const float* const from = batch.row(i / Signed(shape.size())).data();
      float sum = 0;
      Index largest = -1;
      ForEachInWindow(input, windows, in_row % places, shape.width, [&](Index, Index in_channel) {
        const Index at = channel + in_channel;
        sum += from[at];
        if (largest < 0 || from[at] > from[largest]) largest = at;
      });
      assert(largest >= 0);  // Some of the window is in the image.
      if (kind == PoolingKind::kMax) {
        cache.largest[static_cast<std::size_t>(i)] = static_cast<std::uint32_t>(largest);
        cache.output.data()[i] = from[largest];
      } else {
        cache.output.data()[i] = sum / area;
      }
    }
  });
  return cache.output;
}

const Matrix& Pooling::Backward(const Matrix& batch, const Matrix& by_output, Cache& cache,
                                const Pass& pass) const {
  const ImageShape shape = OutputShape();
  const std::size_t places = shape.height * shape.width;
  const auto area = static_cast<float>(windows.height * windows.width);
  cache.by_input.setZero(batch.rows(), batch.cols());
  ForEachRows(batch.rows(), 4 * batch.cols(), pass.pool, [&](Index begin, Index end) {
    for (Index i = begin * Signed(shape.size()); i < end * Signed(shape.size()); ++i) {
      const auto in_row = static_cast<std::size_t>(i) % shape.size();
      const float by = by_output.data()[i];
      float* const to = cache.by_input.row(i / Signed(shape.size())).data();
      if (kind == PoolingKind::kMax) {
        to[cache.largest[static_cast<std::size_t>(i)]] += by;
        continue;
      }
      const Index channel = Signed(in_row / places * input.height * input.width);
      ForEachInWindow(input, windows, in_row % places, shape.width,
                      [&](Index, Index in_channel) { to[channel + in_channel] += by / area; });
    }
  });
  return cache.by_input;
}

}  // namespace vitrine::nn
