#include "vitrine/feature_store/shopper_key.h"

#include <string>

#include "vitrine/base/bytes.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {

std::uint64_t UserKey(std::string_view user_id) { return 2 * Checksum(user_id); }

std::uint64_t VisitorKey(std::string_view visitor_id) { return 2 * Checksum(visitor_id) + 1; }

std::uint64_t ShopperKey(const FeatureStore& store, const Event& event) {
  if (!event.user_id.empty()) return UserKey(event.user_id);
  const std::string user = store.UserOfVisitor(event.visitor_id);
  return user.empty() ? VisitorKey(event.visitor_id) : UserKey(user);
}

}  // namespace vitrine
