#include "vitrine/scorers/dnn/two_tower_network.h"

#include <cmath>

#include "absl/strings/str_format.h"

namespace vitrine {

namespace {

constexpr double kEmbeddingDeviation = 0.05;

bool IsBetween(std::size_t value, std::size_t min, std::size_t max) {
  return value >= min && value <= max;
}

}  // namespace

absl::Status CheckShape(const TwoTowerShape& shape) {
  constexpr std::size_t kMostBuckets = 1U << 24U;
  if (IsBetween(shape.dimensions, 1, 512) && IsBetween(shape.hidden, 1, 4096) &&
      IsBetween(shape.item_buckets, 1, kMostBuckets) && shape.user_buckets <= kMostBuckets) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "two_tower wants 1 to 512 dimensions, 1 to 4096 hidden units and at most 2^24 buckets, got "
      "%d, %d, %d for items and %d for profiles",
      shape.dimensions, shape.hidden, shape.item_buckets, shape.user_buckets));
}

ItemTower::ItemTower(const TwoTowerShape& shape, std::size_t num_ids, double dropout_rate,
                     Random& random)
    : ids(num_ids, shape.dimensions, kEmbeddingDeviation, random),
      features(shape.item_buckets, shape.dimensions, kEmbeddingDeviation, random),
      norm(shape.dimensions),
      dropout{dropout_rate},
      first(shape.dimensions, shape.hidden, random),
      second(shape.hidden, shape.dimensions, random),
      target(shape.dimensions, shape.dimensions, random),
      history(shape.dimensions, shape.dimensions, random) {
  // So that the first inner products are about 1, and the first softmax is not about to burst.
  target.weight.value /= std::sqrt(static_cast<float>(shape.dimensions));
}

void ItemTower::AddServedParameters(const std::string& prefix, nn::ParameterList& list) {
  features.AddParameters(nn::JoinName(prefix, "features"), list);
  norm.AddParameters(nn::JoinName(prefix, "norm"), list);
  first.AddParameters(nn::JoinName(prefix, "first"), list);
  second.AddParameters(nn::JoinName(prefix, "second"), list);
  target.AddParameters(nn::JoinName(prefix, "target"), list);
  history.AddParameters(nn::JoinName(prefix, "history"), list);
}

void ItemTower::Forward(std::span<const std::uint32_t> item_ids, const nn::Bags& item_features,
                        Cache& cache, const nn::Pass& pass) const {
  cache.sum = ids.Forward(item_ids, cache.ids, pass);
  cache.sum += features.ForwardBags(item_features, nn::BagKind::kSum, cache.features, pass);
  norm.Forward(cache.sum, cache.norm, pass);
  const Matrix& x = dropout.Forward(cache.norm.output, cache.dropout, pass);
  first.Forward(x, cache.first, pass);
  nn::Activation{}.Forward(cache.first.output, cache.relu, pass);
  cache.mixed = x + second.Forward(cache.relu.output, cache.second, pass);
  target.Forward(cache.mixed, cache.target, pass);
  history.Forward(cache.mixed, cache.history, pass);
}

void ItemTower::Backward(std::span<const std::uint32_t> item_ids, const nn::Bags& item_features,
                         const Matrix& by_target, const Matrix& by_history, Cache& cache,
                         const nn::Pass& pass) {
  cache.by_mixed = target.Backward(cache.mixed, by_target, cache.target, pass);
  cache.by_mixed += history.Backward(cache.mixed, by_history, cache.history, pass);
  const Matrix& x = cache.dropout.output;
  const Matrix& by_relu = second.Backward(cache.relu.output, cache.by_mixed, cache.second, pass);
  const Matrix& by_first = nn::Activation{}.Backward(cache.first.output, by_relu, cache.relu, pass);
  cache.by_input = cache.by_mixed + first.Backward(x, by_first, cache.first, pass);
  const Matrix& by_norm = dropout.Backward(cache.norm.output, cache.by_input, cache.dropout, pass);
  const Matrix& by_sum = norm.Backward(cache.sum, by_norm, cache.norm, pass);
  ids.Backward(item_ids, by_sum, cache.ids, pass);
  features.BackwardBags(item_features, nn::BagKind::kSum, by_sum, cache.features, pass);
}

UserTower::UserTower(const TwoTowerShape& shape, double dropout_rate, Random& random)
    : profile(shape.user_buckets, shape.dimensions, kEmbeddingDeviation, random),
      dropout{dropout_rate},
      linear(NumInputs(shape), shape.dimensions, random),
      first(NumInputs(shape), shape.hidden, random),
      second(shape.hidden, shape.dimensions, random) {}

void UserTower::AddParameters(const std::string& prefix, nn::ParameterList& list) {
  if (profile.weight.value.rows() > 0) {
    profile.AddParameters(nn::JoinName(prefix, "profile"), list);
  }
  linear.AddParameters(nn::JoinName(prefix, "linear"), list);
  first.AddParameters(nn::JoinName(prefix, "first"), list);
  second.AddParameters(nn::JoinName(prefix, "second"), list);
}

const Matrix& UserTower::Forward(const Matrix& inputs, Cache& cache, const nn::Pass& pass) const {
  const Matrix& z = dropout.Forward(inputs, cache.dropout, pass);
  first.Forward(z, cache.first, pass);
  nn::Activation{}.Forward(cache.first.output, cache.relu, pass);
  cache.output = linear.Forward(z, cache.linear, pass);
  cache.output += second.Forward(cache.relu.output, cache.second, pass);
  return cache.output;
}

const Matrix& UserTower::Backward(const Matrix& inputs, const Matrix& by_output, Cache& cache,
                                  const nn::Pass& pass) {
  const Matrix& z = cache.dropout.output;
  const Matrix& by_relu = second.Backward(cache.relu.output, by_output, cache.second, pass);
  const Matrix& by_first = nn::Activation{}.Backward(cache.first.output, by_relu, cache.relu, pass);
  cache.by_dropped = linear.Backward(z, by_output, cache.linear, pass);
  cache.by_dropped += first.Backward(z, by_first, cache.first, pass);
  return dropout.Backward(inputs, cache.by_dropped, cache.dropout, pass);
}

}  // namespace vitrine
