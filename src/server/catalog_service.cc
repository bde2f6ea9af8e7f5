#include "server/catalog_service.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/catalog_replacement.h"
#include "server/status.h"
#include "server/wire.h"
#include "server/write_and_finish.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/server/convert.h"

namespace vitrine {
namespace {

constexpr CountLimits kBatch = {.minimum = 1, .maximum = 1'000};
constexpr std::size_t kDefaultPageSize = 100;
constexpr std::size_t kMaxPageSize = 1'000;

// Converts every message of a batch, or names all that is wrong with any of them.
template <typename Value, typename Messages>
absl::StatusOr<std::vector<Value>> FromBatch(const std::string& field, const Messages& messages) {
  std::vector<Value> values;
  std::vector<FieldViolation> violations;
  CheckCount(field, messages.size(), kBatch, violations);
  VITRINE_RETURN_IF_ERROR(BadRequestStatus(violations));
  for (int i = 0; i < messages.size(); ++i) {
    Converted<Value> converted = vitrine::FromProto(messages[i]);
    AppendPrefixed(absl::StrFormat("%s[%d].", field, i), converted.violations, violations);
    values.push_back(std::move(converted.value));
  }
  VITRINE_RETURN_IF_ERROR(BadRequestStatus(violations));
  return values;
}

absl::StatusOr<DeleteItems> FromProto(const v1::DeleteItemsRequest& request) {
  std::vector<FieldViolation> violations;
  CheckCount("item_ids", request.item_ids_size(), kBatch, violations);
  VITRINE_RETURN_IF_ERROR(BadRequestStatus(violations));
  for (int i = 0; i < request.item_ids_size(); ++i) {
    if (!request.item_ids(i).empty()) continue;
    violations.push_back({.field = absl::StrFormat("item_ids[%d]", i), .description = "is empty"});
  }
  VITRINE_RETURN_IF_ERROR(BadRequestStatus(violations));
  return DeleteItems{.ids = {request.item_ids().begin(), request.item_ids().end()}};
}

struct Page {
  ItemIndex first{};
  std::size_t size = 0;
};

absl::StatusOr<Page> FromProto(const v1::ListItemsRequest& request) {
  std::vector<FieldViolation> violations;
  const auto first = ParsePageToken(request.page_token());
  if (!first || *first > UINT32_MAX) {
    violations.push_back({.field = "page_token", .description = kBadToken});
  }
  const auto size = static_cast<std::size_t>(request.page_size());  // Huge when negative.
  if (size > kMaxPageSize) {
    violations.push_back(
        {.field = "page_size",
         .description = absl::StrFormat("is %d; must be 1 to %d, or 0 for %d", request.page_size(),
                                        kMaxPageSize, kDefaultPageSize)});
  }
  VITRINE_RETURN_IF_ERROR(BadRequestStatus(violations));
  return Page{.first = static_cast<ItemIndex>(*first), .size = size == 0 ? kDefaultPageSize : size};
}

absl::Status GetItem(const Catalogue& catalogue, const v1::GetItemRequest& request,
                     v1::GetItemResponse& response) {
  if (request.item_id().empty()) return BadField("item_id", "is empty; must name an item");
  const std::optional<ItemIndex> index = catalogue.Find(request.item_id());
  const auto item = index ? catalogue.Get(*index) : nullptr;
  if (item == nullptr) {
    return WithReason(
        absl::NotFoundError(absl::StrFormat(
            "the catalogue has no item \"%s\"; ids are case-sensitive", request.item_id())),
        "ITEM_NOT_FOUND", {{"item_id", request.item_id()}});
  }
  *response.mutable_item() = ToProto(*item);
  return absl::OkStatus();
}

absl::Status ListItems(const Catalogue& catalogue, const v1::ListItemsRequest& request,
                       v1::ListItemsResponse& response) {
  VITRINE_ASSIGN_OR_RETURN(const Page page, FromProto(request));
  const auto items = catalogue.List(page.first, page.size);
  for (const auto& item : items) *response.add_items() = ToProto(*item);
  if (items.size() < page.size) return absl::OkStatus();
  const std::optional<ItemIndex> last = catalogue.Find(items.back()->id);
  response.set_next_page_token(PageToken(Row(last.value()) + 1));
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* CatalogService::UpsertItems(grpc::CallbackServerContext* context,
                                                      const v1::UpsertItemsRequest* request,
                                                      v1::UpsertItemsResponse* response) {
  return pool_.AnswerLater(
      context, *request, [this, request, response](const RequestPool::Finish& finish) {
        auto items = FromBatch<Item>("items", request->items());
        if (!items.ok()) return finish(items.status());
        WriteAndFinish<vitrine::UpsertItems>(
            pool_, vitrine::UpsertItems{.items = *std::move(items)}, response, finish);
      });
}

grpc::ServerUnaryReactor* CatalogService::GetItem(grpc::CallbackServerContext* context,
                                                  const v1::GetItemRequest* request,
                                                  v1::GetItemResponse* response) {
  return pool_.Answer(context, *request, [this, request, response] {
    return vitrine::GetItem(pool_.backend().store->catalogue(), *request, *response);
  });
}

grpc::ServerUnaryReactor* CatalogService::ListItems(grpc::CallbackServerContext* context,
                                                    const v1::ListItemsRequest* request,
                                                    v1::ListItemsResponse* response) {
  return pool_.Answer(context, *request, [this, request, response] {
    return vitrine::ListItems(pool_.backend().store->catalogue(), *request, *response);
  });
}

grpc::ServerUnaryReactor* CatalogService::DeleteItems(grpc::CallbackServerContext* context,
                                                      const v1::DeleteItemsRequest* request,
                                                      v1::DeleteItemsResponse* response) {
  return pool_.AnswerLater(
      context, *request, [this, request, response](const RequestPool::Finish& finish) {
        WriteAndFinish(pool_, FromProto(*request), response, finish,
                       [response](const WriteResult& result) {
                         response->set_retired_count(static_cast<std::int64_t>(result.num_removed));
                       });
      });
}

grpc::ServerReadReactor<v1::ReplaceCatalogRequest>* CatalogService::ReplaceCatalog(
    grpc::CallbackServerContext* context, v1::ReplaceCatalogResponse* response) {
  auto* replacement = new CatalogReplacement(
      pool_, *context, *response,
      {.max_items = max_replace_items_, .is_replacing = &is_replacing_});  // Deletes itself.
  replacement->Start();
  return replacement;
}

grpc::ServerUnaryReactor* CatalogService::SetInventory(grpc::CallbackServerContext* context,
                                                       const v1::SetInventoryRequest* request,
                                                       v1::SetInventoryResponse* response) {
  return pool_.AnswerLater(
      context, *request, [this, request, response](const RequestPool::Finish& finish) {
        auto changes = FromBatch<UpdateInventory::Change>("inventories", request->inventories());
        if (!changes.ok()) return finish(changes.status());
        WriteAndFinish<UpdateInventory>(pool_, UpdateInventory{.changes = *std::move(changes)},
                                        response, finish);
      });
}

}  // namespace vitrine
