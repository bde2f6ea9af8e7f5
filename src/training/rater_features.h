#pragma once

#include <cstddef>
#include <cstdint>

#include "vitrine/base/matrix.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/math/sparse.h"

namespace vitrine {

// What may be known of an item from who rated it, whatever they said [items x (2 + rank)]: a one,
// half the logarithm of 1 + its n ratings, and sum over its raters u of s_u / sqrt(n), where s are
// the `rank` largest singular vectors, on the side of the shoppers, of "u rated i" over the square
// root of how many u rated. Popular items and those of a crowd of one taste are told apart before
// the first star counts. `by_item` [items x users]; values do not matter. Fewer columns where the
// matrix has less rank. The same bits at any number of threads.
Matrix RaterFeatures(const CsrMatrix& by_item, std::size_t rank, std::uint64_t seed,
                     ThreadPool* pool);

}  // namespace vitrine
