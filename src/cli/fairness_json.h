#pragma once

#include <string>

#include "vitrine/insight/fairness_report.h"

namespace vitrine::cli {

// One object; docs/cli.md has its fields.
std::string FairnessJson(const FairnessReport& report);

}  // namespace vitrine::cli
