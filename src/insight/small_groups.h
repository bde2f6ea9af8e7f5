#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/insight/journeys.h"
#include "vitrine/insight/rfm.h"
#include "vitrine/insight/segments.h"
#include "vitrine/math/k_means.h"

// Keeps groups of a few shoppers out of what is said of a shop: docs/insight.md has the rules.
// Everywhere `min_group` is the least number of shoppers that may be spoken of, and 1 changes
// nothing.
namespace vitrine {

// Which parts of a whole, whose sum is known, must not be said: those that are too small, and then
// the smallest of the others until what is not said is itself large enough, so that no small part
// is what the whole less the other parts leaves. A part of 0 says nothing of anybody, and stays.
std::vector<bool> TooSmall(std::span<const std::size_t> parts, std::size_t min_group);

// Lets each cluster that is too small join the one whose centre is the nearest, the smallest first,
// until none is or one is left. Returns, by cluster, the one that it became a part of.
std::vector<std::uint32_t> JoinSmallClusters(std::size_t min_group, Clustering& clustering);

// What each function below leaves out, in rows or cells.

// What the buyers of a segment spent, where they are too few of its shoppers.
std::size_t WithholdFewBuyers(std::size_t min_group, std::vector<Segment>& segments);
// Who came and went. The segments' sizes are known.
std::size_t WithholdFewMovers(std::size_t min_group, Segmentation& made);
// Small groups become one, "other"; so do the cells of a group, which are then 0.
std::size_t WithholdFewBuyers(std::size_t min_group, RfmGrid& grid);
// Small cohorts and the months that few came back in are 0.
std::size_t WithholdFewReturners(std::size_t min_group, CohortTable& table);

}  // namespace vitrine
