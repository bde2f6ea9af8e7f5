#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "vitrine/nn/embedding.h"
#include "vitrine/nn/normalization.h"
#include "vitrine/nn/recurrent.h"
#include "vitrine/nn/transformer.h"
#include "vitrine/scorers/dnn/sequence_steps.h"

namespace vitrine {

enum class SequenceKind : std::uint8_t { kGru = 0, kLstm = 1, kTransformer = 2 };

// Of a transformer: norms first, ReLU and as many units between as there are dimensions (Kang,
// McAuley, ICDM 2018), or norms last, GELU, four times as many and dropout of the attention too
// (Devlin et al., NAACL 2019), or that with a frequency layer beside the attention (Shin et al.,
// AAAI 2024).
enum class BlockKind : std::uint8_t { kSasRec = 0, kBert = 1, kBsaRec = 2 };

struct SequenceShape {
  SequenceKind kind = SequenceKind::kGru;
  std::size_t num_items = 0;
  std::size_t dimensions = 64;   // 1 to 512; of kTransformer a multiple of num_heads
  std::size_t num_layers = 1;    // 1 to 8
  std::size_t num_heads = 1;     // Of kTransformer, 1 to 64.
  std::size_t length = 50;       // Steps that are looked at, 1 to 1000.
  bool has_time_gaps = false;    // Time gaps are inputs.
  bool has_event_types = false;  // Event types are inputs.
  bool has_distances = false;    // Of kTransformer: attention knows how far back a step is.
  bool merges_repeats = true;    // As StepReading says.
  bool counts_back = false;      // Of kTransformer: the newest step's place is the first.
  BlockKind block{};             // Of kTransformer.
  // Of kBsaRec: so many of the lowest frequencies of `length` places are slow, at most half of
  // them,
  std::size_t num_frequencies = 3;
  double frequency_share = 0.7;  // and this of what a block says is the frequency layer's; 0 to 1.
};

// INVALID_ARGUMENT where a number is out of its range.
absl::Status CheckShape(const SequenceShape& shape);

// x + dropout(recurrent(norm(x))), layer by layer: a vector for each place, of what came up to it.
struct RecurrentEncoder {
  struct Layer {
    nn::LayerNorm norm{};
    nn::Recurrent recurrent{};
  };
  struct LayerCache {
    nn::LayerNorm::Cache norm{};
    nn::Recurrent::Cache recurrent{};
    nn::Dropout::Cache dropout{};
    Matrix output{};
    Matrix by_input{};
  };
  using Cache = std::vector<LayerCache>;

  RecurrentEncoder() = default;
  RecurrentEncoder(const SequenceShape& shape, double dropout_rate, Random& random);

  void AddParameters(const std::string& prefix, nn::ParameterList& list);
  const Matrix& Forward(const Matrix& input, const nn::Sequences& sequences, Cache& cache,
                        const nn::Pass& pass) const;
  const Matrix& Backward(const Matrix& input, const nn::Sequences& sequences,
                         const Matrix& by_output, Cache& cache, const nn::Pass& pass);

  std::vector<Layer> layers{};
  nn::Dropout dropout{};
};

// Causal self-attention, block by block.
struct TransformerEncoder {
  using Cache = std::vector<nn::TransformerBlock::Cache>;

  TransformerEncoder() = default;
  TransformerEncoder(const SequenceShape& shape, double dropout_rate, Random& random);

  void AddParameters(const std::string& prefix, nn::ParameterList& list);
  const Matrix& Forward(const Matrix& input, const nn::Sequences& sequences, Cache& cache,
                        const nn::Pass& pass) const;
  const Matrix& Backward(const Matrix& input, const nn::Sequences& sequences,
                         const Matrix& by_output, Cache& cache, const nn::Pass& pass);

  // Forward in two parts: all blocks but the last,
  const Matrix& ForwardTrunk(const Matrix& input, const nn::Sequences& sequences, Cache& cache,
                             const nn::Pass& pass) const;
  // then that one, for all places or for the last of each sequence alone.
  const Matrix& ForwardTop(const Matrix& trunk, const nn::Sequences& sequences, Cache& cache,
                           const nn::Pass& pass) const;
  const Matrix& ForwardTopLast(const Matrix& trunk, const nn::Sequences& sequences, Cache& cache,
                               const nn::Pass& pass) const;
  // After ForwardTopLast, of what it returned.
  const Matrix& BackwardLast(const Matrix& input, const nn::Sequences& sequences,
                             const Matrix& by_output, Cache& cache, const nn::Pass& pass);

  std::vector<nn::TransformerBlock> blocks{};

 private:
  // What ForwardTrunk returned.
  const Matrix& TrunkIn(const Matrix& input, const Cache& cache) const;
  const Matrix& BackwardTrunk(const Matrix& input, const nn::Sequences& sequences,
                              const Matrix& by_trunk, Cache& cache, const nn::Pass& pass);
};

// From steps to a vector for each place, whose inner product with an item's embedding is the item's
// score to come next:
//
//   u_t = norm(encoder(dropout(norm(e_item + e_place + e_gap + e_type)))_1..t)
//
// with e_place of a transformer alone, e_gap and e_type where the shape has them.
struct SequenceNetwork {
  struct Cache {
    nn::Embedding::Cache items{};
    nn::Embedding::Cache places{};
    nn::Embedding::Cache gaps{};
    nn::Embedding::Cache types{};
    Matrix sum{};
    nn::LayerNorm::Cache first_norm{};
    nn::Dropout::Cache dropout{};
    RecurrentEncoder::Cache recurrent{};
    TransformerEncoder::Cache transformer{};
    const Matrix* encoded = nullptr;  // What last_norm read.
    Matrix last{};  // Of ForwardTopLast: what of a recurrent encoder's trunk is the last steps'.
    Matrix by_encoded{};
    nn::LayerNorm::Cache last_norm{};
  };

  SequenceNetwork() = default;
  // REQUIRES: CheckShape is OK
  SequenceNetwork(const SequenceShape& shape, double dropout_rate, Random& random);

  void AddParameters(nn::ParameterList& list);

  // [number * length x d], rows of padding mean nothing.
  const Matrix& Forward(const StepBatch& batch, Cache& cache, const nn::Pass& pass) const;
  // REQUIRES: rows of padding are zero in `by_output`
  void Backward(const StepBatch& batch, const Matrix& by_output, Cache& cache,
                const nn::Pass& pass);

  // Forward in two parts, for whoever may need the last step's vector alone. First what needs every
  // place: what a transformer's last block reads, all of a recurrent encoder [number * length x d].
  const Matrix& ForwardTrunk(const StepBatch& batch, Cache& cache, const nn::Pass& pass) const;
  // Then what Forward returns, of all places,
  const Matrix& ForwardTop(const StepBatch& batch, const Matrix& trunk, Cache& cache,
                           const nn::Pass& pass) const;
  // or, within rounding, of the last step of each sequence [number x d].
  const Matrix& ForwardTopLast(const StepBatch& batch, const Matrix& trunk, Cache& cache,
                               const nn::Pass& pass) const;
  // Both parts, for the last steps.
  const Matrix& ForwardLast(const StepBatch& batch, Cache& cache, const nn::Pass& pass) const {
    return ForwardTopLast(batch, ForwardTrunk(batch, cache, pass), cache, pass);
  }
  // `by_output` [number x d]
  void BackwardLast(const StepBatch& batch, const Matrix& by_output, Cache& cache,
                    const nn::Pass& pass);

  SequenceShape shape{};
  nn::Embedding items{};   // [num_items x d]
  nn::Embedding places{};  // [length x d] or none
  nn::Embedding gaps{};    // [kNumTimeGaps x d] or none
  nn::Embedding types{};   // [kNumEventTypes x d] or none
  nn::LayerNorm first_norm{};
  nn::Dropout dropout{};
  std::variant<RecurrentEncoder, TransformerEncoder> encoder{};
  nn::LayerNorm last_norm{};

 private:
  // By what the encoder read.
  void BackwardInput(const StepBatch& batch, const Matrix& by_input, Cache& cache,
                     const nn::Pass& pass);
};

}  // namespace vitrine
