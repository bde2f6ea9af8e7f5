#pragma once

#include <cstddef>
#include <memory>

#include "vitrine/engine/pipeline.h"
#include "vitrine/evaluation/comparison.h"
#include "vitrine/training/ranker_lessons.h"

namespace vitrine {

// Whether the models are to be ranked by a ranker.
bool HasRanker(const ComparisonOptions& options);

// Takes the ranker from the models to train, with its settings.
void RemoveRanker(ComparisonOptions& options);

// The best `num_candidates` of `blend`, which was trained on the validation part's train part, for
// each of its cases, or for 4,000 spread over all: as a request would see them. Cases of whom no
// candidate is wanted are lessons too. Null where cancelled.
std::shared_ptr<const RankerLessons> AskForRanker(const Pipeline& blend, const Split& validation,
                                                  std::size_t num_candidates,
                                                  std::size_t history_limit,
                                                  const TrainingContext& context);

}  // namespace vitrine
