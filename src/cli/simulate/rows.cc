#include "cli/simulate/rows.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace vitrine::simulate {
namespace {

using Json = nlohmann::ordered_json;

std::string Quoted(std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(field);
  std::string quoted = "\"";
  for (const char c : field) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

std::string CsvRow(const std::vector<std::string>& fields) {
  std::string row;
  for (const std::string& field : fields) row.append(Quoted(field)).append(",");
  row.back() = '\n';
  return row;
}

// RFC 3339, whole seconds.
std::string TimeText(Micros time_us) {
  const std::chrono::sys_seconds time{std::chrono::seconds(time_us / kMicrosPerSecond)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                         static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                         clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::string_view AvailabilityText(Availability availability) {
  switch (availability) {
    case Availability::kInStock:
      return "in-stock";
    case Availability::kOutOfStock:
      return "out-of-stock";
    case Availability::kPreorder:
      return "preorder";
    case Availability::kBackorder:
      return "backorder";
  }
  return "";
}

std::string VectorColumns(std::string_view name) {
  std::string columns;
  for (std::size_t d = 0; d < kNumDimensions; ++d) columns += absl::StrFormat(",%s_%d", name, d);
  return columns + '\n';
}

std::string VectorFields(const Vector& vector) {
  std::string fields;
  for (const double value : vector) fields += absl::StrFormat(",%.4f", value);
  return fields + '\n';
}

Json ItemsJson(const std::vector<EventItem>& items) {
  Json list = Json::array();
  for (const EventItem& item : items) {
    Json& entry = list.emplace_back(Json{{"item_id", item.item_id}});
    if (item.quantity != 1) entry["quantity"] = item.quantity;
  }
  return list;
}

}  // namespace

std::string ItemHeader() {
  return "item_id,primary_item_id,title,description,categories,brand,price_micros,currency,"
         "availability,tags,image_uris,publish_time\n";
}

std::string ItemRow(const Item& item) {
  const Money price = item.price.value_or(Money{});
  return CsvRow({item.id, item.primary_item_id, item.title, item.description,
                 absl::StrJoin(item.categories, "|"), item.brand, std::to_string(price.micros),
                 price.currency, std::string(AvailabilityText(item.availability)),
                 absl::StrJoin(item.tags, "|"), absl::StrJoin(item.image_uris, "|"),
                 TimeText(item.publish_time_us)});
}

std::string UserHeader() { return "user_id,attributes.language,attributes.joined\n"; }

std::string UserRow(const Shopper& shopper) {
  return CsvRow({shopper.UserId(), shopper.reads_chinese ? "zh" : "en",
                 TimeText(shopper.arrives).substr(0, 10)});
}

std::string EventLine(const Event& event) {
  Json line = {{"event_id", event.event_id}, {"event_type", std::string(Name(event.type))}};
  const auto add_text = [&line](const char* name, const std::string& text) {
    if (!text.empty()) line[name] = text;
  };
  add_text("user_id", event.user_id);
  add_text("visitor_id", event.visitor_id);
  add_text("session_id", event.session_id);
  line["event_time"] = TimeText(event.time_us);
  if (!event.items.empty()) line["items"] = ItemsJson(event.items);
  add_text("search_query", event.search_query);
  if (!event.page_categories.empty()) line["categories"] = event.page_categories;
  if (event.rating.has_value()) line["rating"] = *event.rating;
  add_text("order_id", event.order_id);
  if (event.revenue.has_value()) {
    line["revenue"] = {{"currency_code", event.revenue->currency},
                       {"micros", event.revenue->micros}};
  }
  add_text("placement", event.placement);
  return line.dump() + '\n';
}

std::string TruthItemHeader() {
  return "item_id,appeal,relative_price,is_chinese" + VectorColumns("vector");
}

std::string TruthItemRow(const Product& product, double appeal) {
  return absl::StrFormat("%s,%.4f,%.4f,%d%s", product.item.id, appeal, product.relative_price,
                         product.is_chinese ? 1 : 0, VectorFields(product.vector));
}

std::string TruthUserHeader() {
  return "user_id,visitor_ids,price_sensitivity,chinese_bonus" + VectorColumns("taste");
}

std::string TruthUserRow(const Shopper& shopper) {
  std::vector<std::string> visitors;
  for (std::size_t d = 0; d < shopper.num_devices; ++d) visitors.push_back(shopper.VisitorId(d));
  Vector taste{};
  AddScaled(taste, kTasteStrength, shopper.taste);
  return absl::StrFormat("%s,%s,%.4f,%.4f%s", shopper.UserId(), absl::StrJoin(visitors, "|"),
                         shopper.price_sensitivity, ChineseBonus(shopper), VectorFields(taste));
}

std::string TruthPurchaseHeader() { return "event_time,user_id,visitor_id,item_id,quantity\n"; }

std::string TruthPurchaseRows(const Event& purchase) {
  std::string rows;
  for (const EventItem& item : purchase.items) {
    rows += CsvRow({TimeText(purchase.time_us), purchase.user_id, purchase.visitor_id, item.item_id,
                    std::to_string(item.quantity)});
  }
  return rows;
}

}  // namespace vitrine::simulate
