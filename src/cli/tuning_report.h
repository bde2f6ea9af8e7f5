#pragma once

#include <string>

#include "vitrine/evaluation/tuning.h"

namespace vitrine::cli {

// A line for people on the trial that was done last, and the best so far: "trial 7 of 50 ...".
std::string TrialLine(const Tuning& tuning, const Trainer& trainer, std::size_t num_trials);

// The last trial as one JSON object: trial, settings, value or error, train_seconds,
// evaluate_seconds, best_trial, best_value.
std::string TrialJson(const Tuning& tuning);

// What a search for the model `scorer` ended with as one JSON object: scorer, settings, value,
// default_value, trial, trials, is_out_of_patience.
std::string TuningJson(const Tuning& tuning, const std::string& scorer);

// The best settings as a config file that `--config` reads; `origin` becomes its first comment. A
// model that is not trained by default is added to those that are, with a weight in the blend.
std::string ConfigSnippet(const Tuning& tuning, const std::string& scorer,
                          const std::string& origin);

}  // namespace vitrine::cli
