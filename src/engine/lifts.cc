#include "engine/lifts.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_format.h"

namespace vitrine {
namespace {

constexpr char kBoostModel[] = "boost";  // Stands for a model in contributions.

double SumOfStrengths(std::span<const ItemLift> lifts, ItemIndex item) {
  double sum = 0;
  for (const ItemLift& lift : lifts) {
    if (lift.items->Contains(item)) sum += lift.strength;
  }
  return sum;
}

using PartsBySum = std::map<double, ItemBitmap>;  // None empty.

void AddPart(double sum, ItemBitmap part, PartsBySum& parts) {
  if (part.HasAtMost(0)) return;
  const auto [found, is_new] = parts.try_emplace(sum);
  if (is_new) {
    found->second = std::move(part);
  } else {
    found->second.UnionWith(part);
  }
}

// Makes the two parts of the nearest sums one, until there are few enough.
void MergeNearest(PartsBySum& parts) {
  while (parts.size() > kMaxStrengths) {
    auto nearest = parts.begin();
    for (auto each = parts.begin(); std::next(each) != parts.end(); ++each) {
      const double gap = std::next(each)->first - each->first;
      if (gap < std::next(nearest)->first - nearest->first) nearest = each;
    }
    std::next(nearest)->second.UnionWith(nearest->second);
    parts.erase(nearest);
  }
}

}  // namespace

double StrengthOf(std::span<const ItemLift> lifts, ItemIndex item) {
  return std::clamp(SumOfStrengths(lifts, item), -1.0, 1.0);
}

std::vector<ItemBitmap> PartsByStrength(std::span<const ItemLift> lifts,
                                        const ItemBitmap& allowed) {
  PartsBySum parts;
  AddPart(0, allowed, parts);
  for (const ItemLift& lift : lifts) {
    PartsBySum split;
    for (auto& [sum, part] : parts) {
      ItemBitmap lifted = part;
      lifted.IntersectWith(*lift.items);
      part.Subtract(lifted);
      AddPart(sum, std::move(part), split);
      AddPart(sum + lift.strength, std::move(lifted), split);
    }
    MergeNearest(split);
    parts = std::move(split);
  }
  std::vector<ItemBitmap> bitmaps;
  bitmaps.reserve(parts.size());
  for (auto& [sum, part] : parts) bitmaps.push_back(std::move(part));
  return bitmaps;
}

absl::Status AddBoosts(std::span<const Boost> boosts, const FilteredItems& filtered,
                       NamedLifts& lifts) {
  for (std::size_t i = 0; i < boosts.size(); ++i) {
    auto items = filtered.Matching(boosts[i].filter);
    if (!items.ok()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("boosts[%d].%s", i, std::string(items.status().message())));
    }
    lifts.Add({.items = *std::move(items), .strength = boosts[i].strength}, boosts[i].filter);
  }
  return absl::OkStatus();
}

void AddRotation(double rotation, std::span<const ShownItem> shown,
                 std::span<const Interaction> history, NamedLifts& lifts) {
  absl::flat_hash_map<ItemIndex, Micros> touched;  // When it was last.
  for (const Interaction& each : history) {
    Micros& time_us = touched.try_emplace(each.item, each.time_us).first->second;
    time_us = std::max(time_us, each.time_us);
  }
  std::map<ItemIndex, std::size_t> times;
  for (const ShownItem& each : shown) {
    const auto last = touched.find(each.item);
    if (last == touched.end() || last->second < each.time_us) ++times[each.item];
  }
  std::map<std::size_t, ItemBitmap> by_times;
  for (const auto& [item, count] : times) by_times[count].Insert(item);
  for (auto& [count, items] : by_times) {
    const double strength = 1 - std::pow(1 - rotation, static_cast<double>(count));
    lifts.Add(
        {.items = std::make_shared<const ItemBitmap>(std::move(items)), .strength = -strength},
        "rotation");
  }
}

void AddLiftParts(const NamedLifts& lifts, const BlendedItem& item, std::vector<ScorePart>& parts) {
  if (item.lift == 0) return;
  const double share = static_cast<double>(item.lift) / SumOfStrengths(lifts.lifts, item.item);
  for (std::size_t i = 0; i < lifts.lifts.size(); ++i) {
    if (!lifts.lifts[i].items->Contains(item.item)) continue;
    parts.push_back({.model = kBoostModel,
                     .feature = lifts.causes[i],
                     .value = static_cast<float>(share * lifts.lifts[i].strength)});
  }
  std::stable_sort(parts.begin(), parts.end(), [](const ScorePart& a, const ScorePart& b) {
    return std::abs(a.value) > std::abs(b.value);
  });
}

}  // namespace vitrine
