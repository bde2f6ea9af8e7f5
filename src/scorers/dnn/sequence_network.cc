#include "vitrine/scorers/dnn/sequence_network.h"

#include "absl/strings/str_format.h"

namespace vitrine {

namespace {

constexpr double kEmbeddingDeviation = 0.02;  // As BERT begins (Devlin et al., NAACL 2019).

nn::Sequences SequencesOf(const StepBatch& batch) {
  return {.number = batch.number(), .length = batch.length(), .is_real = batch.is_real()};
}

bool IsBetween(std::size_t value, std::size_t min, std::size_t max) {
  return value >= min && value <= max;
}

}  // namespace

absl::Status CheckShape(const SequenceShape& shape) {
  const bool is_sound = shape.kind <= SequenceKind::kTransformer &&
                        IsBetween(shape.dimensions, 1, 512) && IsBetween(shape.num_layers, 1, 8) &&
                        IsBetween(shape.num_heads, 1, 64) && IsBetween(shape.length, 1, 1000) &&
                        shape.dimensions % shape.num_heads == 0;
  if (!is_sound) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a sequence model wants 1 to 512 dimensions, a multiple of 1 to 64 heads, 1 to 8 layers "
        "and a length of 1 to 1000, got %d, %d, %d and %d",
        shape.dimensions, shape.num_heads, shape.num_layers, shape.length));
  }
  const std::size_t most_frequencies = (shape.length + 1) / 2;
  if (shape.block != BlockKind::kBsaRec ||
      (IsBetween(shape.num_frequencies, 1, most_frequencies) && shape.frequency_share >= 0 &&
       shape.frequency_share <= 1)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "a sequence model of length %d wants 1 to %d frequencies and a share of 0 to 1 for them, got "
      "%d and %g",
      shape.length, most_frequencies, shape.num_frequencies, shape.frequency_share));
}

RecurrentEncoder::RecurrentEncoder(const SequenceShape& shape, double dropout_rate, Random& random)
    : dropout{dropout_rate} {
  const auto kind =
      shape.kind == SequenceKind::kLstm ? nn::RecurrentKind::kLstm : nn::RecurrentKind::kGru;
  for (std::size_t i = 0; i < shape.num_layers; ++i) {
    layers.push_back(
        {.norm = nn::LayerNorm(shape.dimensions),
         .recurrent = nn::Recurrent(kind, shape.dimensions, shape.dimensions, random)});
  }
}

void RecurrentEncoder::AddParameters(const std::string& prefix, nn::ParameterList& list) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string name = nn::JoinName(prefix, std::to_string(i));
    layers[i].norm.AddParameters(nn::JoinName(name, "norm"), list);
    layers[i].recurrent.AddParameters(nn::JoinName(name, "recurrent"), list);
  }
}

const Matrix& RecurrentEncoder::Forward(const Matrix& input, const nn::Sequences& sequences,
                                        Cache& cache, const nn::Pass& pass) const {
  cache.resize(layers.size());
  const Matrix* x = &input;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    LayerCache& at = cache[i];
    layers[i].norm.Forward(*x, at.norm, pass);
    layers[i].recurrent.Forward(at.norm.output, sequences, at.recurrent, pass);
    at.output = *x + dropout.Forward(at.recurrent.output, at.dropout, pass);
    x = &at.output;
  }
  return *x;
}

const Matrix& RecurrentEncoder::Backward(const Matrix& input, const nn::Sequences& sequences,
                                         const Matrix& by_output, Cache& cache,
                                         const nn::Pass& pass) {
  const Matrix* by = &by_output;
  for (std::size_t i = layers.size(); i-- > 0;) {
    LayerCache& at = cache[i];
    const Matrix& x = i == 0 ? input : cache[i - 1].output;
    const Matrix& by_state = dropout.Backward(at.recurrent.output, *by, at.dropout, pass);
    layers[i].recurrent.Backward(at.norm.output, sequences, by_state, at.recurrent, pass);
    at.by_input = *by + layers[i].norm.Backward(x, at.recurrent.by_input, at.norm, pass);
    by = &at.by_input;
  }
  return *by;
}

TransformerEncoder::TransformerEncoder(const SequenceShape& shape, double dropout_rate,
                                       Random& random) {
  const bool is_bert = shape.block != BlockKind::kSasRec;
  const nn::TransformerOptions options{
      .dimensions = shape.dimensions,
      .num_heads = shape.num_heads,
      .inner = (is_bert ? 4 : 1) * shape.dimensions,
      .dropout = dropout_rate,
      .inner_dropout = is_bert ? 0 : dropout_rate,
      .attention_dropout = is_bert ? dropout_rate : 0,
      .num_distances = shape.has_distances ? shape.length : 0,
      .activation = is_bert ? nn::ActivationKind::kGelu : nn::ActivationKind::kRelu,
      .norm_first = !is_bert,
      .num_frequencies = shape.block == BlockKind::kBsaRec ? shape.num_frequencies : 0,
      .window = shape.length,
      .frequency_share = shape.frequency_share};
  for (std::size_t i = 0; i < shape.num_layers; ++i) blocks.emplace_back(options, random);
}

void TransformerEncoder::AddParameters(const std::string& prefix, nn::ParameterList& list) {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    blocks[i].AddParameters(nn::JoinName(prefix, std::to_string(i)), list);
  }
}

const Matrix& TransformerEncoder::Forward(const Matrix& input, const nn::Sequences& sequences,
                                          Cache& cache, const nn::Pass& pass) const {
  return ForwardTop(ForwardTrunk(input, sequences, cache, pass), sequences, cache, pass);
}

const Matrix& TransformerEncoder::ForwardTrunk(const Matrix& input, const nn::Sequences& sequences,
                                               Cache& cache, const nn::Pass& pass) const {
  cache.resize(blocks.size());
  const Matrix* x = &input;
  for (std::size_t i = 0; i + 1 < blocks.size(); ++i) {
    x = &blocks[i].Forward(*x, sequences, cache[i], pass);
  }
  return *x;
}

const Matrix& TransformerEncoder::ForwardTop(const Matrix& trunk, const nn::Sequences& sequences,
                                             Cache& cache, const nn::Pass& pass) const {
  cache.resize(blocks.size());
  return blocks.back().Forward(trunk, sequences, cache.back(), pass);
}

const Matrix& TransformerEncoder::ForwardTopLast(const Matrix& trunk,
                                                 const nn::Sequences& sequences, Cache& cache,
                                                 const nn::Pass& pass) const {
  cache.resize(blocks.size());
  return blocks.back().ForwardLast(trunk, sequences, cache.back(), pass);
}

const Matrix& TransformerEncoder::TrunkIn(const Matrix& input, const Cache& cache) const {
  if (blocks.size() == 1) return input;
  return blocks[blocks.size() - 2].OutputIn(cache[blocks.size() - 2]);
}

const Matrix& TransformerEncoder::Backward(const Matrix& input, const nn::Sequences& sequences,
                                           const Matrix& by_output, Cache& cache,
                                           const nn::Pass& pass) {
  const Matrix& by_trunk =
      blocks.back().Backward(TrunkIn(input, cache), sequences, by_output, cache.back(), pass);
  return BackwardTrunk(input, sequences, by_trunk, cache, pass);
}

const Matrix& TransformerEncoder::BackwardLast(const Matrix& input, const nn::Sequences& sequences,
                                               const Matrix& by_output, Cache& cache,
                                               const nn::Pass& pass) {
  const Matrix& by_trunk =
      blocks.back().BackwardLast(TrunkIn(input, cache), sequences, by_output, cache.back(), pass);
  return BackwardTrunk(input, sequences, by_trunk, cache, pass);
}

const Matrix& TransformerEncoder::BackwardTrunk(const Matrix& input, const nn::Sequences& sequences,
                                                const Matrix& by_trunk, Cache& cache,
                                                const nn::Pass& pass) {
  const Matrix* by = &by_trunk;
  for (std::size_t i = blocks.size() - 1; i-- > 0;) {
    const Matrix& x = i == 0 ? input : blocks[i - 1].OutputIn(cache[i - 1]);
    by = &blocks[i].Backward(x, sequences, *by, cache[i], pass);
  }
  return *by;
}

SequenceNetwork::SequenceNetwork(const SequenceShape& wanted, double dropout_rate, Random& random)
    : shape(wanted),
      items(shape.num_items, shape.dimensions, kEmbeddingDeviation, random),
      first_norm(shape.dimensions),
      dropout{dropout_rate},
      last_norm(shape.dimensions) {
  const auto table = [&](std::size_t num_ids) {
    return nn::Embedding(num_ids, shape.dimensions, kEmbeddingDeviation, random);
  };
  if (shape.has_time_gaps) gaps = table(kNumTimeGaps);
  if (shape.has_event_types) types = table(kNumEventTypes);
  if (shape.kind == SequenceKind::kTransformer) {
    places = table(shape.length);
    encoder = TransformerEncoder(shape, dropout_rate, random);
  } else {
    encoder = RecurrentEncoder(shape, dropout_rate, random);
  }
}

void SequenceNetwork::AddParameters(nn::ParameterList& list) {
  items.AddParameters("items", list);
  if (shape.kind == SequenceKind::kTransformer) places.AddParameters("places", list);
  if (shape.has_time_gaps) gaps.AddParameters("gaps", list);
  if (shape.has_event_types) types.AddParameters("types", list);
  first_norm.AddParameters("first_norm", list);
  std::visit([&list](auto& each) { each.AddParameters("encoder", list); }, encoder);
  last_norm.AddParameters("last_norm", list);
}

const Matrix& SequenceNetwork::Forward(const StepBatch& batch, Cache& cache,
                                       const nn::Pass& pass) const {
  return ForwardTop(batch, ForwardTrunk(batch, cache, pass), cache, pass);
}

const Matrix& SequenceNetwork::ForwardTrunk(const StepBatch& batch, Cache& cache,
                                            const nn::Pass& pass) const {
  cache.sum = items.Forward(batch.items(), cache.items, pass);
  if (shape.kind == SequenceKind::kTransformer) {
    cache.sum += places.Forward(batch.places(), cache.places, pass);
  }
  if (shape.has_time_gaps) cache.sum += gaps.Forward(batch.gaps(), cache.gaps, pass);
  if (shape.has_event_types) cache.sum += types.Forward(batch.types(), cache.types, pass);
  first_norm.Forward(cache.sum, cache.first_norm, pass);
  const Matrix& input = dropout.Forward(cache.first_norm.output, cache.dropout, pass);
  const nn::Sequences sequences = SequencesOf(batch);
  if (const auto* recurrent = std::get_if<RecurrentEncoder>(&encoder)) {
    return recurrent->Forward(input, sequences, cache.recurrent, pass);
  }
  return std::get<TransformerEncoder>(encoder).ForwardTrunk(input, sequences, cache.transformer,
                                                            pass);
}

const Matrix& SequenceNetwork::ForwardTop(const StepBatch& batch, const Matrix& trunk, Cache& cache,
                                          const nn::Pass& pass) const {
  cache.encoded = &trunk;
  if (const auto* transformer = std::get_if<TransformerEncoder>(&encoder)) {
    cache.encoded = &transformer->ForwardTop(trunk, SequencesOf(batch), cache.transformer, pass);
  }
  return last_norm.Forward(*cache.encoded, cache.last_norm, pass);
}

const Matrix& SequenceNetwork::ForwardTopLast(const StepBatch& batch, const Matrix& trunk,
                                              Cache& cache, const nn::Pass& pass) const {
  const nn::Sequences sequences = SequencesOf(batch);
  const auto* transformer = std::get_if<TransformerEncoder>(&encoder);
  cache.encoded = transformer == nullptr
                      ? &nn::LastRows(trunk, sequences, cache.last)
                      : &transformer->ForwardTopLast(trunk, sequences, cache.transformer, pass);
  return last_norm.Forward(*cache.encoded, cache.last_norm, pass);
}

void SequenceNetwork::Backward(const StepBatch& batch, const Matrix& by_output, Cache& cache,
                               const nn::Pass& pass) {
  const nn::Sequences sequences = SequencesOf(batch);
  const Matrix& input = cache.dropout.output;
  const Matrix& by = last_norm.Backward(*cache.encoded, by_output, cache.last_norm, pass);
  auto* recurrent = std::get_if<RecurrentEncoder>(&encoder);
  BackwardInput(batch,
                recurrent != nullptr
                    ? recurrent->Backward(input, sequences, by, cache.recurrent, pass)
                    : std::get<TransformerEncoder>(encoder).Backward(input, sequences, by,
                                                                     cache.transformer, pass),
                cache, pass);
}

void SequenceNetwork::BackwardLast(const StepBatch& batch, const Matrix& by_output, Cache& cache,
                                   const nn::Pass& pass) {
  const nn::Sequences sequences = SequencesOf(batch);
  const Matrix& input = cache.dropout.output;
  const Matrix& by = last_norm.Backward(*cache.encoded, by_output, cache.last_norm, pass);
  if (auto* recurrent = std::get_if<RecurrentEncoder>(&encoder)) {
    cache.by_encoded.setZero(input.rows(), input.cols());
    nn::AddToLastRows(by, sequences, cache.by_encoded);
    BackwardInput(batch,
                  recurrent->Backward(input, sequences, cache.by_encoded, cache.recurrent, pass),
                  cache, pass);
  } else {
    auto& transformer = std::get<TransformerEncoder>(encoder);
    BackwardInput(batch, transformer.BackwardLast(input, sequences, by, cache.transformer, pass),
                  cache, pass);
  }
}

void SequenceNetwork::BackwardInput(const StepBatch& batch, const Matrix& by_input, Cache& cache,
                                    const nn::Pass& pass) {
  const Matrix& by_normed =
      dropout.Backward(cache.first_norm.output, by_input, cache.dropout, pass);
  const Matrix& by = first_norm.Backward(cache.sum, by_normed, cache.first_norm, pass);
  items.Backward(batch.items(), by, cache.items, pass);
  if (shape.kind == SequenceKind::kTransformer) {
    places.Backward(batch.places(), by, cache.places, pass);
  }
  if (shape.has_time_gaps) gaps.Backward(batch.gaps(), by, cache.gaps, pass);
  if (shape.has_event_types) types.Backward(batch.types(), by, cache.types, pass);
}

}  // namespace vitrine
