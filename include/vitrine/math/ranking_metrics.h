#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "vitrine/base/ids.h"

namespace vitrine {

// Quality of one ranked list against one user's relevant items, at cut-off k. Definitions as in the
// table of docs/evaluation.md; every field is in [0, 1].
struct RankingMetrics {
  double recall = 0;      // hits / relevant
  double recall_min = 0;  // hits / min(k, relevant)
  double ndcg = 0;        // binary gains, log2 discount, ideal list of min(k, relevant)
  double hit = 0;         // 1 if there is any hit
  double mrr = 0;         // 1 / rank of the first hit, 0 beyond k
  double map = 0;         // Sum over hits of hits so far / rank, over min(k, relevant)

  RankingMetrics& operator+=(const RankingMetrics& other);
  RankingMetrics operator/(double divisor) const;
};

// A metric by its name, for tables of all of them.
struct RankingMetricField {
  std::string_view name{};
  double RankingMetrics::*value = nullptr;
};
inline constexpr std::array<RankingMetricField, 6> kRankingMetricFields = {{
    {"recall", &RankingMetrics::recall},
    {"recall_min", &RankingMetrics::recall_min},
    {"ndcg", &RankingMetrics::ndcg},
    {"hit", &RankingMetrics::hit},
    {"mrr", &RankingMetrics::mrr},
    {"map", &RankingMetrics::map},
}};

// `ranked` best first, may be longer or shorter than k. `relevant` ascending, distinct, not empty.
RankingMetrics MeasureRanking(std::span<const ItemIndex> ranked,
                              std::span<const ItemIndex> relevant, std::size_t k);

}  // namespace vitrine
