#include "vitrine/scorers/dnn/purchase_predictor.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "scorers/dnn/rescale_rule.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/nn/activation.h"

namespace vitrine {

namespace {

double Sigmoid(double log_odds) { return 1 / (1 + std::exp(-log_odds)); }

struct Run {
  nn::Dense::Cache first{};  // Before the rectifiers.
  nn::Dense::Cache second{};
  nn::Dense::Cache last{};
  nn::Activation::Cache first_relu{};
  nn::Activation::Cache second_relu{};
  const Matrix& log_odds() const { return last.output; }  // [rows x 1]
};

Run Forward(const PurchaseNetwork& network, const Matrix& input) {
  const nn::Activation relu{nn::ActivationKind::kRelu};
  Run run;
  network.first.Forward(input, run.first, {});
  relu.Forward(run.first.output, run.first_relu, {});
  network.second.Forward(run.first_relu.output, run.second, {});
  relu.Forward(run.second.output, run.second_relu, {});
  network.last.Forward(run.second_relu.output, run.last, {});
  return run;
}

// What each input adds to the log-odds, against inputs of zero. [rows x inputs]
Matrix Effects(const PurchaseNetwork& network, const Matrix& input, const Run& base) {
  const Run run = Forward(network, input);
  Matrix by_second = network.last.weight.value.replicate(input.rows(), 1);
  PassOnDifference(run.second.output, base.second.output, by_second);
  Matrix by_first = by_second * network.second.weight.value;
  PassOnDifference(run.first.output, base.first.output, by_first);
  return (by_first * network.first.weight.value).cwiseProduct(input);
}

absl::Status CheckNetworks(const std::vector<PurchaseNetwork>& networks) {
  if (networks.empty()) return absl::InvalidArgumentError("a purchase predictor wants a network");
  const Eigen::Index inputs = networks.front().first.weight.value.cols();
  const Eigen::Index hidden = networks.front().first.weight.value.rows();
  const auto fits = [](const nn::Dense& layer, Eigen::Index rows, Eigen::Index cols) {
    return layer.weight.value.rows() == rows && layer.weight.value.cols() == cols &&
           layer.bias.value.rows() == 1 && layer.bias.value.cols() == rows &&
           layer.weight.value.allFinite() && layer.bias.value.allFinite();
  };
  for (const PurchaseNetwork& network : networks) {
    if (inputs > 0 && hidden > 0 && fits(network.first, hidden, inputs) &&
        fits(network.second, hidden, hidden) && fits(network.last, 1, hidden)) {
      continue;
    }
    return absl::InvalidArgumentError(
        "a purchase predictor wants networks of one shape and finite weights");
  }
  return absl::OkStatus();
}

// Rows on their way into the networks.
struct Prepared {
  FeatureTable table{};  // What the pipeline made of them.
  Matrix inputs{};
};

absl::StatusOr<Prepared> Prepare(const TransformPipeline& pipeline, FeatureTable rows,
                                 Eigen::Index wanted) {
  Prepared prepared;
  VITRINE_ASSIGN_OR_RETURN(prepared.table, pipeline.Apply(std::move(rows)));
  VITRINE_ASSIGN_OR_RETURN(prepared.inputs, NetworkInputs(prepared.table, pipeline.input().target));
  if (prepared.inputs.cols() == wanted) return prepared;
  return absl::InvalidArgumentError(
      absl::StrFormat("the pipeline makes %d columns of the rows, the networks want %d",
                      prepared.inputs.cols(), wanted));
}

// The given column that each transformed one was made of: one step may put = or _ and more behind
// its name.
std::vector<std::size_t> Sources(const TransformPipeline& pipeline, const FeatureTable& made) {
  const std::vector<InputColumn>& given = pipeline.input().columns;
  std::vector<std::size_t> sources;
  for (const Column& column : made.columns()) {
    if (column.name == pipeline.input().target) continue;
    std::size_t best = given.size();
    for (std::size_t i = 0; i < given.size(); ++i) {
      const std::string& name = given[i].name;
      if (!column.name.starts_with(name)) continue;
      if (best == given.size() || name.size() > given[best].name.size()) best = i;
    }
    sources.push_back(best);
  }
  return sources;
}

}  // namespace

void PurchaseNetwork::AddParameters(nn::ParameterList& list) {
  first.AddParameters("first", list);
  second.AddParameters("second", list);
  last.AddParameters("last", list);
}

absl::StatusOr<Matrix> NetworkInputs(const FeatureTable& table, std::string_view target) {
  std::vector<const Numbers*> columns;
  for (const Column& column : table.columns()) {
    if (column.name == target) continue;
    VITRINE_ASSIGN_OR_RETURN(columns.emplace_back(), table.GetNumbers(column.name));
    const auto& cells = *columns.back();
    const auto missing =
        std::find_if(cells.begin(), cells.end(), [](double cell) { return std::isnan(cell); });
    if (missing == cells.end()) continue;
    return absl::InvalidArgumentError(absl::StrFormat(
        "column %s has no value in row %d, and had one in every row learned from: give it one",
        column.name, missing - cells.begin() + 1));
  }
  Matrix inputs(static_cast<Eigen::Index>(table.num_rows()),
                static_cast<Eigen::Index>(columns.size()));
  for (std::size_t j = 0; j < columns.size(); ++j) {
    for (std::size_t i = 0; i < table.num_rows(); ++i) {
      inputs(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) =
          static_cast<float>((*columns[j])[i]);
    }
  }
  return inputs;
}

absl::StatusOr<std::shared_ptr<const PurchasePredictor>> PurchasePredictor::Create(
    TransformPipeline pipeline, std::vector<PurchaseNetwork> networks) {
  VITRINE_RETURN_IF_ERROR(CheckNetworks(networks));
  return std::shared_ptr<const PurchasePredictor>(
      new PurchasePredictor(std::move(pipeline), std::move(networks)));
}

absl::StatusOr<std::vector<double>> PurchasePredictor::Predict(FeatureTable rows) const {
  VITRINE_ASSIGN_OR_RETURN(const Prepared prepared,
                           Prepare(pipeline_, std::move(rows), num_inputs()));
  const Matrix& inputs = prepared.inputs;
  Eigen::VectorXd log_odds = Eigen::VectorXd::Zero(inputs.rows());
  for (const PurchaseNetwork& network : networks_) {
    log_odds += Forward(network, inputs).log_odds().col(0).cast<double>();
  }
  std::vector<double> probabilities;
  for (const double sum : log_odds) {
    probabilities.push_back(Sigmoid(sum / static_cast<double>(networks_.size())));
  }
  return probabilities;
}

absl::StatusOr<std::vector<ExplainedPurchase>> PurchasePredictor::Explain(FeatureTable rows) const {
  VITRINE_ASSIGN_OR_RETURN(const Prepared prepared,
                           Prepare(pipeline_, std::move(rows), num_inputs()));
  const Matrix& inputs = prepared.inputs;
  const Matrix zero = Matrix::Zero(1, inputs.cols());
  const auto count = static_cast<double>(networks_.size());
  Eigen::MatrixXd effects = Eigen::MatrixXd::Zero(inputs.rows(), inputs.cols());
  double base = 0;
  for (const PurchaseNetwork& network : networks_) {
    const Run at_zero = Forward(network, zero);
    base += static_cast<double>(at_zero.log_odds()(0, 0)) / count;
    effects += Effects(network, inputs, at_zero).cast<double>() / count;
  }
  const std::vector<std::size_t> sources = Sources(pipeline_, prepared.table);
  std::vector<ExplainedPurchase> explained(static_cast<std::size_t>(inputs.rows()));
  for (std::size_t r = 0; r < explained.size(); ++r) {
    ExplainedPurchase& row = explained[r];
    row.base = base;
    for (const InputColumn& column : pipeline_.input().columns) {
      row.effects.push_back({column.name});
    }
    double log_odds = base;
    for (std::size_t j = 0; j < sources.size(); ++j) {
      const double effect = effects(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(j));
      log_odds += effect;
      if (sources[j] < row.effects.size()) row.effects[sources[j]].value += effect;
    }
    row.probability = Sigmoid(log_odds);
    std::erase_if(row.effects,
                  [this](const auto& each) { return each.column == pipeline_.input().target; });
    std::stable_sort(row.effects.begin(), row.effects.end(), [](const auto& a, const auto& b) {
      return std::abs(a.value) > std::abs(b.value);
    });
  }
  return explained;
}

void Save(const PurchasePredictor& predictor, ByteWriter& writer) {
  writer.String(EncodePipeline(predictor.pipeline()));
  writer.Unsigned(predictor.networks().size());
  for (const PurchaseNetwork& network : predictor.networks()) {
    for (const nn::Dense* layer : {&network.first, &network.second, &network.last}) {
      writer.Write(layer->weight.value);
      writer.Write(layer->bias.value);
    }
  }
}

absl::StatusOr<std::shared_ptr<const PurchasePredictor>> LoadPurchasePredictor(ByteReader& reader) {
  VITRINE_ASSIGN_OR_RETURN(TransformPipeline pipeline,
                           DecodePipeline(reader.String(), "a purchase predictor's pipeline"));
  std::vector<PurchaseNetwork> networks(reader.Count(1));
  for (PurchaseNetwork& network : networks) {
    for (nn::Dense* layer : {&network.first, &network.second, &network.last}) {
      layer->weight.value = reader.ReadMatrix();
      layer->bias.value = reader.ReadMatrix();
    }
  }
  VITRINE_RETURN_IF_ERROR(reader.status("a purchase predictor"));
  auto predictor = PurchasePredictor::Create(std::move(pipeline), std::move(networks));
  if (!predictor.ok()) return absl::DataLossError(std::string(predictor.status().message()));
  return predictor;
}

}  // namespace vitrine
