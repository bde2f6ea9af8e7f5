#include "models/scorer_weights.h"

#include <algorithm>
#include <cassert>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "vitrine/scorers/collaborative/ials.h"
#include "vitrine/scorers/collaborative/mean_factors.h"
#include "vitrine/scorers/collaborative/rating_mf.h"
#include "vitrine/scorers/dnn/deep_ranker.h"
#include "vitrine/scorers/dnn/gan_cf.h"
#include "vitrine/scorers/dnn/neural_cf.h"
#include "vitrine/scorers/dnn/next_item.h"
#include "vitrine/scorers/dnn/session_predictor.h"
#include "vitrine/scorers/dnn/two_tower.h"

namespace vitrine {
namespace {

// Where one tensor's numbers are among the parts of a scorer, row-major.
struct Place {
  std::string name{};
  std::vector<std::size_t> shape{};
  std::span<float> values{};
};
using Places = std::vector<Place>;

template <typename S>
using Made = absl::StatusOr<std::shared_ptr<const S>>;

std::span<float> ValuesIn(Matrix& matrix) {
  return {matrix.data(), static_cast<std::size_t>(matrix.size())};
}

void AddTable(const char* name, Matrix& table, Places& places) {
  places.push_back(
      {name,
       {static_cast<std::size_t>(table.rows()), static_cast<std::size_t>(table.cols())},
       ValuesIn(table)});
}

void AddVector(const char* name, std::span<float> values, Places& places) {
  places.push_back({name, {values.size()}, values});
}

void AddParameters(const std::string& prefix, const nn::ParameterList& list, Places& places) {
  for (const nn::NamedParameter& named : list) {
    places.push_back({nn::JoinName(prefix, named.name), named.parameter->shape,
                      ValuesIn(named.parameter->value)});
  }
}

// Of each scorer: a copy of its parts, the places of its weights in them, and a scorer of such
// parts.

Matrix PartsOf(const Ials& scorer) { return scorer.item_factors(); }
Matrix PartsOf(const MeanFactors& scorer) { return scorer.item_factors(); }

Places PlacesIn(Matrix& factors) {
  Places places;
  AddTable("items.weight", factors, places);
  return places;
}

Made<Ials> MakeLike(const Ials& scorer, Matrix factors) {
  return Ials::Create(std::move(factors), scorer.options(), scorer.name());
}

Made<MeanFactors> MakeLike(const MeanFactors& scorer, Matrix factors) {
  return MeanFactors::Create(scorer.name(), std::move(factors), scorer.touch_weights());
}

RatingMfParts PartsOf(const RatingMf& scorer) { return scorer.parts(); }

Places PlacesIn(RatingMfParts& parts) {
  Places places;
  AddTable("items.weight", parts.item_vectors, places);
  AddTable("item_variances.weight", parts.item_variances, places);
  AddVector("user_penalties",
            {parts.user_penalties.data(), static_cast<std::size_t>(parts.user_penalties.size())},
            places);
  places.push_back({"mean_rating", {}, {&parts.mean_rating, 1}});
  return places;
}

Made<RatingMf> MakeLike(const RatingMf& /*scorer*/, RatingMfParts parts) {
  return RatingMf::Create(std::move(parts));
}

// The decoder's bias apart from its matrix, of which it is the last column.
struct GanCfParts {
  Matrix encoder{};
  Matrix encoder_bias{};
  Matrix decoder{};
  Matrix decoder_bias{};  // [num_items x 1]
};

GanCfParts PartsOf(const GanCf& scorer) {
  const GanCfWeights& weights = scorer.weights();
  return {.encoder = weights.encoder,
          .encoder_bias = weights.encoder_bias,
          .decoder = weights.decoder.leftCols(weights.encoder.cols()),
          .decoder_bias = weights.decoder.rightCols(1)};
}

Places PlacesIn(GanCfParts& parts) {
  Places places;
  AddTable("encoder.weight", parts.encoder, places);
  AddVector("encoder.bias", ValuesIn(parts.encoder_bias), places);
  AddTable("decoder.weight", parts.decoder, places);
  AddVector("decoder.bias", ValuesIn(parts.decoder_bias), places);
  return places;
}

Made<GanCf> MakeLike(const GanCf& scorer, GanCfParts parts) {
  Matrix decoder(parts.decoder.rows(), parts.decoder.cols() + 1);
  decoder.leftCols(parts.decoder.cols()) = parts.decoder;
  decoder.rightCols(1) = parts.decoder_bias;
  return GanCf::Create({.encoder = std::move(parts.encoder),
                        .encoder_bias = std::move(parts.encoder_bias),
                        .decoder = std::move(decoder)},
                       scorer.touch_weights());
}

NeuralCfWeights PartsOf(const NeuralCf& scorer) { return scorer.weights(); }

Places PlacesIn(NeuralCfWeights& weights) {
  Places places;
  AddTable("history.weight", weights.history, places);
  AddTable("items.weight", weights.items, places);
  AddTable("hidden.weight", weights.hidden, places);
  AddVector("hidden.bias", ValuesIn(weights.hidden_bias), places);
  AddTable("output.weight", weights.output, places);
  return places;
}

Made<NeuralCf> MakeLike(const NeuralCf& scorer, NeuralCfWeights weights) {
  return NeuralCf::Create(std::move(weights), scorer.touch_weights());
}

SequenceNetwork PartsOf(const NextItem& scorer) { return scorer.network(); }

Places PlacesIn(SequenceNetwork& network) {
  nn::ParameterList list;
  network.AddParameters(list);
  Places places;
  AddParameters("", list, places);
  return places;
}

Made<NextItem> MakeLike(const NextItem& scorer, SequenceNetwork network) {
  return NextItem::Create(scorer.name(), std::move(network));
}

TwoTowerTable PartsOf(const TwoTower& scorer) { return scorer.table(); }

Places PlacesIn(TwoTowerTable& table) {
  nn::ParameterList list;
  table.items.AddServedParameters("items", list);
  table.users.AddParameters("users", list);
  Places places;
  AddTable("targets.weight", table.targets, places);
  AddTable("inputs.weight", table.inputs, places);
  AddParameters("", list, places);
  return places;
}

Made<TwoTower> MakeLike(const TwoTower& /*scorer*/, TwoTowerTable table) {
  return TwoTower::Create(std::move(table));
}

DeepRankerTable PartsOf(const DeepRanker& scorer) { return scorer.table(); }

Places PlacesIn(DeepRankerTable& table) {
  Places places;
  AddVector("means", ValuesIn(table.means), places);
  AddVector("scales", ValuesIn(table.scales), places);
  for (std::size_t i = 0; i < table.networks.size(); ++i) {
    nn::ParameterList list;
    table.networks[i].AddParameters(list);
    AddParameters(absl::StrFormat("networks.%d", i), list, places);
  }
  return places;
}

Made<DeepRanker> MakeLike(const DeepRanker& /*scorer*/, DeepRankerTable table) {
  return DeepRanker::Create(std::move(table));
}

SessionPredictor::Parts PartsOf(const SessionPredictor& predictor) { return predictor.parts(); }

Places PlacesIn(SessionPredictor::Parts& parts) {
  nn::ParameterList list;
  parts.network.AddParameters(list);
  Places places;
  AddVector("scale.means", parts.scale.means, places);
  AddVector("scale.deviations", parts.scale.deviations, places);
  AddParameters("", list, places);
  return places;
}

Made<SessionPredictor> MakeLike(const SessionPredictor& /*predictor*/,
                                SessionPredictor::Parts parts) {
  return SessionPredictor::Create(std::move(parts));
}

}  // namespace

template <typename S>
nn::TensorFile WeightsOf(const S& scorer) {
  auto parts = PartsOf(scorer);
  nn::TensorFile file;
  for (const Place& place : PlacesIn(parts)) {
    file.tensors.push_back({.name = place.name,
                            .shape = place.shape,
                            .values = {place.values.begin(), place.values.end()}});
  }
  std::sort(file.tensors.begin(), file.tensors.end(),
            [](const nn::Tensor& a, const nn::Tensor& b) { return a.name < b.name; });
  return file;
}

template <typename S>
absl::StatusOr<std::shared_ptr<const S>> WithWeights(const S& scorer, const nn::TensorFile& file) {
  auto parts = PartsOf(scorer);
  for (const Place& place : PlacesIn(parts)) {
    const nn::Tensor* const tensor = nn::FindTensor(file, place.name);
    assert(tensor != nullptr && tensor->values.size() == place.values.size());
    std::copy(tensor->values.begin(), tensor->values.end(), place.values.begin());
  }
  return MakeLike(scorer, std::move(parts));
}

template nn::TensorFile WeightsOf(const DeepRanker&);
template nn::TensorFile WeightsOf(const GanCf&);
template nn::TensorFile WeightsOf(const Ials&);
template nn::TensorFile WeightsOf(const MeanFactors&);
template nn::TensorFile WeightsOf(const NeuralCf&);
template nn::TensorFile WeightsOf(const NextItem&);
template nn::TensorFile WeightsOf(const RatingMf&);
template nn::TensorFile WeightsOf(const SessionPredictor&);
template nn::TensorFile WeightsOf(const TwoTower&);

template Made<DeepRanker> WithWeights(const DeepRanker&, const nn::TensorFile&);
template Made<GanCf> WithWeights(const GanCf&, const nn::TensorFile&);
template Made<Ials> WithWeights(const Ials&, const nn::TensorFile&);
template Made<MeanFactors> WithWeights(const MeanFactors&, const nn::TensorFile&);
template Made<NeuralCf> WithWeights(const NeuralCf&, const nn::TensorFile&);
template Made<NextItem> WithWeights(const NextItem&, const nn::TensorFile&);
template Made<RatingMf> WithWeights(const RatingMf&, const nn::TensorFile&);
template Made<SessionPredictor> WithWeights(const SessionPredictor&, const nn::TensorFile&);
template Made<TwoTower> WithWeights(const TwoTower&, const nn::TensorFile&);

}  // namespace vitrine
