#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "vitrine/nn/activation.h"
#include "vitrine/nn/dense.h"
#include "vitrine/nn/embedding.h"
#include "vitrine/nn/normalization.h"

namespace vitrine {

struct TwoTowerShape {
  std::size_t dimensions = 64;       // d, 1 to 512
  std::size_t hidden = 128;          // Of the hidden layer of either tower, 1 to 4096.
  std::size_t item_buckets = 16384;  // Places for hashed features of items, 1 to 2^24.
  std::size_t user_buckets = 0;      // The same of profiles; 0: there are none.
};

// INVALID_ARGUMENT where a number is out of its range.
absl::Status CheckShape(const TwoTowerShape& shape);

// The place of a feature among `buckets`.
inline std::uint32_t BucketOf(std::uint64_t hash, std::size_t buckets) {
  return static_cast<std::uint32_t>(hash % buckets);
}

// From an item's id and features to two vectors, since what an item says of who bought it need not
// be what makes one want it:
//
//   x = dropout(norm(e_id + sum over features of w_f e_f))
//   h = x + W2 relu(W1 x + b1) + b2
//   v = Wv h + bv      what is asked for
//   c = Wc h + bc      what it says in a history
//
// Without the id, e_id is zero and v and c come from the features alone.
struct ItemTower {
  struct Cache {
    nn::Embedding::Cache ids{};
    nn::Embedding::Cache features{};
    Matrix sum{};
    nn::LayerNorm::Cache norm{};
    nn::Dropout::Cache dropout{};
    nn::Dense::Cache first{};
    nn::Activation::Cache relu{};
    nn::Dense::Cache second{};
    Matrix mixed{};  // h
    nn::Dense::Cache target{};
    nn::Dense::Cache history{};
    Matrix by_mixed{};
    Matrix by_input{};
  };

  ItemTower() = default;
  // `num_ids`: rows of the table of ids.
  ItemTower(const TwoTowerShape& shape, std::size_t num_ids, double dropout_rate, Random& random);

  // Without the ids, which a served network does not need.
  void AddServedParameters(const std::string& prefix, nn::ParameterList& list);

  // `item_ids`, one an item, may be nn::kNoId; `features`, a bag an item. Leaves v in
  // cache.target.output and c in cache.history.output [items x d].
  void Forward(std::span<const std::uint32_t> item_ids, const nn::Bags& item_features, Cache& cache,
               const nn::Pass& pass) const;
  void Backward(std::span<const std::uint32_t> item_ids, const nn::Bags& item_features,
                const Matrix& by_target, const Matrix& by_history, Cache& cache,
                const nn::Pass& pass);

  nn::Embedding ids{};       // [num_ids x d]
  nn::Embedding features{};  // [item_buckets x d]
  nn::LayerNorm norm{};
  nn::Dropout dropout{};
  nn::Dense first{};    // [hidden x d]
  nn::Dense second{};   // [d x hidden]
  nn::Dense target{};   // [d x d]
  nn::Dense history{};  // [d x d]
};

// From what is known of a shopper to a vector:
//
//   u = A z + a + W2 relu(W1 z + b1),  z = dropout([all, recent, ln(1 + n) / 4, profile])
//
// `all` and `recent` [d each] are weighted sums of the c of the n touched items, profile [d] is one
// of the vectors of the profile's features, where the shape has these.
struct UserTower {
  struct Cache {
    nn::Dropout::Cache dropout{};
    nn::Dense::Cache linear{};
    nn::Dense::Cache first{};
    nn::Activation::Cache relu{};
    nn::Dense::Cache second{};
    Matrix output{};  // u
    Matrix by_dropped{};
  };

  UserTower() = default;
  UserTower(const TwoTowerShape& shape, double dropout_rate, Random& random);

  void AddParameters(const std::string& prefix, nn::ParameterList& list);

  // `inputs` [users x num_inputs], z before the dropout. Returns cache.output [users x d].
  const Matrix& Forward(const Matrix& inputs, Cache& cache, const nn::Pass& pass) const;
  // Returns the derivatives by `inputs`.
  const Matrix& Backward(const Matrix& inputs, const Matrix& by_output, Cache& cache,
                         const nn::Pass& pass);

  // Where in z the number of touched items is.
  static Eigen::Index CountColumn(std::size_t dimensions) {
    return 2 * static_cast<Eigen::Index>(dimensions);
  }
  static std::size_t NumInputs(const TwoTowerShape& shape) {
    return (shape.user_buckets > 0 ? 3 : 2) * shape.dimensions + 1;
  }

  nn::Embedding profile{};  // [user_buckets x d]
  nn::Dropout dropout{};
  nn::Dense linear{};  // [d x inputs]
  nn::Dense first{};   // [hidden x inputs]
  nn::Dense second{};  // [d x hidden]
};

}  // namespace vitrine
