#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "vitrine/base/matrix.h"

namespace vitrine::nn {

// What the rows of a matrix are: row s * length + t is place t of sequence s.
struct Sequences {
  std::size_t number = 0;
  std::size_t length = 0;
  // [number * length] 0: padding, which nothing may look at. Empty: there is none.
  std::span<const std::uint8_t> is_real{};

  bool IsReal(std::size_t sequence, std::size_t place) const {
    return is_real.empty() || is_real[sequence * length + place] != 0;
  }
  // The last place that is no padding; the first where all are. REQUIRES: length > 0
  std::size_t LastReal(std::size_t sequence) const;
  // Its row.
  std::size_t LastRow(std::size_t sequence) const { return sequence * length + LastReal(sequence); }
};

// Makes of `last`, which is returned, the rows of `input` that are the last real places
// [sequences.number x columns].
const Matrix& LastRows(const Matrix& input, const Sequences& sequences, Matrix& last);

// Adds `last` [sequences.number x columns] to the rows of `rows` that are the last real places.
void AddToLastRows(const Matrix& last, const Sequences& sequences, Matrix& rows);

}  // namespace vitrine::nn
