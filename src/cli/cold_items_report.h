#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vitrine/evaluation/cold_items.h"

namespace vitrine::cli {

// For people: a line for each seed, recall and ndcg of each scorer at each of `cutoffs`, their
// means over the cases of all seeds, and the differences with interval and p-value.
std::string ColdItemsTable(const ColdComparison& comparison,
                           const std::vector<std::size_t>& cutoffs);

// All metrics as one JSON object; docs/evaluation.md has the keys.
std::string ColdItemsJson(const ColdComparison& comparison);

}  // namespace vitrine::cli
