#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/item.h"
#include "vitrine/feature_store/text.h"

// Items and filters drawn at random, each filter with what it means, worked out of the pieces that
// it was put together from: an oracle that reads no text.
namespace vitrine::testing {

struct MadeFilter {
  std::string text{};
  std::function<bool(const Item&)> holds{};
};

// 2026-01-01T00:00:00Z and later days; in text by DayText.
inline Micros DayTime(std::uint64_t day) {
  return 1'767'225'600'000'000 + static_cast<Micros>(day) * kMicrosPerDay;
}
inline std::string DayText(std::uint64_t day) { return absl::StrFormat("2026-01-%02d", day + 1); }

class FilterMaker {
 public:
  explicit FilterMaker(std::uint64_t seed) : random_(seed) {}

  Item MakeItem(const std::string& id) {
    Item item{.id = id};
    if (random_.Below(4) > 0) item.brand = Pick(kBrands);
    for (std::uint64_t n = random_.Below(3); n > 0; --n) item.categories.push_back(Pick(kPaths));
    if (random_.Below(5) > 0) item.price = Money{Pick(kMicros), Pick(kCurrencies)};
    item.availability = static_cast<Availability>(1 + random_.Below(4));
    if (random_.Below(3) > 0) item.stock = static_cast<std::int64_t>(random_.Below(4));
    for (const std::string& tag : kTags) {
      if (random_.Below(3) == 0) item.tags.push_back(tag);
    }
    for (const std::string& name : kAttributes) {
      if (random_.Below(3) == 0) continue;
      item.attributes[name] =
          random_.Below(2) == 0 ? AttributeValue(Pick(kColours)) : AttributeValue(Pick(kNumbers));
    }
    if (random_.Below(3) > 0) item.publish_time_us = DayTime(random_.Below(5));
    return item;
  }

  // expression = factor { [AND] factor }, to a depth.
  MadeFilter MakeExpression(int depth) {
    MadeFilter all = MakeFactor(depth);
    for (std::uint64_t n = random_.Below(3); n > 0; --n) {
      MadeFilter next = MakeFactor(depth);
      all.text += (random_.Below(2) == 0 ? " AND " : " ") + next.text;
      all.holds = [a = all.holds, b = next.holds](const Item& item) { return a(item) && b(item); };
    }
    return all;
  }

 private:
  // factor = term { OR term }
  MadeFilter MakeFactor(int depth) {
    MadeFilter any = MakeTerm(depth);
    for (std::uint64_t n = random_.Below(3); n > 0; --n) {
      MadeFilter next = MakeTerm(depth);
      any.text += " OR " + next.text;
      any.holds = [a = any.holds, b = next.holds](const Item& item) { return a(item) || b(item); };
    }
    return any;
  }

  MadeFilter MakeTerm(int depth) {
    MadeFilter term = depth > 0 && random_.Below(3) == 0 ? MakeExpression(depth - 1) : MakeClause();
    const bool is_nested = term.text.front() == '(' || depth > 0;
    if (is_nested) term.text = "(" + term.text + ")";
    if (random_.Below(4) > 0) return term;
    term.text = (random_.Below(2) == 0 ? "NOT " : "-") + term.text;
    term.holds = [a = term.holds](const Item& item) { return !a(item); };
    return term;
  }

  MadeFilter MakeClause() {
    switch (random_.Below(9)) {
      case 0:
        return TextClause("id", {"item-3", "item-7", "item-30", "nothing"},
                          [](const Item& item) { return std::vector{item.id}; });
      case 1:
        return CategoryClause();
      case 2:
        return TextClause("brand", kBrands, [](const Item& item) { return Set(item.brand); });
      case 3:
        return TextClause("tags", kTags, [](const Item& item) { return item.tags; });
      case 4:
        return TextClause("currency", kCurrencies, [](const Item& item) {
          return item.price ? std::vector{item.price->currency} : std::vector<std::string>();
        });
      case 5:
        return AvailabilityClause();
      case 6:
        return NumberClause<std::int64_t>("price", kMicros, PriceText, [](const Item& item) {
          return item.price ? std::optional(item.price->micros) : std::nullopt;
        });
      case 7:
        return random_.Below(2) == 0 ? StockClause() : TimeClause();
      default:
        return AttributeClause();
    }
  }

  MadeFilter StockClause() {
    return NumberClause<std::int64_t>(
        "stock", {-1, 0, 1, 2, 3}, [](std::int64_t value) { return absl::StrFormat("%d", value); },
        [](const Item& item) { return item.stock; });
  }

  MadeFilter TimeClause() {
    return NumberClause<std::int64_t>(
        "publish_time", {0, 1, 2, 3, 4},
        [](std::int64_t day) {
          return "\"" + DayText(static_cast<std::uint64_t>(day)) + "T00:00:00Z\"";
        },
        [](const Item& item) -> std::optional<std::int64_t> {
          if (item.publish_time_us == 0) return std::nullopt;
          return (item.publish_time_us - DayTime(0)) / kMicrosPerDay;
        });
  }

  MadeFilter AttributeClause() {
    const std::string name = Pick(kAttributes);
    const bool is_quoted = name.find(' ') != std::string::npos;
    const std::string field = is_quoted ? "attributes.\"" + name + "\"" : "attributes." + name;
    if (random_.Below(2) == 0) {
      return NumberClause<double>(
          field, kNumbers, [](double value) { return absl::StrFormat("%g", value); },
          [name](const Item& item) -> std::optional<double> {
            const auto found = item.attributes.find(name);
            if (found == item.attributes.end()) return std::nullopt;
            const auto* number = std::get_if<double>(&found->second);
            return number == nullptr ? std::nullopt : std::optional(*number);
          },
          [name](const Item& item) { return item.attributes.count(name) == 1; });
    }
    return TextClause(
        field, kColours,
        [name](const Item& item) {
          const auto found = item.attributes.find(name);
          if (found == item.attributes.end()) return std::vector<std::string>();
          const auto* text = std::get_if<std::string>(&found->second);
          return text == nullptr ? std::vector<std::string>() : std::vector{*text};
        },
        [name](const Item& item) { return item.attributes.count(name) == 1; });
  }

  MadeFilter AvailabilityClause() {
    static const std::vector<std::string> names = {"IN_STOCK", "OUT_OF_STOCK", "PREORDER",
                                                   "BACKORDER"};
    return TextClause("availability", names, [](const Item& item) {
      return std::vector{names[static_cast<std::size_t>(item.availability) - 1]};
    });
  }

  MadeFilter CategoryClause() {
    return TextClause("category", kPathsAsked, [](const Item& item) {
      std::vector<std::string> all;
      for (const std::string& path : item.categories) {
        const std::vector<std::string> prefixes = CategoryPrefixes(path);
        all.insert(all.end(), prefixes.begin(), prefixes.end());
      }
      return all;
    });
  }

  using Texts = std::function<std::vector<std::string>(const Item&)>;
  using Claim = std::function<bool(const Item&)>;

  MadeFilter TextClause(const std::string& field, const std::vector<std::string>& choice,
                        const Texts& texts_of, Claim is_set = nullptr) {
    if (is_set == nullptr) is_set = [=](const Item& item) { return !texts_of(item).empty(); };
    const std::uint64_t form = random_.Below(5);
    if (form == 0) return {field + ":*", is_set};
    std::set<std::string> wanted = {Pick(choice)};
    std::string value = Quoted(*wanted.begin());
    if (form == 1) {
      value = "ANY(" + value;
      for (std::uint64_t n = random_.Below(3); n > 0; --n) {
        const std::string more = Pick(choice);
        wanted.insert(more);
        value += ", " + Quoted(more);
      }
      value += ")";
    }
    const Claim has = [=](const Item& item) {
      const std::vector<std::string> texts = texts_of(item);
      return std::any_of(texts.begin(), texts.end(),
                         [&](const std::string& text) { return wanted.count(text) == 1; });
    };
    if (form == 2) return {field + " != " + value, [has](const Item& item) { return !has(item); }};
    return {field + (random_.Below(2) == 0 ? ": " : " = ") + value, has};
  }

  template <typename T>
  MadeFilter NumberClause(const std::string& field, const std::vector<T>& choice,
                          const std::function<std::string(T)>& text_of,
                          const std::function<std::optional<T>(const Item&)>& value_of,
                          Claim is_set = nullptr) {
    if (is_set == nullptr) is_set = [=](const Item& item) { return value_of(item).has_value(); };
    const T wanted = Pick(choice);
    const std::string text = text_of(wanted);
    const auto compare = [=](const std::string& sign, auto holds) {
      return MadeFilter{field + sign + text, [=](const Item& item) {
                          const std::optional<T> value = value_of(item);
                          return value.has_value() && holds(*value, wanted);
                        }};
    };
    switch (random_.Below(9)) {
      case 0:
        return {field + " : *", is_set};
      case 1:
        return compare(" = ", std::equal_to<>());
      case 2:
        return compare(":", std::equal_to<>());
      case 3:
        return {field + " != " + text,
                [=](const Item& item) { return value_of(item) != std::optional<T>(wanted); }};
      case 4:
        return compare("<", std::less<>());
      case 5:
        return compare(" <= ", std::less_equal<>());
      case 6:
        return compare(" > ", std::greater<>());
      case 7:
        return compare(">=", std::greater_equal<>());
      default:
        return InClause<T>(field, {wanted, Pick(choice)}, text_of, value_of);
    }
  }

  template <typename T>
  MadeFilter InClause(const std::string& field, std::pair<T, T> ends,
                      const std::function<std::string(T)>& text_of,
                      const std::function<std::optional<T>(const Item&)>& value_of) {
    const std::uint64_t lower = random_.Below(4);  // plain, i, e, *
    const std::uint64_t upper = random_.Below(4);
    static const std::vector<std::string> suffixes = {"", "i", "e"};
    const auto bound = [&](std::uint64_t kind, T end) {
      return kind == 3 ? std::string("*") : text_of(end) + suffixes[kind];
    };
    return {field + ": IN(" + bound(lower, ends.first) + ", " + bound(upper, ends.second) + ")",
            [=](const Item& item) {
              const std::optional<T> value = value_of(item);
              if (!value.has_value()) return false;
              if (lower != 3 && *value < ends.first) return false;
              if (lower == 2 && *value == ends.first) return false;
              if (upper != 3 && *value > ends.second) return false;
              return upper == 3 || upper == 1 || *value != ends.second;
            }};
  }

  static std::string PriceText(std::int64_t micros) {
    return absl::StrFormat("%d.%06d", micros / 1'000'000, micros % 1'000'000);
  }

  static std::vector<std::string> Set(const std::string& text) {
    return text.empty() ? std::vector<std::string>() : std::vector{text};
  }

  static std::string Quoted(const std::string& text) {
    std::string quoted = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
    return quoted + '"';
  }

  template <typename T>
  T Pick(const std::vector<T>& values) {
    return values[random_.Below(values.size())];
  }

  Random random_;
  const std::vector<std::string> kBrands = {"Acme", "Zeta", "Ac\"m\\e", "山田"};
  const std::vector<std::string> kPaths = {"Home", "Home > Mugs", "Home >Mugs>  Blue", "Homes",
                                           "Garden"};
  const std::vector<std::string> kPathsAsked = {"Home", "Home > Mugs", "Home > Mugs > Blue",
                                                "Garden", "Mugs"};
  const std::vector<std::int64_t> kMicros = {0, 9'990'000, 19'999'999, 20'000'000, 20'000'001};
  const std::vector<std::string> kCurrencies = {"EUR", "USD"};
  const std::vector<std::string> kTags = {"vegan", "new", "sale now"};
  const std::vector<std::string> kAttributes = {"colour", "size", "made in"};
  const std::vector<std::string> kColours = {"red", "blue", "42"};
  const std::vector<double> kNumbers = {-1.5, 0, 42, 1e6};
};

}  // namespace vitrine::testing
