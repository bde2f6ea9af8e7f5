#include "training/rater_features.h"

#include <cmath>
#include <vector>

#include "vitrine/math/truncated_svd.h"

namespace vitrine {

Matrix RaterFeatures(const CsrMatrix& by_item, std::size_t rank, std::uint64_t seed,
                     ThreadPool* pool) {
  std::vector<double> num_rated(by_item.num_cols);
  for (const std::uint32_t user : by_item.column) ++num_rated[user];
  CsrMatrix who = by_item;
  for (std::size_t i = 0; i < who.num_entries(); ++i) {
    who.value[i] = static_cast<float>(1 / std::sqrt(num_rated[who.column[i]]));
  }
  Matrix tastes(static_cast<Eigen::Index>(by_item.num_cols), 0);
  if (rank > 0) tastes = TruncatedSvd(who, {.rank = rank, .seed = seed}, pool).vectors;

  Matrix features = Matrix::Zero(static_cast<Eigen::Index>(by_item.num_rows), 2 + tastes.cols());
  for (std::size_t item = 0; item < by_item.num_rows; ++item) {
    const auto count = static_cast<double>(by_item.Columns(item).size());
    auto row = features.row(static_cast<Eigen::Index>(item));
    row[0] = 1;
    row[1] = static_cast<float>(std::log1p(count) / 2);
    for (const std::uint32_t user : by_item.Columns(item)) {
      row.tail(tastes.cols()) += tastes.row(user) / static_cast<float>(std::sqrt(count));
    }
  }
  return features;
}

}  // namespace vitrine
