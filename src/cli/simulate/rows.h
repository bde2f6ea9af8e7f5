#pragma once

#include <string>

#include "cli/simulate/shop.h"
#include "cli/simulate/shopper.h"
#include "vitrine/base/clock.h"
#include "vitrine/feature_store/event.h"

namespace vitrine::simulate {

// The lines of the files that Simulate writes, each with its line end; the headers of the CSV ones.
// A list in one CSV field is joined by '|'.
std::string ItemHeader();
std::string ItemRow(const Item& item);
std::string UserHeader();
std::string UserRow(const Shopper& shopper);
std::string EventLine(const Event& event);

std::string TruthItemHeader();
std::string TruthItemRow(const Product& product, double appeal);
std::string TruthUserHeader();
std::string TruthUserRow(const Shopper& shopper);
std::string TruthPurchaseHeader();
std::string TruthPurchaseRows(const Event& purchase);  // One per item.

}  // namespace vitrine::simulate
