#include "vitrine/scorers/dnn/session_predictor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_format.h"
#include "scorers/dnn/rescale_rule.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/behaviour/registry.h"
#include "vitrine/nn/activation.h"

namespace vitrine {

namespace {

constexpr float kMostDeviations = 6;
constexpr std::size_t kMaxUnits = 512;
constexpr double kEmbeddingDeviation = 0.1;
constexpr std::array<std::size_t, 4> kTableRows = {kNumStepKinds, kNumPauses, kNumItemKinds,
                                                   kNumCategoryHashes};

double Sigmoid(double log_odds) { return 1 / (1 + std::exp(-log_odds)); }

std::uint8_t PauseOf(Micros span_us) {
  const auto seconds = static_cast<std::uint64_t>(std::max<Micros>(span_us, 0) / kMicrosPerSecond);
  return static_cast<std::uint8_t>(
      std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(seconds + 1)), kNumPauses - 1));
}

std::uint8_t CategoryOf(const Item* item) {
  if (item == nullptr || item->categories.empty()) return 0;
  return static_cast<std::uint8_t>(1 +
                                   Checksum(item->categories.front()) % (kNumCategoryHashes - 1));
}

float SignedLog(float value) { return std::copysign(std::log1p(std::abs(value)), value); }

// Rows of scaled features. [moments x 2 features]
Matrix Scaled(const FeatureScale& scale, std::span<const ShopperMoment* const> moments) {
  const auto width = static_cast<Eigen::Index>(2 * scale.means.size());
  Matrix rows(static_cast<Eigen::Index>(moments.size()), width);
  for (std::size_t i = 0; i < moments.size(); ++i) {
    scale.Apply(moments[i]->features,
                {rows.row(static_cast<Eigen::Index>(i)).data(), static_cast<std::size_t>(width)});
  }
  return rows;
}

// The layers over the features.
struct Tower {
  nn::Dense::Cache first{}, second{}, last{};
  nn::Activation::Cache first_relu{}, second_relu{};

  const Matrix& Run(const SessionNetwork& network, const Matrix& rows) {
    const nn::Activation relu{nn::ActivationKind::kRelu};
    network.first.Forward(rows, first, {});
    relu.Forward(first.output, first_relu, {});
    network.second.Forward(first_relu.output, second, {});
    relu.Forward(second.output, second_relu, {});
    return network.from_features.Forward(second_relu.output, last, {});
  }
};

// The states of the LSTM. [moments * length x dimensions]
Matrix States(const SessionNetwork& network, const SessionBatch& batch) {
  Matrix sum;
  for (std::size_t i = 0; i < network.tables.size(); ++i) {
    nn::Embedding::Cache cache;
    const Matrix& each = network.tables[i].Forward(batch.ids[i], cache, {});
    sum = i == 0 ? each : Matrix(sum + each);
  }
  nn::Recurrent::Cache cache;
  network.lstm.Forward(sum, batch.sequences(), cache, {});
  return std::move(cache.output);
}

bool IsSound(const nn::Dense& layer, std::size_t outputs, std::size_t inputs) {
  return layer.weight.value.rows() == static_cast<Eigen::Index>(outputs) &&
         layer.weight.value.cols() == static_cast<Eigen::Index>(inputs) &&
         layer.bias.value.cols() == static_cast<Eigen::Index>(outputs) &&
         layer.bias.value.rows() == 1;
}

bool IsSound(const SessionNetwork& network) {
  const SessionShape& shape = network.shape;
  if (shape.hidden > 0 && !(IsSound(network.first, shape.hidden, 2 * shape.num_features) &&
                            IsSound(network.second, shape.hidden, shape.hidden) &&
                            IsSound(network.from_features, kNumPurchaseOutputs, shape.hidden))) {
    return false;
  }
  if (shape.dimensions == 0) return shape.hidden > 0;
  for (std::size_t i = 0; i < kTableRows.size(); ++i) {
    if (network.tables[i].weight.value.rows() != static_cast<Eigen::Index>(kTableRows[i])) {
      return false;
    }
  }
  return IsSound(network.from_events, kNumPurchaseOutputs, shape.dimensions);
}

absl::Status Check(SessionPredictor::Parts& parts) {
  const SessionShape& shape = parts.network.shape;
  if (shape.hidden > kMaxUnits || shape.dimensions > kMaxUnits || !IsSound(parts.network) ||
      shape.num_features != parts.features.size() ||
      parts.scale.means.size() != parts.features.size() ||
      parts.scale.deviations.size() != parts.features.size()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a session predictor's parts do not fit together: %d features, a scale of %d, %d units, "
        "%d dimensions",
        parts.features.size(), parts.scale.means.size(), shape.hidden, shape.dimensions));
  }
  nn::ParameterList list;
  parts.network.AddParameters(list);
  bool is_finite = std::isfinite(parts.horizon_days) && parts.horizon_days > 0;
  for (const nn::NamedParameter& each : list) {
    is_finite = is_finite && each.parameter->value.allFinite();
  }
  for (std::size_t i = 0; i < parts.features.size(); ++i) {
    is_finite = is_finite && std::isfinite(parts.scale.means[i]) &&
                std::isfinite(parts.scale.deviations[i]) && parts.scale.deviations[i] > 0;
  }
  return is_finite ? absl::OkStatus()
                   : absl::InvalidArgumentError("a session predictor has a number that is none");
}

}  // namespace

NextEvent NextEventOf(EventType type) {
  if (type == EventType::kAddToCart) return NextEvent::kCart;
  return type == EventType::kPurchaseComplete ? NextEvent::kOrder : NextEvent::kView;
}

std::vector<SessionStep> StepsOf(std::span<const SessionEvent> session, const Catalogue& catalogue,
                                 Micros now, Absence absence) {
  if (session.empty() && absence == Absence::kIsAway) return {{.kind = kAwayStep}};
  std::vector<SessionStep> steps = {{.kind = kVisitStep}};
  if (session.empty()) return steps;
  std::unordered_set<std::uint32_t> met;
  const std::size_t first = session.size() - std::min(session.size(), kMaxSessionSteps);
  for (std::size_t i = 0; i < session.size(); ++i) {
    const SessionEvent& event = session[i];
    SessionStep step{.kind = static_cast<std::uint8_t>(event.type)};
    if (i > 0) step.pause = PauseOf(event.time_us - session[i - 1].time_us);
    if (event.item.has_value()) {
      step.item = met.insert(static_cast<std::uint32_t>(*event.item)).second ? 1 : 2;
      step.category = CategoryOf(catalogue.Get(*event.item).get());
    }
    if (i >= first) steps.push_back(step);
  }
  steps.push_back({.kind = kNowStep, .pause = PauseOf(now - session.back().time_us)});
  return steps;
}

std::vector<std::string> PurchaseFeatureNames() {
  std::vector<std::string> names;
  for (const FeatureSpec& spec : BehaviourFeatures()) {
    const bool is_number = spec.type == FeatureType::kInteger || spec.type == FeatureType::kNumber;
    if (spec.entity == FeatureEntity::kUser && is_number) names.push_back(spec.name);
  }
  return names;
}

std::vector<float> ToNumbers(std::span<const Feature> features) {
  std::vector<float> numbers;
  numbers.reserve(features.size());
  for (const Feature& feature : features) {
    float number = std::numeric_limits<float>::quiet_NaN();
    if (const auto* count = std::get_if<std::int64_t>(&feature.value)) {
      number = static_cast<float>(*count);
    } else if (const auto* value = std::get_if<double>(&feature.value)) {
      number = static_cast<float>(*value);
    }
    numbers.push_back(std::isfinite(number) ? number : std::numeric_limits<float>::quiet_NaN());
  }
  return numbers;
}

FeatureScale FeatureScale::Fit(std::span<const ShopperMoment> moments, std::size_t num_features) {
  FeatureScale scale{.means = std::vector<float>(num_features, 0),
                     .deviations = std::vector<float>(num_features, 1)};
  for (std::size_t j = 0; j < num_features; ++j) {
    double count = 0;
    double sum = 0;
    double squares = 0;
    for (const ShopperMoment& moment : moments) {
      if (std::isnan(moment.features[j])) continue;
      const double value = SignedLog(moment.features[j]);
      count += 1;
      sum += value;
      squares += value * value;
    }
    if (count == 0) continue;
    const double mean = sum / count;
    const double variance = squares / count - mean * mean;
    scale.means[j] = static_cast<float>(mean);
    if (variance > 1e-9) scale.deviations[j] = static_cast<float>(std::sqrt(variance));
  }
  return scale;
}

void FeatureScale::Apply(std::span<const float> features, std::span<float> row) const {
  for (std::size_t j = 0; j < means.size(); ++j) {
    const bool is_missing = std::isnan(features[j]);
    const float scaled = is_missing ? 0 : (SignedLog(features[j]) - means[j]) / deviations[j];
    row[2 * j] = std::clamp(scaled, -kMostDeviations, kMostDeviations);
    row[2 * j + 1] = is_missing ? 1 : 0;
  }
}

SessionBatch::SessionBatch(std::span<const ShopperMoment* const> moments) : number(moments.size()) {
  for (const ShopperMoment* each : moments) length = std::max(length, each->steps.size());
  for (auto& one : ids) one.reserve(number * length);
  for (std::size_t i = 0; i < number; ++i) {
    for (const SessionStep& step : moments[i]->steps) {
      ids[0].push_back(std::min<std::uint32_t>(step.kind, kNumStepKinds - 1));
      ids[1].push_back(step.pause);
      ids[2].push_back(step.item);
      ids[3].push_back(step.category);
    }
    is_real.resize(ids[0].size(), 1);
    is_real.resize((i + 1) * length, 0);
    for (auto& one : ids) one.resize((i + 1) * length, nn::kNoId);
  }
}

SessionNetwork::SessionNetwork(const SessionShape& wanted, Random& random) : shape(wanted) {
  if (shape.hidden > 0) {
    first = nn::Dense(2 * shape.num_features, shape.hidden, random);
    second = nn::Dense(shape.hidden, shape.hidden, random);
    from_features = nn::Dense(shape.hidden, kNumPurchaseOutputs, random);
  }
  if (shape.dimensions == 0) return;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    tables[i] = nn::Embedding(kTableRows[i], shape.dimensions, kEmbeddingDeviation, random);
  }
  lstm = nn::Recurrent(nn::RecurrentKind::kLstm, shape.dimensions, shape.dimensions, random);
  from_events = nn::Dense(shape.dimensions, kNumPurchaseOutputs, random);
}

void SessionNetwork::AddParameters(nn::ParameterList& list) {
  if (shape.hidden > 0) {
    first.AddParameters("first", list);
    second.AddParameters("second", list);
    from_features.AddParameters("from_features", list);
  }
  if (shape.dimensions == 0) return;
  constexpr std::array<const char*, 4> kNames = {"kinds", "pauses", "items", "categories"};
  for (std::size_t i = 0; i < tables.size(); ++i) tables[i].AddParameters(kNames[i], list);
  lstm.AddParameters("lstm", list);
  from_events.AddParameters("from_events", list);
}

absl::StatusOr<std::shared_ptr<const SessionPredictor>> SessionPredictor::Create(Parts parts) {
  VITRINE_RETURN_IF_ERROR(Check(parts));
  return std::shared_ptr<const SessionPredictor>(new SessionPredictor(std::move(parts)));
}

std::vector<PurchaseOdds> SessionPredictor::Predict(std::span<const ShopperMoment> moments) const {
  constexpr std::size_t kAtOnce = 256;
  std::vector<PurchaseOdds> odds;
  odds.reserve(moments.size());
  for (std::size_t begin = 0; begin < moments.size(); begin += kAtOnce) {
    std::vector<const ShopperMoment*> some;
    for (std::size_t i = begin; i < std::min(moments.size(), begin + kAtOnce); ++i) {
      some.push_back(&moments[i]);
    }
    Matrix outputs =
        Matrix::Zero(static_cast<Eigen::Index>(some.size()), Eigen::Index{kNumPurchaseOutputs});
    if (parts_.network.shape.hidden > 0) {
      Tower tower;
      outputs += tower.Run(parts_.network, Scaled(parts_.scale, some));
    }
    if (parts_.network.shape.dimensions > 0) {
      const SessionBatch batch(some);
      const Matrix states = States(parts_.network, batch);
      Matrix last(outputs.rows(), states.cols());
      for (std::size_t i = 0; i < some.size(); ++i) {
        last.row(static_cast<Eigen::Index>(i)) =
            states.row(static_cast<Eigen::Index>((i + 1) * batch.length - 1));
      }
      nn::Dense::Cache cache;
      outputs += parts_.network.from_events.Forward(last, cache, {});
    }
    for (Eigen::Index i = 0; i < outputs.rows(); ++i) {
      PurchaseOdds& one = odds.emplace_back();
      one.session = Sigmoid(outputs(i, 0));
      one.shopper = Sigmoid(outputs(i, 1));
      const auto logits = outputs.row(i).tail(kNumNextEvents).cast<double>();
      const double largest = logits.maxCoeff();
      double sum = 0;
      for (std::size_t k = 0; k < kNumNextEvents; ++k) {
        one.next[k] = std::exp(logits(static_cast<Eigen::Index>(k)) - largest);
        sum += one.next[k];
      }
      for (double& each : one.next) each /= sum;
    }
  }
  return odds;
}

ExplainedOdds SessionPredictor::Explain(const ShopperMoment& moment, PurchaseHead head) const {
  const SessionNetwork& network = parts_.network;
  const auto output = static_cast<Eigen::Index>(head);
  const ShopperMoment* const only = &moment;
  ExplainedOdds explained{.features = std::vector<double>(parts_.features.size(), 0),
                          .steps = std::vector<double>(moment.steps.size(), 0)};
  if (network.shape.hidden > 0) {
    const Matrix row = Scaled(parts_.scale, {&only, 1});
    Tower at_row;
    Tower at_zero;
    explained.base += at_zero.Run(network, Matrix::Zero(1, row.cols()))(0, output);
    explained.log_odds += at_row.Run(network, row)(0, output);
    Matrix by = network.from_features.weight.value.row(output);
    PassOnDifference(at_row.second.output, at_zero.second.output, by);
    by = Matrix(by * network.second.weight.value);
    PassOnDifference(at_row.first.output, at_zero.first.output, by);
    by = Matrix((by * network.first.weight.value).cwiseProduct(row));
    for (std::size_t j = 0; j < explained.features.size(); ++j) {
      const auto at = static_cast<Eigen::Index>(2 * j);
      explained.features[j] = static_cast<double>(by(0, at)) + static_cast<double>(by(0, at + 1));
    }
  }
  if (network.shape.dimensions > 0) {
    const Matrix states = States(network, SessionBatch({&only, 1}));
    const Eigen::VectorXd sums =
        (states * network.from_events.weight.value.row(output).transpose()).cast<double>();
    const double bias = network.from_events.bias.value(0, output);
    explained.base += bias + sums(0);
    explained.log_odds += bias + sums(sums.size() - 1);
    for (Eigen::Index t = 1; t < sums.size(); ++t) {
      explained.steps[static_cast<std::size_t>(t)] = sums(t) - sums(t - 1);
    }
  }
  return explained;
}

void Save(const SessionPredictor& predictor, ByteWriter& writer) {
  SessionPredictor::Parts parts = predictor.parts();
  writer.Unsigned(parts.features.size());
  for (const std::string& name : parts.features) writer.String(name);
  writer.Array(parts.scale.means);
  writer.Array(parts.scale.deviations);
  writer.Double(parts.horizon_days);
  for (const bool is_live : parts.is_live) writer.Unsigned(is_live ? 1 : 0);
  writer.Unsigned(parts.network.shape.hidden);
  writer.Unsigned(parts.network.shape.dimensions);
  nn::ParameterList list;
  parts.network.AddParameters(list);
  for (const nn::NamedParameter& each : list) writer.Write(each.parameter->value);
}

absl::StatusOr<std::shared_ptr<const SessionPredictor>> LoadSessionPredictor(ByteReader& reader) {
  SessionPredictor::Parts parts;
  parts.features.resize(reader.Count(1));
  for (std::string& name : parts.features) name = reader.String();
  parts.scale.means = reader.Array<float>();
  parts.scale.deviations = reader.Array<float>();
  parts.horizon_days = reader.Double();
  bool is_sound = true;
  for (bool& is_live : parts.is_live) {
    const std::uint64_t flag = reader.Unsigned();
    is_sound = is_sound && flag <= 1;
    is_live = flag == 1;
  }
  const SessionShape shape{.num_features = parts.features.size(),
                           .hidden = reader.Unsigned(),
                           .dimensions = reader.Unsigned()};
  VITRINE_RETURN_IF_ERROR(reader.status("a session predictor"));
  is_sound = is_sound && shape.hidden <= kMaxUnits && shape.dimensions <= kMaxUnits;
  if (!is_sound) return absl::DataLossError("a session predictor's shape makes no sense");
  Random random(0);  // Every value is read below.
  parts.network = SessionNetwork(shape, random);
  nn::ParameterList list;
  parts.network.AddParameters(list);
  for (const nn::NamedParameter& each : list) {
    Matrix value = reader.ReadMatrix();
    VITRINE_RETURN_IF_ERROR(reader.status("a session predictor"));
    const Matrix& wanted = each.parameter->value;
    if (value.rows() != wanted.rows() || value.cols() != wanted.cols()) {
      return absl::DataLossError(
          absl::StrFormat("%s of a session predictor has another shape", each.name));
    }
    each.parameter->value = std::move(value);
  }
  auto predictor = SessionPredictor::Create(std::move(parts));
  if (!predictor.ok()) return absl::DataLossError(std::string(predictor.status().message()));
  return predictor;
}

}  // namespace vitrine
