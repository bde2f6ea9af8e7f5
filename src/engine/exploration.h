#pragma once

#include <cstddef>
#include <span>

#include "vitrine/engine/controls.h"

namespace vitrine {

// One item drawn.
struct Draw {
  std::size_t candidate = 0;
  double propensity = 0;  // How likely it was.
};

// Draws the item of list position `position`, from 1, of candidates with these scores: each in
// proportion to exp(score / (temperature * scale)), so that a list of such draws is one of
// Plackett and Luce (Plackett, "The analysis of permutations", 1975). The same exploration,
// position and scores give the same draw; those of two positions have nothing to do with each
// other.
//
// REQUIRES: how.temperature > 0, a scale > 0, at least one score, all of them finite
Draw DrawOne(const Exploration& how, std::size_t position, double scale,
             std::span<const float> scores);

}  // namespace vitrine
