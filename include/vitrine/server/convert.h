#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"
#include "vitrine/engine/engine.h"
#include "vitrine/engine/placements.h"
#include "vitrine/feature_store/event.h"
#include "vitrine/feature_store/item.h"
#include "vitrine/feature_store/mutation.h"
#include "vitrine/feature_store/user.h"
#include "vitrine/feature_store/validate.h"
#include "vitrine/v1/catalog_service.pb.h"
#include "vitrine/v1/event_service.pb.h"
#include "vitrine/v1/item.pb.h"
#include "vitrine/v1/recommendation_service.pb.h"
#include "vitrine/v1/serving_config_service.pb.h"
#include "vitrine/v1/user_service.pb.h"

// Between values and the messages of the API, both ways.
namespace vitrine {

// A value from a message, and all that is wrong with it: with violations the value is not to be
// used. Paths are those of the message, such as "items[0].quantity".
template <typename T>
struct Converted {
  T value{};
  std::vector<FieldViolation> violations{};
};

// Each one checks what the message can hold and the value cannot (a negative quantity), and then
// the value itself (Validate).
Converted<Event> FromProto(const v1::Event& message, Micros now);
Converted<Item> FromProto(const v1::Item& message);
Converted<User> FromProto(const v1::User& message);
Converted<UpdateInventory::Change> FromProto(const v1::Inventory& message);
Converted<Placement> FromProto(const v1::Placement& message);

// All that is wrong with a page is in the error: INVALID_ARGUMENT.
absl::StatusOr<std::vector<RecommendRequest>> FromProto(
    const v1::BatchRecommendItemsRequest& message);

v1::Event ToProto(const Event& event);
v1::Item ToProto(const Item& item);
v1::User ToProto(const User& user);
v1::Placement ToProto(const Placements::Entry& entry);

}  // namespace vitrine
