#pragma once

#include <cstddef>
#include <vector>

#include "vitrine/base/random.h"

namespace vitrine {

// Where to look next for the highest value of an unknown function on the unit cube, by the
// tree-structured Parzen estimator (Bergstra, Bardenet, Bengio, Kegl: Algorithms for
// Hyper-Parameter Optimization, NeurIPS 2011, section 4): points are drawn like the good ones seen
// so far, and the one that looks most like these and least like the others is taken. Dimensions
// are independent of each other. Not thread-safe.
class ParzenSearch {
 public:
  // `num_choices` [dimensions]: into how many equal parts a dimension falls when only the part
  // counts; 0 for a continuous one.
  ParzenSearch(std::vector<std::size_t> num_choices, std::uint64_t seed);

  // A point with nothing learned, uniform.
  std::vector<double> Draw();

  // A point by what was told. As Draw, until there are two points.
  std::vector<double> Propose();

  // What the function is at `point`; -infinity where it has no value.
  void Tell(std::vector<double> point, double value);

 private:
  struct Seen {
    std::vector<double> point{};
    double value = 0;
  };

  // How much a coordinate looks like those of seen_[begin, end): a density.
  double Density(std::size_t dimension, double coordinate, std::size_t begin,
                 std::size_t end) const;
  double DrawLike(std::size_t dimension, std::size_t num_good);

  std::vector<std::size_t> num_choices_;
  Random random_;
  std::vector<Seen> seen_;  // Best first; of equals, the first told.
};

}  // namespace vitrine
