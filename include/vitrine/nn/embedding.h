#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vitrine/nn/parameter.h"
#include "vitrine/nn/pass.h"

namespace vitrine::nn {

// An id that stands for nothing: it has the vector zero, and no gradient.
inline constexpr std::uint32_t kNoId = UINT32_MAX;

// Bag b holds ids[begin[b]] to ids[begin[b + 1] - 1].
struct Bags {
  std::span<const std::size_t> begin{};  // [bags + 1]
  std::span<const std::uint32_t> ids{};  // Each below the table's rows, or kNoId.
  std::span<const float> weights{};      // [ids] Of each in its bag; empty: 1.
};

enum class BagKind { kSum, kMean };  // The mean divides by the bag's ids, whatever their weights.

// A table of vectors, looked up by id. Its gradient is sparse: a batch costs what it touches.
struct Embedding {
  // What Backward sorts; a cache keeps it.
  struct Use {
    std::uint32_t id = 0;
    std::uint32_t row = 0;  // Of the output.
    float weight = 0;
  };
  struct Cache {
    Matrix output{};                    // [ids or bags x d]
    std::vector<Use> uses{};            // By id, else in the order in which they come.
    std::vector<std::size_t> starts{};  // Of each id in `uses`.
  };

  Embedding() = default;
  // Normal values of mean 0.
  Embedding(std::size_t num_ids, std::size_t dimensions, double deviation, Random& random);

  void AddParameters(const std::string& prefix, ParameterList& list);

  // A row for each id, each below the table's rows, or kNoId. Returns cache.output.
  const Matrix& Forward(std::span<const std::uint32_t> ids, Cache& cache, const Pass& pass) const;
  void Backward(std::span<const std::uint32_t> ids, const Matrix& by_output, Cache& cache,
                const Pass& pass);

  // A row for each bag: the sum or the mean of the vectors in it; zero of an empty one.
  const Matrix& ForwardBags(const Bags& bags, BagKind kind, Cache& cache, const Pass& pass) const;
  void BackwardBags(const Bags& bags, BagKind kind, const Matrix& by_output, Cache& cache,
                    const Pass& pass);

  Parameter weight{};  // [ids x d]

 private:
  void AddGradients(const Matrix& by_output, Cache& cache, const Pass& pass);
};

}  // namespace vitrine::nn
