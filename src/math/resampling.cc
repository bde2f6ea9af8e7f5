#include "vitrine/math/resampling.h"

#include <algorithm>
#include <cmath>

#include "vitrine/base/random.h"

namespace vitrine {
namespace {

// Rounds of one shard share scratch; part of no result.
constexpr std::size_t kRoundsPerShard = 50;

// Sums that differ by rounding alone, relative to the sum of sizes, are as extreme as one another.
constexpr double kRounding = 1e-12;

std::size_t NumShards(std::size_t rounds) {
  return (rounds + kRoundsPerShard - 1) / kRoundsPerShard;
}

// Means of the columns over groups drawn with replacement.
void DrawMeans(const GroupSums& sums, Random random, std::span<double> means) {
  std::fill(means.begin(), means.end(), 0.0);
  double num_cases = 0;
  const std::size_t num_groups = sums.cases.size();
  for (std::size_t draw = 0; draw < num_groups; ++draw) {
    const std::size_t group = random.Below(num_groups);
    num_cases += sums.cases[group];
    const double* row = &sums.sums[group * sums.num_columns];
    for (std::size_t column = 0; column < means.size(); ++column) means[column] += row[column];
  }
  for (double& mean : means) mean /= num_cases;
}

// The value below which `share` of `ascending` lies, interpolated between two of them.
double Quantile(std::span<const double> ascending, double share) {
  const double position = share * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, ascending.size() - 1);
  return ascending[below] +
         (position - static_cast<double>(below)) * (ascending[above] - ascending[below]);
}

// Adds each group's row to `sums` with a random sign.
void FlipSigns(const GroupSums& differences, Random random, std::span<double> sums) {
  std::fill(sums.begin(), sums.end(), 0.0);
  constexpr std::size_t kBits = 64;
  std::uint64_t bits = 0;
  for (std::size_t group = 0; group < differences.cases.size(); ++group) {
    if (group % kBits == 0) bits = random.NextBits();
    const double sign = (bits >> (group % kBits) & 1) != 0 ? 1.0 : -1.0;
    const double* row = &differences.sums[group * differences.num_columns];
    for (std::size_t column = 0; column < sums.size(); ++column) sums[column] += sign * row[column];
  }
}

}  // namespace

std::vector<Interval> BootstrapMeans(const GroupSums& sums, const ResamplingOptions& options,
                                     ThreadPool& pool) {
  const std::size_t rounds = options.bootstrap_rounds;
  std::vector<Interval> intervals(sums.num_columns);
  if (sums.cases.empty() || rounds == 0) return intervals;
  std::vector<double> means(rounds * sums.num_columns);  // [rounds x columns]
  pool.ParallelFor(NumShards(rounds), [&](std::size_t shard) {
    const std::size_t end = std::min((shard + 1) * kRoundsPerShard, rounds);
    for (std::size_t round = shard * kRoundsPerShard; round < end; ++round) {
      DrawMeans(sums, Random(options.seed, round),
                std::span(means).subspan(round * sums.num_columns, sums.num_columns));
    }
  });
  const double tail = (1 - options.level) / 2;
  std::vector<double> column(rounds);
  for (std::size_t c = 0; c < sums.num_columns; ++c) {
    for (std::size_t round = 0; round < rounds; ++round) {
      column[round] = means[round * sums.num_columns + c];
    }
    std::sort(column.begin(), column.end());
    intervals[c] = {Quantile(column, tail), Quantile(column, 1 - tail)};
  }
  return intervals;
}

std::vector<double> SignFlipPValues(const GroupSums& differences, const ResamplingOptions& options,
                                    ThreadPool& pool) {
  const std::size_t num_columns = differences.num_columns;
  std::vector<double> observed(num_columns, 0.0);
  std::vector<double> sizes(num_columns, 0.0);
  for (std::size_t i = 0; i < differences.sums.size(); ++i) {
    observed[i % num_columns] += differences.sums[i];
    sizes[i % num_columns] += std::abs(differences.sums[i]);
  }
  const std::size_t rounds = options.permutation_rounds;
  const std::size_t num_shards = NumShards(rounds);
  std::vector<std::uint64_t> extreme(num_shards * num_columns, 0);  // [shards x columns]
  pool.ParallelFor(num_shards, [&](std::size_t shard) {
    std::vector<double> sums(num_columns);
    const std::size_t end = std::min((shard + 1) * kRoundsPerShard, rounds);
    for (std::size_t round = shard * kRoundsPerShard; round < end; ++round) {
      FlipSigns(differences, Random(options.seed, round), sums);
      for (std::size_t c = 0; c < num_columns; ++c) {
        const bool is_extreme = std::abs(sums[c]) >= std::abs(observed[c]) - kRounding * sizes[c];
        if (is_extreme) ++extreme[shard * num_columns + c];
      }
    }
  });
  std::vector<double> p_values(num_columns);
  for (std::size_t c = 0; c < num_columns; ++c) {
    std::uint64_t total = 1;
    for (std::size_t shard = 0; shard < num_shards; ++shard) {
      total += extreme[shard * num_columns + c];
    }
    p_values[c] = static_cast<double>(total) / static_cast<double>(rounds + 1);
  }
  return p_values;
}

}  // namespace vitrine
