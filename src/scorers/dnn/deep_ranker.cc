#include "vitrine/scorers/dnn/deep_ranker.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "scorers/dnn/saved_behaviour.h"
#include "scorers/saved_rows.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

namespace {

constexpr std::string_view kName = "deep_ranker";
constexpr std::size_t kRankedTogether = 64;  // Candidates between two looks at the clock.
constexpr int kPathSteps = 64;               // Of integrated gradients.
constexpr std::size_t kMostNetworks = 16;

// Beside the number of scorers, which a saved one begins with: what does not know it refuses so
// many.
constexpr std::uint64_t kHasBehaviour = std::uint64_t{1} << 32U;

nn::ParameterList ParametersOf(DeepRankerNetwork& network) {
  nn::ParameterList parameters;
  network.AddParameters(parameters);
  return parameters;
}

absl::Status DamagedNumbers() {
  return absl::DataLossError("deep_ranker holds numbers that no training makes");
}

bool Has(const Matrix& matrix, std::size_t rows, std::size_t cols) {
  return static_cast<std::size_t>(matrix.rows()) == rows &&
         static_cast<std::size_t>(matrix.cols()) == cols && matrix.allFinite();
}

bool HasBehaviour(const DeepRankerTable& table) {
  return table.shape.num_features == RankerFeatureNames(table.scorers).size();
}

// All of RankerFeatures, or all but the behaviour features, which are the last of them.
bool HasFeatures(const DeepRankerTable& table) {
  return HasBehaviour(table) ||
         table.shape.num_features + kNumBehaviourFacts == RankerFeatureNames(table.scorers).size();
}

bool HasShape(DeepRankerNetwork& network, const DeepRankerShape& shape) {
  Random random(0);
  DeepRankerNetwork wanted(shape, 0, random);
  const nn::ParameterList shapes = ParametersOf(wanted);
  const nn::ParameterList given = ParametersOf(network);
  if (shapes.size() != given.size()) return false;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const Matrix& value = shapes[i].parameter->value;
    if (!Has(given[i].parameter->value, static_cast<std::size_t>(value.rows()),
             static_cast<std::size_t>(value.cols()))) {
      return false;
    }
  }
  return true;
}

absl::Status Check(DeepRankerTable& table) {
  VITRINE_RETURN_IF_ERROR(CheckShape(table.shape));
  const std::size_t features = table.shape.num_features;
  bool is_sound =
      HasFeatures(table) &&
      Has(table.item_facts, static_cast<std::size_t>(table.item_facts.rows()), kNumItemFacts) &&
      IsSound(table.item_behaviour, static_cast<std::size_t>(table.item_facts.rows())) &&
      Has(table.unknown_facts, 1, kNumItemFacts) && Has(table.means, 1, features) &&
      Has(table.scales, 1, features) && std::isfinite(table.blend_slope) &&
      table.blend_slope >= 0 && std::isfinite(table.slope) && table.slope > 0 &&
      std::isfinite(table.shift) && table.deadline_ms >= 0 && std::isfinite(table.deadline_ms) &&
      table.num_candidates >= 1;
  for (DeepRankerNetwork& each : table.networks) is_sound = is_sound && HasShape(each, table.shape);
  if (is_sound) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "deep_ranker wants matrices of the sizes that its shape says, finite numbers and slopes "
      "above 0");
}

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

void Standardise(const Matrix& means, const Matrix& scales, Matrix& features) {
  features.rowwise() -= means.row(0);
  features.array().rowwise() *= scales.row(0).array();
  features = features.cwiseMin(kMostRankerDeviations).cwiseMax(-kMostRankerDeviations);
}

absl::StatusOr<std::shared_ptr<const DeepRanker>> DeepRanker::Create(DeepRankerTable table) {
  VITRINE_RETURN_IF_ERROR(Check(table));
  return std::shared_ptr<const DeepRanker>(new DeepRanker(std::move(table)));
}

DeepRanker::DeepRanker(DeepRankerTable table)
    : table_(std::move(table)), feature_names_(RankerFeatureNames(table_.scorers)) {
  feature_names_.resize(table_.shape.num_features);
  for (DeepRankerNetwork& network : table_.networks) {
    for (const nn::NamedParameter& each : ParametersOf(network)) {
      each.parameter->gradient.resize(0, 0);
    }
  }
}

void DeepRanker::Score(std::span<const Query>, std::span<const ItemIndex>,
                       Eigen::Ref<Matrix> scores) const {
  scores.setConstant(kUnscored);
}

std::vector<std::vector<ScoredItem>> DeepRanker::Retrieve(std::span<const Query> queries,
                                                          const ItemBitmap*, std::size_t) const {
  return std::vector<std::vector<ScoredItem>>(queries.size());
}

std::vector<Contribution> DeepRanker::Explain(const Query&, ItemIndex) const { return {}; }

Matrix DeepRanker::Features(const RankerCandidates& candidates) const {
  Matrix features = RankerFeatures(candidates, table_.scorers, table_.item_facts,
                                   table_.unknown_facts, table_.item_behaviour);
  const auto known = static_cast<Eigen::Index>(table_.shape.num_features);
  if (features.cols() > known) features.conservativeResize(Eigen::NoChange, known);
  return features;
}

bool DeepRanker::Rank(const RankerCandidates& candidates, const std::function<bool()>& is_late,
                      std::span<float> probabilities) const {
  if (is_late && is_late()) return false;
  const Eigen::VectorXf of_blend =
      static_cast<float>(table_.blend_slope) * LogsOfBlend(candidates.blended);
  Matrix inputs;  // Of networks alone.
  if (!table_.networks.empty()) {
    inputs = Features(candidates);
    Standardise(table_.means, table_.scales, inputs);
  }
  DeepRankerNetwork::Cache cache;
  Matrix some;
  for (std::size_t begin = 0; begin < candidates.items.size(); begin += kRankedTogether) {
    if (is_late && is_late()) return false;
    const std::size_t count = std::min(kRankedTogether, candidates.items.size() - begin);
    const auto first = static_cast<Eigen::Index>(begin);
    if (!table_.networks.empty()) {
      some = inputs.middleRows(first, static_cast<Eigen::Index>(count));
    }
    Eigen::VectorXf z = of_blend.segment(first, static_cast<Eigen::Index>(count));
    AddNetworks(some, cache, z);
    for (std::size_t i = 0; i < count; ++i) {
      const double log_odds =
          table_.slope * static_cast<double>(z[static_cast<Eigen::Index>(i)]) + table_.shift;
      // Sound weights cannot overflow; damaged ones can.
      probabilities[begin + i] = static_cast<float>(
          Sigmoid(std::isfinite(log_odds) ? std::clamp(log_odds, -30.0, 15.0) : -30.0));
    }
  }
  return true;
}

void DeepRanker::AddNetworks(const Matrix& inputs, DeepRankerNetwork::Cache& cache,
                             Eigen::VectorXf& sums) const {
  for (const DeepRankerNetwork& network : table_.networks) {
    sums += network.Forward(inputs, cache, {}).col(0) / static_cast<float>(table_.networks.size());
  }
}

Matrix DeepRanker::MeanSlopes(const Matrix& inputs) const {
  Matrix slopes = Matrix::Zero(inputs.rows(), inputs.cols());
  const Matrix ones = Matrix::Ones(inputs.rows(), 1);
  const auto num_networks = static_cast<float>(table_.networks.size());
  DeepRankerNetwork::Cache cache;
  for (DeepRankerNetwork network : table_.networks) {  // A copy: Backward adds to gradients.
    for (const nn::NamedParameter& each : ParametersOf(network)) {
      each.parameter->gradient =
          Matrix::Zero(each.parameter->value.rows(), each.parameter->value.cols());
    }
    for (int step = 0; step < kPathSteps; ++step) {
      const Matrix at = inputs * ((static_cast<float>(step) + 0.5F) / kPathSteps);
      network.Forward(at, cache, {});
      network.Backward(at, ones, cache, {});
      slopes += cache.by_input / (kPathSteps * num_networks);
    }
  }
  return slopes;
}

ExplainedRanking DeepRanker::ExplainRanking(const RankerCandidates& candidates,
                                            std::span<const std::size_t> rows) const {
  if (table_.networks.empty()) return {};
  const Matrix of_all = Features(candidates);
  Matrix inputs(static_cast<Eigen::Index>(rows.size()), of_all.cols());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    inputs.row(static_cast<Eigen::Index>(i)) = of_all.row(static_cast<Eigen::Index>(rows[i]));
  }
  const auto blend_slope = static_cast<float>(table_.blend_slope);
  const float mean = table_.means(0, kLogBlendFeature);
  Eigen::VectorXf sums = blend_slope * inputs.col(kLogBlendFeature);
  const Eigen::VectorXf of_blend = blend_slope * (inputs.col(kLogBlendFeature).array() - mean);
  Standardise(table_.means, table_.scales, inputs);
  DeepRankerNetwork::Cache cache;
  AddNetworks(inputs, cache, sums);
  Eigen::VectorXf base = Eigen::VectorXf::Constant(1, blend_slope * mean);
  AddNetworks(Matrix::Zero(1, inputs.cols()), cache, base);

  ExplainedRanking explained{.base = table_.slope * static_cast<double>(base[0]) + table_.shift,
                             .features = feature_names_};
  for (std::size_t column = 0; column < feature_names_.size(); ++column) {
    explained.of_scorers.push_back(ScorerOfFeature(table_.scorers, column));
  }
  explained.effects = MeanSlopes(inputs).cwiseProduct(inputs);
  explained.effects.col(kLogBlendFeature) += of_blend;
  explained.effects *= static_cast<float>(table_.slope);
  for (Eigen::Index i = 0; i < inputs.rows(); ++i) {
    const double log_odds = table_.slope * static_cast<double>(sums[i]) + table_.shift;
    explained.residuals.push_back(log_odds - explained.base -
                                  explained.effects.row(i).cast<double>().sum());
  }
  return explained;
}

std::string DeepRanker::learned() const {
  const RankerGain& gain = table_.gain;
  if (gain.ndcg == 0) return "learned nothing: the order is the blend's";
  const std::string lessons =
      gain.num_impression_lists == 0
          ? "sampled lessons"
          : absl::StrFormat("%d lists of impressions", gain.num_impression_lists);
  return absl::StrFormat("%s: ndcg@20 %.4f held out, of the blend %.4f, standard error %.4f, by %s",
                         gain.is_used ? "ranks" : "leaves the blend's order", gain.ndcg,
                         gain.ndcg_of_blend, gain.standard_error, lessons);
}

void Save(const DeepRanker& ranker, ByteWriter& writer) {
  DeepRankerTable table = ranker.table();
  const bool has_behaviour = HasBehaviour(table);
  writer.Unsigned(table.scorers.size() | (has_behaviour ? kHasBehaviour : 0));
  for (const std::string& scorer : table.scorers) writer.String(scorer);
  writer.Write(table.item_facts);
  writer.Write(table.unknown_facts);
  writer.Write(table.means);
  writer.Write(table.scales);
  writer.Unsigned(table.shape.num_crosses);
  writer.Unsigned(table.shape.hidden);
  writer.Double(table.blend_slope);
  writer.Double(table.slope);
  writer.Double(table.shift);
  writer.Double(table.gain.ndcg_of_blend);
  writer.Double(table.gain.ndcg);
  writer.Double(table.gain.standard_error);
  writer.Unsigned(table.gain.is_used ? 1 : 0);
  if (has_behaviour) {
    writer.Unsigned(table.gain.num_impression_lists);
    Write(table.item_behaviour, writer);
  }
  writer.Double(table.deadline_ms);
  writer.Unsigned(table.num_candidates);
  writer.Unsigned(table.networks.size());
  for (DeepRankerNetwork& network : table.networks) {
    for (const nn::NamedParameter& each : ParametersOf(network)) {
      writer.Write(each.parameter->value);
    }
  }
}

absl::StatusOr<std::shared_ptr<const DeepRanker>> LoadDeepRanker(
    ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items) {
  const RowMapping mapping{row_to_index, num_items};
  DeepRankerTable table;
  const std::uint64_t first = reader.Unsigned();
  const bool has_behaviour = (first & kHasBehaviour) != 0;
  const std::uint64_t num_scorers = has_behaviour ? first - kHasBehaviour : first;
  if (num_scorers > reader.remaining()) return DamagedNumbers();
  table.scorers.resize(num_scorers);
  for (std::string& scorer : table.scorers) scorer = reader.String();
  const Matrix facts = reader.ReadMatrix();
  table.unknown_facts = reader.ReadMatrix();
  table.means = reader.ReadMatrix();
  table.scales = reader.ReadMatrix();
  table.shape.num_features =
      RankerFeatureNames(table.scorers).size() - (has_behaviour ? 0 : kNumBehaviourFacts);
  table.shape.num_crosses = reader.Unsigned();
  table.shape.hidden = reader.Unsigned();
  table.blend_slope = reader.Double();
  table.slope = reader.Double();
  table.shift = reader.Double();
  table.gain.ndcg_of_blend = reader.Double();
  table.gain.ndcg = reader.Double();
  table.gain.standard_error = reader.Double();
  table.gain.is_used = reader.Unsigned() != 0;
  if (has_behaviour) {
    table.gain.num_impression_lists = reader.Unsigned();
    table.item_behaviour = ReadBehaviour(reader);
  }
  table.deadline_ms = reader.Double();
  table.num_candidates = reader.Unsigned();
  const std::size_t num_networks = reader.Count(2);
  VITRINE_RETURN_IF_ERROR(reader.status(kName));
  if (!CheckShape(table.shape).ok() || facts.cols() != kNumItemFacts ||
      !IsSound(table.item_behaviour, static_cast<std::size_t>(facts.rows())) ||
      !Has(table.unknown_facts, 1, kNumItemFacts) || num_networks > kMostNetworks) {
    return DamagedNumbers();
  }
  Random random(0);  // The first values are all overwritten.
  for (std::size_t i = 0; i < num_networks; ++i) {
    table.networks.emplace_back(table.shape, 0, random);
    for (const nn::NamedParameter& each : ParametersOf(table.networks.back())) {
      each.parameter->value = reader.ReadMatrix();
    }
  }
  VITRINE_RETURN_IF_ERROR(reader.status(kName));
  VITRINE_RETURN_IF_ERROR(CheckRows(static_cast<std::size_t>(facts.rows()), mapping, kName));
  table.item_behaviour = Remap(table.item_behaviour, mapping);
  table.item_facts = table.unknown_facts.replicate(static_cast<Eigen::Index>(num_items), 1);
  for (std::size_t row = 0; row < row_to_index.size(); ++row) {
    if (row_to_index[row] == RowMapping::kDropped) continue;
    table.item_facts.row(static_cast<Eigen::Index>(Row(row_to_index[row]))) =
        facts.row(static_cast<Eigen::Index>(row));
  }
  auto ranker = DeepRanker::Create(std::move(table));
  if (!ranker.ok()) return absl::DataLossError(std::string(ranker.status().message()));
  return ranker;
}

}  // namespace vitrine
