#pragma once

#include <atomic>
#include <cstddef>

#include "server/request_pool.h"
#include "vitrine/v1/catalog_service.grpc.pb.h"

namespace vitrine {

// The catalogue over the store. Thread-safe.
class CatalogService final : public v1::CatalogService::CallbackService {
 public:
  CatalogService(RequestPool& pool, std::size_t max_replace_items)
      : pool_(pool), max_replace_items_(max_replace_items) {}

  grpc::ServerUnaryReactor* UpsertItems(grpc::CallbackServerContext* context,
                                        const v1::UpsertItemsRequest* request,
                                        v1::UpsertItemsResponse* response) override;
  grpc::ServerUnaryReactor* GetItem(grpc::CallbackServerContext* context,
                                    const v1::GetItemRequest* request,
                                    v1::GetItemResponse* response) override;
  grpc::ServerUnaryReactor* ListItems(grpc::CallbackServerContext* context,
                                      const v1::ListItemsRequest* request,
                                      v1::ListItemsResponse* response) override;
  grpc::ServerUnaryReactor* DeleteItems(grpc::CallbackServerContext* context,
                                        const v1::DeleteItemsRequest* request,
                                        v1::DeleteItemsResponse* response) override;
  grpc::ServerReadReactor<v1::ReplaceCatalogRequest>* ReplaceCatalog(
      grpc::CallbackServerContext* context, v1::ReplaceCatalogResponse* response) override;
  grpc::ServerUnaryReactor* SetInventory(grpc::CallbackServerContext* context,
                                         const v1::SetInventoryRequest* request,
                                         v1::SetInventoryResponse* response) override;

 private:
  RequestPool& pool_;
  const std::size_t max_replace_items_;
  std::atomic<bool> is_replacing_ = false;  // One at a time: each holds a catalogue in memory.
};

}  // namespace vitrine
