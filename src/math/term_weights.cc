#include "vitrine/math/term_weights.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace vitrine {

namespace {

double Rarity(TermWeighting weighting, double num_documents, double count) {
  // A term of no document: as one of half a document, so that the quotient exists.
  if (weighting == TermWeighting::kTfIdf) {
    return std::log(1 + num_documents / std::max(count, 0.5));
  }
  return std::log(1 + (num_documents - count + 0.5) / (count + 0.5));
}

}  // namespace

TermWeights LearnTermWeights(const CsrMatrix& documents, TermWeights options) {
  if (options.weighting == TermWeighting::kNone) return options;
  std::vector<std::uint32_t> counts(documents.num_cols, 0);
  double length = 0;
  for (std::size_t i = 0; i < documents.num_entries(); ++i) {
    ++counts[documents.column[i]];
    length += std::abs(documents.value[i]);
  }
  const auto num_documents = static_cast<double>(documents.num_rows);
  if (length > 0) options.mean_length = static_cast<float>(length / num_documents);
  options.rarity.resize(documents.num_cols);
  for (std::size_t term = 0; term < counts.size(); ++term) {
    options.rarity[term] =
        static_cast<float>(Rarity(options.weighting, num_documents, counts[term]));
  }
  return options;
}

void WeighTerms(const TermWeights& weights, std::span<const std::uint32_t> terms,
                std::span<float> values) {
  if (weights.weighting == TermWeighting::kNone) return;
  double length = 0;
  for (const float value : values) length += std::abs(value);
  const double room = weights.k1 * (1 - weights.b + weights.b * length / weights.mean_length);
  for (std::size_t i = 0; i < values.size(); ++i) {
    double value = values[i];
    if (weights.weighting == TermWeighting::kBm25 && value != 0) {
      value *= (weights.k1 + 1) / (std::abs(value) + room);
    }
    values[i] = static_cast<float>(value * weights.rarity[terms[i]]);
  }
}

CsrMatrix Weighed(CsrMatrix documents, const TermWeights& weights) {
  for (std::size_t row = 0; row < documents.num_rows; ++row) {
    const std::size_t begin = documents.row_begin[row];
    const std::size_t size = documents.row_begin[row + 1] - begin;
    WeighTerms(weights, documents.Columns(row), std::span(documents.value).subspan(begin, size));
  }
  return documents;
}

bool IsSound(const TermWeights& weights, std::size_t num_terms) {
  if (weights.weighting > TermWeighting::kBm25) return false;
  const bool are_numbers = weights.k1 >= 0 && std::isfinite(weights.k1) && weights.b >= 0 &&
                           weights.b <= 1 && weights.mean_length > 0 &&
                           std::isfinite(weights.mean_length);
  const std::size_t expected = weights.weighting == TermWeighting::kNone ? 0 : num_terms;
  return are_numbers && weights.rarity.size() == expected &&
         std::all_of(weights.rarity.begin(), weights.rarity.end(),
                     [](float rarity) { return std::isfinite(rarity) && rarity >= 0; });
}

}  // namespace vitrine
