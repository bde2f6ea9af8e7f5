#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/base/thread_pool.h"

namespace vitrine {

// How sure a mean over cases is when the cases of one group (a user, a session) are not
// independent: groups are drawn, not cases. The same numbers at any number of threads.

struct Interval {
  double low = 0;
  double high = 0;
};

struct ResamplingOptions {
  std::size_t bootstrap_rounds = 1000;
  std::size_t permutation_rounds = 10'000;
  std::uint64_t seed = 1;
  double level = 0.95;
};

// Sums of several quantities over the cases of each group.
struct GroupSums {
  std::size_t num_columns = 0;
  std::vector<double> sums{};          // [groups x num_columns]
  std::vector<std::uint32_t> cases{};  // [groups], each above 0
};

// For each column the percentile bootstrap interval of its mean over cases (Efron & Tibshirani: An
// Introduction to the Bootstrap, 1993, chapter 13): groups are drawn with replacement, as many as
// there are, the same ones for all columns. Without groups or rounds all intervals are [0, 0].
std::vector<Interval> BootstrapMeans(const GroupSums& sums, const ResamplingOptions& options,
                                     ThreadPool& pool);

// For each column the two-sided p-value of "its sum is zero", by paired randomisation (Smucker,
// Allan, Carterette: A Comparison of Statistical Significance Tests for Information Retrieval
// Evaluation, 2007): the sign of every group's sum is flipped at random. The columns hold
// differences of two scorers. (1 + rounds at least as extreme) / (1 + rounds).
std::vector<double> SignFlipPValues(const GroupSums& differences, const ResamplingOptions& options,
                                    ThreadPool& pool);

}  // namespace vitrine
