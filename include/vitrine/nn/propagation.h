#pragma once

#include <cstddef>
#include <vector>

#include "vitrine/base/matrix.h"
#include "vitrine/math/sparse.h"
#include "vitrine/nn/pass.h"

namespace vitrine::nn {

// R = D_u^-1/2 W D_i^-1/2 of `weights` W [users x items] > 0, with the sums of its rows and
// columns.
CsrMatrix NormalizedPairs(const CsrMatrix& weights);

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

// The same where only items have vectors of their own and users begin at zero. Then even powers of
// A reach items alone and odd ones users alone, so that after an odd number of layers, up to a
// factor,
//
//   Z = the mean of E, R'R E, ... (R'R)^hops E   of items,   R Z   of users,   layers = 2 hops + 1
//
// which is half of the work, and makes of a user a sum over items.
struct ItemPropagation {
  struct Cache {
    Matrix output{};    // Z [items x d]
    Matrix by_input{};  // The same.
    Matrix users{};     // [users x d]
    Matrix current{};
  };

  const Matrix& Forward(const Matrix& input, Cache& cache, const Pass& pass) const;
  const Matrix& Backward(const Matrix& input, const Matrix& by_output, Cache& cache,
                         const Pass& pass) const;

  CsrMatrix by_user{};  // R [users x items]
  CsrMatrix by_item{};  // R'
  std::size_t hops = 1;
};

}  // namespace vitrine::nn
