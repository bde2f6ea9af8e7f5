#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/math/sparse.h"

namespace vitrine {

enum class TermWeighting : std::uint8_t { kNone = 0, kTfIdf = 1, kBm25 = 2 };

// Makes rare terms count for more than common ones. A document is a row of a sparse matrix, a term
// a column; with N documents, of which n hold term t, a value v of document d becomes
//
//   tfidf   v ln(1 + N / n)
//   bm25    ln(1 + (N - n + 1/2) / (n + 1/2)) v (k1 + 1) / (v + k1 (1 - b + b length / mean
//   length))
//
// with length the sum of the document's values. Robertson and Zaragoza, "The probabilistic
// relevance framework: BM25 and beyond", 2009; the 1 in the logarithm keeps common terms above 0.
// A value below 0 is weighed as its size and keeps its sign.
struct TermWeights {
  TermWeighting weighting = TermWeighting::kNone;
  float k1 = 1.2F;              // Of bm25: how far large values count as such. >= 0
  float b = 0.75F;              // Of bm25: how far long documents count for less. 0 to 1
  float mean_length = 1;        // Of bm25. > 0
  std::vector<float> rarity{};  // [num_terms] The logarithm; empty with kNone.
};

// Fills mean_length and rarity from `documents` [documents x terms]. A term that no document holds
// is as rare as can be.
TermWeights LearnTermWeights(const CsrMatrix& documents, TermWeights options);

// Weighs one document in place. REQUIRES: terms below rarity's size
void WeighTerms(const TermWeights& weights, std::span<const std::uint32_t> terms,
                std::span<float> values);

// Every row of `documents` weighed.
CsrMatrix Weighed(CsrMatrix documents, const TermWeights& weights);

// Whether every member is in its range and there is a rarity for each of `num_terms`.
bool IsSound(const TermWeights& weights, std::size_t num_terms);

}  // namespace vitrine
