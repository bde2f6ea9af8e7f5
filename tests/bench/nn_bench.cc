// Measures nn: one step of a dense layer of 512 inputs and outputs on a batch of 512, forward,
// backward and Adam, against Eigen's own product of two matrices of that size.
//
//   nn_bench [THREADS...]        # 1 and 2 where none is given
//
// Three products of 512 x 512 x 512 in a step; its rate counts these alone. The two are timed in
// turn, the best of many runs being kept, since other work on the machine can only slow them down.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <vector>

#include "bench/measuring.h"
#include "vitrine/nn/activation.h"
#include "vitrine/nn/dense.h"
#include "vitrine/nn/optimizer.h"
#include "vitrine/nn/transformer.h"

namespace vitrine::nn {
namespace {

constexpr Eigen::Index kSize = 512;
constexpr int kRuns = 60;

Matrix RandomSquare(std::uint64_t seed) {
  Random random(seed);
  Matrix matrix(kSize, kSize);
  for (float& value : matrix.reshaped<Eigen::RowMajor>())
    value = static_cast<float>(random.Normal());
  return matrix;
}

void KeepLeast(double& least, const std::function<void()>& run) {
  const Micros start = MonotonicNow();
  run();
  least = std::min(least, SecondsSince(start));
}

void MeasureDense(std::size_t num_threads) {
  ThreadPool pool(num_threads);
  const Pass pass{.pool = num_threads > 1 ? &pool : nullptr};
  const Matrix input = RandomSquare(1);
  const Matrix by_output = RandomSquare(2);
  Random random(3);
  Dense layer(kSize, kSize, random);
  ParameterList parameters;
  layer.AddParameters("dense", parameters);
  auto optimizer = Optimizer::Create(parameters, {});
  if (!optimizer.ok()) return;
  Dense::Cache cache;
  Matrix product(kSize, kSize);
  double gemm = std::numeric_limits<double>::infinity();
  double products = gemm;
  double step = gemm;
  for (int run = 0; run < kRuns; ++run) {
    KeepLeast(gemm, [&] { product.noalias() = input * by_output; });
    KeepLeast(products, [&] {
      layer.Forward(input, cache, pass);
      layer.Backward(input, by_output, cache, pass);
    });
    KeepLeast(step, [&] {
      layer.Forward(input, cache, pass);
      layer.Backward(input, by_output, cache, pass);
      optimizer->Step(1e-4, pass.pool);
    });
  }
  const double flops = 2.0 * kSize * kSize * kSize;
  const double eigen = flops / gemm / 1e9;
  std::printf(
      "%zu thread(s): Eigen's product, one thread: %.1f GFLOP/s; dense forward and backward: "
      "%.1f (%.0f %%); with Adam: %.1f (%.0f %%)\n",
      num_threads, eigen, 3 * flops / products / 1e9, 300 * gemm / products, 3 * flops / step / 1e9,
      300 * gemm / step);
}

// One step of a transformer block on a batch of histories.
void MeasureTransformer(std::size_t num_threads) {
  ThreadPool pool(num_threads);
  Random random(4);
  const Pass pass{.pool = num_threads > 1 ? &pool : nullptr, .random = &random};
  TransformerBlock block({.dimensions = 64, .num_heads = 2, .inner = 256}, random);
  const Sequences sequences{.number = 128, .length = 50};
  const Matrix input = Matrix::Random(128 * 50, 64);
  TransformerBlock::Cache cache;
  double least = std::numeric_limits<double>::infinity();
  for (int run = 0; run < 5; ++run) {
    KeepLeast(least, [&] {
      const Matrix& output = block.Forward(input, sequences, cache, pass);
      block.Backward(input, sequences, output, cache, pass);
    });
  }
  std::printf("%zu thread(s): transformer block, 128 histories of 50, d = 64: %.1f ms\n",
              num_threads, 1e3 * least);
  const Sequences one{.number = 1, .length = 50};
  TransformerBlock::Cache served;
  double serving = std::numeric_limits<double>::infinity();
  for (int run = 0; run < 200; ++run) {
    KeepLeast(serving, [&] { block.Forward(input.topRows(50), one, served, {}); });
  }
  double last = std::numeric_limits<double>::infinity();
  for (int run = 0; run < 200; ++run) {
    KeepLeast(last, [&] { block.ForwardLast(input.topRows(50), one, served, {}); });
  }
  std::printf("one thread: the block on one history of 50, served: %.0f us; its last place: %.0f\n",
              1e6 * serving, 1e6 * last);
}

}  // namespace
}  // namespace vitrine::nn

int main(int argc, char** argv) {
  std::vector<std::size_t> threads = {1, 2};
  if (argc > 1) threads.clear();
  for (int i = 1; i < argc; ++i) {
    threads.push_back(static_cast<std::size_t>(std::max(1, std::atoi(argv[i]))));
  }
  std::printf("%s\n", vitrine::ProcessorName().c_str());
  for (const std::size_t count : threads) {
    vitrine::nn::MeasureDense(count);
    vitrine::nn::MeasureTransformer(count);
  }
  return 0;
}
