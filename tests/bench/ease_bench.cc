// Times the inverse that ease is, against what n^3 multiply-adds take at the rate of Eigen's own
// product of two matrices, both by two threads.
//
//   ease_bench [SIZE...]        # 4000 and 8000 where none is given
//
// The rate is that of two products of 2048 x 2048 matrices side by side, one a thread, measured
// before and after each inverse; the better counts.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "bench/measuring.h"
#include "vitrine/base/random.h"
#include "vitrine/math/spd_inverse.h"

namespace vitrine {
namespace {

constexpr std::size_t kThreads = 2;

Matrix RandomMatrix(Eigen::Index size, std::uint64_t seed) {
  Random random(seed);
  Matrix matrix(size, size);
  for (float& value : matrix.reshaped<Eigen::RowMajor>()) {
    value = static_cast<float>(random.Normal());
  }
  return matrix;
}

// Multiply-adds a second of all threads together.
double ProductRate(ThreadPool& pool) {
  constexpr Eigen::Index kSize = 2048;
  const Matrix left = RandomMatrix(kSize, 1);
  const Matrix right = RandomMatrix(kSize, 2);
  std::vector<Matrix> products(kThreads, Matrix(kSize, kSize));
  double best = 0;
  for (int run = 0; run < 3; ++run) {
    const Micros start = MonotonicNow();
    pool.ParallelFor(kThreads, [&](std::size_t i) { products[i].noalias() = left * right; });
    best = std::max(best, kThreads * std::pow(kSize, 3) / SecondsSince(start));
  }
  return best;
}

// Entries as small as those of X'X + lambda I are beside its diagonal.
Matrix PositiveDefinite(Eigen::Index size) {
  Matrix matrix = RandomMatrix(size, 3);
  matrix = 0.5F * (matrix + matrix.transpose()).eval();
  matrix.diagonal().array() += 4 * std::sqrt(static_cast<float>(size));
  return matrix;
}

bool Measure(Eigen::Index size, ThreadPool& pool) {
  Matrix matrix = PositiveDefinite(size);
  const double before = ProductRate(pool);
  const Micros start = MonotonicNow();
  const absl::Status inverted = InvertPositiveDefinite(matrix, pool, [](double) { return true; });
  const double seconds = SecondsSince(start);
  if (!inverted.ok()) {
    std::fprintf(stderr, "%s\n", inverted.ToString().c_str());
    return false;
  }
  const double rate = std::max(before, ProductRate(pool));
  const double limit = std::pow(static_cast<double>(size), 3) / rate;
  std::printf("n=%ld: inverse %.2f s; n^3 multiply-adds at %.1f GFLOP/s: %.2f s; ratio %.2f\n",
              static_cast<long>(size), seconds, 2 * rate / 1e9, limit, seconds / limit);
  std::fflush(stdout);
  return true;
}

int Run(int argc, char** argv) {
  std::vector<Eigen::Index> sizes = {4000, 8000};
  if (argc > 1) sizes.clear();
  for (int i = 1; i < argc; ++i) sizes.push_back(std::atol(argv[i]));
  std::printf("%s, %zu threads\n", ProcessorName().c_str(), kThreads);
  ThreadPool pool(kThreads);
  return std::all_of(sizes.begin(), sizes.end(),
                     [&pool](Eigen::Index size) { return size > 0 && Measure(size, pool); })
             ? 0
             : 1;
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) { return vitrine::Run(argc, argv); }
