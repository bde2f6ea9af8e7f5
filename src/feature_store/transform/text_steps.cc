#include "vitrine/feature_store/transform/text_steps.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "feature_store/transform/table_matrix.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::size_t kShownTerms = 8;

// A missing text is an empty one.
absl::StatusOr<std::vector<std::string>> Documents(const FeatureTable& table,
                                                   const std::string& name) {
  VITRINE_ASSIGN_OR_RETURN(const Texts* texts, table.GetTexts(name));
  std::vector<std::string> documents;
  documents.reserve(texts->size());
  for (const auto& text : *texts) documents.push_back(text.value_or(""));
  return documents;
}

absl::Status InColumn(const absl::Status& status, const std::string& name) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrFormat("column %s: %s", name, std::string(status.message())));
}

std::vector<Column> TermColumns(const CsrMatrix& matrix, const std::string& name,
                                const std::vector<std::string>& terms) {
  std::vector<Numbers> values(terms.size(), Numbers(matrix.num_rows, 0));
  for (std::size_t row = 0; row < matrix.num_rows; ++row) {
    for (std::size_t i = matrix.row_begin[row]; i < matrix.row_begin[row + 1]; ++i) {
      values[matrix.column[i]][row] = matrix.value[i];
    }
  }
  std::vector<Column> columns;
  for (std::size_t term = 0; term < terms.size(); ++term) {
    columns.push_back({.name = name + ":" + terms[term], .cells = std::move(values[term])});
  }
  return columns;
}

}  // namespace

absl::StatusOr<FittedTfIdf> Fit(const FeatureTable& table, const TfIdfSettings& settings) {
  if (settings.options.max_terms < 1 || settings.options.max_terms > kMaxTermColumns) {
    return absl::InvalidArgumentError(
        absl::StrFormat("there would be %d columns of terms; wants 1 to %d",
                        settings.options.max_terms, kMaxTermColumns));
  }
  FittedTfIdf fitted;
  VITRINE_ASSIGN_OR_RETURN(const auto names, ChooseColumns(table, settings.columns));
  for (const std::string& name : names) {
    VITRINE_ASSIGN_OR_RETURN(const auto documents, Documents(table, name));
    auto tf_idf = TfIdf::Fit(documents, settings.options);
    VITRINE_RETURN_IF_ERROR(InColumn(tf_idf.status(), name));
    fitted.columns.push_back({.name = name, .tf_idf = *std::move(tf_idf)});
  }
  return fitted;
}

absl::StatusOr<FeatureTable> Apply(const FittedTfIdf& fitted, FeatureTable table) {
  for (const TfIdfColumn& column : fitted.columns) {
    VITRINE_ASSIGN_OR_RETURN(const auto documents, Documents(table, column.name));
    const CsrMatrix matrix = column.tf_idf->Apply(documents);
    VITRINE_RETURN_IF_ERROR(
        table.Replace(column.name, TermColumns(matrix, column.name, column.tf_idf->terms())));
  }
  return table;
}

std::vector<std::string> Describe(const FittedTfIdf& fitted) {
  std::vector<std::string> lines;
  for (const TfIdfColumn& column : fitted.columns) {
    const std::vector<std::string>& terms = column.tf_idf->terms();
    std::string line = absl::StrFormat("%s: %d terms:", column.name, terms.size());
    for (std::size_t i = 0; i < std::min(kShownTerms, terms.size()); ++i) line += " " + terms[i];
    lines.push_back(line + (terms.size() > kShownTerms ? " ..." : ""));
  }
  return lines;
}

bool IsSound(const FittedTfIdf& fitted) {
  return std::all_of(fitted.columns.begin(), fitted.columns.end(),
                     [](const TfIdfColumn& column) { return column.tf_idf.has_value(); });
}

absl::StatusOr<FittedLatentSemantics> Fit(const FeatureTable& table,
                                          const LatentSemanticsSettings& settings) {
  FittedLatentSemantics fitted;
  VITRINE_ASSIGN_OR_RETURN(const auto names, ChooseColumns(table, settings.columns));
  for (const std::string& name : names) {
    VITRINE_ASSIGN_OR_RETURN(const auto documents, Documents(table, name));
    auto tf_idf = TfIdf::Fit(documents, settings.terms);
    VITRINE_RETURN_IF_ERROR(InColumn(tf_idf.status(), name));
    auto semantics = LatentSemantics::Fit(tf_idf->Apply(documents), settings.options, nullptr);
    VITRINE_RETURN_IF_ERROR(InColumn(semantics.status(), name));
    fitted.columns.push_back(
        {.name = name, .tf_idf = *std::move(tf_idf), .semantics = *std::move(semantics)});
  }
  return fitted;
}

absl::StatusOr<FeatureTable> Apply(const FittedLatentSemantics& fitted, FeatureTable table) {
  for (const LatentColumn& column : fitted.columns) {
    VITRINE_ASSIGN_OR_RETURN(const auto documents, Documents(table, column.name));
    VITRINE_ASSIGN_OR_RETURN(const Eigen::MatrixXd places,
                             column.semantics->Apply(column.tf_idf->Apply(documents)));
    VITRINE_RETURN_IF_ERROR(
        table.Replace(column.name, NumberedColumns(places, column.name + "_lsa_")));
  }
  return table;
}

std::vector<std::string> Describe(const FittedLatentSemantics& fitted) {
  std::vector<std::string> lines;
  for (const LatentColumn& column : fitted.columns) {
    lines.push_back(absl::StrFormat("%s: %d terms become %d dimensions, with %.4g of the variance",
                                    column.name, column.tf_idf->terms().size(),
                                    column.semantics->dimensions(),
                                    column.semantics->explained_variance_ratio().sum()));
  }
  return lines;
}

bool IsSound(const FittedLatentSemantics& fitted) {
  return std::all_of(fitted.columns.begin(), fitted.columns.end(), [](const LatentColumn& column) {
    return column.tf_idf.has_value() && column.semantics.has_value() &&
           column.tf_idf->terms().size() ==
               static_cast<std::size_t>(column.semantics->directions().rows());
  });
}

}  // namespace vitrine
