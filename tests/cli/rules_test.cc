#include "cli/import/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "testing/status_matchers.h"

namespace vitrine::cli {
namespace {

using ::testing::HasSubstr;
using ::vitrine::testing::IsOk;
using ::vitrine::testing::StatusIs;

Row MakeRow(const std::string& invoice, const std::string& quantity) {
  Row row;
  row.names = std::make_shared<const std::vector<std::string>>(
      std::vector<std::string>{"InvoiceNo", "Quantity"});
  row.cells = {{invoice, false}, {quantity, false}};
  return row;
}

bool Matches(const std::string& rule, const Row& row) {
  const auto parsed = ParseRule(rule);
  EXPECT_THAT(parsed, IsOk());
  return parsed->Matches(row);
}

TEST(RuleTest, EveryOperatorComparesAsItReads) {
  const Row row = MakeRow("C536379", "-1");

  EXPECT_TRUE(Matches("InvoiceNo^=C:return-complete", row));
  EXPECT_FALSE(Matches("InvoiceNo^=c:return-complete", row));
  EXPECT_TRUE(Matches("InvoiceNo=C536379:search", row));
  EXPECT_FALSE(Matches("InvoiceNo!=C536379:search", row));
  EXPECT_TRUE(Matches("Quantity<0:search", row));
  EXPECT_FALSE(Matches("Quantity>0:search", row));
  EXPECT_TRUE(Matches("Quantity<=-1:search", row));
  EXPECT_TRUE(Matches("Quantity>=-1:search", row));
  EXPECT_FALSE(Matches("Quantity<-1:search", row));
}

TEST(RuleTest, AllConditionsHaveToHold) {
  const std::string rule = "InvoiceNo^=C && Quantity < 0 : reject=cancelled";

  EXPECT_TRUE(Matches(rule, MakeRow("C1", "-1")));
  EXPECT_FALSE(Matches(rule, MakeRow("C1", "1")));
  EXPECT_FALSE(Matches(rule, MakeRow("1", "-1")));
}

TEST(RuleTest, ATextIsNeitherBelowNorAboveANumber) {
  const Row row = MakeRow("1", "six");

  EXPECT_FALSE(Matches("Quantity<=0:search", row));
  EXPECT_FALSE(Matches("Quantity>0:search", row));
}

TEST(RuleTest, AnEmptyConstantMatchesAnEmptyOrAbsentCell) {
  EXPECT_TRUE(Matches("Quantity=:reject=no-quantity", MakeRow("1", "")));
  EXPECT_TRUE(Matches("Country=:reject=no-country", MakeRow("1", "2")));
  EXPECT_FALSE(Matches("Quantity=:reject=no-quantity", MakeRow("1", "2")));
}

TEST(RuleTest, TheConstantMayHoldColons) {
  const auto rule = ParseRule("InvoiceNo=12:30:00:reject=noon");

  ASSERT_THAT(rule, IsOk());
  EXPECT_EQ(rule->conditions[0].text, "12:30:00");
  EXPECT_EQ(rule->reject, "noon");
}

TEST(RuleTest, TheFirstRuleThatMatchesDecides) {
  std::vector<Rule> rules;
  rules.push_back(*ParseRule("InvoiceNo^=C:return-complete"));
  rules.push_back(*ParseRule("Quantity<=0:reject=no-quantity"));

  EXPECT_EQ(FirstMatch(rules, MakeRow("C1", "-1"))->type, EventType::kReturnComplete);
  EXPECT_EQ(FirstMatch(rules, MakeRow("1", "-1"))->reject, "no-quantity");
  EXPECT_EQ(FirstMatch(rules, MakeRow("1", "1")), nullptr);
}

TEST(RuleTest, WhatIsNoRuleSaysWhyAndWhatARuleLooksLike) {
  const auto error_of = [](const std::string& text) {
    const auto rule = ParseRule(text);
    EXPECT_THAT(rule, StatusIs(absl::StatusCode::kInvalidArgument)) << text;
    EXPECT_THAT(std::string(rule.status().message()), HasSubstr("such as")) << text;
    return std::string(rule.status().message());
  };

  EXPECT_THAT(error_of("Quantity<=0"), HasSubstr("no ':'"));
  EXPECT_THAT(error_of("Quantity:search"), HasSubstr("without an operator"));
  EXPECT_THAT(error_of("<=0:search"), HasSubstr("names no column"));
  EXPECT_THAT(error_of("Quantity<=none:search"), HasSubstr("no number"));
  EXPECT_THAT(error_of("Quantity^0:search"), HasSubstr("has no operator"));
  EXPECT_THAT(error_of("Quantity<=0:purchase"), HasSubstr("purchase-complete"));
  EXPECT_THAT(error_of("Quantity<=0:reject="), HasSubstr("without naming a reason"));
}

}  // namespace
}  // namespace vitrine::cli
