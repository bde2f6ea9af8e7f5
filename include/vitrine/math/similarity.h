#pragma once

#include <cstdint>
#include <span>

namespace vitrine {

// How alike two sparse vectors are, from their product, their norms and what is common to all:
//
//   cosine, pearson   <x, y> / (|x| |y| + shrinkage)
//   jaccard           <x, y> / (|x|^2 + |y|^2 - <x, y> + shrinkage)
//
// Jaccard is that of sets where all values are 1, and Tanimoto's coefficient else. Pearson is the
// cosine of vectors that Centre was applied to: what is missing counts as the mean. Shrinkage after
// Bell and Koren, "Scalable collaborative filtering with jointly derived neighborhood interpolation
// weights", ICDM 2007: it pulls what rests on little towards 0.
enum class Similarity : std::uint8_t { kCosine = 0, kJaccard = 1, kPearson = 2 };

// What the product of two vectors is divided by; 0 where the similarity is 0.
inline double SimilarityDivisor(Similarity similarity, double product, double norm,
                                double other_norm, double shrinkage) {
  if (similarity != Similarity::kJaccard) return norm * other_norm + shrinkage;
  return norm * norm + other_norm * other_norm - product + shrinkage;
}

// The Euclidean norm, summed in double.
double Norm(std::span<const float> values);

// Takes the mean off each of `values`.
void Centre(std::span<float> values);

}  // namespace vitrine
