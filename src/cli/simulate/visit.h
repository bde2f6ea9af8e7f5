#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/simulate/shop.h"
#include "cli/simulate/shopper.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/event.h"

namespace vitrine::simulate {

// Everything that `shopper` does in one visit that begins at `start`, oldest first, without event
// ids: looks at pages, searches, fills a cart, maybe logs in, maybe buys; rates or returns what an
// earlier visit bought. At least one event. Changes what the shopper remembers.
std::vector<Event> MakeVisit(const Shop& shop, Shopper& shopper, std::string session_id,
                             Micros start, Random& random);

}  // namespace vitrine::simulate
