#include "vitrine/feature_store/validate.h"

#include <utf8proc.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "feature_store/put_values.h"
#include "vitrine/feature_store/behaviour/registry.h"

namespace vitrine {
namespace {

constexpr std::uint32_t kMaxQuantity = 1'000'000;
constexpr double kMaxRating = 5;
constexpr std::size_t kMaxListed = 10;  // Violations spelled out in one status message.

enum class TextKind { kId, kText };

// Collects what is wrong with one value, field by field.
class Checker {
 public:
  std::vector<FieldViolation> Take() { return std::move(violations_); }

  void Fail(std::string field, std::string description) {
    violations_.push_back({std::move(field), std::move(description)});
  }

  void RequiredId(const std::string& field, std::string_view id) {
    if (id.empty())
      return Fail(field, absl::StrFormat("is empty, wants 1 to %d bytes", kMaxIdBytes));
    OptionalId(field, id);
  }

  void OptionalId(const std::string& field, std::string_view id) {
    Characters(field, id, TextKind::kId, kMaxIdBytes);
  }

  void Text(const std::string& field, std::string_view text, std::size_t limit = kMaxTextBytes) {
    Characters(field, text, TextKind::kText, limit);
  }

  void FeatureName(const std::string& field, std::string_view name) {
    const auto is_allowed = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    };
    if (name.size() > kMaxFeatureNameBytes) {
      Fail(field,
           absl::StrFormat("has %d bytes, wants at most %d", name.size(), kMaxFeatureNameBytes));
    } else if (name.empty() || name[0] < 'a' || name[0] > 'z' ||
               !std::all_of(name.begin(), name.end(), is_allowed)) {
      Fail(field, absl::StrFormat("is \"%s\", wants a lower case letter, then such letters, digits "
                                  "and underscores",
                                  name));
    }
  }

  void Value(const std::string& field, FeatureType type, const FeatureValue& value) {
    if (type < FeatureType::kInteger || type > FeatureType::kWeights) {
      return Fail("type", absl::StrFormat("is %d, wants a known type", static_cast<int>(type)));
    }
    if (!IsHeldAs(type, value)) return Fail(field, "is not of the feature's type");
    if (const auto* text = std::get_if<std::string>(&value)) {
      Text(field, *text, kMaxFeatureTextBytes);
    } else if (const auto* number = std::get_if<double>(&value)) {
      if (!std::isfinite(*number)) Fail(field, "is not a finite number");
    } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      if (type == FeatureType::kTime && *integer < 0) Fail(field, "is before 1970");
    } else if (const auto* weights = std::get_if<WeightedNames>(&value)) {
      Weights(field, *weights);
    }
  }

  void Texts(const std::string& field, const std::vector<std::string>& texts, std::size_t limit) {
    Limit(field, texts.size(), limit);
    for (std::size_t i = 0; i < std::min(texts.size(), limit); ++i) {
      const std::string path = absl::StrFormat("%s[%d]", field, i);
      if (texts[i].empty()) Fail(path, "is empty, wants text");
      Text(path, texts[i]);
    }
  }

  void Limit(const std::string& field, std::size_t count, std::size_t limit) {
    if (count > limit)
      Fail(field, absl::StrFormat("has %d entries, wants at most %d", count, limit));
  }

  void Price(const std::string& field, const std::optional<Money>& money) {
    if (!money.has_value()) return;
    const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (money->currency.size() != 3 ||
        !std::all_of(money->currency.begin(), money->currency.end(), is_capital)) {
      Fail(field + ".currency_code", "wants an ISO 4217 code, three capital letters such as EUR");
    }
    if (money->micros < 0) {
      Fail(field + ".micros", absl::StrFormat("is %d, wants 0 or more", money->micros));
    }
  }

  void Attributes(const std::map<std::string, AttributeValue>& attributes) {
    Limit("attributes", attributes.size(), kMaxAttributes);
    for (const auto& [name, value] : attributes) {
      RequiredId("attributes.name", name);
      const std::string path = "attributes." + name.substr(0, kMaxIdBytes);
      if (const auto* text = std::get_if<std::string>(&value)) {
        Text(path, *text);
      } else if (!std::isfinite(std::get<double>(value))) {
        Fail(path, "is not a finite number");
      }
    }
  }

 private:
  void Weights(const std::string& field, const WeightedNames& weights) {
    Limit(field, weights.size(), kMaxFeatureWeights);
    std::set<std::string_view> names;
    for (const auto& [name, weight] : weights) {
      RequiredId(field + ".name", name);
      if (!names.insert(name).second) {
        Fail(field, absl::StrFormat("names \"%s\" twice", name.substr(0, kMaxIdBytes)));
      }
      if (!std::isfinite(weight)) Fail(field, "has a weight that is not a finite number");
    }
  }

  void Characters(const std::string& field, std::string_view text, TextKind kind,
                  std::size_t limit) {
    if (text.size() > limit) {
      return Fail(field, absl::StrFormat("has %d bytes, wants at most %d", text.size(), limit));
    }
    const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    for (std::size_t at = 0; at < text.size();) {
      utf8proc_int32_t code = 0;
      const auto size =
          utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(text.size() - at), &code);
      if (size <= 0) return Fail(field, absl::StrFormat("is not UTF-8 at byte %d", at));
      if (IsControl(code, kind)) {
        return Fail(
            field,
            absl::StrFormat("has the control character U+%04X at byte %d, wants none", code, at));
      }
      at += static_cast<std::size_t>(size);
    }
  }

  static bool IsControl(utf8proc_int32_t code, TextKind kind) {
    if (kind == TextKind::kText && (code == '\n' || code == '\r' || code == '\t')) return false;
    return code < 0x20 || (code >= 0x7F && code < 0xA0);
  }

  std::vector<FieldViolation> violations_;
};

// How many items an event of each type wants.
struct ItemRule {
  std::size_t least = 0;
  std::size_t most = kMaxEventItems;
};

ItemRule ItemRuleOf(EventType type) {
  switch (type) {
    case EventType::kDetailPageView:
    case EventType::kRecommendationClick:
    case EventType::kRate:
      return {1, 1};
    case EventType::kAddToCart:
    case EventType::kRemoveFromCart:
    case EventType::kPurchaseComplete:
    case EventType::kImpression:
    case EventType::kNotInterested:
    case EventType::kReturnComplete:
      return {1, kMaxEventItems};
    case EventType::kHomePageView:
      return {0, 0};
    case EventType::kCategoryPageView:
    case EventType::kSearch:
    case EventType::kShoppingCartPageView:
      return {0, kMaxEventItems};
  }
  return {};
}

std::string Wanted(const ItemRule& rule) {
  if (rule.most == 0) return "none";
  if (rule.least == rule.most) return absl::StrFormat("exactly %d", rule.least);
  return absl::StrFormat("%d to %d", rule.least, rule.most);
}

void CheckItems(const Event& event, Checker& check) {
  const ItemRule rule = ItemRuleOf(event.type);
  if (event.items.size() < rule.least || event.items.size() > rule.most) {
    check.Fail("items", absl::StrFormat("has %d entries, %s wants %s", event.items.size(),
                                        Name(event.type), Wanted(rule)));
  }
  for (std::size_t i = 0; i < std::min(event.items.size(), kMaxEventItems); ++i) {
    const EventItem& item = event.items[i];
    const std::string path = absl::StrFormat("items[%d].", i);
    check.RequiredId(path + "item_id", item.item_id);
    if (item.quantity < 1 || item.quantity > kMaxQuantity) {
      check.Fail(path + "quantity",
                 absl::StrFormat("is %d, wants 1 to %d", item.quantity, kMaxQuantity));
    }
    check.Price(path + "price", item.unit_price);
  }
}

void CheckTypeRules(const Event& event, Checker& check) {
  if (event.type == EventType::kCategoryPageView && event.page_categories.empty()) {
    check.Fail("categories", "is empty, category-page-view wants the category");
  }
  if (event.type == EventType::kSearch && event.search_query.empty() &&
      event.page_categories.empty()) {
    check.Fail("search_query", "is empty, search wants a query or a category");
  }
  if (event.type == EventType::kRate && !event.rating.has_value()) {
    check.Fail("rating", "is unset, rate wants 0 to 5");
  }
  if (event.type != EventType::kRate && event.rating.has_value()) {
    check.Fail("rating",
               absl::StrFormat("is set, only rate has one, this is %s", Name(event.type)));
  }
  if (event.rating.has_value() && !(*event.rating >= 0 && *event.rating <= kMaxRating)) {
    check.Fail("rating", absl::StrFormat("is %g, wants 0 to 5", *event.rating));
  }
}

void CheckTime(const std::string& field, Micros time_us, Micros now, Checker& check) {
  if (time_us < 0) {
    check.Fail(field, "is before 1970, wants a time since then");
  } else if (time_us > now + kMaxFutureUs) {
    check.Fail(field, absl::StrFormat("is %.1f hours in the future, wants at most 24",
                                      static_cast<double>(time_us - now) / 3.6e9));
  }
}

}  // namespace

std::vector<FieldViolation> Validate(const Event& event, Micros now) {
  Checker check;
  check.OptionalId("event_id", event.event_id);
  if (Name(event.type).empty()) {
    check.Fail("type",
               absl::StrFormat("is %d, wants a known event type", static_cast<int>(event.type)));
  } else {
    CheckItems(event, check);
    CheckTypeRules(event, check);
  }
  if (event.user_id.empty() && event.visitor_id.empty()) {
    check.Fail("user_id", "is empty, an event wants user_id, visitor_id or both");
  }
  check.OptionalId("user_id", event.user_id);
  check.OptionalId("visitor_id", event.visitor_id);
  check.OptionalId("session_id", event.session_id);
  check.OptionalId("order_id", event.order_id);
  check.OptionalId("placement", event.placement);
  check.Text("attribution_token", event.attribution_token);
  check.Text("search_query", event.search_query);
  check.Texts("categories", event.page_categories, kMaxCategories);
  check.Price("revenue", event.revenue);
  CheckTime("event_time", event.time_us, now, check);
  return check.Take();
}

std::vector<FieldViolation> Validate(const Item& item) {
  Checker check;
  check.RequiredId("item_id", item.id);
  check.OptionalId("primary_item_id", item.primary_item_id);
  check.Text("title", item.title);
  check.Text("description", item.description);
  check.Texts("categories", item.categories, kMaxCategories);
  check.Text("brand", item.brand);
  check.Price("price", item.price);
  if (item.availability < Availability::kInStock || item.availability > Availability::kBackorder) {
    check.Fail("availability", absl::StrFormat("is %d, wants a known availability",
                                               static_cast<int>(item.availability)));
  }
  if (item.stock.has_value() && *item.stock < 0) {
    check.Fail("stock", absl::StrFormat("is %d, wants 0 or more", *item.stock));
  }
  check.Texts("tags", item.tags, kMaxAttributes);
  check.Texts("image_uris", item.image_uris, kMaxCategories);
  check.Attributes(item.attributes);
  return check.Take();
}

std::vector<FieldViolation> Validate(const User& user) {
  Checker check;
  check.RequiredId("user_id", user.id);
  check.Attributes(user.attributes);
  return check.Take();
}

std::vector<FieldViolation> Validate(const FeatureSpec& definition) {
  Checker check;
  check.FeatureName("name", definition.name);
  if (FindFeature(definition.name) != nullptr) {
    check.Fail("name", absl::StrFormat("\"%s\" is computed by Vitrine, wants a name of your own",
                                       definition.name));
  }
  if (definition.entity < FeatureEntity::kUser || definition.entity > FeatureEntity::kItem) {
    check.Fail("entity",
               absl::StrFormat("is %d, wants user or item", static_cast<int>(definition.entity)));
  }
  check.Value("default_value", definition.type, definition.missing);
  check.OptionalId("unit", definition.unit);
  check.OptionalId("owner", definition.owner);
  check.Text("description", definition.description, kMaxFeatureTextBytes);
  return check.Take();
}

std::vector<FieldViolation> Validate(const PutFeatures::Value& put, Micros now) {
  Checker check;
  check.RequiredId(put.entity == FeatureEntity::kUser ? "user_id" : "item_id", put.id);
  check.FeatureName("name", put.name);
  if (!std::holds_alternative<std::monostate>(put.value)) {
    check.Value("value", put.type, put.value);
  }
  if (put.ttl_us < 0 || put.ttl_us > kMaxTtlUs) {
    check.Fail("time_to_live", absl::StrFormat("is %.0f seconds, wants 0 to %d days, 0 for good",
                                               static_cast<double>(put.ttl_us) / kMicrosPerSecond,
                                               kMaxTtlUs / kMicrosPerDay));
  }
  CheckTime("time", put.time_us, now, check);
  return check.Take();
}

absl::Status ToStatus(const std::vector<FieldViolation>& violations) {
  if (violations.empty()) return absl::OkStatus();
  std::string message;
  for (std::size_t i = 0; i < std::min(violations.size(), kMaxListed); ++i) {
    if (i > 0) message += "; ";
    message += violations[i].field + " " + violations[i].description;
  }
  if (violations.size() > kMaxListed) {
    message += absl::StrFormat("; and %d more", violations.size() - kMaxListed);
  }
  return absl::InvalidArgumentError(message);
}

}  // namespace vitrine
