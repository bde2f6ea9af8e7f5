#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "insight/placement_tally.h"
#include "insight/small_groups.h"
#include "vitrine/insight/fairness_report.h"

namespace vitrine {

// Sorts what came of lists into groups of items, as PlacementTally tells it.
class FairnessTally {
 public:
  // Looks at the whole catalogue: prices are banded by what it holds. It must outlive this.
  FairnessTally(const Catalogue& catalogue, const FairnessOptions& options);

  void Add(const ListOutcome& outcome);

  // `now_us`: of which the ages of the catalogue's items are told.
  FairnessReport Finish(Micros now_us);

 private:
  struct Group {
    FairnessGroup figures{};
    // Who was shown, clicked, bought an item of it.
    Behind shown{};
    Behind clicked{};
    Behind bought{};
  };
  using Groups = std::map<std::size_t, Group>;  // By rank in its table.

  std::size_t BrandOf(const Item* item);
  std::size_t PriceBandOf(const Item* item) const;
  std::string PriceBandName(std::size_t band) const;
  std::string PriceBandFilter(std::size_t band) const;
  void Count(const ListOutcome& outcome, Group& group) const;
  static void Merge(Group& from, Group& into);
  void CountItems(Micros now_us);
  Groups MostExposed(Groups brands) const;
  void MergeSmall(Groups& groups) const;
  void WithholdFew(Groups& groups) const;
  FairnessTable TableOf(const std::string& by, Groups groups) const;
  std::uint64_t MeritOf(const FairnessGroup& group) const;

  const Catalogue& catalogue_;
  const FairnessOptions options_;
  std::string currency_;
  std::vector<std::int64_t> price_bounds_;  // Micros, ascending, distinct; between the bands.
  std::map<std::string, std::size_t> brands_;
  Groups by_brand_;
  Groups by_price_;
  Groups by_age_;
  std::uint64_t num_shown_ = 0;
  Behind shown_;  // Who was shown any.
};

}  // namespace vitrine
