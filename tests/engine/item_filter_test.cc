#include "vitrine/engine/item_filter.h"

#include <gmock/gmock.h>

#include <limits>
#include <string>
#include <vector>

#include "engine/filter/item_fields.h"
#include "engine/random_filter.h"
#include "testing/status_matchers.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/text.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using vitrine::testing::FilterMaker;
using vitrine::testing::IsOk;

MATCHER_P(IsInvalid, message, "is invalid, with a message that fits") {
  *result_listener << arg.status().ToString();
  return absl::IsInvalidArgument(arg.status()) &&
         ::testing::ExplainMatchResult(message, std::string(arg.status().message()),
                                       result_listener);
}

Item Mug() {
  return {.id = "mug",
          .categories = {"Home > Kitchen > Mugs", "Gifts"},
          .brand = "Acme",
          .price = Money{19'990'000, "EUR"},
          .availability = Availability::kPreorder,
          .stock = 3,
          .tags = {"vegan", "dishwasher safe"},
          .attributes = {{"colour", std::string("red")},
                         {"litres", 0.35},
                         {"made in", std::string("PT")}},
          .publish_time_us = 1'767'225'600'000'000};  // 2026-01-01
}

struct Example {
  std::string filter{};
  bool holds = false;
};
void PrintTo(const Example& example, std::ostream* out) { *out << example.filter; }

class FilterOfAMugTest : public ::testing::TestWithParam<Example> {};

TEST_P(FilterOfAMugTest, Holds) {
  const auto filter = ParseFilter(GetParam().filter);

  ASSERT_THAT(filter, IsOk());
  EXPECT_EQ(Matches(*filter, Mug()), GetParam().holds);
}

const std::vector<Example> kOperators = {
    {"", true},
    {"  \n", true},
    {"id = \"mug\"", true},
    {"id = mug", true},
    {"id = \"Mug\"", false},
    {"id: ANY(\"cup\", \"mug\")", true},
    {"id = ANY('cup')", false},
    {"id != ANY(cup, mug)", false},
    {"brand = Acme", true},
    {"brand != \"Acme\"", false},
    {"brand: \"Acm\"", false},
    {"brand:*", true},
    {"category: \"Home\"", true},
    {"category = \"Home > Kitchen\"", true},
    {"category = \"Home>Kitchen > Mugs \"", true},
    {"category: \"Home > Kit\"", false},
    {"category: \"Kitchen\"", false},
    {"category: ANY(\"Toys\", \"Gifts\")", true},
    {"category != \"Gifts\"", false},
    {"price = 19.99", true},
    {"price = 19.990000", true},
    {"price != 19.99", false},
    {"price < 19.99", false},
    {"price < 19.990001", true},
    {"price <= 19.99", true},
    {"price > 19.989999", true},
    {"price>=20", false},
    {"price: 19.99", true},
    {"price: IN(19.99, 20)", true},
    {"price: IN(19.99i, 20)", true},
    {"price: IN(19.99e, 20)", false},
    {"price: IN(10, 19.99)", false},
    {"price: IN(10, 19.99e)", false},
    {"price: IN(10, 19.99i)", true},
    {"price = IN(*, 20)", true},
    {"price: IN(20, *)", false},
    {"price: IN(*, *)", true},
    {"price: IN(20, 10)", false},
    {"price:*", true},
    {"currency = EUR", true},
    {"availability = PREORDER", true},
    {"availability: ANY(\"IN_STOCK\", \"BACKORDER\")", false},
    {"stock > 2", true},
    {"stock >= 4", false},
    {"stock: IN(3, 4)", true},
    {"tags: vegan", true},
    {"tags = \"dishwasher safe\"", true},
    {"tags: \"safe\"", false},
    {"tags: ANY(\"new\", \"vegan\")", true},
    {"attributes.colour = \"red\"", true},
    {"attributes.colour: ANY(blue, red)", true},
    {"attributes.litres < 0.5", true},
    {"attributes.litres = 0.35", true},
    {"attributes.litres = \"0.35\"", false},
    {"attributes.litres: IN(0.35e, 1)", false},
    {"attributes.litres > -1e3", true},
    {"attributes.\"made in\" = 'PT'", true},
    {"attributes.weight:*", false},
    {"attributes.litres:*", true},
    {"attributes.weight != 3", true},
    {"publish_time = \"2026-01-01T00:00:00Z\"", true},
    {"publish_time = \"2026-01-01T01:00:00+01:00\"", true},
    {"publish_time > \"2025-12-31T23:59:59.999999Z\"", true},
    {"publish_time > 2026-01-01", false},
    {"publish_time: IN(\"2026-01-01\"e, \"2026-02-01\")", false},
    {"publish_time: IN(2026-01-01i, 2026-02-01)", true},
};

const std::vector<Example> kPrecedence = {
    {"brand = Acme AND price < 10", false},
    {"brand = Acme price < 20", true},
    {"brand = Acme price < 10", false},
    {"brand = Zeta OR price < 20", true},
    {"NOT brand = Zeta", true},
    {"-brand = Acme", false},
    {"-(brand = Acme price < 10)", true},
    {"NOT (brand = Acme)", false},
    // OR binds tighter than AND: ... AND (... OR ...), where the other way round would differ.
    {"brand = Zeta AND price < 10 OR stock = 3", false},
    {"(brand = Zeta AND price < 10) OR stock = 3", true},
    {"stock = 3 OR brand = Zeta AND price < 10", false},
    {"stock = 3 OR brand = Zeta price < 20", true},
    {"brand = Zeta OR NOT price < 10", true},
    {"((((stock = 3))))", true},
};

INSTANTIATE_TEST_SUITE_P(Operators, FilterOfAMugTest, ::testing::ValuesIn(kOperators));
INSTANTIATE_TEST_SUITE_P(Precedence, FilterOfAMugTest, ::testing::ValuesIn(kPrecedence));

struct Mistake {
  std::string filter{};
  std::string column{};
  std::string seen{};
  std::string expected{};
};
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.filter; }

class FilterMistakeTest : public ::testing::TestWithParam<Mistake> {};

TEST_P(FilterMistakeTest, SaysWhereWhatWasSeenAndWhatWasExpected) {
  const Mistake& mistake = GetParam();

  const auto filter = ParseFilter(mistake.filter);

  EXPECT_THAT(filter, IsInvalid(HasSubstr("column " + mistake.column + ": " + mistake.seen +
                                          "; expected " + mistake.expected)));
}

const std::vector<Mistake> kMistakes = {
    {"pirce < 3", "1", "\"pirce\"", "a field: id, category, brand, price"},
    {"brand = x AND item_id = 3", "15", "\"item_id\"", "a field: id, category"},
    {"brand = \"山田\" and price < 3", "14", "\"and\"", "a field; AND, OR and NOT are written"},
    {"brand", "6", "the filter ends", "one of = != < <= > >= :"},
    {"brand Acme", "7", "\"Acme\"", "one of = !="},
    {"brand =", "8", "the filter ends", "a text"},
    {"brand = )", "9", "\")\"", "a text"},
    {"brand = AND", "9", "\"AND\"", "a text"},
    {"brand < \"Acme\"", "7", "\"<\"", "= or != or :, for brand is a text"},
    {"brand: IN(1, 2)", "8", "\"IN\"", "a value or ANY(...), for brand is a text"},
    {"brand = Ac*", "9", "\"Ac*\"", "a text such as \"Acme\"; * is no wildcard"},
    {"brand = *", "9", "\"*\"", "a text"},
    {"brand = \"Acme", "9", "a text begins and does not end", "a closing \""},
    {"brand = 'Acme\"", "9", "a text begins and does not end", "a closing '"},
    {"brand = \"\\n\"", "10", "a backslash", "\\\\, \\\" or \\'"},
    {"brand ! Acme", "7", "\"!\"", "!= or NOT"},
    {"brand == Acme", "8", "\"=\"", "a text"},
    {"\"Acme\"", "1", "\"Acme\"", "a field such as brand"},
    {"price < \"20\"", "9", "\"20\"", "a decimal such as 19.99"},
    {"price < 20EUR", "9", "\"20EUR\"", "a decimal such as 19.99"},
    {"price = 1.2345678", "9", "\"1.2345678\"", "a decimal such as 19.99, of at most 6 places"},
    {"price < 9999999999999999", "9", "\"9999999999999999\"", "a decimal"},
    {"price = 1.", "9", "\"1.\"", "a decimal"},
    {"price = .5", "9", "\".5\"", "a decimal"},
    {"price: ANY(1, 2)", "8", "\"ANY\"", "a value or IN(...), for price is no text"},
    {"price: IN(1)", "12", "\")\"", "\",\" and the upper bound"},
    {"price: IN(1, 2, 3)", "15", "\",\"", "\")\""},
    {"price: IN(a, 2)", "11", "\"a\"", "a decimal"},
    {"price: IN 1, 2", "8", "\"IN\"", "a decimal"},
    {"stock > 2.5", "9", "\"2.5\"", "a whole number such as 3"},
    {"availability = in-stock", "16", "\"in-stock\"", "one of IN_STOCK, OUT_OF_STOCK, PREORDER"},
    {"availability = IN_STOCK, PREORDER", "24", "\",\"", "a field such as brand"},
    {"category = \" > \"", "12", "\" > \"", "a text"},
    {"publish_time > \"yesterday\"", "16", "\"yesterday\"", "a time such as \"2026-01-31T08"},
    {"publish_time > \"2026-13-01\"", "16", "\"2026-13-01\"", "a time"},
    {"publish_time > \"2026-01-01T00:00:00\"", "16", "\"2026-01-01T00:00:00\"", "a time"},
    {"publish_time > \"2026-01-01T00:00:00.0000001Z\"", "16", "\"2026-01-01T00:00:00.0000001Z\"",
     "a time"},
    {"publish_time > 2026-01-01T00:00:00Z", "16", "\"2026-01-01T00\"", "a time"},
    {"tags > 3", "6", "\">\"", "= or != or :, for tags is a text"},
    {"attributes. = 3", "13", "\"=\"", "the attribute's name"},
    {"attributes.colour > \"red\"", "21", "a text", "a number: texts have no order"},
    {"attributes.size: ANY(41, 42)", "22", "a number", "a text, in quotes"},
    {"attributes.size: IN(\"a\", 3)", "21", "a text", "a number such as 10"},
    {"(brand = Acme", "14", "the filter ends", "AND, OR or \")\""},
    {"brand = Acme)", "13", "\")\"", "AND, OR or the end"},
    {"()", "2", "\")\"", "a field such as brand"},
    {"AND brand = Acme", "1", "\"AND\"", "a field such as brand"},
    {"brand = Acme AND", "17", "the filter ends", "a field such as brand"},
    {"brand = Acme OR OR id = a", "17", "\"OR\"", "a field such as brand"},
    {"NOT NOT brand = Acme", "5", "\"NOT\"", "a field such as brand"},
    {"brand: ANY()", "12", "\")\"", "a text"},
    {"brand: ANY(a b)", "14", "\"b\"", "\",\" or \")\""},
};

INSTANTIATE_TEST_SUITE_P(Mistakes, FilterMistakeTest, ::testing::ValuesIn(kMistakes));

TEST(ItemFilterTest, AFieldThatIsNotSetMeetsNoComparisonButNotEqual) {
  const Item bare{.id = "bare"};
  for (const char* filter :
       {"brand = Acme", "price < 1000", "stock >= 0", "publish_time < 2100-01-01", "tags: vegan",
        "price: IN(*, *)", "attributes.size < 3", "brand:*", "category:*", "price:*", "stock:*",
        "tags:*", "publish_time:*", "currency:*", "attributes.size:*"}) {
    EXPECT_FALSE(Matches(*ParseFilter(filter), bare)) << filter;
    EXPECT_TRUE(Matches(*ParseFilter(std::string("NOT ") + filter), bare)) << filter;
  }
  for (const char* filter : {"brand != Acme", "price != 3", "tags != vegan", "brand = \"\"",
                             "attributes.size != 3", "availability = IN_STOCK"}) {
    EXPECT_TRUE(Matches(*ParseFilter(filter), bare)) << filter;
  }
}

TEST(ItemFilterTest, ADiscountIsTheShareThatThePriceIsBelowTheOriginalOne) {
  const auto holds = [](const std::string& text, const Item& item) {
    const auto filter = ParseFilter(text);
    EXPECT_THAT(filter, IsOk());
    return filter.ok() && Matches(*filter, item);
  };
  Item mug = Mug();
  EXPECT_FALSE(holds("discount > 0 OR discount:*", mug)) << "no original price";
  mug.attributes["original_price"] = 26.65;  // 19.99 is 0.249906 less.
  EXPECT_TRUE(holds("discount = 0.249906", mug));
  EXPECT_TRUE(holds("discount > 0.2 AND discount < 0.25", mug));
  mug.attributes["original_price"] = 19.99;
  EXPECT_FALSE(holds("discount >= 0", mug)) << "no cheaper";
  mug.attributes["original_price"] = std::string("26.65");
  EXPECT_FALSE(holds("discount > 0", mug)) << "a text";
  mug.attributes["original_price"] = 26.65;
  mug.price.reset();
  EXPECT_FALSE(holds("discount > 0", mug));
  EXPECT_EQ(Describe(*ParseFilter("discount>=0.25")), "discount: IN(0.250000i, *)");
}

TEST(ItemFilterTest, RangesReachTheEndsOfTheirNumbers) {
  Item item{.id = "a", .stock = std::numeric_limits<std::int64_t>::max()};
  item.attributes["x"] = std::numeric_limits<double>::max();
  const std::string most = std::to_string(*item.stock);

  EXPECT_FALSE(Matches(*ParseFilter("stock > " + most), item));
  EXPECT_TRUE(Matches(*ParseFilter("stock >= " + most), item));
  EXPECT_FALSE(Matches(*ParseFilter("attributes.x > 1.7976931348623157e308"), item));
  EXPECT_TRUE(Matches(*ParseFilter("attributes.x >= 1.7976931348623157e308"), item));
  item.attributes["x"] = 0.1;
  EXPECT_FALSE(Matches(*ParseFilter("attributes.x < 0.1"), item));
  EXPECT_TRUE(Matches(*ParseFilter("attributes.x < 0.10000000000000002"), item));
}

TEST(ItemFilterTest, LimitsAreKept) {
  const std::string long_text = "id = \"" + std::string(kMaxFilterBytes - 7, 'a') + "\"";
  EXPECT_THAT(ParseFilter(long_text), IsOk());
  EXPECT_THAT(ParseFilter(long_text + " "), IsInvalid(HasSubstr("5001 bytes")));

  const std::string opened(kMaxFilterDepth, '(');
  const std::string closed(kMaxFilterDepth, ')');
  EXPECT_THAT(ParseFilter(opened + "id = a" + closed), IsOk());
  EXPECT_THAT(
      ParseFilter("(" + opened + "id = a" + closed + ")"),
      IsInvalid(HasSubstr("column 21: \"(\"; expected parentheses nested at most 20 deep")));

  std::string clauses = "id = a";
  for (std::size_t i = 1; i < kMaxFilterClauses; ++i) clauses += " OR id = a";
  EXPECT_THAT(ParseFilter(clauses), IsOk());
  EXPECT_THAT(ParseFilter(clauses + " OR id = a"), IsInvalid(HasSubstr("after 100 comparisons")));
}

TEST(ItemFilterTest, WhatIsLongIsCutInTheMessage) {
  std::string name;
  for (int i = 0; i < 1'000; ++i) name += "山";

  const absl::Status status = ParseFilter(name + " = 3").status();

  EXPECT_THAT(std::string(status.message()), HasSubstr("column 1: \"山"));
  EXPECT_LT(status.message().size(), 300U);
}

TEST(ItemFilterTest, RandomFiltersMeanWhatTheirPartsMean) {
  FilterMaker maker(5);
  std::size_t num_held = 0;
  std::size_t num_asked = 0;
  for (int i = 0; i < 600; ++i) {
    const auto made = maker.MakeExpression(i % 3);
    const auto filter = ParseFilter(made.text);
    ASSERT_THAT(filter, IsOk()) << made.text;
    for (int j = 0; j < 50; ++j) {
      const Item item = maker.MakeItem("item-" + std::to_string(j));
      ASSERT_EQ(Matches(*filter, item), made.holds(item)) << made.text;
      num_held += made.holds(item) ? 1U : 0U;
      ++num_asked;
    }
  }
  EXPECT_GT(num_held, num_asked / 10);  // They are not all nonsense.
  EXPECT_LT(num_held, num_asked * 9 / 10);
}

TEST(ItemFilterTest, SeveralAvailabilitiesAreNoValue) {
  EXPECT_THAT(ParseFilter("availability = \"IN_STOCK, OUT_OF_STOCK\""),
              IsInvalid(HasSubstr("expected")));
}

TEST(ItemFilterTest, AYearOfThreeDigitsIsDescribedAsItIsRead) {
  const auto filter = ParseFilter("publish_time >= \"0226-01-01T00:00:00Z\"");
  EXPECT_EQ(Describe(*filter), "publish_time: IN(\"0226-01-01T00:00:00+00:00\"i, *)");
  EXPECT_THAT(ParseFilter(Describe(*filter)), IsOk());
}

TEST(ItemFilterTest, AnOpenEndIsDescribedAsOne) {
  EXPECT_EQ(Describe(*ParseFilter("attributes.size >= 42")), "attributes.\"size\": IN(42i, *)");
  EXPECT_EQ(Describe(*ParseFilter("price <= 2.5")), "price: IN(*, 2.500000i)");
}

TEST(ItemFilterTest, ADescriptionReadsAsTheSameFilter) {
  FilterMaker maker(6);
  for (int i = 0; i < 600; ++i) {
    const auto made = maker.MakeExpression(i % 3);
    const auto filter = ParseFilter(made.text);
    ASSERT_THAT(filter, IsOk()) << made.text;
    const auto again = ParseFilter(Describe(*filter));
    ASSERT_THAT(again, IsOk()) << made.text << "\n" << Describe(*filter);
    for (int j = 0; j < 50; ++j) {
      const Item item = maker.MakeItem("item-" + std::to_string(j));
      ASSERT_EQ(Matches(*again, item), made.holds(item)) << made.text << "\n" << Describe(*filter);
      ASSERT_EQ(FirstThatFails(*filter, item) == nullptr, made.holds(item)) << made.text;
    }
  }
}

TEST(ItemFilterTest, NoTextMakesTheParserFail) {
  Random random(9);
  FilterMaker maker(9);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = maker.MakeExpression(0).text;
    for (std::uint64_t n = 1 + random.Below(3); n > 0; --n) {
      const std::size_t at = random.Below(text.size() + 1);
      if (random.Below(2) == 0) {
        text.insert(at, 1, "()\"'\\,:=!<>*-. ei\x80"[random.Below(18)]);
      } else {
        text.erase(at, 1 + random.Below(4));
      }
    }
    const auto filter = ParseFilter(text);
    if (filter.ok()) {
      Matches(*filter, Mug());
    } else {
      ASSERT_THAT(filter, IsInvalid(HasSubstr("; expected ")));
    }
  }
}

TEST(LiesInOneOfTest, AgreesWithCategoryPrefixesHoweverThePathIsWritten) {
  Random random(3);
  const std::vector<std::string> pieces = {"Home", "Mugs", "Ho", " ",  "  ",
                                           ">",    " > ",  "\t", "\n", "家"};
  const std::vector<std::string> all = {"Home", "Home > Mugs", "Home > Mugs > Ho", "家"};
  std::size_t num_inside = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string path;
    for (std::uint64_t n = random.Below(8); n > 0; --n) path += pieces[random.Below(pieces.size())];
    const std::vector<std::string> prefixes = CategoryPrefixes(path);
    bool is_in_any = false;
    for (const std::string& category : all) {
      const bool expected = std::find(prefixes.begin(), prefixes.end(), category) != prefixes.end();
      ASSERT_EQ(LiesInOneOf(path, {&category, 1}), expected)
          << "\"" << path << "\" in " << category;
      num_inside += expected ? 1U : 0U;
      is_in_any = is_in_any || expected;
    }
    ASSERT_EQ(LiesInOneOf(path, all), is_in_any) << path;
  }
  EXPECT_GT(num_inside, 1000U);  // The paths are not all nonsense.
}

}  // namespace
}  // namespace vitrine
