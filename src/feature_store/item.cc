#include "vitrine/feature_store/item.h"

namespace vitrine {
namespace {

void Write(const std::vector<std::string>& texts, ByteWriter& writer) {
  writer.Unsigned(texts.size());
  for (const std::string& text : texts) writer.String(text);
}

}  // namespace

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

void WriteContent(const Item& item, ByteWriter& writer) {
  writer.String(item.id);
  writer.String(item.primary_item_id);
  writer.String(item.title);
  writer.String(item.description);
  Write(item.categories, writer);
  writer.String(item.brand);
  Write(item.tags, writer);
  writer.Unsigned(item.attributes.size());
  for (const auto& [name, value] : item.attributes) {
    writer.String(name);
    writer.Unsigned(value.index());
    if (const auto* text = std::get_if<std::string>(&value)) {
      writer.String(*text);
    } else {
      writer.Double(std::get<double>(value));
    }
  }
}

}  // namespace vitrine
