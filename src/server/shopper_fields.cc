#include "server/shopper_fields.h"

#include <algorithm>
#include <span>
#include <utility>

namespace vitrine {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsShopper(const FieldDescriptor& field) {
  return field.type() == FieldDescriptor::TYPE_STRING && !field.is_repeated() &&
         (field.name() == "user_id" || field.name() == "visitor_id");
}

void ReadPath(const Message& message, std::span<const FieldDescriptor* const> path,
              std::vector<std::string>& shoppers) {
  const FieldDescriptor* field = path.front();
  const Reflection& reflection = *message.GetReflection();
  const auto inner = path.subspan(1);
  if (inner.empty()) {
    std::string id = reflection.GetString(message, field);
    if (id.empty()) return;
    id.append(field->name());
    shoppers.push_back(std::move(id));
  } else if (field->is_repeated()) {
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      ReadPath(reflection.GetRepeatedMessage(message, field, i), inner, shoppers);
    }
  } else {
    ReadPath(reflection.GetMessage(message, field), inner, shoppers);
  }
}

}  // namespace

ShopperFields::ShopperFields(const Descriptor& type) {
  Path path;
  Find(type, path, paths_);
}

void ShopperFields::Find(const Descriptor& type, Path& path, std::vector<Path>& found) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    path.push_back(field);
    if (IsShopper(*field)) found.push_back(path);
    // Not into a message that holds its own kind, without end.
    const bool is_within = std::any_of(path.begin(), path.end(), [&](const FieldDescriptor* outer) {
      return outer->containing_type() == field->message_type();
    });
    if (field->message_type() != nullptr && !is_within) Find(*field->message_type(), path, found);
    path.pop_back();
  }
}

std::vector<std::string> ShopperFields::Read(const Message& request) const {
  std::vector<std::string> shoppers;
  for (const Path& path : paths_) ReadPath(request, path, shoppers);
  return shoppers;
}

}  // namespace vitrine
