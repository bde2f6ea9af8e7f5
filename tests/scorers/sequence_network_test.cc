#include "vitrine/scorers/dnn/sequence_network.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "scorers/sequence_shapes.h"
#include "vitrine/nn/gradient_check.h"

namespace vitrine {
namespace {

constexpr Micros kMinute = 60 * kMicrosPerSecond;

class SequenceNetworkTest : public ::testing::TestWithParam<SequenceShape> {};

TEST_P(SequenceNetworkTest, TheNetworksGradientsAreThoseOfFiniteDifferences) {
  Random random(9);
  SequenceNetwork network(GetParam(), 0, random);
  nn::ParameterList parameters;
  network.AddParameters(parameters);
  for (const nn::NamedParameter& each : parameters) {
    nn::FillUniform(*each.parameter, 0.7, random);
    // A norm that shrinks what it passes on leaves gradients too small for differences in float.
    if (each.name.find("norm") != std::string::npos && each.name.ends_with(".weight")) {
      each.parameter->value.array() += 1;
    }
    each.parameter->is_sparse = false;
  }
  StepBatch batch;
  batch.Start(3, GetParam().counts_back);
  batch.Add(std::vector<SequenceStep>{{1, kMinute}, {4, 5 * kMinute, EventType::kAddToCart}});
  batch.Add(std::vector<SequenceStep>{{2, 0}, {1, 0}, {5, 0}});
  Matrix by_output =
      Matrix::NullaryExpr(6, 4, [&random] { return static_cast<float>(random.Uniform() - 0.5); });
  by_output.row(2).setZero();  // Padding.
  SequenceNetwork::Cache cache;
  const auto loss = [&] {
    return network.Forward(batch, cache, {}).cwiseProduct(by_output).cast<double>().sum();
  };

  loss();
  network.Backward(batch, by_output, cache, {});

  for (const nn::NamedParameter& each : parameters) {
    const Matrix computed = each.parameter->gradient;
    // Differences go across kinks of the rectifier; a wrong gradient is near 1.
    EXPECT_LT(nn::GradientError(each.parameter->value, computed, loss), 1e-2) << each.name;
  }
}

TEST_P(SequenceNetworkTest, TheLastStepAloneIsEncodedAsAmongAll) {
  for (const std::size_t num_layers : {std::size_t{1}, std::size_t{3}}) {
    SequenceShape shape = GetParam();
    shape.num_layers = num_layers;
    Random random(5);
    SequenceNetwork network(shape, 0, random);
    nn::ParameterList parameters;
    network.AddParameters(parameters);
    for (const nn::NamedParameter& each : parameters) {
      nn::FillUniform(*each.parameter, 0.7, random);
    }
    StepBatch batch;
    batch.Start(3, shape.counts_back);
    batch.Add(std::vector<SequenceStep>{{1, kMinute}, {4, 5 * kMinute, EventType::kAddToCart}});
    batch.Add(std::vector<SequenceStep>{{2, 0}, {1, 0}, {5, 0}});
    batch.Add(std::vector<SequenceStep>{{3, 0}});
    SequenceNetwork::Cache cache;
    SequenceNetwork::Cache of_parts;
    SequenceNetwork::Cache later;
    const Matrix states = network.Forward(batch, cache, {});
    Matrix expected(3, states.cols());
    expected << states.row(1), states.row(5), states.row(6);

    const Matrix trunk = network.ForwardTrunk(batch, of_parts, {});
    const Matrix last = network.ForwardTopLast(batch, trunk, of_parts, {});

    EXPECT_LT((last - expected).norm(), 1e-5F * expected.norm());
    EXPECT_EQ(network.ForwardTop(batch, trunk, later, {}), states);
  }
}

TEST_P(SequenceNetworkTest, TheLastStepsAloneTeachWhatTheyDoAmongAll) {
  Random random(5);
  SequenceNetwork network(GetParam(), 0, random);
  nn::ParameterList parameters;
  network.AddParameters(parameters);
  for (const nn::NamedParameter& each : parameters) nn::FillUniform(*each.parameter, 0.7, random);
  StepBatch batch;
  batch.Start(3, GetParam().counts_back);
  batch.Add(std::vector<SequenceStep>{{1, kMinute}, {4, 5 * kMinute, EventType::kAddToCart}});
  batch.Add(std::vector<SequenceStep>{{2, 0}, {1, 0}, {5, 0}});
  const Matrix by_last =
      Matrix::NullaryExpr(2, 4, [&random] { return static_cast<float>(random.Uniform() - 0.5); });
  Matrix by_all = Matrix::Zero(6, 4);
  by_all.row(1) = by_last.row(0);
  by_all.row(5) = by_last.row(1);
  SequenceNetwork::Cache cache;
  network.Forward(batch, cache, {});
  network.Backward(batch, by_all, cache, {});
  std::vector<Matrix> expected;
  for (const nn::NamedParameter& each : parameters) expected.push_back(each.parameter->gradient);
  nn::ZeroGradients(parameters);

  network.ForwardLast(batch, cache, {});
  network.BackwardLast(batch, by_last, cache, {});

  for (std::size_t i = 0; i < parameters.size(); ++i) {
    EXPECT_LT((parameters[i].parameter->gradient - expected[i]).norm(),
              1e-4F * (expected[i].norm() + 1e-3F))
        << parameters[i].name;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, SequenceNetworkTest,
                         ::testing::ValuesIn(testing::SequenceShapes()));

}  // namespace
}  // namespace vitrine
