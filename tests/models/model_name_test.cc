#include "vitrine/models/model_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::string>& Names() {
  static const auto* const names = new std::vector<std::string>{"auto", "deep_ranker", "ials"};
  return *names;
}

TEST(ModelNameTest, TheKindIsWhatStandsBeforeTheLabel) {
  const std::string longest = "ials@" + std::string(kMostLabelBytes, 'x');

  EXPECT_EQ(KindOf("graph_filter@linear_2"), "graph_filter");
  EXPECT_EQ(KindOf(longest), "ials");
  EXPECT_EQ(KindOf("ials"), "ials");
  EXPECT_TRUE(IsLabelled("ials@wide"));
  EXPECT_FALSE(IsLabelled("ials"));
}

TEST(ModelNameTest, AWrongLabelIsNone) {
  const std::string too_long = "ials@" + std::string(kMostLabelBytes + 1, 'x');

  for (const std::string& name :
       {std::string("ials@"), std::string("ials@Wide"), std::string("ials@a-b"),
        std::string("ials@a.b"), std::string("ials@a@b"), std::string("ials@\u00E4"), too_long}) {
    EXPECT_EQ(KindOf(name), name);
    EXPECT_FALSE(IsLabelled(name)) << name;
    EXPECT_THAT(AllowedModels(name, Names()),
                AllOf(HasSubstr("1 to 32 of a-z, 0-9 and _"), HasSubstr("ials@wide")))
        << name;
  }
}

TEST(ModelNameTest, WhatThereIsOneOfHasNoLabel) {
  EXPECT_EQ(KindOf("deep_ranker@second"), "deep_ranker@second");
  for (const std::string name : {"deep_ranker", "auto"}) {
    EXPECT_THAT(AllowedModels(name + "@second", Names()), HasSubstr(name + " has no label"))
        << name;
  }
}

TEST(ModelNameTest, AnUnknownKindIsToldTheNearestWithOrWithoutALabel) {
  for (const char* const name : {"als", "als@wide", "als@Wide"}) {
    EXPECT_THAT(AllowedModels(name, Names()),
                AllOf(HasSubstr("did you mean ials?"), Not(HasSubstr("a-z"))))
        << name;
  }
}

}  // namespace
}  // namespace vitrine
