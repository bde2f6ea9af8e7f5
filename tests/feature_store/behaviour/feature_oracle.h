#pragma once

#include <map>
#include <string>

#include "feature_store/model_store.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/feature.h"

namespace vitrine::testing {

// What the behaviour features should be, by name: each said as slowly and plainly as it can be,
// from the list of events in a ModelStore. Missing: std::monostate.
using OracleValues = std::map<std::string, FeatureValue>;
OracleValues UserOracle(const ModelStore& model, const std::string& user_id,
                        const std::string& visitor_id, Micros now);
OracleValues ItemOracle(const ModelStore& model, const std::string& item_id, Micros now);

// An event of a small shop, of any type, in a session of its own or with others, up to 100 days
// late, with or without what is optional.
Event RandomBehaviour(Random& random, Micros now);

// A catalogue of the items of RandomBehaviour: some with categories, brands, prices and stock.
UpsertItems RandomCatalogue(Random& random, Micros now);

}  // namespace vitrine::testing
