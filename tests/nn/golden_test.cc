// Against PyTorch: data/nn/make_golden.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "nn/checks.h"
#include "testing/status_matchers.h"
#include "vitrine/nn/activation.h"
#include "vitrine/nn/convolution.h"
#include "vitrine/nn/cross.h"
#include "vitrine/nn/embedding.h"
#include "vitrine/nn/loss.h"
#include "vitrine/nn/normalization.h"
#include "vitrine/nn/optimizer.h"
#include "vitrine/nn/product.h"
#include "vitrine/nn/recurrent.h"
#include "vitrine/nn/safetensors.h"
#include "vitrine/nn/transformer.h"

namespace vitrine::nn {
namespace {

using vitrine::testing::IsOk;

constexpr double kRelative = 1e-4;

class GoldenTest : public ::testing::Test {
 protected:
  void Read(const std::string& name) {
    auto file = ReadTensors(LocalFileSystem(), VITRINE_TEST_DATA "/nn/" + name + ".safetensors");
    ASSERT_THAT(file, IsOk());
    file_ = *std::move(file);
  }

  const Tensor& Find(const std::string& name) const {
    const auto place = std::find_if(file_.tensors.begin(), file_.tensors.end(),
                                    [&](const Tensor& tensor) { return tensor.name == name; });
    if (place != file_.tensors.end()) return *place;
    ADD_FAILURE() << "no tensor " << name;
    return file_.tensors.front();
  }

  Matrix Input(const std::string& name, Eigen::Index columns) const {
    const std::vector<float>& values = Find("input." + name).values;
    return Eigen::Map<const Matrix>(values.data(),
                                    static_cast<Eigen::Index>(values.size()) / columns, columns);
  }

  // Negative numbers are kNoTarget.
  std::vector<std::uint32_t> Ids(const std::string& name) const {
    std::vector<std::uint32_t> ids;
    for (const float value : Find("input." + name).values) {
      ids.push_back(value < 0 ? kNoTarget : static_cast<std::uint32_t>(value));
    }
    return ids;
  }

  // Ten steps from the file's weights. `step`: forward and backward, returns the loss.
  void ExpectGolden(const ParameterList& parameters, const OptimizerOptions& options,
                    double learning_rate, const std::function<double()>& step) {
    TensorFile weights;
    for (const Tensor& tensor : file_.tensors) {
      if (!tensor.name.starts_with("weight.")) continue;
      weights.tensors.push_back(tensor);
      weights.tensors.back().name = tensor.name.substr(7);
    }
    ASSERT_THAT(SetFromTensors(weights, parameters), IsOk());
    EXPECT_EQ(weights.tensors.size(), parameters.size());
    auto optimizer = Optimizer::Create(parameters, options);
    ASSERT_THAT(optimizer, IsOk());
    const std::vector<float>& losses = Find("losses").values;
    ASSERT_EQ(losses.size(), 10U);
    for (std::size_t i = 0; i < losses.size(); ++i) {
      EXPECT_NEAR(step(), losses[i], kRelative * losses[i]) << "step " << i;
      if (i == 0) ExpectGradients(parameters);
      optimizer->Step(learning_rate, nullptr);
    }
    EXPECT_LT(losses.back(), losses.front());
  }

  void ExpectGradients(const ParameterList& parameters) const {
    for (const NamedParameter& named : parameters) {
      if (!named.parameter->is_trained) continue;
      const Tensor& expected = Find("gradient." + named.name);
      const Matrix& gradient = named.parameter->gradient;
      ASSERT_EQ(expected.values.size(), static_cast<std::size_t>(gradient.size())) << named.name;
      const Eigen::Map<const Matrix> theirs(expected.values.data(), gradient.rows(),
                                            gradient.cols());
      // The floor is for gradients that are zero but for rounding, such as those of a bias in front
      // of a norm.
      EXPECT_LT((gradient - theirs).norm(), kRelative * theirs.norm() + 1e-7) << named.name;
    }
  }

  Random random_{5};
  const Pass pass_{.random = &random_};

 private:
  TensorFile file_;
};

TEST_F(GoldenTest, Perceptron) {
  Read("perceptron");
  Embedding table(11, 6, 1, random_);
  Cross cross(6, random_);
  Dense first(6, 8, random_);
  BatchNorm batch_norm(8);
  Dense second(8, 5, random_);
  LayerNorm layer_norm(5);
  Dense last(5, 1, random_);
  const Activation tanh{ActivationKind::kTanh};
  const Activation gelu{ActivationKind::kGelu};
  ParameterList parameters;
  table.AddParameters("table", parameters);
  cross.AddParameters("cross", parameters);
  first.AddParameters("first", parameters);
  batch_norm.AddParameters("batch_norm", parameters);
  second.AddParameters("second", parameters);
  layer_norm.AddParameters("layer_norm", parameters);
  last.AddParameters("last", parameters);
  const std::vector<std::uint32_t> ids = Ids("ids");
  const Matrix labels = Input("labels", 1);
  std::vector<std::size_t> begins;
  for (std::size_t begin = 0; begin <= ids.size(); begin += 3) begins.push_back(begin);
  const Bags bags{.begin = begins, .ids = ids};
  Embedding::Cache c0;
  Cross::Cache c1;
  Dense::Cache c2;
  BatchNorm::Cache c3;
  Activation::Cache c4;
  Dense::Cache c5;
  LayerNorm::Cache c6;
  Activation::Cache c7;
  Dense::Cache c8;
  Matrix by_logits;

  ExpectGolden(parameters, {.kind = OptimizerKind::kAdam}, 0.01, [&] {
    table.ForwardBags(bags, BagKind::kMean, c0, pass_);
    cross.Forward(c0.output, c0.output, c1, pass_);
    first.Forward(c1.output, c2, pass_);
    batch_norm.Forward(c2.output, c3, pass_);
    tanh.Forward(c3.output, c4, pass_);
    second.Forward(c4.output, c5, pass_);
    layer_norm.Forward(c5.output, c6, pass_);
    gelu.Forward(c6.output, c7, pass_);
    last.Forward(c7.output, c8, pass_);
    const double loss = BinaryCrossEntropy(c8.output, labels, by_logits);
    last.Backward(c7.output, by_logits, c8, pass_);
    gelu.Backward(c6.output, c8.by_input, c7, pass_);
    layer_norm.Backward(c5.output, c7.by_input, c6, pass_);
    second.Backward(c4.output, c6.by_input, c5, pass_);
    tanh.Backward(c3.output, c5.by_input, c4, pass_);
    batch_norm.Backward(c2.output, c4.by_input, c3, pass_);
    first.Backward(c1.output, c3.by_input, c2, pass_);
    cross.Backward(c0.output, c0.output, c2.by_input, c1, pass_);
    table.BackwardBags(bags, BagKind::kMean, c1.by_input + c1.by_first_input, c0, pass_);
    return loss;
  });
}

class GoldenTransformerTest : public GoldenTest, public ::testing::WithParamInterface<bool> {};

TEST_P(GoldenTransformerTest, AgreesWhereverItsNormsAre) {
  const bool norm_first = GetParam();
  Read(norm_first ? "transformer" : "transformer_norm_last");
  Embedding table(9, 8, 1, random_);
  table.weight.is_sparse = false;  // It is the last layer too.
  TransformerBlock block({.dimensions = 8,
                          .num_heads = 2,
                          .inner = 16,
                          .dropout = 0,
                          .inner_dropout = 0,
                          .is_causal = true,
                          .norm_first = norm_first},
                         random_);
  ParameterList parameters;
  table.AddParameters("table", parameters);
  block.AddParameters("block", parameters);
  const std::vector<std::uint32_t> ids = Ids("ids");
  const std::vector<std::uint32_t> targets = Ids("targets");
  std::vector<std::uint8_t> is_real;
  for (const std::uint32_t real : Ids("is_real")) is_real.push_back(real != 0);
  const Sequences sequences{.number = 4, .length = 5, .is_real = is_real};
  Embedding::Cache c0;
  TransformerBlock::Cache c1;
  Matrix logits(20, 9);
  Matrix by_output(20, 8);

  ExpectGolden(parameters, {.kind = OptimizerKind::kAdamW, .weight_decay = 0.1}, 0.01, [&] {
    table.Forward(ids, c0, pass_);
    const Matrix& output = block.Forward(c0.output, sequences, c1, pass_);
    ProductWithTransposed(output, table.weight.value, Into::kSet, logits, nullptr);
    const double loss = SoftmaxCrossEntropy(logits, targets, logits, nullptr);
    ProductOfTransposed(logits, output, Into::kAdd, table.weight.gradient, nullptr);
    Product(logits, table.weight.value, Into::kSet, by_output, nullptr);
    block.Backward(c0.output, sequences, by_output, c1, pass_);
    table.Backward(ids, c1.by_input, c0, pass_);
    return loss;
  });
}

INSTANTIATE_TEST_SUITE_P(NormFirst, GoldenTransformerTest, ::testing::Bool());

TEST_F(GoldenTest, Recurrent) {
  Read("recurrent");
  Recurrent gru(RecurrentKind::kGru, 3, 5, random_);
  Recurrent lstm(RecurrentKind::kLstm, 5, 4, random_);
  ParameterList parameters;
  gru.AddParameters("gru", parameters);
  lstm.AddParameters("lstm", parameters);
  const Matrix x = Input("x", 3);
  const Matrix targets = Input("targets", 4);
  const Sequences sequences{.number = 3, .length = 6};
  Recurrent::Cache c0;
  Recurrent::Cache c1;
  Matrix by_output;

  ExpectGolden(parameters, {.kind = OptimizerKind::kSgd, .momentum = 0.9}, 0.1, [&] {
    gru.Forward(x, sequences, c0, pass_);
    lstm.Forward(c0.output, sequences, c1, pass_);
    const double loss = MeanSquaredError(c1.output, targets, by_output);
    lstm.Backward(c0.output, sequences, by_output, c1, pass_);
    gru.Backward(x, sequences, c1.by_input, c0, pass_);
    return loss;
  });
}

TEST_F(GoldenTest, Convolution) {
  Read("convolution");
  Convolution image({2, 6, 5}, 3,
                    {.height = 3, .width = 2, .padding_height = 1, .padding_width = 1}, random_);
  const Activation relu{ActivationKind::kRelu};
  const Pooling largest{
      image.OutputShape(), {.height = 2, .width = 2, .stride = 2}, PoolingKind::kMax};
  Convolution sequence({3, 1, 9}, 4, {.width = 3, .stride = 2, .padding_width = 1}, random_);
  const Pooling mean{sequence.OutputShape(), {.width = 5, .stride = 5}, PoolingKind::kMean};
  ParameterList parameters;
  image.AddParameters("image", parameters);
  sequence.AddParameters("sequence", parameters);
  const Matrix x = Input("x", 60);
  const std::vector<std::uint32_t> targets = Ids("targets");
  Convolution::Cache c0;
  Activation::Cache c1;
  Pooling::Cache c2;
  Convolution::Cache c3;
  Pooling::Cache c4;
  Matrix by_logits;

  ExpectGolden(parameters, {.kind = OptimizerKind::kAdagrad, .adam = {.tiny = 1e-10F}}, 0.05, [&] {
    image.Forward(x, c0, pass_);
    relu.Forward(c0.output, c1, pass_);
    largest.Forward(c1.output, c2, pass_);
    sequence.Forward(c2.output, c3, pass_);
    mean.Forward(c3.output, c4, pass_);
    const double loss = SoftmaxCrossEntropy(c4.output, targets, by_logits, nullptr);
    mean.Backward(c3.output, by_logits, c4, pass_);
    sequence.Backward(c2.output, c4.by_input, c3, pass_);
    largest.Backward(c1.output, c3.by_input, c2, pass_);
    relu.Backward(c0.output, c2.by_input, c1, pass_);
    image.Backward(x, c1.by_input, c0, pass_);
    return loss;
  });
}

}  // namespace
}  // namespace vitrine::nn
