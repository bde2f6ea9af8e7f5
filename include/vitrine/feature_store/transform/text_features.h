#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/math/sparse.h"

namespace vitrine {

enum class StopWordLanguage : std::uint8_t { kEnglish = 0, kGerman, kFrench, kSpanish };

// Words that say little about what a text is about, lower case: articles, pronouns, prepositions,
// auxiliary verbs. Short on purpose: a word that may name a product is on none of the lists.
std::span<const std::string_view> StopWords(StopWordLanguage language);

// How texts become terms and terms become numbers.
struct TfIdfOptions {
  std::vector<StopWordLanguage> stop_languages{};  // Their StopWords are left out.
  std::vector<std::string> stop_words{};           // As well; each is taken apart as the texts are.
  std::size_t min_documents = 1;                   // Terms of fewer documents are left out. >= 1
  double max_document_share = 1;                   // Terms of a larger share of them, too. (0, 1]
  std::size_t max_terms = 0;                       // Kept, those of the most documents; 0: all.
  bool is_sublinear = true;                        // 1 + ln tf instead of tf
  bool is_smooth = true;                           // Of the idf, below.
  bool has_unit_length = true;                     // Each document's vector has L2 norm 1.
};

// Documents as vectors of weighted terms. A term is what Tokenize makes of a text: a word of a
// spaced script, a pair of characters of Chinese, Japanese and Korean. With N documents, n of which
// hold the term, tf times in this one:
//
//   value = (1 + ln tf) * idf     idf = 1 + ln((1 + N) / (1 + n))   smooth
//                                 idf = 1 + ln(N / n)               otherwise
//
// as scikit-learn's TfidfVectorizer. Fitted on some documents, applied to any: terms that it has
// never seen do not count, and a document without a known term is a row of zeros. Source: Salton,
// Buckley, "Term-weighting approaches in automatic text retrieval", 1988. A value; thread-safe.
class TfIdf {
 public:
  // Errors: INVALID_ARGUMENT an option out of range, no document, or no term left of them all.
  static absl::StatusOr<TfIdf> Fit(std::span<const std::string> documents,
                                   const TfIdfOptions& options);

  // [documents x terms]
  CsrMatrix Apply(std::span<const std::string> documents) const;

  const std::vector<std::string>& terms() const { return terms_; }  // Ascending by bytes.
  const std::vector<double>& idf() const { return idf_; }           // [terms]
  const TfIdfOptions& options() const { return options_; }

 private:
  friend absl::StatusOr<TfIdf> LoadTfIdf(ByteReader& reader);

  TfIdf(const TfIdfOptions& options, std::vector<std::string> terms, std::vector<double> idf);
  void AppendRow(std::string_view document, CsrMatrix& matrix) const;

  TfIdfOptions options_;
  std::vector<std::string> terms_;
  std::vector<double> idf_;
  std::unordered_map<std::string, std::uint32_t> numbers_;  // Of terms_.
};

void Save(const TfIdf& fitted, ByteWriter& writer);

// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<TfIdf> LoadTfIdf(ByteReader& reader);

// As of SvdOptions.
struct LatentSemanticsOptions {
  std::size_t dimensions = 100;   // Wanted; >= 1
  std::size_t oversampling = 16;  // Directions searched beyond those.
  std::size_t iterations = 6;     // Passes over the documents and back. >= 1
  std::uint64_t seed = 1;
};

// Latent semantic analysis: documents in the few directions in which terms vary together, so that
// two that share no term but terms with a common company are close. With X = U S V' the truncated
// singular value decomposition of the documents [documents x terms], a document x becomes x V; of
// those fitted on, that is U S. Nothing is centred, so that X stays sparse. Each direction's sign
// is the one that makes its entry of the largest size positive. Sources: Deerwester, Dumais,
// Furnas, Landauer, Harshman, "Indexing by latent semantic analysis", 1990; the decomposition as
// math/truncated_svd.h. A value; thread-safe.
class LatentSemantics {
 public:
  // Finds fewer dimensions than wanted where the documents have fewer. Uses `pool` where it is not
  // null; the bits are the same without. Errors: INVALID_ARGUMENT an option out of range, or
  // documents without a single term.
  static absl::StatusOr<LatentSemantics> Fit(const CsrMatrix& documents,
                                             const LatentSemanticsOptions& options,
                                             ThreadPool* pool);

  // [documents x dimensions]. Errors: INVALID_ARGUMENT other terms than it was fitted on.
  absl::StatusOr<Eigen::MatrixXd> Apply(const CsrMatrix& documents) const;

  std::size_t dimensions() const { return static_cast<std::size_t>(directions_.cols()); }
  const Eigen::MatrixXd& directions() const { return directions_; }  // V [terms x dimensions]
  const Eigen::VectorXd& singular_values() const { return singular_values_; }  // Descending.
  // Share of the variance of the documents fitted on that each dimension has.
  const Eigen::VectorXd& explained_variance_ratio() const { return explained_variance_ratio_; }

 private:
  friend absl::StatusOr<LatentSemantics> LoadLatentSemantics(ByteReader& reader);
  LatentSemantics() = default;

  Eigen::MatrixXd directions_{};
  Eigen::VectorXd singular_values_{};
  Eigen::VectorXd explained_variance_ratio_{};
};

void Save(const LatentSemantics& fitted, ByteWriter& writer);

// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<LatentSemantics> LoadLatentSemantics(ByteReader& reader);

}  // namespace vitrine
