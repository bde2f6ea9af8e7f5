#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/nn/parameter.h"
#include "vitrine/nn/row_adam.h"

namespace vitrine::nn {

enum class OptimizerKind {
  kSgd,  // value -= rate velocity, velocity = momentum velocity + gradient. Batch and mini-batch
         // gradient descent have no momentum.
  kAdagrad,  // value -= rate gradient / (sqrt(sum of gradient²) + tiny) (Duchi et al., JMLR 2011)
  kAdam,
  kAdamW,  // Adam whose weight decay is apart from the gradient (Loshchilov, Hutter, ICLR 2019)
};

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::kAdam;
  double momentum = 0;      // Of kSgd, in [0, 1).
  AdamOptions adam{};       // `tiny` is kAdagrad's too.
  double weight_decay = 0;  // This times the value is added to the gradient; by kAdamW, rate times
                            // this times the value is taken off the value.
  double max_gradient_norm = 0;  // Gradients of a step are scaled down to it. 0: never.
};

// Takes steps with all parameters of a list, by their gradients. Equations and order of operations
// are PyTorch's. Of a sparse parameter only touched rows step: what remembers past gradients, and
// weight decay, wait until a row is touched again. Rows are independent, so that the threads change
// no bit.
class Optimizer {
 public:
  // The parameters must outlive it, and stay where they are. Errors: INVALID_ARGUMENT, naming the
  // option and its range.
  static absl::StatusOr<Optimizer> Create(ParameterList parameters,
                                          const OptimizerOptions& options);

  // Clips, steps, and sets the gradients to zero. Returns the norm of the gradients before
  // clipping; where that is not finite, nothing is stepped and the gradients stay. `pool` may be
  // null.
  double Step(double learning_rate, ThreadPool* pool);

  const ParameterList& parameters() const { return parameters_; }

  // What it remembers of past gradients, to be kept with a checkpoint. Views of this object.
  struct NamedState {
    std::string name{};
    Matrix* value = nullptr;
  };
  std::vector<NamedState> State();

 private:
  Optimizer(ParameterList parameters, const OptimizerOptions& options);
  void StepRow(std::size_t index, Eigen::Index row, float learning_rate);

  ParameterList parameters_;  // Those that are trained.
  OptimizerOptions options_;
  std::vector<RowAdam> adam_;  // By parameter, of kAdam and kAdamW.
  std::vector<Matrix> past_;   // By parameter: kAdagrad's sums of squares, kSgd's velocities.
};

}  // namespace vitrine::nn
