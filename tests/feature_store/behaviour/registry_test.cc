#include "vitrine/feature_store/behaviour/registry.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "absl/strings/str_format.h"

namespace vitrine {
namespace {

const char* TypeName(FeatureType type) {
  switch (type) {
    case FeatureType::kInteger:
      return "integer";
    case FeatureType::kNumber:
      return "number";
    case FeatureType::kTime:
      return "time";
    case FeatureType::kText:
      return "text";
    case FeatureType::kWeights:
      return "weights";
  }
  return "";
}

// As docs/features.md has it.
std::string RowOf(const FeatureSpec& spec) {
  const bool is_zero = std::holds_alternative<std::int64_t>(spec.missing);
  return absl::StrFormat("| `%s` | %s | %s | %s | %s | %s |", spec.name, TypeName(spec.type),
                         spec.unit.empty() ? "-" : spec.unit, spec.window, is_zero ? "0" : "-",
                         spec.description);
}

TEST(RegistryTest, NamesAreUniqueAndPlain) {
  std::set<std::string> names;
  for (const FeatureSpec& spec : BehaviourFeatures()) {
    EXPECT_TRUE(names.insert(spec.name).second) << spec.name;
    EXPECT_TRUE(std::all_of(spec.name.begin(), spec.name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    })) << spec.name;
    EXPECT_EQ(spec.name.starts_with("item_"), spec.entity == FeatureEntity::kItem) << spec.name;
  }
}

TEST(RegistryTest, EveryEntryIsWhole) {
  for (const FeatureSpec& spec : BehaviourFeatures()) {
    EXPECT_EQ(spec.owner, "vitrine") << spec.name;
    EXPECT_FALSE(spec.window.empty()) << spec.name;
    EXPECT_TRUE(spec.description.ends_with(".")) << spec.name;
    EXPECT_EQ(spec.unit.empty(), spec.type == FeatureType::kText) << spec.name;
  }
}

TEST(RegistryTest, FindsByName) {
  ASSERT_NE(FindFeature("orders_30d"), nullptr);
  EXPECT_EQ(FindFeature("orders_30d")->window, "30 days");
  EXPECT_EQ(FindFeature("item_stock")->entity, FeatureEntity::kItem);
  EXPECT_EQ(FindFeature("orders_31d"), nullptr);
}

TEST(RegistryTest, ThePageHasEveryEntry) {
  std::ifstream file(VITRINE_TEST_DATA "/../docs/features.md");
  std::stringstream page;
  page << file.rdbuf();
  for (const FeatureSpec& spec : BehaviourFeatures()) {
    EXPECT_NE(page.str().find(RowOf(spec)), std::string::npos) << "docs/features.md wants\n"
                                                               << RowOf(spec);
  }
}

}  // namespace
}  // namespace vitrine
