#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>

#include "vitrine/models/model.h"

namespace vitrine {

// How the scores of several models become one list.
struct BlendOptions {
  // Weight by model name, for a shopper with a long history; a model not named is not asked. Empty:
  // what was learned with the models, or the usual weights where nothing was.
  std::map<std::string, double> weights{};
  // A model that learns from behaviour counts n / (n + cold_start_events) of its weight for a
  // shopper of whom n signs of interest are known: interactions above zero, context and cart items.
  // Content gets what that leaves, and keeps n / (n + cold_start_events / 10) of all it then has;
  // popularity gets the rest. So a new shopper sees what is popular, one of a single event mostly
  // what is like it, and later what others like them chose. 0: the weights count as they are from
  // the first sign on. Not asked where weights are learned: it is learned with them.
  double cold_start_events = 3;
  std::size_t candidates_per_model = 100;  // Asked of each model, at least twice the list's length.
  // Of a catalogue of up to so many items, or where a filter leaves so few, all are scored: exact,
  // and cheaper than to retrieve. Models of vectors put CoarseIndex::kFewestInBlocks and more into
  // blocks, which retrieving gains by and scoring all loses by.
  std::size_t whole_catalogue_items = 20'000;
};

// What counts for the models of a set: the options' weights, or those that came with the set, or
// the usual ones.
BlendWeights ChosenWeights(const BlendOptions& options, const BlendWeights& learned);

// The slide of BlendOptions::cold_start_events: moves weight between the families, in place, and
// keeps the sum. `weights` by model of `models`.
void SlideToFamilies(std::span<const Model> models, std::size_t num_signals,
                     double cold_start_events, std::span<double> weights);

}  // namespace vitrine
