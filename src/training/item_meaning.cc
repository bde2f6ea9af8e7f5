#include "training/item_meaning.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "training/co_occurrence.h"
#include "training/trainers.h"
#include "vitrine/math/sparse_product.h"
#include "vitrine/math/top_k.h"
#include "vitrine/math/truncated_svd.h"
#include "vitrine/math/unit_rows.h"
#include "vitrine/scorers/content/content.h"

namespace vitrine {

namespace {

constexpr std::size_t kShardItems = 64;
constexpr std::size_t kSvdIterations = 4;

// Companions of an item that count, those of the most shoppers: bounds memory in a large shop.
constexpr std::size_t kMostCompanions = 2000;

using Counts = std::vector<ScoredItem>;  // Companions and shoppers who touched both.

// The companions of each item but itself, by index ascending.
std::vector<Counts> CountCompanions(const CsrMatrix& binary, ThreadPool* pool) {
  const CsrMatrix by_item = Transpose(binary);
  std::vector<Counts> companions(by_item.num_rows);
  const auto count = [&](std::size_t shard) {
    CoOccurrence row(binary, by_item);
    const std::size_t end = std::min((shard + 1) * kShardItems, by_item.num_rows);
    for (std::size_t item = shard * kShardItems; item < end; ++item) {
      row.Compute(static_cast<std::uint32_t>(item));
      for (const std::uint32_t other : row.items()) {
        if (other != item) companions[item].push_back({ItemIndex{other}, row.With(other)});
      }
      KeepBest(kMostCompanions, companions[item]);
      std::sort(companions[item].begin(), companions[item].end(),
                [](const ScoredItem& a, const ScoredItem& b) { return a.item < b.item; });
    }
  };
  pool->ParallelFor((by_item.num_rows + kShardItems - 1) / kShardItems, count);
  return companions;
}

double SumOf(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), 0.0,
                         [](double sum, const ScoredItem& each) { return sum + each.score; });
}

// Positive pointwise mutual information.
CsrMatrix PositiveInformation(const std::vector<Counts>& companions) {
  std::vector<double> sums(companions.size());
  std::transform(companions.begin(), companions.end(), sums.begin(), SumOf);
  const double total = std::accumulate(sums.begin(), sums.end(), 0.0);
  CsrMatrix matrix;
  matrix.num_rows = matrix.num_cols = companions.size();
  for (std::size_t item = 0; item < companions.size(); ++item) {
    for (const ScoredItem& each : companions[item]) {
      const double other_sum = sums[Row(each.item)];
      // 0 where the other one has better companions than this.
      if (other_sum == 0) continue;
      const double information = std::log(each.score * total / (sums[item] * other_sum));
      if (!(information > 0)) continue;
      matrix.column.push_back(static_cast<std::uint32_t>(each.item));
      matrix.value.push_back(static_cast<float>(information));
    }
    matrix.row_begin.push_back(matrix.column.size());
  }
  return matrix;
}

// The closest texts to one, among items that have a vector.
class TextNeighbours {
 public:
  TextNeighbours(const CsrMatrix& texts, const CsrMatrix& postings)
      : texts_(texts), postings_(postings), cosines_(texts.num_rows, 0) {}

  std::vector<ScoredItem> Closest(std::size_t item, const std::vector<bool>& has_vector,
                                  std::size_t count) {
    const auto features = texts_.Columns(item);
    const auto values = texts_.Values(item);
    touched_.clear();
    for (std::size_t i = 0; i < features.size(); ++i) {
      const auto others = postings_.Columns(features[i]);
      const auto weights = postings_.Values(features[i]);
      for (std::size_t j = 0; j < others.size(); ++j) {
        if (!has_vector[others[j]]) continue;
        if (cosines_[others[j]] == 0) touched_.push_back(others[j]);
        cosines_[others[j]] += values[i] * weights[j];
      }
    }
    TopK best(count);
    for (const std::uint32_t other : touched_) {
      best.Offer(ItemIndex{other}, std::exchange(cosines_[other], 0));
    }
    return best.Take();
  }

 private:
  const CsrMatrix& texts_;
  const CsrMatrix& postings_;  // [features x items]
  std::vector<float> cosines_;
  std::vector<std::uint32_t> touched_{};
};

// Latent semantics: the texts in the directions in which their features vary together.
Matrix TextVectors(const CsrMatrix& texts, std::size_t dimensions, ThreadPool* pool) {
  const RightSingularVectors found =
      TruncatedSvd(texts, {.rank = dimensions, .iterations = kSvdIterations}, pool);
  if (found.values.size() == 0) return Matrix(static_cast<Eigen::Index>(texts.num_rows), 0);
  Matrix vectors = Multiply(texts, found.vectors, pool);
  NormalizeRows(vectors);
  return vectors;
}

// What the content model that is served holds; zeros for items that are new.
Matrix LiveVectors(const TrainingContext& context, std::size_t num_items) {
  const Model* live = LiveModel(context, "content");
  if (live == nullptr) return Matrix(static_cast<Eigen::Index>(num_items), 0);
  const Matrix& known = static_cast<const Content&>(*live->scorer).table().meaning;
  Matrix vectors = Matrix::Zero(static_cast<Eigen::Index>(num_items), known.cols());
  const Eigen::Index num_known = std::min(vectors.rows(), known.rows());
  vectors.topRows(num_known) = known.topRows(num_known);
  return vectors;
}

}  // namespace

Matrix CompanyVectors(const CsrMatrix& weights, std::size_t dimensions, ThreadPool* pool) {
  CsrMatrix binary = weights;
  std::fill(binary.value.begin(), binary.value.end(), 1.0F);
  const CsrMatrix information = PositiveInformation(CountCompanions(binary, pool));
  const RightSingularVectors found =
      TruncatedSvd(information, {.rank = dimensions, .iterations = kSvdIterations}, pool);
  Matrix vectors = found.vectors * found.values.cwiseSqrt().asDiagonal();
  // Not what rounding leaves of an item without company.
  std::vector<bool> has_company(weights.num_cols, false);
  for (const std::uint32_t item : information.column) has_company[item] = true;
  for (Eigen::Index row = 0; row < vectors.rows(); ++row) {
    if (!has_company[static_cast<std::size_t>(row)]) vectors.row(row).setZero();
  }
  NormalizeRows(vectors);
  return vectors;
}

void FillFromTexts(const CsrMatrix& texts, std::size_t neighbours, Matrix& vectors,
                   ThreadPool* pool) {
  const CsrMatrix postings = Transpose(texts);
  std::vector<bool> has_vector(texts.num_rows);
  for (std::size_t item = 0; item < has_vector.size(); ++item) {
    has_vector[item] = vectors.row(static_cast<Eigen::Index>(item)).any();
  }
  pool->ParallelFor((texts.num_rows + kShardItems - 1) / kShardItems, [&](std::size_t shard) {
    TextNeighbours texts_near(texts, postings);
    const std::size_t end = std::min((shard + 1) * kShardItems, texts.num_rows);
    for (std::size_t item = shard * kShardItems; item < end; ++item) {
      if (has_vector[item]) continue;
      Eigen::RowVectorXf sum = Eigen::RowVectorXf::Zero(vectors.cols());
      for (const ScoredItem& each : texts_near.Closest(item, has_vector, neighbours)) {
        sum += each.score * each.score * vectors.row(static_cast<Eigen::Index>(Row(each.item)));
      }
      vectors.row(static_cast<Eigen::Index>(item)) = sum.normalized();
    }
  });
}

absl::StatusOr<Matrix> ItemMeaning(const Dataset& dataset, const CsrMatrix& texts,
                                   const MeaningOptions& options, const TrainingContext& context) {
  if (IsCancelled(context)) return Cancelled("content");
  if (options.source == MeaningSource::kTexts) {
    return TextVectors(texts, options.dimensions, context.pool);
  }
  Matrix vectors = dataset.interactions.empty()
                       ? LiveVectors(context, dataset.num_items())
                       : CompanyVectors(UserItemWeights(dataset), options.dimensions, context.pool);
  if (IsCancelled(context)) return Cancelled("content");
  if (vectors.cols() > 0) FillFromTexts(texts, options.neighbours, vectors, context.pool);
  return vectors;
}

}  // namespace vitrine
