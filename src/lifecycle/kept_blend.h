#pragma once

#include <optional>

#include "vitrine/evaluation/comparison.h"
#include "vitrine/lifecycle/lifecycle.h"
#include "vitrine/models/model.h"

namespace vitrine {

// The blend of `live` (may be null), for a training that need not learn one: fewer than
// `options.learn_blend_every` trainings have it, and learning it would be the same question, of
// the same models, settings, blend options and test fraction. Nothing: learn it, as for a set that
// does not say when its blend was learned.
std::optional<LearnedBlend> BlendToKeep(const ModelSet* live, const LifecycleOptions& options);

// Lets `models` say of their blend what BlendToKeep asks: how many trainings ago it was learned
// (the metric "blend_age"), and from what. `kept_from`: the set that it was kept from; null where
// this training learned it. Says nothing where nothing was learned or every training learns.
void NoteBlend(const LearnedBlend& blend, const LifecycleOptions& options,
               const ModelSet* kept_from, ModelSet& models);

}  // namespace vitrine
