#include "client/cut_short.h"

#include <grpcpp/support/slice.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

#include "vitrine/v1/recommendation_service.pb.h"

namespace vitrine {
namespace {

// A list of two items, with these fallbacks.
template <typename Response>
std::string ListWith(std::initializer_list<const char*> fallbacks) {
  Response response;
  for (const char* const id : {"deadline", "model-late:ials"}) {
    v1::RecommendedItem& item = *response.add_items();
    item.set_item_id(id);
    item.set_score(0.5);
  }
  response.set_model_version("deadline");
  for (const char* const fallback : fallbacks) response.add_fallbacks(fallback);
  response.set_consistency_token("model-late:ials");
  return response.SerializeAsString();
}

// In slices of so many bytes, as they may come from a connection.
bool IsCutShortInSlices(const std::string& bytes, std::size_t size) {
  std::vector<grpc::Slice> slices;
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    slices.emplace_back(bytes.substr(at, size));
  }
  grpc::ByteBuffer reply(slices.data(), slices.size());
  return WasCutShort(reply);
}

bool IsCutShort(const std::string& bytes) {
  return IsCutShortInSlices(bytes, std::max<std::size_t>(bytes.size(), 1));
}

TEST(CutShortTest, ListsThatLackSomethingForWantOfTimeAre) {
  EXPECT_TRUE(IsCutShort(ListWith<v1::RecommendItemsResponse>({"deadline"})));
  EXPECT_TRUE(IsCutShort(ListWith<v1::RecommendItemsResponse>({"backfill", "model-late:ease"})));
  EXPECT_TRUE(IsCutShort(ListWith<v1::RecommendItemsResponse>({"ranker-late"})));
  EXPECT_TRUE(IsCutShort(ListWith<v1::SimilarItemsResponse>({"unknown-item", "deadline"})));
  EXPECT_TRUE(IsCutShort(ListWith<v1::RankItemsResponse>({"model-late:ease", "deadline"})));
}

TEST(CutShortTest, OtherFallbacksAndOtherFieldsDoNotCount) {
  EXPECT_FALSE(IsCutShort(ListWith<v1::RecommendItemsResponse>({})));
  EXPECT_FALSE(IsCutShort(ListWith<v1::RecommendItemsResponse>({"backfill", "no-model"})));
  EXPECT_FALSE(IsCutShort(ListWith<v1::SimilarItemsResponse>({"deadlines", "model-late"})));
  EXPECT_FALSE(IsCutShort(ListWith<v1::RankItemsResponse>({"unknown-placement"})));
}

TEST(CutShortTest, HoweverTheBytesAreSplit) {
  const std::string cut = ListWith<v1::RecommendItemsResponse>({"backfill", "deadline"});
  const std::string whole = ListWith<v1::RecommendItemsResponse>({"backfill"});

  for (std::size_t size = 1; size <= cut.size(); ++size) {
    EXPECT_TRUE(IsCutShortInSlices(cut, size)) << size;
    EXPECT_FALSE(IsCutShortInSlices(whole, size)) << size;
  }
}

TEST(CutShortTest, FieldsThatAnotherServerHasBesideAreSteppedOver) {
  const std::string cut = ListWith<v1::RecommendItemsResponse>({"deadline"});
  const std::string number("\xe0\x03\x96\x01", 4);                                  // Field 60.
  const std::string double_number("\xe9\x03\x1a\x08\x1a\x08\x1a\x08\x1a\x08", 10);  // 61
  const std::string float_number("\xf5\x03\x1a\x08\x1a\x08", 6);                    // 62

  EXPECT_TRUE(IsCutShort(number + double_number + float_number + cut));
}

TEST(CutShortTest, BytesThatAreNoListAreNot) {
  const std::string cut = ListWith<v1::RecommendItemsResponse>({"deadline"});
  const std::size_t end = cut.rfind("\x1a\x08") + 2 + std::string("deadline").size();

  EXPECT_FALSE(IsCutShort(""));
  EXPECT_FALSE(IsCutShort("\x7f"));  // A wire type that there is not.
  for (std::size_t size = 0; size < end; ++size) {
    EXPECT_FALSE(IsCutShort(cut.substr(0, size))) << size;
  }
  EXPECT_TRUE(IsCutShort(cut.substr(0, end)));
}

}  // namespace
}  // namespace vitrine
