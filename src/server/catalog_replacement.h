#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

#include "server/request_pool.h"
#include "vitrine/feature_store/validate.h"
#include "vitrine/v1/catalog_service.grpc.pb.h"

namespace vitrine {

// One ReplaceCatalog call: gathers the items of the stream and writes them as one mutation once the
// last message has told their number and the client has closed its side. What breaks before leaves
// no trace. One step follows the other, so that it needs no lock; deletes itself.
class CatalogReplacement final : public grpc::ServerReadReactor<v1::ReplaceCatalogRequest> {
 public:
  struct Options {
    std::size_t max_items = 0;
    std::atomic<bool>* is_replacing = nullptr;  // True while any replacement runs.
  };

  CatalogReplacement(RequestPool& pool, grpc::CallbackServerContext& context,
                     v1::ReplaceCatalogResponse& response, Options options);

  void Start();

  void OnReadDone(bool is_ok) override;
  void OnDone() override { delete this; }

 private:
  void Take();
  void Commit();

  // Gives the turn back and answers. REQUIRES: this call holds the turn.
  void End(const absl::Status& status);
  grpc::Status EndOf(const absl::Status& status);

  absl::Status CheckComplete() const;

  RequestPool& pool_;
  grpc::CallbackServerContext& context_;
  v1::ReplaceCatalogResponse& response_;
  const Options options_;
  v1::ReplaceCatalogRequest request_;
  ReplaceCatalogue replacement_;
  std::vector<FieldViolation> violations_;  // Of what was read, a part of them.
  std::size_t num_read_ = 0;                // Items, valid or not.
  std::int64_t total_count_ = 0;            // As the client told; 0: not yet.
};

}  // namespace vitrine
