#pragma once

#include <cstddef>
#include <string>

#include "vitrine/nn/parameter.h"
#include "vitrine/nn/pass.h"
#include "vitrine/nn/sequences.h"

namespace vitrine::nn {

enum class RecurrentKind {
  kGru,   // Cho et al., EMNLP 2014, as PyTorch has it: n = tanh(Wx + b + r (Uh + c)),
          // h' = (1 - z) n + z h.
  kLstm,  // Hochreiter, Schmidhuber, 1997, with forget gates: c' = f c + i g, h' = o tanh(c').
};

// A state for each place of sequences, made of the state before it and the place's input; the first
// is made of zeros. Where a place is padding, the state stays as it was. Parameters have PyTorch's
// names and gates its order: r, z, n of a GRU, i, f, g, o of an LSTM.
struct Recurrent {
  // Time goes first inside, so that the states of one time are consecutive rows.
  struct Cache {
    Matrix input_gates{};   // [sequences * length x gates * d] W x + b
    Matrix hidden_gates{};  // [length * sequences x gates * d] U h + c, and of an LSTM the gates.
    Matrix gates{};         // The same, activated.
    Matrix states{};        // [(length + 1) * sequences x d] h, the first being zero.
    Matrix cells{};         // The same of c.
    Matrix output{};        // [sequences * length x d] h, in the order of the input.
    Matrix by_input_gates{};
    Matrix by_hidden_gates{};
    Matrix by_state{};  // [sequences x d]
    Matrix by_cell{};
    Matrix by_input{};
  };

  Recurrent() = default;
  // Uniform weights within 1 / sqrt(dimensions), as PyTorch's.
  Recurrent(RecurrentKind kind, std::size_t inputs, std::size_t dimensions, Random& random);

  void AddParameters(const std::string& prefix, ParameterList& list);
  // `input` [sequences * length x inputs]. Returns cache.output.
  const Matrix& Forward(const Matrix& input, const Sequences& sequences, Cache& cache,
                        const Pass& pass) const;
  const Matrix& Backward(const Matrix& input, const Sequences& sequences, const Matrix& by_output,
                         Cache& cache, const Pass& pass);

  RecurrentKind kind = RecurrentKind::kGru;
  Parameter weight_ih{};  // [gates * d x inputs] W
  Parameter weight_hh{};  // [gates * d x d] U
  Parameter bias_ih{};    // [gates * d] b
  Parameter bias_hh{};    // [gates * d] c
};

}  // namespace vitrine::nn
