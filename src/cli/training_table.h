#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "vitrine/v1/model_service.pb.h"

namespace vitrine::cli {

// "running", "succeeded", ...
std::string StateName(v1::Training::State state);

// One training on a line of its own: what set it off, when, how it ended and what came of it.
std::string TrainingLine(const v1::Training& training);

// The same for scripts.
nlohmann::ordered_json TrainingJson(const v1::Training& training);

nlohmann::ordered_json ShadowJson(const v1::ShadowReport& shadow);
nlohmann::ordered_json RollbackJson(const v1::RollbackNote& note);

}  // namespace vitrine::cli
