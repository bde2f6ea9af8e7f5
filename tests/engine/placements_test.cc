#include "vitrine/engine/placements.h"

#include <gmock/gmock.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;

constexpr auto kInvalidPlacement = absl::StatusCode::kInvalidArgument;

// One that sets every field.
Placement Whole() {
  Placement placement{.name = "home-2", .description = "The second row"};
  placement.subject = Placement::Subject::kCart;
  placement.weights = {{"ials", 0.5}, {"trending", 2}};
  placement.filter = "brand = \"Acme\"";
  placement.max_age_days = 7.5;
  placement.is_of_categories = true;
  placement.is_of_bought = true;
  placement.page_size = 12;
  placement.seen = SeenPolicy::kExcludeSeen;
  placement.controls.diversity = {Diversity::Method::kDpp, 0.25};
  placement.controls.max_per_brand = 2;
  placement.controls.max_per_category = 3;
  placement.controls.is_strict = true;
  placement.controls.boosts = {{"price < 20", 0.5}, {"tags: \"old\"", -1}};
  placement.controls.rotation = 0.3;
  placement.controls.exposure = {Exposure::Group::kLongTail, 0.2};
  placement.fallbacks = {"trending", "similar-items"};
  return placement;
}

std::vector<std::string> FaultyFields(const Placement& placement) {
  std::vector<std::string> fields;
  for (const PlacementFault& fault : FaultsOf(placement)) fields.push_back(fault.field);
  return fields;
}

class PlacementsTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Placements>> Open(std::vector<Placement> configured = {}) {
    return Placements::Open(files_, File(), std::move(configured));
  }
  std::string File() const { return folder_.path() + "/placements"; }

  testing::TemporaryFolder folder_;
  testing::FaultFileSystem files_;
};

TEST(CheckPlacementTest, TheBuiltInOnesAreSoundAndFallBackToEachOther) {
  const auto table = Placements::BuiltIn();

  for (const char* name : {"recommended-for-you", "similar-items", "frequently-bought-together",
                           "complete-the-cart", "buy-it-again", "recently-viewed", "trending",
                           "new-arrivals", "popular-in-category", "on-sale"}) {
    ASSERT_TRUE(table->contains(name)) << name;
  }
  for (const auto& [name, entry] : *table) {
    EXPECT_THAT(FaultyFields(entry.placement), SizeIs(0)) << name;
    for (const std::string& fallback : entry.placement.fallbacks) {
      EXPECT_TRUE(table->contains(fallback)) << name << " falls back to " << fallback;
    }
  }
}

TEST(CheckPlacementTest, NamesEveryFieldThatIsWrong) {
  EXPECT_THAT(FaultyFields(Whole()), SizeIs(0));
  Placement bad = Whole();
  bad.name = "Home 2";
  bad.description = std::string(1001, 'x');
  bad.weights = {{"ials", 0}, {"no_model", 1}, {"trending", std::nan("")}};
  bad.filter = "brand <";
  bad.max_age_days = -1;
  bad.page_size = 201;
  bad.controls.diversity.lambda = 2;
  bad.controls.pins = {{"mug", 1}};
  bad.controls.exploration.temperature = 1;
  bad.controls.boosts[1].filter = "pirce < 20";
  bad.fallbacks = {"trending", "trending"};

  EXPECT_THAT(
      FaultyFields(bad),
      ::testing::ElementsAre("name", "description", "weights[\"ials\"]", "weights[\"no_model\"]",
                             "weights[\"trending\"]", "filter", "max_age_days", "page_size", "pins",
                             "exploration", "boosts[1].filter", "controls", "fallbacks[1]"));
}

TEST(CheckPlacementTest, AMistypedModelIsToldItsName) {
  Placement bad = Whole();
  bad.weights = {{"bought_togeter", 1}};

  EXPECT_THAT(FaultsOf(bad).front().description, HasSubstr("did you mean bought_together?"));
}

TEST(CheckPlacementTest, AModelMayHaveALabelAndALiveScorerMayNot) {
  Placement placement = Whole();
  placement.weights = {{"ials@wide", 1}};
  EXPECT_THAT(FaultsOf(placement), SizeIs(0));
  placement.weights = {{"ials@Wide", 1}, {"trending@mine", 1}};

  const std::vector<PlacementFault> faults = FaultsOf(placement);

  ASSERT_THAT(faults, SizeIs(2));
  EXPECT_THAT(faults[0].description, HasSubstr("1 to 32 of a-z"));
  EXPECT_THAT(faults[1].description, HasSubstr("write trending"));
}

TEST_F(PlacementsTest, WhatWasPutIsThereAfterARestartInEveryField) {
  {
    const auto placements = Open();
    ASSERT_THAT(placements, IsOk());
    ASSERT_THAT((*placements)->Put(Whole()), IsOk());
  }
  const auto placements = Open();

  ASSERT_THAT(placements, IsOk());
  const auto all = (*placements)->All();
  const Placements::Entry& entry = all->at("home-2");
  EXPECT_EQ(entry.placement, Whole());
  EXPECT_EQ(entry.origin, Placements::Origin::kPut);
  EXPECT_EQ(all->at("trending").origin, Placements::Origin::kBuiltIn);
}

TEST_F(PlacementsTest, AnExposureOfAFilterIsThereAfterARestart) {
  Placement placement = Whole();
  placement.controls.exposure = {Exposure::Group::kFilter, 0.2, "brand = \"Acme\""};
  {
    const auto placements = Open();
    ASSERT_THAT(placements, IsOk());
    ASSERT_THAT((*placements)->Put(Placement{.name = "before"}), IsOk());
    ASSERT_THAT((*placements)->Put(placement), IsOk());
  }

  const auto placements = Open();

  ASSERT_THAT(placements, IsOk());
  EXPECT_EQ((*placements)->All()->at("home-2").placement, placement);
  EXPECT_TRUE((*placements)->All()->contains("before"));
}

TEST_F(PlacementsTest, DeletingWhatWasPutBringsBackWhatWasBefore) {
  const auto placements = Open({{.name = "trending", .page_size = 7}});
  ASSERT_THAT(placements, IsOk());
  EXPECT_EQ((*placements)->All()->at("trending").origin, Placements::Origin::kConfigured);

  ASSERT_THAT((*placements)->Put({.name = "trending", .page_size = 9}), IsOk());
  EXPECT_EQ((*placements)->All()->at("trending").placement.page_size, 9U);
  ASSERT_THAT((*placements)->Delete("trending"), IsOk());

  EXPECT_EQ((*placements)->All()->at("trending").placement.page_size, 7U);
  EXPECT_THAT((*placements)->Delete("trending"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT((*placements)->Delete("on-sale"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(PlacementsTest, WhatOthersFallBackToCannotGo) {
  const auto placements = Open();
  ASSERT_THAT(placements, IsOk());
  ASSERT_THAT((*placements)->Put({.name = "mine"}), IsOk());
  ASSERT_THAT((*placements)->Put({.name = "other", .fallbacks = {"mine"}}), IsOk());

  EXPECT_THAT((*placements)->Delete("mine"), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_TRUE((*placements)->All()->contains("mine"));
  EXPECT_THAT((*placements)->Delete("other"), IsOk());
  EXPECT_THAT((*placements)->Delete("mine"), IsOk());
}

TEST_F(PlacementsTest, FallbacksMustExist) {
  const auto placements = Open();
  ASSERT_THAT(placements, IsOk());

  const absl::Status refused = (*placements)->Put({.name = "mine", .fallbacks = {"trendin"}});
  EXPECT_THAT(refused, StatusIs(kInvalidPlacement));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("did you mean trending?"));
  EXPECT_THAT(Open({{.name = "mine", .fallbacks = {"none"}}}), StatusIs(kInvalidPlacement));
  EXPECT_THAT(Open({{.name = "mine"}, {.name = "mine"}}), StatusIs(kInvalidPlacement));
}

TEST_F(PlacementsTest, WhatWasPutDoesNotKeepAServerFromStarting) {
  {
    const auto placements = Open({{.name = "home"}});
    ASSERT_THAT(placements, IsOk());
    ASSERT_THAT((*placements)->Put({.name = "mine", .fallbacks = {"home"}}), IsOk());
  }
  const auto without_home = Open();

  ASSERT_THAT(without_home, IsOk());
  EXPECT_TRUE((*without_home)->All()->contains("mine"));
  EXPECT_THAT((*without_home)->Put({.name = "mine"}), IsOk());
}

TEST_F(PlacementsTest, ADiskThatFailsChangesNothing) {
  const auto placements = Open();
  ASSERT_THAT(placements, IsOk());
  ASSERT_THAT((*placements)->Put({.name = "mine", .page_size = 3}), IsOk());

  files_.FailSync(1);
  EXPECT_THAT((*placements)->Put({.name = "mine", .page_size = 4}),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ((*placements)->All()->at("mine").placement.page_size, 3U);

  const auto again = Open();
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ((*again)->All()->at("mine").placement.page_size, 3U);
}

TEST_F(PlacementsTest, ADamagedFileIsDataLoss) {
  {
    const auto placements = Open();
    ASSERT_THAT(placements, IsOk());
    ASSERT_THAT((*placements)->Put(Whole()), IsOk());
  }
  std::string bytes = *LocalFileSystem().ReadFile(File());
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  const auto file = LocalFileSystem().OpenForWrite(File(), OpenMode::kTruncate);
  ASSERT_THAT(file, IsOk());
  ASSERT_THAT((*file)->Append(bytes), IsOk());
  ASSERT_THAT((*file)->Close(), IsOk());

  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(PlacementsTest, AConfigurationTakesThePlaceOfTheOneBeforeAsAWholeOrNotAtAll) {
  const auto placements = *Open({{.name = "old", .page_size = 3}});
  ASSERT_THAT(placements->Put({.name = "put", .page_size = 4}), IsOk());

  EXPECT_THAT(placements->Configure(
                  {{.name = "new", .page_size = 5}, {.name = "lost", .fallbacks = {"nowhere"}}}),
              StatusIs(kInvalidPlacement));
  EXPECT_TRUE(placements->All()->contains("old"));
  EXPECT_FALSE(placements->All()->contains("new"));

  ASSERT_THAT(placements->Configure({{.name = "new", .page_size = 5}, {.name = "put"}}), IsOk());
  const auto all = placements->All();
  EXPECT_FALSE(all->contains("old"));
  EXPECT_EQ(all->at("new").placement.page_size, 5U);
  EXPECT_EQ(all->at("put").placement.page_size, 4U);  // What was put counts over it.
  ASSERT_THAT(placements->Delete("put"), IsOk());
  EXPECT_EQ(placements->All()->at("put").origin, Placements::Origin::kConfigured);
}

TEST_F(PlacementsTest, ThereMayBeAThousand) {
  const auto placements = Open();
  ASSERT_THAT(placements, IsOk());
  std::size_t count = (*placements)->All()->size();
  std::vector<Placement> configured;
  for (; count < Placements::kMost; ++count)
    configured.push_back({.name = "p" + std::to_string(count)});
  const auto full = Placements::Open(files_, File(), configured);
  ASSERT_THAT(full, IsOk());

  EXPECT_THAT((*full)->Put({.name = "one-more"}), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT((*full)->Put({.name = "trending", .page_size = 5}), IsOk());
}

}  // namespace
}  // namespace vitrine
