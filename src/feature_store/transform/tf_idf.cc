#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/text.h"
#include "vitrine/feature_store/transform/text_features.h"

namespace vitrine {

namespace {

absl::Status CheckOptions(const TfIdfOptions& options) {
  if (options.min_documents >= 1 && options.max_document_share > 0 &&
      options.max_document_share <= 1) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("tf-idf wants min_documents >= 1 and max_document_share in (0, 1], got %d "
                      "and %g",
                      options.min_documents, options.max_document_share));
}

std::unordered_set<std::string> StopTerms(const TfIdfOptions& options) {
  std::unordered_set<std::string> stop;
  const auto add = [&stop](std::string_view word) {
    // Normalised as texts are, so that "für" and "FÜR" are one word.
    for (std::string& term : Tokenize(word)) stop.insert(std::move(term));
  };
  for (const StopWordLanguage language : options.stop_languages) {
    for (const std::string_view word : StopWords(language)) add(word);
  }
  for (const std::string& word : options.stop_words) add(word);
  return stop;
}

using DocumentCounts = std::map<std::string, std::size_t>;

DocumentCounts CountDocuments(std::span<const std::string> documents,
                              const std::unordered_set<std::string>& stop) {
  DocumentCounts counts;
  for (const std::string& document : documents) {
    std::vector<std::string> terms = Tokenize(document);
    std::sort(terms.begin(), terms.end());
    terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
    for (std::string& term : terms) {
      if (!stop.contains(term)) ++counts[std::move(term)];
    }
  }
  return counts;
}

// Leaves the `max_terms` of the most documents, of equal ones the first by their bytes.
void KeepCommonest(std::size_t max_terms, DocumentCounts& counts) {
  if (max_terms == 0 || counts.size() <= max_terms) return;
  std::vector<DocumentCounts::iterator> order;
  for (auto each = counts.begin(); each != counts.end(); ++each) order.push_back(each);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a->second > b->second; });
  for (std::size_t i = max_terms; i < order.size(); ++i) counts.erase(order[i]);
}

double Idf(double num_documents, double count, bool is_smooth) {
  return 1 + (is_smooth ? std::log((1 + num_documents) / (1 + count))
                        : std::log(num_documents / count));
}

}  // namespace

TfIdf::TfIdf(const TfIdfOptions& options, std::vector<std::string> terms, std::vector<double> idf)
    : options_(options), terms_(std::move(terms)), idf_(std::move(idf)) {
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    numbers_.emplace(terms_[i], static_cast<std::uint32_t>(i));
  }
}

absl::StatusOr<TfIdf> TfIdf::Fit(std::span<const std::string> documents,
                                 const TfIdfOptions& options) {
  VITRINE_RETURN_IF_ERROR(CheckOptions(options));
  if (documents.empty()) return absl::InvalidArgumentError("tf-idf got no document to fit on");
  const auto num_documents = static_cast<double>(documents.size());
  DocumentCounts counts = CountDocuments(documents, StopTerms(options));
  const std::size_t num_seen = counts.size();
  std::erase_if(counts, [&](const auto& entry) {
    return entry.second < options.min_documents ||
           static_cast<double>(entry.second) > options.max_document_share * num_documents;
  });
  KeepCommonest(options.max_terms, counts);
  if (counts.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "tf-idf has no term left of %d in %d documents; lower min_documents (%d), raise "
        "max_document_share (%g), or give texts with words that are no stop words",
        num_seen, documents.size(), options.min_documents, options.max_document_share));
  }

  std::vector<std::string> terms;
  std::vector<double> idf;
  for (const auto& [term, count] : counts) {
    terms.push_back(term);
    idf.push_back(Idf(num_documents, static_cast<double>(count), options.is_smooth));
  }
  return TfIdf(options, std::move(terms), std::move(idf));
}

CsrMatrix TfIdf::Apply(std::span<const std::string> documents) const {
  CsrMatrix matrix;
  matrix.num_rows = documents.size();
  matrix.num_cols = terms_.size();
  for (const std::string& document : documents) AppendRow(document, matrix);
  return matrix;
}

void TfIdf::AppendRow(std::string_view document, CsrMatrix& matrix) const {
  std::map<std::uint32_t, double> row;  // By term.
  for (const std::string& term : Tokenize(document)) {
    const auto found = numbers_.find(term);
    if (found != numbers_.end()) row[found->second] += 1;
  }
  double squares = 0;
  for (auto& [term, value] : row) {
    if (options_.is_sublinear) value = 1 + std::log(value);
    value *= idf_[term];
    squares += value * value;
  }
  const double length = options_.has_unit_length && squares > 0 ? std::sqrt(squares) : 1;
  for (const auto& [term, value] : row) {
    matrix.column.push_back(term);
    matrix.value.push_back(static_cast<float>(value / length));
  }
  matrix.row_begin.push_back(matrix.column.size());
}

void Save(const TfIdf& fitted, ByteWriter& writer) {
  const TfIdfOptions& options = fitted.options();
  writer.Array(options.stop_languages);
  writer.Unsigned(options.stop_words.size());
  for (const std::string& word : options.stop_words) writer.String(word);
  writer.Unsigned(options.min_documents);
  writer.Double(options.max_document_share);
  writer.Unsigned(options.max_terms);
  writer.Unsigned((options.is_sublinear ? 1U : 0U) | (options.is_smooth ? 2U : 0U) |
                  (options.has_unit_length ? 4U : 0U));
  writer.Unsigned(fitted.terms().size());
  for (const std::string& term : fitted.terms()) writer.String(term);
  writer.Array(fitted.idf());
}

absl::StatusOr<TfIdf> LoadTfIdf(ByteReader& reader) {
  const auto read_strings = [&reader] {
    std::vector<std::string> strings(reader.Count());
    for (std::string& string : strings) string = reader.String();
    return strings;
  };
  TfIdfOptions options;
  options.stop_languages = reader.Array<StopWordLanguage>();
  options.stop_words = read_strings();
  options.min_documents = reader.Unsigned();
  options.max_document_share = reader.Double();
  options.max_terms = reader.Unsigned();
  const std::uint64_t flags = reader.Unsigned();
  options.is_sublinear = (flags & 1U) != 0;
  options.is_smooth = (flags & 2U) != 0;
  options.has_unit_length = (flags & 4U) != 0;
  std::vector<std::string> terms = read_strings();
  std::vector<double> idf = reader.Array<double>();
  VITRINE_RETURN_IF_ERROR(reader.status("tf-idf"));

  const bool are_languages =
      std::all_of(options.stop_languages.begin(), options.stop_languages.end(),
                  [](StopWordLanguage each) { return each <= StopWordLanguage::kSpanish; });
  const bool is_sound =
      CheckOptions(options).ok() && are_languages && flags <= 7 && !terms.empty() &&
      terms.size() == idf.size() &&
      std::adjacent_find(terms.begin(), terms.end(), std::greater_equal<>()) == terms.end() &&
      std::all_of(idf.begin(), idf.end(), [](double each) { return std::isfinite(each); });
  if (!is_sound) return absl::DataLossError("tf-idf holds what no fitting makes");
  return TfIdf(options, std::move(terms), std::move(idf));
}

}  // namespace vitrine
