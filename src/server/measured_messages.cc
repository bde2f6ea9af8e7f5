#include "server/measured_messages.h"

#include <grpcpp/support/message_allocator.h>

#include <utility>

#include "server/arena_messages.h"

namespace vitrine {
namespace {

template <typename Owner, typename Request, typename Response>
auto AllocatorFor(void (Owner::* /*set*/)(grpc::MessageAllocator<Request, Response>*)) {
  return std::make_shared<ArenaMessages<Request, Response>>();
}

}  // namespace

template <typename Service, typename SetAllocator>
void MeasuredMessages::Set(Service& service, SetAllocator set) {
  auto allocator = AllocatorFor(set);
  (service.*set)(allocator.get());
  allocators_.push_back(std::move(allocator));
}

void MeasuredMessages::SetFor(v1::CatalogService::CallbackService& service) {
  using Service = v1::CatalogService::CallbackService;
  Set(service, &Service::SetMessageAllocatorFor_UpsertItems);
  Set(service, &Service::SetMessageAllocatorFor_GetItem);
  Set(service, &Service::SetMessageAllocatorFor_ListItems);
  Set(service, &Service::SetMessageAllocatorFor_DeleteItems);
  Set(service, &Service::SetMessageAllocatorFor_SetInventory);
}

void MeasuredMessages::SetFor(v1::EventService::CallbackService& service) {
  using Service = v1::EventService::CallbackService;
  Set(service, &Service::SetMessageAllocatorFor_RecordEvents);
}

void MeasuredMessages::SetFor(v1::FeatureService::CallbackService& service) {
  using Service = v1::FeatureService::CallbackService;
  Set(service, &Service::SetMessageAllocatorFor_ListFeatures);
  Set(service, &Service::SetMessageAllocatorFor_GetUserFeatures);
  Set(service, &Service::SetMessageAllocatorFor_GetItemFeatures);
  Set(service, &Service::SetMessageAllocatorFor_BatchGetUserFeatures);
  Set(service, &Service::SetMessageAllocatorFor_BatchGetItemFeatures);
  Set(service, &Service::SetMessageAllocatorFor_PutFeatures);
}

void MeasuredMessages::SetFor(v1::InsightService::CallbackService& service) {
  using Service = v1::InsightService::CallbackService;
  Set(service, &Service::SetMessageAllocatorFor_GetUserProfile);
  Set(service, &Service::SetMessageAllocatorFor_ListSegments);
  Set(service, &Service::SetMessageAllocatorFor_GetFunnel);
  Set(service, &Service::SetMessageAllocatorFor_GetPaths);
  Set(service, &Service::SetMessageAllocatorFor_GetPlacementReport);
  Set(service, &Service::SetMessageAllocatorFor_PredictPurchase);
}

void MeasuredMessages::SetFor(v1::ModelService::CallbackService& service) {
  using Service = v1::ModelService::CallbackService;
  Set(service, &Service::SetMessageAllocatorFor_TrainModels);
  Set(service, &Service::SetMessageAllocatorFor_GetTraining);
  Set(service, &Service::SetMessageAllocatorFor_CancelTraining);
  Set(service, &Service::SetMessageAllocatorFor_ListTrainings);
  Set(service, &Service::SetMessageAllocatorFor_RollBackModels);
  Set(service, &Service::SetMessageAllocatorFor_PromoteCandidate);
  Set(service, &Service::SetMessageAllocatorFor_ListModelVersions);
  Set(service, &Service::SetMessageAllocatorFor_GetModelStatus);
}

void MeasuredMessages::SetFor(v1::RecommendationService::CallbackService& service) {
  using Service = v1::RecommendationService::CallbackService;
  Set(service, &Service::SetMessageAllocatorFor_RecommendItems);
  Set(service, &Service::SetMessageAllocatorFor_BatchRecommendItems);
  Set(service, &Service::SetMessageAllocatorFor_SimilarItems);
  Set(service, &Service::SetMessageAllocatorFor_RankItems);
  Set(service, &Service::SetMessageAllocatorFor_ExplainRecommendation);
}

void MeasuredMessages::SetFor(v1::ServingConfigService::CallbackService& service) {
  using Service = v1::ServingConfigService::CallbackService;
  Set(service, &Service::SetMessageAllocatorFor_ListPlacements);
  Set(service, &Service::SetMessageAllocatorFor_GetPlacement);
  Set(service, &Service::SetMessageAllocatorFor_PutPlacement);
  Set(service, &Service::SetMessageAllocatorFor_DeletePlacement);
}

void MeasuredMessages::SetFor(v1::StoreService::CallbackService& service) {
  using Service = v1::StoreService::CallbackService;
  Set(service, &Service::SetMessageAllocatorFor_BackUpStore);
  Set(service, &Service::SetMessageAllocatorFor_ForgetOldEvents);
}

void MeasuredMessages::SetFor(v1::UserService::CallbackService& service) {
  using Service = v1::UserService::CallbackService;
  Set(service, &Service::SetMessageAllocatorFor_UpsertUsers);
  Set(service, &Service::SetMessageAllocatorFor_GetUser);
  Set(service, &Service::SetMessageAllocatorFor_MergeUsers);
  Set(service, &Service::SetMessageAllocatorFor_EraseUser);
}

}  // namespace vitrine
