#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "vitrine/feature_store/event.h"

namespace vitrine {

// How many visits came how far. A visit reaches a step when it has at least one event of it: a
// detail page view, something put into the cart, an order. The steps need no order, and none needs
// the one before: an order by telephone has no view.
struct FunnelRow {
  std::string name{};  // "2011-12-09", "Home > Kitchen" or a segment's name.
  std::uint64_t sessions = 0;
  std::uint64_t viewed = 0;
  std::uint64_t carted = 0;
  std::uint64_t ordered = 0;
  std::uint64_t viewed_and_carted = 0;
  std::uint64_t carted_and_ordered = 0;
  std::uint64_t viewed_and_ordered = 0;

  // Shares in [0, 1]; 0 where nothing reached the first step.
  double ViewToCart() const { return Share(viewed_and_carted, viewed); }
  double CartToOrder() const { return Share(carted_and_ordered, carted); }
  double ViewToOrder() const { return Share(viewed_and_ordered, viewed); }

 private:
  static double Share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  }
};

struct Funnel {
  FunnelRow total{};
  std::vector<FunnelRow> by_day{};       // Oldest first, the latest days, quiet ones too.
  std::vector<FunnelRow> by_category{};  // Most visits first. A visit counts in each of its own.
  std::vector<FunnelRow> by_segment{};   // In the order of Segmentation::segments.
  // Figures of too few shoppers: 0, and with the visits the whole row; a category is then missing.
  std::size_t num_withheld = 0;
};

// What shoppers did in a visit before they ordered.
struct OrderPath {
  std::vector<EventType> steps{};  // Repeats in a row made one; empty: straight to the order.
  bool is_cut = false;             // The visit began earlier: these are the last steps.
  std::uint64_t orders = 0;
  double share = 0;           // Of all orders.
  double median_minutes = 0;  // From the first step to the order.
};

struct OrderPaths {
  std::uint64_t num_orders = 0;
  std::uint64_t num_paths = 0;     // Distinct ones.
  std::size_t num_withheld = 0;    // Of them, since too few shoppers went so.
  std::vector<OrderPath> paths{};  // The most frequent first; those that options allow.
};

enum class CohortBasis : std::uint8_t { kFirstOrder = 1, kFirstVisit = 2 };

// Shoppers who began in one calendar month, and how many came back.
struct Cohort {
  std::string month{};                  // "2010-12"
  std::uint64_t size = 0;               // The same as active[0].
  std::vector<std::uint64_t> active{};  // [months since, 0 on] Who ordered (or visited) in it.
};

struct CohortTable {
  CohortBasis basis{};
  std::vector<Cohort> cohorts{};  // Oldest first, every month between the first and now.
};

}  // namespace vitrine
