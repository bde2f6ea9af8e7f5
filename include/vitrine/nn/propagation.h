#pragma once

#include <cstddef>
#include <vector>

#include "vitrine/base/matrix.h"
#include "vitrine/math/sparse.h"
#include "vitrine/nn/pass.h"

namespace vitrine::nn {

// The graph of users and items [users + items x users + items], an edge for each entry of
// `weights` [users x items] > 0 both ways, D^-1/2 A D^-1/2 (Kipf, Welling, ICLR 2017, without
// loops). Nodes are users first. A node without edges has no entry.
CsrMatrix NormalizedGraph(const CsrMatrix& weights);

// The mean of E, A E, ... A^layers E: light graph convolution (He et al., LightGCN, SIGIR 2020,
// equations 3 to 8). Nothing is learned in it but what it is given, E.
struct Propagation {
  struct Cache {
    Matrix output{};    // [nodes x d]
    Matrix by_input{};  // The same.
    Matrix current{};
    Matrix next{};
  };

  const Matrix& Forward(const Matrix& input, Cache& cache, const Pass& pass) const;
  const Matrix& Backward(const Matrix& input, const Matrix& by_output, Cache& cache,
                         const Pass& pass) const;

  CsrMatrix graph{};  // A, symmetric.
  std::size_t layers = 3;
};

}  // namespace vitrine::nn
