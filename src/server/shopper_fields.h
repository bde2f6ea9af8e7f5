#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>
#include <vector>

namespace vitrine {

// Where requests of one type name shoppers: each text `user_id` or `visitor_id`, however deep, in
// each of the things that a call carries. Found once, since a server asks of every call. A value.
class ShopperFields {
 public:
  ShopperFields() = default;  // Nowhere.
  explicit ShopperFields(const google::protobuf::Descriptor& type);

  // Whom the request names, as often as it does: an id, and behind it the name of its field, since
  // a user is not the visitor of the same id. Ids that are empty are left out.
  // REQUIRES: the request is of the type.
  std::vector<std::string> Read(const google::protobuf::Message& request) const;

 private:
  // From the request inwards, to a text.
  using Path = std::vector<const google::protobuf::FieldDescriptor*>;
  static void Find(const google::protobuf::Descriptor& type, Path& path, std::vector<Path>& found);

  std::vector<Path> paths_;
};

}  // namespace vitrine
