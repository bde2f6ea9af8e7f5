#include "cli/import/mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/status_matchers.h"

namespace vitrine::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::vitrine::testing::IsOk;
using ::vitrine::testing::StatusIs;

std::string ErrorOf(RowKind kind, const std::string& spec) {
  const auto mapping = Mapping::Parse(kind, {spec});
  EXPECT_THAT(mapping, StatusIs(absl::StatusCode::kInvalidArgument));
  return std::string(mapping.status().message());
}

TEST(MappingTest, ReadsFieldsFromOtherColumns) {
  const auto mapping = Mapping::Parse(
      RowKind::kEvents, {"user_id=CustomerID:integer,item_id=StockCode", "event_time=InvoiceDate"});

  ASSERT_THAT(mapping, IsOk());
  EXPECT_EQ(mapping->ColumnOf("user_id").column, "CustomerID");
  EXPECT_EQ(mapping->ColumnOf("user_id").transform, Transform::kInteger);
  EXPECT_EQ(mapping->ColumnOf("item_id").column, "StockCode");
  EXPECT_EQ(mapping->ColumnOf("event_time").column, "InvoiceDate");
  EXPECT_FALSE(mapping->Maps("quantity"));
  EXPECT_EQ(mapping->ColumnOf("quantity").column, "quantity");
}

TEST(MappingTest, AColumnMayHaveCommasAndColonsInItsName) {
  const auto mapping = Mapping::Parse(RowKind::kItems, {"title=Name, long,brand=By: whom"});

  ASSERT_THAT(mapping, IsOk());
  EXPECT_EQ(mapping->ColumnOf("title").column, "Name, long");
  EXPECT_EQ(mapping->ColumnOf("brand").column, "By: whom");
}

TEST(MappingTest, AttributesHaveTheNameThatTheMappingGivesThem) {
  const auto mapping =
      Mapping::Parse(RowKind::kItems, {"attributes.colour=Farbe,attributes.grams=Weight:number"});

  ASSERT_THAT(mapping, IsOk());
  EXPECT_THAT(mapping->attribute_fields(), ElementsAre("attributes.colour", "attributes.grams"));
  EXPECT_EQ(mapping->ColumnOf("attributes.grams").transform, Transform::kNumber);
}

TEST(MappingTest, SaysWhatIsWrongAndWhatThereIs) {
  EXPECT_THAT(ErrorOf(RowKind::kItems, "titel=Description"), HasSubstr("did you mean title"));
  EXPECT_THAT(ErrorOf(RowKind::kEvents, "attributes.x=Y"), HasSubstr("events have no field"));
  EXPECT_THAT(ErrorOf(RowKind::kItems, "title"), HasSubstr("wants field=column"));
  EXPECT_THAT(ErrorOf(RowKind::kItems, "title="), HasSubstr("wants field=column"));
  EXPECT_THAT(ErrorOf(RowKind::kItems, "title=A,title=B"), HasSubstr("maps title twice"));
}

TEST(MappingTest, AColumnThatTheFileHasNotIsNamedWithThoseItHas) {
  const auto mapping = Mapping::Parse(RowKind::kItems, {"title=Descripton"});
  ASSERT_THAT(mapping, IsOk());

  const absl::Status status = mapping->CheckColumns({"StockCode", "Description"});

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(status.message()), HasSubstr("did you mean Description"));
  EXPECT_THAT(mapping->CheckColumns({"Descripton"}), IsOk());
}

}  // namespace
}  // namespace vitrine::cli
