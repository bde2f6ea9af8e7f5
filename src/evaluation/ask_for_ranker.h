#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "vitrine/engine/pipeline.h"
#include "vitrine/evaluation/comparison.h"
#include "vitrine/evaluation/shown_lists.h"
#include "vitrine/training/ranker_lessons.h"

namespace vitrine {

// Whether the models are to be ranked by a ranker.
bool HasRanker(const ComparisonOptions& options);

// Takes the ranker from the models to train, with its settings.
void RemoveRanker(ComparisonOptions& options);

// The ranker's setting `lessons`: "auto", "impressions", "sampled", or what else was given.
std::string LessonsSetting(const ComparisonOptions& options);

// What the ranker is taught on.
struct RankerAsking {
  std::size_t num_candidates = 0;  // Of the blend's best, that it wants to see.
  std::size_t history_limit = 0;   // As EvaluationOptions::history_limit.
};

// The best candidates of `blend`, which was trained on the validation part's train part, for each
// of its cases, or for 4,000 spread over all: as a request would see them. Cases of whom no
// candidate is wanted are lessons too. Null where cancelled.
std::shared_ptr<const RankerLessons> AskForRanker(const Pipeline& blend, const Split& validation,
                                                  const RankerAsking& asking,
                                                  const TrainingContext& context);

// Those of the blend's best candidates at the moment of each list that the list showed, with the
// features that they have among all of these, as a request would see them. What placements keep out
// by default, what the shopper owned or had turned down, is no candidate, unless it was shown.
// Lists that show fewer than two candidates are left out; those of which nothing was touched are
// lessons, so that probabilities come true. Null where cancelled.
std::shared_ptr<const RankerLessons> AskAboutShown(const Pipeline& blend, const Split& validation,
                                                   const ShownLists& shown,
                                                   const RankerAsking& asking,
                                                   const TrainingContext& context);

// NumChoosers of what is left.
std::size_t NumChoosers(const RankerLessons& lessons);

}  // namespace vitrine
