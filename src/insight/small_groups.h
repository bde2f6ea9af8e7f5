#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "vitrine/insight/journeys.h"
#include "vitrine/insight/rfm.h"
#include "vitrine/insight/segments.h"
#include "vitrine/insight/shopper.h"
#include "vitrine/math/k_means.h"

// Keeps groups of a few shoppers out of what is said of a shop: docs/insight.md has the rules.
// Everywhere `min_group` is the least number of shoppers that may be spoken of, and 1 changes
// nothing.
namespace vitrine {

// Which parts of a whole, whose sum is known, must not be said: those that are too small, and then
// the smallest of the others until what is not said is itself large enough, so that no small part
// is what the whole less the other parts leaves. A part of 0 says nothing of anybody, and stays.
// `is_hidden`: what is not said anyway; may be empty.
std::vector<bool> TooSmall(std::span<const std::size_t> parts, std::size_t min_group,
                           std::vector<bool> is_hidden = {});

// The shoppers behind a figure, each by a number: of many only as many as there must be.
using Behind = std::set<std::uint64_t>;

// One more, as far as it is not known yet that they are enough.
void NoteBehind(std::uint64_t shopper, std::size_t min_group, Behind& behind);

struct CountedPart {
  std::uint64_t count = 0;  // Of as many shoppers, the least is the smallest.
  const Behind* behind = nullptr;
};

// TooSmall where one shopper may be behind several parts: what is not said has `min_group` distinct
// ones behind it.
std::vector<bool> TooFew(std::span<const CountedPart> parts, std::size_t min_group,
                         std::vector<bool> is_hidden = {});

// Lets each cluster that is too small join the one whose centre is the nearest, the smallest first,
// until none is. Returns, by cluster, the one that it became a part of. REQUIRES: `min_group`
// points in all.
std::vector<std::uint32_t> JoinSmallClusters(std::size_t min_group, Clustering& clustering);

// What each function below leaves out, in rows or cells.

// What too few of a segment's shoppers did: visits, views, carts, orders, orders of known value.
// `segment_of`: [shoppers.rows], into `segments`.
std::size_t WithholdWhatFewDid(std::size_t min_group, const ShopperTable& shoppers,
                               const std::vector<std::uint32_t>& segment_of,
                               std::vector<Segment>& segments);
// Who came and went. The segments' sizes are known.
std::size_t WithholdFewMovers(std::size_t min_group, Segmentation& made);
// Small groups become one, "other"; so do the cells of a group, which are then 0, and so is the
// value of a group in which few have an order of known value.
std::size_t WithholdFewBuyers(std::size_t min_group, RfmGrid& grid);
// Small cohorts and the months that few came back in are 0.
std::size_t WithholdFewReturners(std::size_t min_group, CohortTable& table);

}  // namespace vitrine
