#include "vitrine/nn/sequences.h"

#include <cassert>

namespace vitrine::nn {

std::size_t Sequences::LastReal(std::size_t sequence) const {
  assert(length > 0);
  std::size_t place = length - 1;
  while (place > 0 && !IsReal(sequence, place)) --place;
  return place;
}

const Matrix& LastRows(const Matrix& input, const Sequences& sequences, Matrix& last) {
  last.resize(static_cast<Eigen::Index>(sequences.number), input.cols());
  for (std::size_t s = 0; s < sequences.number; ++s) {
    last.row(static_cast<Eigen::Index>(s)) =
        input.row(static_cast<Eigen::Index>(sequences.LastRow(s)));
  }
  return last;
}

void AddToLastRows(const Matrix& last, const Sequences& sequences, Matrix& rows) {
  for (std::size_t s = 0; s < sequences.number; ++s) {
    rows.row(static_cast<Eigen::Index>(sequences.LastRow(s))) +=
        last.row(static_cast<Eigen::Index>(s));
  }
}

}  // namespace vitrine::nn
