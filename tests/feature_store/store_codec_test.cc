#include "feature_store/store_codec.h"

#include <gmock/gmock.h>

#include <string>

#include "testing/status_matchers.h"
#include "vitrine/base/bytes.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

TEST(StoreCodecTest, AnEventKeepsItsArrival) {
  const LogHead head = {.type = EventType::kRate,
                        .user = UserIndex{3},
                        .time_us = 1'000,
                        .arrival_us = 700,
                        .rating = 4.5,
                        .items = {{.item = ItemIndex{9}, .quantity = 2}}};

  const auto back = DecodeLogHead(EncodeLogRecord(head, {.type = EventType::kRate}));

  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(back->time_us, 1'000);
  EXPECT_EQ(back->arrival_us, 700);
  EXPECT_EQ(back->rating, 4.5);
  ASSERT_EQ(back->items.size(), 1U);
  EXPECT_EQ(back->items[0].item, ItemIndex{9});
}

TEST(StoreCodecTest, AnEventOfVersionOneArrivedWhenItHappened) {
  ByteWriter writer;
  writer.Unsigned(1);
  writer.Unsigned(static_cast<std::uint64_t>(EventType::kDetailPageView));
  for (const std::uint64_t index : {0, 5}) writer.Unsigned(index);  // No user, visitor 4.
  writer.Signed(1'234);
  writer.Unsigned(0);                                                  // No rating.
  for (const std::uint64_t value : {1, 8, 1}) writer.Unsigned(value);  // Item 8, one piece.
  writer.Unsigned(0);                                                  // No details.

  const auto back = DecodeLogRecord(writer.bytes());

  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(back->head.visitor, UserIndex{4});
  EXPECT_EQ(back->head.time_us, 1'234);
  EXPECT_EQ(back->head.arrival_us, 1'234);
  EXPECT_EQ(back->head.items[0].item, ItemIndex{8});
}

TEST(StoreCodecTest, AHeadThatIsReusedForgetsWhatItHad) {
  LogHead head = {.type = EventType::kRate, .rating = 3, .items = {{}, {}, {}}};
  const LogHead view = {.type = EventType::kHomePageView, .user = UserIndex{1}, .time_us = 5};

  ASSERT_THAT(DecodeLogHead(EncodeLogRecord(view, {.type = view.type}), head), IsOk());

  EXPECT_EQ(head.rating, std::nullopt);
  EXPECT_TRUE(head.items.empty());
  EXPECT_EQ(head.visitor, std::nullopt);
}

TEST(StoreCodecTest, AShopperKeepsWhenTheMergeWasMade) {
  const ShopperRow row = {.kind = ShopperKind::kVisitor,
                          .id = "phone",
                          .merged_into = UserIndex{7},
                          .merged_at_us = 99};

  const auto back = DecodeShopperRow(EncodeShopperRow(row));

  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(back->merged_into, UserIndex{7});
  EXPECT_EQ(back->merged_at_us, 99);
}

TEST(StoreCodecTest, RowsOfVersionOneHaveNoTimes) {
  ByteWriter shopper;
  for (const std::uint64_t value : {1, 2}) shopper.Unsigned(value);
  shopper.String("phone");
  for (const std::uint64_t value : {8, 0}) shopper.Unsigned(value);  // Into user 7; no profile.
  ByteWriter state;
  for (const std::uint64_t value : {1, 10, 20, 19, 3, 4}) state.Unsigned(value);

  const auto row = DecodeShopperRow(shopper.bytes());
  const auto counters = DecodeStoreState(state.bytes());

  ASSERT_THAT(row, IsOk());
  EXPECT_EQ(row->merged_into, UserIndex{7});
  EXPECT_EQ(row->merged_at_us, 0);
  ASSERT_THAT(counters, IsOk());
  EXPECT_EQ(counters->next_shopper, 4U);
  EXPECT_EQ(counters->last_arrival_us, 0);
}

TEST(StoreCodecTest, ANewerVersionIsRefusedByName) {
  ByteWriter writer;
  writer.Unsigned(3);

  const absl::Status status = DecodeLogHead(writer.bytes()).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(std::string(status.message()), HasSubstr("3, this binary knows 2"));
}

}  // namespace
}  // namespace vitrine
