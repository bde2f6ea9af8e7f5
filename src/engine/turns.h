#pragma once

#include <cstddef>
#include <vector>

#include "engine/model_costs.h"
#include "engine/time_budget.h"
#include "vitrine/engine/pipeline.h"

namespace vitrine {

// Whose turn it is when the models of a set are asked for one kind of answer, and for whom there is
// time. Where somebody says how much is left, the cheapest is the first: so a dear model costs
// nobody's answer but its own. One whose cost is not known yet comes before them, to be measured,
// and equals come as they stand in the set, as all do where nobody says. Of one thread. What it is
// made of must outlive it.
class Turns {
 public:
  Turns(const ModelSet& models, ModelCosts& costs, AnswerKind kind,
        const PipelineControls& controls);

  // The model whose turn is number `turn`, from 0 on.
  std::size_t operator[](std::size_t turn) const { return order_.empty() ? turn : order_[turn]; }

  // Whether there is time to ask the model. Ask it where the model is then left out, and nowhere
  // else: whoever listens is told.
  bool HasTimeFor(std::size_t model);

  // Call it when the model that there was time for has answered.
  void NoteAnswer(std::size_t model) const { budget_.NoteDone(costs_.Of(model, kind_)); }

 private:
  const ModelSet& models_;
  ModelCosts& costs_;
  const AnswerKind kind_;
  const PipelineControls& controls_;
  TimeBudget budget_;
  std::vector<std::size_t> order_;  // Empty: as they stand in the set.
};

}  // namespace vitrine
