#include "server/catalog_replacement.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>

#include <future>

#include "absl/strings/str_format.h"
#include "server/catalog_service.h"
#include "server/fake_backend.h"
#include "server/local_server.h"
#include "server/rpc_errors.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::FakeStore;
using testing::LocalServer;
using testing::Unpack;

constexpr std::size_t kMaxItems = 10;

v1::ReplaceCatalogRequest Items(int first, int count, std::int64_t total_count = 0) {
  v1::ReplaceCatalogRequest request;
  for (int i = first; i < first + count; ++i) {
    request.add_items()->set_item_id(absl::StrFormat("item-%d", i));
  }
  request.set_total_count(total_count);
  return request;
}

class CatalogReplacementTest : public ::testing::Test {
 protected:
  CatalogReplacementTest() { pool_.Open({.store = &store_}); }

  // One call that sends `messages` and closes its side.
  grpc::Status Send(const std::vector<v1::ReplaceCatalogRequest>& messages) {
    grpc::ClientContext context;
    const auto writer = stub_->ReplaceCatalog(&context, &response_);
    for (const auto& message : messages) writer->Write(message);
    writer->WritesDone();
    return writer->Finish();
  }

  FakeStore store_;
  RequestPool pool_{2, 100};
  CatalogService service_{pool_, kMaxItems};
  LocalServer server_{&service_};
  std::unique_ptr<v1::CatalogService::Stub> stub_ = v1::CatalogService::NewStub(server_.channel());
  v1::ReplaceCatalogResponse response_;
};

TEST_F(CatalogReplacementTest, TheWholeStreamIsOneMutation) {
  auto call = std::async(std::launch::async, [this] {
    return Send({Items(0, 3), Items(3, 2, 5)});
  });
  ASSERT_TRUE(store_.AwaitWrites(1));

  const Mutation mutation = store_.Answer(WriteResult{.sequence = 8, .num_removed = 4});

  EXPECT_TRUE(call.get().ok());
  EXPECT_EQ(std::get<ReplaceCatalogue>(mutation).items.size(), 5U);
  EXPECT_EQ(response_.item_count(), 5);
  EXPECT_EQ(response_.retired_count(), 4);
  EXPECT_EQ(response_.consistency_token(), "c8");
}

// A client that dies may close its side properly: a part must not be taken for the whole.
TEST_F(CatalogReplacementTest, AStreamThatDoesNotTellItsNumberChangesNothing) {
  const grpc::Status status = Send({Items(0, 3)});

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(Unpack(status).fields, ElementsAre("total_count"));
  EXPECT_EQ(store_.num_waiting(), 0U);
}

TEST_F(CatalogReplacementTest, AStreamWithAnotherNumberThanItToldChangesNothing) {
  EXPECT_THAT(Unpack(Send({Items(0, 3, 4)})).fields, ElementsAre("total_count"));
  EXPECT_THAT(Unpack(Send({Items(0, 3, -1)})).fields, ElementsAre("total_count"));
  EXPECT_THAT(Unpack(Send({})).fields, ElementsAre("total_count"));
  EXPECT_THAT(Unpack(Send({Items(0, 3, 3), Items(3, 1)})).fields, ElementsAre("total_count"));
  EXPECT_EQ(store_.num_waiting(), 0U);
}

TEST_F(CatalogReplacementTest, ViolationsCountItemsThroughTheWholeStream) {
  v1::ReplaceCatalogRequest last = Items(3, 2, 5);
  last.mutable_items(1)->clear_item_id();

  EXPECT_THAT(Unpack(Send({Items(0, 3), last})).fields, ElementsAre("items[4].item_id"));
  EXPECT_EQ(store_.num_waiting(), 0U);
}

TEST_F(CatalogReplacementTest, MoreItemsThanTheLimitAreRefused) {
  const grpc::Status status = Send({Items(0, 6), Items(6, 5, 11)});

  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Unpack(status).reason, "CATALOG_TOO_LARGE");
  EXPECT_EQ(Unpack(status).metadata["max_items"], "10");
}

TEST_F(CatalogReplacementTest, ThereIsOneAtATime) {
  grpc::ClientContext context;
  const auto first = stub_->ReplaceCatalog(&context, &response_);
  first->Write(Items(0, 1));
  grpc::Status second;
  do {  // Until the server has seen the first one come.
    second = Send({Items(0, 1)});
  } while (second.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(second.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(Unpack(second).reason, "REPLACE_IN_PROGRESS");

  context.TryCancel();
  EXPECT_EQ(first->Finish().error_code(), grpc::StatusCode::CANCELLED);
  do {  // The turn is free again once the server has seen the first one go.
    second = Send({Items(0, 1)});
  } while (second.error_code() == grpc::StatusCode::ABORTED);
  EXPECT_THAT(Unpack(second).fields, ElementsAre("total_count"));
}

}  // namespace
}  // namespace vitrine
