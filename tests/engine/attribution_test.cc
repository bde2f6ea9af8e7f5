#include "vitrine/feature_store/attribution.h"

#include "engine/fake_shop.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using vitrine::testing::IsOk;

class AttributionTokenTest : public vitrine::testing::FakeShop {
 protected:
  Attribution Read(const RecommendReply& reply) const {
    const auto read = ReadAttribution(store_, reply.attribution_token);
    EXPECT_THAT(read, IsOk());
    return read.value_or(Attribution());
  }

  std::vector<std::string> ItemIds(const Attribution& attribution) const {
    std::vector<std::string> ids;
    for (const ItemIndex item : attribution.items) ids.push_back(store_.catalogue().Id(item));
    return ids;
  }
};

TEST_F(AttributionTokenTest, SaysWhichListItIs) {
  Publish({Popular()});

  const Attribution read = Read(Recommend({.user_id = "ann", .page_size = 3}));

  EXPECT_EQ(read.placement, "recommended-for-you");
  EXPECT_EQ(read.model_version, "v1");
  EXPECT_EQ(read.time_us, clock_.Now());
  EXPECT_EQ(read.first_position, 1U);
  EXPECT_THAT(ItemIds(read), ElementsAre("a", "b", "c"));
  EXPECT_THAT(read.propensities, IsEmpty());
}

TEST_F(AttributionTokenTest, IsThereWithoutAModelAndWithoutItems) {
  const Attribution read = Read(Recommend({.categories = {"None"}}));

  EXPECT_EQ(read.model_version, "");
  EXPECT_THAT(read.items, IsEmpty());
}

TEST_F(AttributionTokenTest, ALaterPageCountsOn) {
  Publish({Popular()});
  RecommendRequest request{.page_size = 2};
  request.page_token = Recommend(request).next_page_token;

  const Attribution read = Read(Recommend(request));

  EXPECT_EQ(read.first_position, 3U);
  EXPECT_THAT(ItemIds(read), ElementsAre("c", "d"));
}

TEST_F(AttributionTokenTest, EachRowOfAPageHasItsOwn) {
  Publish({Popular()});
  const std::vector<RecommendRequest> rows(2, {.page_size = 2});

  const auto replies = engine_.RecommendRows(rows);

  ASSERT_THAT(replies, IsOk());
  EXPECT_THAT(ItemIds(Read((*replies)[0])), ElementsAre("a", "b"));
  EXPECT_THAT(ItemIds(Read((*replies)[1])), ElementsAre("c", "d"));
  EXPECT_EQ(Read((*replies)[1]).first_position, 1U);
}

TEST_F(AttributionTokenTest, OnlyListsForShoppersHaveOne) {
  Publish({Popular()});

  EXPECT_THAT(Similar({.item_id = "a"}).attribution_token, IsEmpty());
  EXPECT_THAT(Rank({.item_ids = {"a"}}).attribution_token, IsEmpty());
}

}  // namespace
}  // namespace vitrine
