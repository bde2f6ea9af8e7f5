#include "vitrine/feature_store/item.h"

namespace vitrine {

bool IsServable(const Item& item, Micros now) {
  if (item.publish_time_us > now) return false;
  switch (item.availability) {
    case Availability::kInStock:
      return !item.stock.has_value() || *item.stock > 0;
    case Availability::kPreorder:
    case Availability::kBackorder:
      return true;
    case Availability::kOutOfStock:
      return false;
  }
  return false;
}

}  // namespace vitrine
