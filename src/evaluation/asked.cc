#include "evaluation/asked.h"

#include "evaluation/split_builder.h"

namespace vitrine {

AskedCases::AskedCases(const Split& split, std::span<const TestCase> cases,
                       const EvaluationOptions& options) {
  for (const TestCase& test : cases) {
    const std::span<const Interaction> history = split.History(test);
    histories_.emplace_back(history.rbegin(), history.rend());
    if (options.history_limit > 0 && history.size() > options.history_limit) {
      histories_.back().resize(options.history_limit);
    }
    profiles_.push_back(test.profile);
    excluded_.push_back(split.allow_repeats ? std::vector<ItemIndex>() : DistinctItems(history));
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    queries_.push_back(
        {.history = histories_[i],
         .profile = profiles_[i].get(),
         .now_us = cases[i].now_us,
         .excluded = excluded_[i],
         .training_user = options.as_paper ? cases[i].training_user : kNoTrainingUser});
  }
}

}  // namespace vitrine
