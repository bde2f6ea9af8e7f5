#include "absl/strings/str_format.h"
#include "vitrine/scorers/dnn/deep_ranker.h"

namespace vitrine {

namespace {

bool IsBetween(std::size_t value, std::size_t min, std::size_t max) {
  return value >= min && value <= max;
}

}  // namespace

absl::Status CheckShape(const DeepRankerShape& shape) {
  if (IsBetween(shape.num_features, 1, 1000) && IsBetween(shape.num_crosses, 0, 8) &&
      IsBetween(shape.hidden, 2, 1024)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "deep_ranker wants 1 to 1000 features, 0 to 8 crosses and 2 to 1024 hidden units, got %d, %d "
      "and %d",
      shape.num_features, shape.num_crosses, shape.hidden));
}

DeepRankerNetwork::DeepRankerNetwork(const DeepRankerShape& shape, double dropout_rate,
                                     Random& random)
    : wide(shape.num_features, 1, random),
      crossed(shape.num_features, 1, random),
      first(shape.num_features, shape.hidden, random),
      dropout{dropout_rate},
      second(shape.hidden, shape.hidden / 2, random),
      deep(shape.hidden / 2, 1, random) {
  for (std::size_t i = 0; i < shape.num_crosses; ++i) {
    crosses.emplace_back(shape.num_features, random);
  }
  for (nn::Dense* last : {&wide, &crossed, &deep}) last->weight.value.setZero();
}

void DeepRankerNetwork::AddParameters(nn::ParameterList& list) {
  for (std::size_t i = 0; i < crosses.size(); ++i) {
    crosses[i].AddParameters(absl::StrFormat("crosses.%d", i), list);
  }
  wide.AddParameters("wide", list);
  crossed.AddParameters("crossed", list);
  first.AddParameters("first", list);
  second.AddParameters("second", list);
  deep.AddParameters("deep", list);
}

const Matrix& DeepRankerNetwork::Forward(const Matrix& input, Cache& cache,
                                         const nn::Pass& pass) const {
  cache.crosses.resize(crosses.size());
  const Matrix* x = &input;
  for (std::size_t i = 0; i < crosses.size(); ++i) {
    x = &crosses[i].Forward(input, *x, cache.crosses[i], pass);
  }
  cache.output = crossed.Forward(*x, cache.crossed, pass);
  cache.output += wide.Forward(input, cache.wide, pass);
  const nn::Activation relu;
  relu.Forward(first.Forward(input, cache.first, pass), cache.first_relu, pass);
  dropout.Forward(cache.first_relu.output, cache.dropout, pass);
  relu.Forward(second.Forward(cache.dropout.output, cache.second, pass), cache.second_relu, pass);
  cache.output += deep.Forward(cache.second_relu.output, cache.deep, pass);
  return cache.output;
}

void DeepRankerNetwork::Backward(const Matrix& input, const Matrix& by_output, Cache& cache,
                                 const nn::Pass& pass) {
  const nn::Activation relu;
  const Matrix& by_second_relu =
      deep.Backward(cache.second_relu.output, by_output, cache.deep, pass);
  const Matrix& by_second =
      relu.Backward(cache.second.output, by_second_relu, cache.second_relu, pass);
  const Matrix& by_dropout = second.Backward(cache.dropout.output, by_second, cache.second, pass);
  const Matrix& by_first_relu =
      dropout.Backward(cache.first_relu.output, by_dropout, cache.dropout, pass);
  const Matrix& by_first = relu.Backward(cache.first.output, by_first_relu, cache.first_relu, pass);
  cache.by_input = first.Backward(input, by_first, cache.first, pass);
  cache.by_input += wide.Backward(input, by_output, cache.wide, pass);
  const Matrix& last = crosses.empty() ? input : cache.crosses.back().output;
  cache.by_cross = crossed.Backward(last, by_output, cache.crossed, pass);
  for (std::size_t i = crosses.size(); i-- > 0;) {
    const Matrix& x = i == 0 ? input : cache.crosses[i - 1].output;
    crosses[i].Backward(input, x, cache.by_cross, cache.crosses[i], pass);
    cache.by_input += cache.crosses[i].by_first_input;
    cache.by_cross = cache.crosses[i].by_input;
  }
  cache.by_input += cache.by_cross;
}

}  // namespace vitrine
