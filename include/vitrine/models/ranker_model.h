#pragma once

#include <memory>

#include "vitrine/models/model.h"

namespace vitrine {

class DeepRanker;

// The ranker as a model of a set, named after its kind, without settings. It finds no items and has
// no weight: the engine asks it last (engine/rank_stage.h).
Model MakeModel(const std::shared_ptr<const DeepRanker>& ranker);

}  // namespace vitrine
