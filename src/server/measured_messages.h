#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "vitrine/v1/catalog_service.grpc.pb.h"
#include "vitrine/v1/event_service.grpc.pb.h"
#include "vitrine/v1/feature_service.grpc.pb.h"
#include "vitrine/v1/insight_service.grpc.pb.h"
#include "vitrine/v1/model_service.grpc.pb.h"
#include "vitrine/v1/recommendation_service.grpc.pb.h"
#include "vitrine/v1/serving_config_service.grpc.pb.h"
#include "vitrine/v1/store_service.grpc.pb.h"
#include "vitrine/v1/user_service.grpc.pb.h"

namespace vitrine {

// Gives the unary methods ArenaMessages, whose reply is a HeldReply; messages that gRPC makes
// itself do not tell their size. Call before the server starts, which this must outlive.
class MeasuredMessages {
 public:
  void SetFor(v1::CatalogService::CallbackService& service);
  void SetFor(v1::EventService::CallbackService& service);
  void SetFor(v1::FeatureService::CallbackService& service);
  void SetFor(v1::InsightService::CallbackService& service);
  void SetFor(v1::ModelService::CallbackService& service);
  void SetFor(v1::RecommendationService::CallbackService& service);
  void SetFor(v1::ServingConfigService::CallbackService& service);
  void SetFor(v1::StoreService::CallbackService& service);
  void SetFor(v1::UserService::CallbackService& service);

  std::size_t num_methods() const { return allocators_.size(); }

 private:
  // `set`: the generated SetMessageAllocatorFor_ of a method.
  template <typename Service, typename SetAllocator>
  void Set(Service& service, SetAllocator set);

  std::vector<std::shared_ptr<void>> allocators_;  // One for each method, of its own type.
};

}  // namespace vitrine
