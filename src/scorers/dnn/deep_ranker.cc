#include "vitrine/scorers/dnn/deep_ranker.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_format.h"
#include "scorers/saved_rows.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

namespace {

constexpr std::string_view kName = "deep_ranker";
constexpr std::size_t kRankedTogether = 64;  // Candidates between two looks at the clock.
constexpr int kPathSteps = 64;               // Of integrated gradients.
constexpr std::size_t kFeaturesOfAScorer = 2;

bool IsBetween(std::size_t value, std::size_t min, std::size_t max) {
  return value >= min && value <= max;
}

nn::ParameterList ParametersOf(DeepRankerNetwork& network) {
  nn::ParameterList parameters;
  network.AddParameters(parameters);
  return parameters;
}

std::size_t NumFeatures(std::size_t num_scorers) {
  return kFeaturesOfAScorer * num_scorers + kNumItemFacts + kNumShopperFacts;
}

absl::Status DamagedNumbers() {
  return absl::DataLossError("deep_ranker holds numbers that no training makes");
}

bool Has(const Matrix& matrix, std::size_t rows, std::size_t cols) {
  return static_cast<std::size_t>(matrix.rows()) == rows &&
         static_cast<std::size_t>(matrix.cols()) == cols && matrix.allFinite();
}

absl::Status Check(DeepRankerTable& table) {
  VITRINE_RETURN_IF_ERROR(CheckShape(table.shape));
  const std::size_t features = table.shape.num_features;
  Random random(0);
  DeepRankerNetwork wanted(table.shape, 0, random);
  const nn::ParameterList shapes = ParametersOf(wanted);
  const nn::ParameterList given = ParametersOf(table.network);
  bool is_sound =
      features == NumFeatures(table.scorers.size()) &&
      Has(table.item_facts, static_cast<std::size_t>(table.item_facts.rows()), kNumItemFacts) &&
      Has(table.unknown_facts, 1, kNumItemFacts) && Has(table.means, 1, features) &&
      Has(table.scales, 1, features) && std::isfinite(table.slope) && table.slope > 0 &&
      std::isfinite(table.shift) && table.deadline_ms >= 0 && std::isfinite(table.deadline_ms) &&
      table.num_candidates >= 1 && shapes.size() == given.size();
  for (std::size_t i = 0; is_sound && i < shapes.size(); ++i) {
    const Matrix& shape = shapes[i].parameter->value;
    is_sound = Has(given[i].parameter->value, static_cast<std::size_t>(shape.rows()),
                   static_cast<std::size_t>(shape.cols()));
  }
  if (is_sound) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "deep_ranker wants matrices of the sizes that its shape says, finite numbers and a slope "
      "above 0");
}

// The scores of one scorer as features.
void FillScores(const Matrix& scores, Eigen::Index row, Eigen::Index column, Matrix& features) {
  std::vector<Eigen::Index> order;
  float best = kUnscored;
  float worst = std::numeric_limits<float>::max();
  for (Eigen::Index i = 0; i < scores.cols(); ++i) {
    const float score = scores(row, i);
    if (!std::isfinite(score)) continue;
    order.push_back(i);
    best = std::max(best, score);
    worst = std::min(worst, score);
  }
  if (order.empty()) return;
  const float scale = std::max(best > 0 ? best : -worst, 1e-6F);
  std::stable_sort(order.begin(), order.end(),
                   [&](Eigen::Index a, Eigen::Index b) { return scores(row, a) > scores(row, b); });
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    // Equals share the rank of the first of them, so that no order of candidates matters.
    const bool is_equal = rank > 0 && scores(row, order[rank]) == scores(row, order[rank - 1]);
    features(order[rank], column) = scores(row, order[rank]) / scale;
    features(order[rank], column + 1) =
        is_equal ? features(order[rank - 1], column + 1)
                 : static_cast<float>(1 / std::log2(2.0 + static_cast<double>(rank)));
  }
}

std::array<float, kNumShopperFacts> ShopperFacts(const Query& query, const Matrix& item_facts) {
  std::vector<ItemIndex> liked;
  Micros latest = 0;
  for (const Interaction& each : query.history) {
    if (each.weight <= 0) continue;
    liked.push_back(each.item);
    latest = std::max(latest, each.time_us);
  }
  const auto num_interactions = static_cast<double>(liked.size());
  std::sort(liked.begin(), liked.end());
  liked.erase(std::unique(liked.begin(), liked.end()), liked.end());
  if (liked.empty()) return {};
  double popularity = 0;
  for (const ItemIndex item : liked) {
    const auto row = static_cast<Eigen::Index>(Row(item));
    if (row < item_facts.rows()) popularity += static_cast<double>(item_facts(row, 0));
  }
  const auto count = static_cast<double>(liked.size());
  const double days = static_cast<double>(std::max<Micros>(query.now_us - latest, 0)) /
                      static_cast<double>(kMicrosPerDay);
  return {static_cast<float>(std::log1p(count)),
          static_cast<float>(std::log(num_interactions / count)),
          static_cast<float>(std::log1p(days)), static_cast<float>(popularity / count)};
}

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

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

Matrix RankerFeatures(const RankerCandidates& candidates, std::span<const std::string> scorers,
                      const Matrix& item_facts, const Matrix& unknown_facts) {
  const auto num_items = static_cast<Eigen::Index>(candidates.items.size());
  Matrix features = Matrix::Zero(num_items, static_cast<Eigen::Index>(NumFeatures(scorers.size())));
  Eigen::Index column = 0;
  for (const std::string& scorer : scorers) {
    const auto row = std::find(candidates.scorers.begin(), candidates.scorers.end(), scorer);
    if (row != candidates.scorers.end()) {
      FillScores(candidates.scores, row - candidates.scorers.begin(), column, features);
    }
    column += kFeaturesOfAScorer;
  }
  const std::array<float, kNumShopperFacts> shopper = ShopperFacts(candidates.query, item_facts);
  for (Eigen::Index i = 0; i < num_items; ++i) {
    const auto row = static_cast<Eigen::Index>(Row(candidates.items[static_cast<std::size_t>(i)]));
    if (row < item_facts.rows()) {
      features.row(i).segment(column, kNumItemFacts) = item_facts.row(row);
    } else {
      features.row(i).segment(column, kNumItemFacts) = unknown_facts.row(0);
    }
    for (std::size_t f = 0; f < kNumShopperFacts; ++f) {
      features(i, column + static_cast<Eigen::Index>(kNumItemFacts + f)) = shopper[f];
    }
  }
  return features;
}

std::vector<std::string> RankerFeatureNames(std::span<const std::string> scorers) {
  std::vector<std::string> names;
  for (const std::string& scorer : scorers) {
    names.push_back("score of " + scorer);
    names.push_back("rank in " + scorer);
  }
  names.insert(names.end(), kItemFactNames.begin(), kItemFactNames.end());
  names.insert(names.end(), kShopperFactNames.begin(), kShopperFactNames.end());
  return names;
}

absl::StatusOr<std::shared_ptr<const DeepRanker>> DeepRanker::Create(DeepRankerTable table) {
  VITRINE_RETURN_IF_ERROR(Check(table));
  return std::shared_ptr<const DeepRanker>(new DeepRanker(std::move(table)));
}

DeepRanker::DeepRanker(DeepRankerTable table)
    : table_(std::move(table)), feature_names_(RankerFeatureNames(table_.scorers)) {
  for (const nn::NamedParameter& each : ParametersOf(table_.network)) {
    each.parameter->gradient.resize(0, 0);
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

Matrix DeepRanker::Inputs(const RankerCandidates& candidates) const {
  Matrix inputs =
      RankerFeatures(candidates, table_.scorers, table_.item_facts, table_.unknown_facts);
  inputs.rowwise() -= table_.means.row(0);
  inputs.array().rowwise() *= table_.scales.row(0).array();
  return inputs.cwiseMin(kMostRankerDeviations).cwiseMax(-kMostRankerDeviations);
}

bool DeepRanker::Rank(const RankerCandidates& candidates, const std::function<bool()>& is_late,
                      std::span<float> probabilities) const {
  if (is_late && is_late()) return false;
  const Matrix inputs = Inputs(candidates);
  DeepRankerNetwork::Cache cache;
  Matrix some;
  for (std::size_t begin = 0; begin < candidates.items.size(); begin += kRankedTogether) {
    if (is_late && is_late()) return false;
    const std::size_t count = std::min(kRankedTogether, candidates.items.size() - begin);
    some = inputs.middleRows(static_cast<Eigen::Index>(begin), static_cast<Eigen::Index>(count));
    const Matrix& z = table_.network.Forward(some, cache, {});
    for (std::size_t i = 0; i < count; ++i) {
      const double log_odds = table_.slope * z(static_cast<Eigen::Index>(i), 0) + table_.shift;
      // Sound weights cannot overflow; damaged ones can.
      probabilities[begin + i] = static_cast<float>(
          Sigmoid(std::isfinite(log_odds) ? std::clamp(log_odds, -30.0, 15.0) : -30.0));
    }
  }
  return true;
}

DeepRanker::Explained DeepRanker::ExplainRanking(const RankerCandidates& candidates) const {
  const Matrix inputs = Inputs(candidates);
  Explained explained{.effects = Matrix::Zero(inputs.rows(), inputs.cols())};
  DeepRankerNetwork network = table_.network;
  for (const nn::NamedParameter& each : ParametersOf(network)) {
    each.parameter->gradient =
        Matrix::Zero(each.parameter->value.rows(), each.parameter->value.cols());
  }
  DeepRankerNetwork::Cache cache;
  explained.base = table_.slope * network.Forward(Matrix::Zero(1, inputs.cols()), cache, {})(0, 0) +
                   table_.shift;
  const Matrix ones = Matrix::Ones(inputs.rows(), 1);
  for (int step = 0; step < kPathSteps; ++step) {
    const Matrix at = inputs * ((static_cast<float>(step) + 0.5F) / kPathSteps);
    network.Forward(at, cache, {});
    network.Backward(at, ones, cache, {});
    explained.effects += cache.by_input / kPathSteps;
  }
  explained.effects = explained.effects.cwiseProduct(inputs) * static_cast<float>(table_.slope);
  return explained;
}

void Save(const DeepRanker& ranker, ByteWriter& writer) {
  DeepRankerTable table = ranker.table();
  writer.Unsigned(table.scorers.size());
  for (const std::string& scorer : table.scorers) writer.String(scorer);
  writer.Write(table.item_facts);
  writer.Write(table.unknown_facts);
  writer.Write(table.means);
  writer.Write(table.scales);
  writer.Unsigned(table.shape.num_crosses);
  writer.Unsigned(table.shape.hidden);
  writer.Double(table.slope);
  writer.Double(table.shift);
  writer.Double(table.deadline_ms);
  writer.Unsigned(table.num_candidates);
  const nn::ParameterList parameters = ParametersOf(table.network);
  writer.Unsigned(parameters.size());
  for (const nn::NamedParameter& each : parameters) writer.Write(each.parameter->value);
}

absl::StatusOr<std::shared_ptr<const DeepRanker>> LoadDeepRanker(
    ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items) {
  const RowMapping mapping{row_to_index, num_items};
  DeepRankerTable table;
  table.scorers.resize(reader.Count());
  for (std::string& scorer : table.scorers) scorer = reader.String();
  const Matrix facts = reader.ReadMatrix();
  table.unknown_facts = reader.ReadMatrix();
  table.means = reader.ReadMatrix();
  table.scales = reader.ReadMatrix();
  table.shape.num_features = NumFeatures(table.scorers.size());
  table.shape.num_crosses = reader.Unsigned();
  table.shape.hidden = reader.Unsigned();
  table.slope = reader.Double();
  table.shift = reader.Double();
  table.deadline_ms = reader.Double();
  table.num_candidates = reader.Unsigned();
  std::vector<Matrix> saved(reader.Count(2));
  for (Matrix& each : saved) each = reader.ReadMatrix();
  VITRINE_RETURN_IF_ERROR(reader.status(kName));
  VITRINE_RETURN_IF_ERROR(CheckRows(static_cast<std::size_t>(facts.rows()), mapping, kName));
  if (!CheckShape(table.shape).ok() || facts.cols() != kNumItemFacts ||
      !Has(table.unknown_facts, 1, kNumItemFacts)) {
    return DamagedNumbers();
  }
  Random random(0);  // The first values are all overwritten.
  table.network = DeepRankerNetwork(table.shape, 0, random);
  const nn::ParameterList parameters = ParametersOf(table.network);
  if (saved.size() != parameters.size()) return DamagedNumbers();
  for (std::size_t i = 0; i < saved.size(); ++i) {
    parameters[i].parameter->value = std::move(saved[i]);
  }
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
