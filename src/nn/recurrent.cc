#include "vitrine/nn/recurrent.h"

#include <cassert>
#include <cmath>

#include "nn/columns.h"
#include "nn/shards.h"
#include "vitrine/nn/product.h"

namespace vitrine::nn {

namespace {

using Row = Eigen::Map<Eigen::Array<float, 1, Eigen::Dynamic>>;

Row Part(Matrix& matrix, Eigen::Index row, Eigen::Index part, Eigen::Index width) {
  return {matrix.row(row).data() + part * width, width};
}

// One sequence at one time.
struct Place {
  Eigen::Index input = 0;   // Row of what is in the order of the input.
  Eigen::Index inside = 0;  // Row of what has time first; of the state before.
  Eigen::Index after = 0;   // Row of the new state.
  Eigen::Index sequence = 0;
};

void StepGru(const Place& place, Recurrent::Cache& cache) {
  const Eigen::Index d = cache.states.cols();
  const auto from_input = [&](int part) { return Part(cache.input_gates, place.input, part, d); };
  const auto from_state = [&](int part) { return Part(cache.hidden_gates, place.inside, part, d); };
  auto r = Part(cache.gates, place.inside, 0, d);
  auto z = Part(cache.gates, place.inside, 1, d);
  auto n = Part(cache.gates, place.inside, 2, d);
  r = (from_input(0) + from_state(0)).logistic();
  z = (from_input(1) + from_state(1)).logistic();
  n = (from_input(2) + r * from_state(2)).tanh();
  Part(cache.states, place.after, 0, d) = (1 - z) * n + z * Part(cache.states, place.inside, 0, d);
}

// by_state: by the new state at first, then by that before, but for what goes through hidden gates.
void StepBackGru(const Place& place, Recurrent::Cache& cache) {
  const Eigen::Index d = cache.states.cols();
  const auto r = Part(cache.gates, place.inside, 0, d);
  const auto z = Part(cache.gates, place.inside, 1, d);
  const auto n = Part(cache.gates, place.inside, 2, d);
  const auto before = Part(cache.states, place.inside, 0, d);
  auto by_state = Part(cache.by_state, place.sequence, 0, d);
  auto by_r = Part(cache.by_input_gates, place.input, 0, d);
  auto by_z = Part(cache.by_input_gates, place.input, 1, d);
  auto by_n = Part(cache.by_input_gates, place.input, 2, d);
  by_z = by_state * (before - n) * z * (1 - z);
  by_n = by_state * (1 - z) * (1 - n.square());
  by_r = by_n * Part(cache.hidden_gates, place.inside, 2, d) * r * (1 - r);
  Part(cache.by_hidden_gates, place.inside, 0, d) = by_r;
  Part(cache.by_hidden_gates, place.inside, 1, d) = by_z;
  Part(cache.by_hidden_gates, place.inside, 2, d) = by_n * r;
  by_state *= z;
}

void StepLstm(const Place& place, Recurrent::Cache& cache) {
  const Eigen::Index d = cache.states.cols();
  const auto sum = [&](int part) {
    return Part(cache.input_gates, place.input, part, d) +
           Part(cache.hidden_gates, place.inside, part, d);
  };
  auto i = Part(cache.gates, place.inside, 0, d);
  auto f = Part(cache.gates, place.inside, 1, d);
  auto g = Part(cache.gates, place.inside, 2, d);
  auto o = Part(cache.gates, place.inside, 3, d);
  i = sum(0).logistic();
  f = sum(1).logistic();
  g = sum(2).tanh();
  o = sum(3).logistic();
  auto cell = Part(cache.cells, place.after, 0, d);
  cell = f * Part(cache.cells, place.inside, 0, d) + i * g;
  Part(cache.states, place.after, 0, d) = o * cell.tanh();
}

// As StepBackGru, and by_cell likewise. All of by_state goes through hidden gates.
void StepBackLstm(const Place& place, Recurrent::Cache& cache) {
  const Eigen::Index d = cache.states.cols();
  const auto i = Part(cache.gates, place.inside, 0, d);
  const auto f = Part(cache.gates, place.inside, 1, d);
  const auto g = Part(cache.gates, place.inside, 2, d);
  const auto o = Part(cache.gates, place.inside, 3, d);
  const auto cell = Part(cache.cells, place.after, 0, d);
  auto by_state = Part(cache.by_state, place.sequence, 0, d);
  auto by_cell = Part(cache.by_cell, place.sequence, 0, d);
  const auto by = [&](int part) { return Part(cache.by_input_gates, place.input, part, d); };
  by_cell += by_state * o * (1 - cell.tanh().square());
  by(0) = by_cell * g * i * (1 - i);
  by(1) = by_cell * Part(cache.cells, place.inside, 0, d) * f * (1 - f);
  by(2) = by_cell * i * (1 - g.square());
  by(3) = by_state * cell.tanh() * o * (1 - o);
  for (int part = 0; part < 4; ++part) {
    Part(cache.by_hidden_gates, place.inside, part, d) = by(part);
  }
  by_cell *= f;
  by_state.setZero();
}

// Calls body(place, is_real) for all sequences at time t.
template <typename Body>
void AtTime(std::size_t t, const Sequences& sequences, Eigen::Index columns, ThreadPool* pool,
            const Body& body) {
  const auto number = static_cast<Eigen::Index>(sequences.number);
  const auto time = static_cast<Eigen::Index>(t);
  ForEachRows(number, 16 * columns, pool, [&](Eigen::Index begin, Eigen::Index end) {
    for (Eigen::Index s = begin; s < end; ++s) {
      const Place place{.input = s * static_cast<Eigen::Index>(sequences.length) + time,
                        .inside = time * number + s,
                        .after = (time + 1) * number + s,
                        .sequence = s};
      body(place, sequences.IsReal(static_cast<std::size_t>(s), t));
    }
  });
}

}  // namespace

Recurrent::Recurrent(RecurrentKind kind_wanted, std::size_t inputs, std::size_t dimensions,
                     Random& random)
    : kind(kind_wanted) {
  const std::size_t gates = kind == RecurrentKind::kGru ? 3 : 4;
  weight_ih = Parameter({gates * dimensions, inputs});
  weight_hh = Parameter({gates * dimensions, dimensions});
  bias_ih = Parameter({gates * dimensions});
  bias_hh = Parameter({gates * dimensions});
  const double bound = 1 / std::sqrt(static_cast<double>(dimensions));
  for (Parameter* parameter : {&weight_ih, &weight_hh, &bias_ih, &bias_hh}) {
    FillUniform(*parameter, bound, random);
  }
}

void Recurrent::AddParameters(const std::string& prefix, ParameterList& list) {
  list.push_back({JoinName(prefix, "weight_ih_l0"), &weight_ih});
  list.push_back({JoinName(prefix, "weight_hh_l0"), &weight_hh});
  list.push_back({JoinName(prefix, "bias_ih_l0"), &bias_ih});
  list.push_back({JoinName(prefix, "bias_hh_l0"), &bias_hh});
}

const Matrix& Recurrent::Forward(const Matrix& input, const Sequences& sequences, Cache& cache,
                                 const Pass& pass) const {
  const auto number = static_cast<Eigen::Index>(sequences.number);
  const Eigen::Index d = weight_hh.value.cols();
  const Eigen::Index all_gates = weight_hh.value.rows();
  assert(input.rows() == number * static_cast<Eigen::Index>(sequences.length));
  cache.input_gates.resize(input.rows(), all_gates);
  cache.input_gates.rowwise() = bias_ih.value.row(0);
  ProductWithTransposed(input, weight_ih.value, Into::kAdd, cache.input_gates, pass.pool);
  cache.hidden_gates.resize(input.rows(), all_gates);
  cache.hidden_gates.rowwise() = bias_hh.value.row(0);
  cache.gates.resize(input.rows(), all_gates);
  cache.states.resize(input.rows() + number, d);
  cache.states.topRows(number).setZero();
  if (kind == RecurrentKind::kLstm) {
    cache.cells.resize(input.rows() + number, d);
    cache.cells.topRows(number).setZero();
  }
  cache.output.resize(input.rows(), d);
  for (std::size_t t = 0; t < sequences.length; ++t) {
    const Eigen::Index first = static_cast<Eigen::Index>(t) * number;
    ProductWithTransposed(cache.states.middleRows(first, number), weight_hh.value, Into::kAdd,
                          cache.hidden_gates.middleRows(first, number), pass.pool);
    AtTime(t, sequences, all_gates, pass.pool, [&](const Place& place, bool is_real) {
      if (!is_real) {
        cache.states.row(place.after) = cache.states.row(place.inside);
        if (kind == RecurrentKind::kLstm) {
          cache.cells.row(place.after) = cache.cells.row(place.inside);
        }
      } else if (kind == RecurrentKind::kGru) {
        StepGru(place, cache);
      } else {
        StepLstm(place, cache);
      }
      cache.output.row(place.input) = cache.states.row(place.after);
    });
  }
  return cache.output;
}

const Matrix& Recurrent::Backward(const Matrix& input, const Sequences& sequences,
                                  const Matrix& by_output, Cache& cache, const Pass& pass) {
  const auto number = static_cast<Eigen::Index>(sequences.number);
  const Eigen::Index d = weight_hh.value.cols();
  cache.by_input_gates.resize(input.rows(), weight_hh.value.rows());
  cache.by_hidden_gates.resize(input.rows(), weight_hh.value.rows());
  cache.by_state.setZero(number, d);
  if (kind == RecurrentKind::kLstm) cache.by_cell.setZero(number, d);
  for (std::size_t t = sequences.length; t-- > 0;) {
    AtTime(t, sequences, weight_hh.value.rows(), pass.pool, [&](const Place& place, bool is_real) {
      cache.by_state.row(place.sequence) += by_output.row(place.input);
      if (!is_real) {
        cache.by_input_gates.row(place.input).setZero();
        cache.by_hidden_gates.row(place.inside).setZero();
      } else if (kind == RecurrentKind::kGru) {
        StepBackGru(place, cache);
      } else {
        StepBackLstm(place, cache);
      }
    });
    Product(cache.by_hidden_gates.middleRows(static_cast<Eigen::Index>(t) * number, number),
            weight_hh.value, Into::kAdd, cache.by_state, pass.pool);
  }
  ProductOfTransposed(cache.by_input_gates, input, Into::kAdd, weight_ih.gradient, pass.pool);
  ProductOfTransposed(cache.by_hidden_gates, cache.states.topRows(input.rows()), Into::kAdd,
                      weight_hh.gradient, pass.pool);
  AddColumnSums(cache.by_input_gates, nullptr, bias_ih.gradient, pass.pool);
  AddColumnSums(cache.by_hidden_gates, nullptr, bias_hh.gradient, pass.pool);
  cache.by_input.resize(input.rows(), input.cols());
  Product(cache.by_input_gates, weight_ih.value, Into::kSet, cache.by_input, pass.pool);
  return cache.by_input;
}

}  // namespace vitrine::nn
