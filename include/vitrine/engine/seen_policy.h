#pragma once

namespace vitrine {

// Which items of the shopper's own past may be shown.
enum class SeenPolicy {
  kExcludePurchased,  // Default: not what they bought (and did not return) or refused.
  kExcludeSeen,       // Nor what they viewed or put in the cart.
  kAllowAll,          // Only `not-interested` is kept out.
};

}  // namespace vitrine
