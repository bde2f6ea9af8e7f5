#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/wire.h"
#include "vitrine/server/convert.h"

namespace vitrine {
namespace {

// Nothing for UNSPECIFIED, and for a number that this API does not have, which is a violation.
std::optional<Availability> FromProto(v1::Availability message,
                                      std::vector<FieldViolation>& violations) {
  switch (message) {
    case v1::AVAILABILITY_UNSPECIFIED:
      return std::nullopt;
    case v1::AVAILABILITY_IN_STOCK:
    case v1::AVAILABILITY_OUT_OF_STOCK:
    case v1::AVAILABILITY_PREORDER:
    case v1::AVAILABILITY_BACKORDER:
      return static_cast<Availability>(message);  // The numbers of both enums are the same.
    default:
      violations.push_back({.field = "availability",
                            .description = absl::StrFormat("%d is none of its values", message)});
      return std::nullopt;
  }
}

}  // namespace

Converted<Item> FromProto(const v1::Item& message) {
  Converted<Item> converted;
  auto& [item, violations] = converted;
  item.id = message.item_id();
  item.primary_item_id = message.primary_item_id();
  item.title = message.title();
  item.description = message.description();
  item.categories.assign(message.categories().begin(), message.categories().end());
  item.brand = message.brand();
  if (message.has_price()) item.price = FromProto(message.price());
  item.availability =
      FromProto(message.availability(), violations).value_or(Availability::kInStock);
  if (message.has_stock()) item.stock = message.stock();
  item.tags.assign(message.tags().begin(), message.tags().end());
  item.image_uris.assign(message.image_uris().begin(), message.image_uris().end());
  item.attributes = FromProto(message.attributes(), violations);
  if (message.has_publish_time()) {
    const auto time = FromTimestamp(message.publish_time());
    if (!time) {
      violations.push_back(
          {.field = "publish_time", .description = "is no valid time after 1970-01-01T00:00:00Z"});
    }
    item.publish_time_us = time.value_or(0);
  }
  AppendPrefixed("", Validate(item), violations);
  return converted;
}

v1::Item ToProto(const Item& item) {
  v1::Item message;
  message.set_item_id(item.id);
  message.set_primary_item_id(item.primary_item_id);
  message.set_title(item.title);
  message.set_description(item.description);
  for (const std::string& path : item.categories) message.add_categories(path);
  message.set_brand(item.brand);
  if (item.price) *message.mutable_price() = ToProto(*item.price);
  message.set_availability(static_cast<v1::Availability>(item.availability));
  if (item.stock) message.set_stock(*item.stock);
  for (const std::string& tag : item.tags) message.add_tags(tag);
  for (const std::string& uri : item.image_uris) message.add_image_uris(uri);
  SetAttributes(item.attributes, *message.mutable_attributes());
  if (item.publish_time_us != 0)
    *message.mutable_publish_time() = ToTimestamp(item.publish_time_us);
  return message;
}

Converted<User> FromProto(const v1::User& message) {
  Converted<User> converted;
  auto& [user, violations] = converted;
  user.id = message.user_id();
  user.attributes = FromProto(message.attributes(), violations);
  AppendPrefixed("", Validate(user), violations);
  return converted;
}

v1::User ToProto(const User& user) {
  v1::User message;
  message.set_user_id(user.id);
  SetAttributes(user.attributes, *message.mutable_attributes());
  return message;
}

Converted<UpdateInventory::Change> FromProto(const v1::Inventory& message) {
  Converted<UpdateInventory::Change> converted;
  auto& [change, violations] = converted;
  change.id = message.item_id();
  change.availability = FromProto(message.availability(), violations);
  if (message.has_price()) change.price = FromProto(message.price());
  if (message.has_stock()) change.stock = message.stock();
  if (!change.availability && !change.price && !change.stock) {
    violations.push_back(
        {.field = "item_id",
         .description = "nothing is to change; set availability, price or stock beside it"});
  }
  // The rules are an item's: ask them of one that has only these fields.
  const Item item{.id = change.id, .title = "-", .price = change.price, .stock = change.stock};
  AppendPrefixed("", Validate(item), violations);
  return converted;
}

}  // namespace vitrine
