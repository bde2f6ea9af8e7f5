#include "training/neighbour_settings.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "absl/strings/str_format.h"

namespace vitrine {

Settings NeighbourDefaults() {
  return {
      {"similarity", "cosine"}, {"term_weighting", "none"}, {"bm25_k1", "1.2"}, {"bm25_b", "0.75"}};
}

Similarity ReadSimilarity(SettingReader& reader) {
  const std::string similarity = reader.Choice("similarity", {"cosine", "jaccard", "pearson"});
  if (similarity == "jaccard") return Similarity::kJaccard;
  return similarity == "pearson" ? Similarity::kPearson : Similarity::kCosine;
}

TermWeights ReadTermWeights(SettingReader& reader) {
  TermWeights weights;
  weights.k1 = static_cast<float>(reader.Number("bm25_k1", 0, 1e6));
  weights.b = static_cast<float>(reader.Number("bm25_b", 0, 1));
  const std::string weighting = reader.Choice("term_weighting", {"none", "tfidf", "bm25"});
  if (weighting == "tfidf") weights.weighting = TermWeighting::kTfIdf;
  if (weighting == "bm25") weights.weighting = TermWeighting::kBm25;
  return weights;
}

absl::Status CheckComparable(const CsrMatrix& weights, Similarity similarity,
                             const TermWeights& term_weights) {
  if (similarity != Similarity::kPearson) return absl::OkStatus();
  if (term_weights.weighting != TermWeighting::kNone) {
    return absl::InvalidArgumentError(
        "similarity=pearson compares deviations from a mean, which term_weighting would bend: set "
        "term_weighting=none, or similarity=cosine");
  }
  const auto& values = weights.value;
  const bool are_graded =
      std::adjacent_find(values.begin(), values.end(), std::not_equal_to<>()) != values.end();
  if (are_graded || values.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "similarity=pearson wants graded weights, but all %d pairs weigh the same, so that nothing "
      "deviates from its mean: set weighting=linear or weighting=log if the events' weights "
      "differ, "
      "else similarity=cosine or similarity=jaccard",
      values.size()));
}

std::vector<double> RowNorms(const CsrMatrix& matrix) {
  std::vector<double> norms(matrix.num_rows);
  for (std::size_t row = 0; row < matrix.num_rows; ++row) norms[row] = Norm(matrix.Values(row));
  return norms;
}

void CentreRows(CsrMatrix& matrix) {
  for (std::size_t row = 0; row < matrix.num_rows; ++row) {
    const std::size_t begin = matrix.row_begin[row];
    Centre(std::span(matrix.value).subspan(begin, matrix.row_begin[row + 1] - begin));
  }
}

}  // namespace vitrine
