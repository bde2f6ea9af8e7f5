#pragma once

#include "vitrine/base/matrix.h"

namespace vitrine::nn {

struct AdamOptions {
  float first_decay = 0.9F;     // beta1
  float second_decay = 0.999F;  // beta2
  float tiny = 1e-8F;           // epsilon
};

// Adam (Kingma, Ba, ICLR 2015) for the rows of one matrix. The moments of a row move only when the
// row does. Different rows may step at once.
class RowAdam {
 public:
  explicit RowAdam(const Matrix& values, const AdamOptions& options = {});

  // Moves `values`, of the shape of those given first, in row `row` against `gradient` [d].
  void Step(Eigen::Index row, const Eigen::Ref<const Eigen::RowVectorXf>& gradient,
            float learning_rate, Matrix& values);

  // What it remembers, for a checkpoint.
  Matrix& first() { return first_; }
  Matrix& second() { return second_; }
  Matrix& num_steps() { return num_steps_; }

 private:
  AdamOptions options_;
  Matrix first_;      // Running mean of the gradients.
  Matrix second_;     // Of their squares.
  Matrix num_steps_;  // [rows x 1] Exact up to 2^24; the corrections are 1 long before.
};

}  // namespace vitrine::nn
