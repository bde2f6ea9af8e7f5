#pragma once

#include <memory>
#include <string_view>

#include "vitrine/models/model.h"

namespace vitrine {

class DeepRanker;

// The model that scores nothing itself, and puts what the others found in order: its kind, and its
// name among the models.
inline constexpr std::string_view kRankerName = "deep_ranker";

// The ranker as a model of a set, named after its kind, without settings. It finds no items and has
// no weight: the engine asks it last (engine/rank_stage.h).
Model MakeModel(const std::shared_ptr<const DeepRanker>& ranker);

}  // namespace vitrine
