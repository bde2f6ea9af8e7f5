#include "cli/import/convert.h"

#include <cstdlib>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "cli/import/cell_reader.h"
#include "vitrine/base/nearest.h"
#include "vitrine/feature_store/validate.h"

namespace vitrine::cli {
namespace {

constexpr std::array<std::pair<std::string_view, Availability>, 4> kAvailabilities = {{
    {"in-stock", Availability::kInStock},
    {"out-of-stock", Availability::kOutOfStock},
    {"preorder", Availability::kPreorder},
    {"backorder", Availability::kBackorder},
}};

// What can be said of a row before its fields are looked at; `matched` is the rule that decides.
std::optional<Rejection> RejectEarly(const Row& row, const Rule* matched) {
  if (!row.error.empty()) return Rejection{"malformed", row.error};
  if (matched != nullptr && !matched->reject.empty()) return Rejection{matched->reject, ""};
  return std::nullopt;
}

// The first of what the API would refuse.
std::optional<Rejection> RejectInvalid(const std::vector<FieldViolation>& violations) {
  if (violations.empty()) return std::nullopt;
  std::string name = violations.front().field;
  name = name.substr(name.rfind('.') == std::string::npos ? 0 : name.rfind('.') + 1);
  name = name.substr(0, name.find('['));
  return Rejection{"invalid-" + name, std::string(ToStatus(violations).message())};
}

// Shops write what came back as a negative quantity as often as not.
std::int64_t QuantityOf(EventType type, std::int64_t quantity) {
  return type == EventType::kReturnComplete ? std::abs(quantity) : quantity;
}

// The items of an event: one from the row's own cells, or those of a JSON list.
std::vector<EventItem> ReadItems(EventType type, CellReader& cells,
                                 std::optional<Rejection>& rejection) {
  std::vector<EventItem> items;
  const auto add = [&](const std::string& prefix) {
    const std::int64_t quantity = QuantityOf(type, cells.Integer(prefix + "quantity").value_or(1));
    if (quantity < 0 || quantity > std::numeric_limits<std::uint32_t>::max()) {
      rejection = Rejection{"invalid-quantity",
                            absl::StrFormat("quantity is %d, wants 1 or more", quantity)};
      return;
    }
    std::optional<Money> price = cells.Price(prefix + "unit_price");
    // In a JSON list the API's own name.
    if (!price.has_value() && !prefix.empty()) price = cells.Price(prefix + "price");
    items.push_back(
        {cells.Text(prefix + "item_id"), static_cast<std::uint32_t>(quantity), std::move(price)});
  };
  if (!cells.Text("item_id").empty()) add("");
  for (std::size_t i = 0; i <= kMaxEventItems; ++i) {
    const std::string path = absl::StrFormat("items[%d]", i);
    if (!cells.Has(path)) break;
    add(path + ".");
  }
  return items;
}

// The type by rule, by the row, or by the import's default; unset with a rejection.
std::optional<EventType> TypeOf(const Rule* matched, const CellReader& cells,
                                const ConvertOptions& options,
                                std::optional<Rejection>& rejection) {
  if (matched != nullptr) return matched->type;
  const std::string name = cells.Text("type");
  if (name.empty()) {
    if (options.event_type.has_value()) return options.event_type;
    rejection = Rejection{"no-type", "the row has no type, and --event-type gives none"};
    return std::nullopt;
  }
  const std::optional<EventType> type = ParseEventType(name);
  if (!type.has_value()) {
    rejection = Rejection{
        "bad-type", absl::StrFormat("type is \"%s\"; %s", name, Allowed(name, EventTypeNames()))};
  }
  return type;
}

}  // namespace

Converted<Item> RowConverter::ToItem(const Row& row) const {
  const Rule* matched = row.error.empty() ? FirstMatch(options_.rules, row) : nullptr;
  if (auto rejection = RejectEarly(row, matched)) return *std::move(rejection);
  CellReader cells(row, options_, time_format_);
  Item item;
  item.id = cells.Text("id");
  item.primary_item_id = cells.Text("primary_item_id");
  item.title = cells.Text("title");
  item.description = cells.Text("description");
  item.categories = cells.Texts("categories");
  item.brand = cells.Text("brand");
  item.price = cells.Price("price");
  item.stock = cells.Integer("stock");
  item.tags = cells.Texts("tags");
  item.image_uris = cells.Texts("image_uris");
  item.attributes = cells.Attributes();
  item.publish_time_us = cells.Time("publish_time");
  if (cells.rejection().has_value()) return *cells.rejection();

  if (const std::string name = cells.Text("availability"); !name.empty()) {
    const auto* found = std::find_if(kAvailabilities.begin(), kAvailabilities.end(),
                                     [&name](const auto& known) { return known.first == name; });
    if (found == kAvailabilities.end()) {
      return Rejection{"bad-availability",
                       absl::StrFormat("availability is \"%s\"; wants in-stock, out-of-stock, "
                                       "preorder or backorder",
                                       name)};
    }
    item.availability = found->second;
  }
  if (auto rejection = RejectInvalid(Validate(item))) return *std::move(rejection);
  return item;
}

Converted<User> RowConverter::ToUser(const Row& row) const {
  const Rule* matched = row.error.empty() ? FirstMatch(options_.rules, row) : nullptr;
  if (auto rejection = RejectEarly(row, matched)) return *std::move(rejection);
  CellReader cells(row, options_, time_format_);
  User user{cells.Text("id"), cells.Attributes()};
  if (cells.rejection().has_value()) return *cells.rejection();
  if (auto rejection = RejectInvalid(Validate(user))) return *std::move(rejection);
  return user;
}

Converted<Event> RowConverter::ToEvent(const Row& row, Micros now) const {
  const Rule* matched = row.error.empty() ? FirstMatch(options_.rules, row) : nullptr;
  if (auto rejection = RejectEarly(row, matched)) return *std::move(rejection);
  CellReader cells(row, options_, time_format_);
  std::optional<Rejection> rejection;
  const std::optional<EventType> type = TypeOf(matched, cells, options_, rejection);
  if (rejection.has_value()) return *std::move(rejection);

  Event event;
  event.type = *type;
  event.event_id = cells.Text("event_id");
  event.user_id = cells.Text("user_id");
  event.visitor_id = cells.Text("visitor_id");
  if (event.user_id.empty() && event.visitor_id.empty()) {
    const Cell* visitor = row.Find(options_.anonymous_column);
    if (visitor == nullptr || visitor->text.empty()) return Rejection{"no-customer", ""};
    event.visitor_id = visitor->text;
  }
  event.session_id = cells.Text("session_id");
  event.time_us = cells.Time("event_time");
  event.items = ReadItems(event.type, cells, rejection);
  event.rating = cells.Number("rating");
  event.search_query = cells.Text("search_query");
  event.page_categories = cells.Texts("page_categories");
  event.order_id = cells.Text("order_id");
  event.revenue = cells.Price("revenue");
  event.placement = cells.Text("placement");
  event.attribution_token = cells.Text("attribution_token");
  if (event.event_id.empty()) {
    event.event_id = absl::StrFormat("import:%s:%d", options_.source, row.number);
  }
  if (cells.rejection().has_value()) return *cells.rejection();
  if (!rejection.has_value()) rejection = RejectInvalid(Validate(event, now));
  if (rejection.has_value()) return *std::move(rejection);
  return event;
}

}  // namespace vitrine::cli
