#include "vitrine/nn/row_adam.h"

#include <cmath>

namespace vitrine::nn {

RowAdam::RowAdam(const Matrix& values, const AdamOptions& options)
    : options_(options),
      first_(Matrix::Zero(values.rows(), values.cols())),
      second_(Matrix::Zero(values.rows(), values.cols())),
      num_steps_(Matrix::Zero(values.rows(), 1)) {}

void RowAdam::Step(Eigen::Index row, const Eigen::Ref<const Eigen::RowVectorXf>& gradient,
                   float learning_rate, Matrix& values) {
  const float num_steps = ++num_steps_(row, 0);
  auto first = first_.row(row).array();
  auto second = second_.row(row).array();
  first = options_.first_decay * first + (1 - options_.first_decay) * gradient.array();
  second = options_.second_decay * second + (1 - options_.second_decay) * gradient.array().square();
  const float rate = learning_rate / (1 - std::pow(options_.first_decay, num_steps));
  const float scale = 1 / (1 - std::pow(options_.second_decay, num_steps));
  values.row(row).array() -= rate * first / ((scale * second).sqrt() + options_.tiny);
}

}  // namespace vitrine::nn
