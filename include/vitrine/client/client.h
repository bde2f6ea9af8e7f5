#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"
#include "vitrine/v1/catalog_service.pb.h"
#include "vitrine/v1/event_service.pb.h"
#include "vitrine/v1/feature_service.pb.h"
#include "vitrine/v1/insight_service.pb.h"
#include "vitrine/v1/model_service.pb.h"
#include "vitrine/v1/recommendation_service.pb.h"
#include "vitrine/v1/serving_config_service.pb.h"
#include "vitrine/v1/store_service.pb.h"
#include "vitrine/v1/user_service.pb.h"

namespace vitrine {

// PEM texts.
struct ClientTls {
  bool is_on = false;
  std::string root_certificates{};  // Whom to trust; empty: whom this machine trusts.
  std::string certificate{};        // To show, with its private key; empty: none.
  std::string private_key{};
};

struct ClientOptions {
  Micros timeout = 30 * kMicrosPerSecond;      // Of one call; streams have none.
  std::size_t max_message_bytes = 16U << 20U;  // As the server's default.
  std::string key{};                           // Shown with each call; empty: none.
  ClientTls tls{};
};

// The reason of the error's ErrorInfo, such as "ITEM_NOT_FOUND"; empty where there is none.
std::string ErrorReason(const absl::Status& status);

// A connection to a Vitrine server: each method is the call of that name in proto/vitrine/v1, which
// documents it. Thread-safe; calls from many threads share one connection.
//
// Errors are the server's, with the violated fields in the message:
//   INVALID_ARGUMENT: 2 fields are invalid, the first is ...
//     events[3].items[0].quantity: is -1; must be 1 or more
// and UNAVAILABLE, naming the address, when no server answers there.
class Client {
 public:
  // Connects with the first call. "host:port" or "unix:/path".
  static std::unique_ptr<Client> Connect(const std::string& address,
                                         const ClientOptions& options = {});
  virtual ~Client() = default;

  template <typename Response>
  using Done = std::function<void(absl::StatusOr<Response>)>;

  virtual absl::StatusOr<v1::RecommendItemsResponse> RecommendItems(
      const v1::RecommendItemsRequest& request) = 0;
  virtual absl::StatusOr<v1::SimilarItemsResponse> SimilarItems(
      const v1::SimilarItemsRequest& request) = 0;
  virtual absl::StatusOr<v1::RankItemsResponse> RankItems(const v1::RankItemsRequest& request) = 0;
  virtual absl::StatusOr<v1::BatchRecommendItemsResponse> BatchRecommendItems(
      const v1::BatchRecommendItemsRequest& request) = 0;
  virtual absl::StatusOr<v1::ExplainRecommendationResponse> ExplainRecommendation(
      const v1::ExplainRecommendationRequest& request) = 0;
  virtual absl::StatusOr<v1::RecordEventsResponse> RecordEvents(
      const v1::RecordEventsRequest& request) = 0;
  virtual absl::StatusOr<v1::UpsertItemsResponse> UpsertItems(
      const v1::UpsertItemsRequest& request) = 0;
  virtual absl::StatusOr<v1::GetItemResponse> GetItem(const v1::GetItemRequest& request) = 0;
  virtual absl::StatusOr<v1::ListItemsResponse> ListItems(const v1::ListItemsRequest& request) = 0;
  virtual absl::StatusOr<v1::DeleteItemsResponse> DeleteItems(
      const v1::DeleteItemsRequest& request) = 0;
  virtual absl::StatusOr<v1::SetInventoryResponse> SetInventory(
      const v1::SetInventoryRequest& request) = 0;
  virtual absl::StatusOr<v1::UpsertUsersResponse> UpsertUsers(
      const v1::UpsertUsersRequest& request) = 0;
  virtual absl::StatusOr<v1::GetUserResponse> GetUser(const v1::GetUserRequest& request) = 0;
  virtual absl::StatusOr<v1::MergeUsersResponse> MergeUsers(
      const v1::MergeUsersRequest& request) = 0;
  virtual absl::StatusOr<v1::EraseUserResponse> EraseUser(const v1::EraseUserRequest& request) = 0;
  virtual absl::StatusOr<v1::BackUpStoreResponse> BackUpStore(
      const v1::BackUpStoreRequest& request) = 0;
  virtual absl::StatusOr<v1::ForgetOldEventsResponse> ForgetOldEvents(
      const v1::ForgetOldEventsRequest& request) = 0;
  virtual absl::StatusOr<v1::ListFeaturesResponse> ListFeatures(
      const v1::ListFeaturesRequest& request) = 0;
  virtual absl::StatusOr<v1::GetUserFeaturesResponse> GetUserFeatures(
      const v1::GetUserFeaturesRequest& request) = 0;
  virtual absl::StatusOr<v1::GetItemFeaturesResponse> GetItemFeatures(
      const v1::GetItemFeaturesRequest& request) = 0;
  virtual absl::StatusOr<v1::BatchGetUserFeaturesResponse> BatchGetUserFeatures(
      const v1::BatchGetUserFeaturesRequest& request) = 0;
  virtual absl::StatusOr<v1::BatchGetItemFeaturesResponse> BatchGetItemFeatures(
      const v1::BatchGetItemFeaturesRequest& request) = 0;
  virtual absl::StatusOr<v1::PutFeaturesResponse> PutFeatures(
      const v1::PutFeaturesRequest& request) = 0;
  virtual absl::StatusOr<v1::GetUserProfileResponse> GetUserProfile(
      const v1::GetUserProfileRequest& request) = 0;
  virtual absl::StatusOr<v1::ListSegmentsResponse> ListSegments() = 0;
  virtual absl::StatusOr<v1::GetFunnelResponse> GetFunnel(const v1::GetFunnelRequest& request) = 0;
  virtual absl::StatusOr<v1::GetPathsResponse> GetPaths(const v1::GetPathsRequest& request) = 0;
  virtual absl::StatusOr<v1::ListPlacementsResponse> ListPlacements() = 0;
  virtual absl::StatusOr<v1::PutPlacementResponse> PutPlacement(
      const v1::PutPlacementRequest& request) = 0;
  virtual absl::StatusOr<v1::DeletePlacementResponse> DeletePlacement(const std::string& name) = 0;
  virtual absl::StatusOr<v1::TrainModelsResponse> TrainModels(bool skips_gate) = 0;
  virtual absl::StatusOr<v1::CancelTrainingResponse> CancelTraining(
      const std::string& training_id) = 0;
  virtual absl::StatusOr<v1::ListTrainingsResponse> ListTrainings() = 0;
  virtual absl::StatusOr<v1::RollBackModelsResponse> RollBackModels(const std::string& version) = 0;
  virtual absl::StatusOr<v1::PromoteCandidateResponse> PromoteCandidate() = 0;
  virtual absl::StatusOr<v1::GetTrainingResponse> GetTraining(const std::string& training_id) = 0;
  virtual absl::StatusOr<v1::ListModelVersionsResponse> ListModelVersions() = 0;
  virtual absl::StatusOr<v1::GetModelStatusResponse> GetModelStatus() = 0;

  // Sends what `next` returns until it returns nothing, then waits for the answer. Sets
  // `total_count` on the last message by itself.
  virtual absl::StatusOr<v1::ReplaceCatalogResponse> ReplaceCatalog(
      const std::function<std::vector<v1::Item>()>& next) = 0;

  // Calls `see` with each state of the training, and returns when it has ended (however it ended),
  // or when `see` returns false.
  virtual absl::Status WatchTraining(const std::string& training_id,
                                     const std::function<bool(const v1::Training&)>& see) = 0;

  // Calls `see` with each part of what is held of a person, until it returns false.
  virtual absl::Status ExportUserData(
      const v1::ExportUserDataRequest& request,
      const std::function<bool(const v1::ExportUserDataResponse&)>& see) = 0;

  // One StreamEvents call. One thread may send while another receives.
  class EventStream {
   public:
    virtual ~EventStream() = default;  // Cancels what was not finished.

    // Waits while the server holds the client back. False: the stream is broken, see Finish.
    virtual bool Send(const v1::Event& event) = 0;
    virtual void SendNoMore() = 0;

    // The next answer, in the order of Send. False: there are no more, see Finish.
    virtual bool Receive(v1::StreamEventsResponse* response) = 0;

    // Why the stream ended. REQUIRES: Receive returned false.
    virtual absl::Status Finish() = 0;
  };
  virtual std::unique_ptr<EventStream> StreamEvents() = 0;

  // Whether a service, or the whole server (""), says SERVING.
  virtual absl::StatusOr<bool> CheckHealth(const std::string& service) = 0;

  // The same without waiting: `done` is called once, on a thread of gRPC, and must be quick. For
  // many calls in flight from one thread.
  virtual void RecommendItems(const v1::RecommendItemsRequest& request,
                              Done<v1::RecommendItemsResponse> done) = 0;
  virtual void RecordEvents(const v1::RecordEventsRequest& request,
                            Done<v1::RecordEventsResponse> done) = 0;
  virtual void CheckHealth(const std::string& service, Done<bool> done) = 0;

  virtual absl::StatusOr<v1::PredictPurchaseResponse> PredictPurchase(
      const v1::PredictPurchaseRequest& request) = 0;
  virtual absl::StatusOr<v1::GetPlacementReportResponse> GetPlacementReport(
      const v1::GetPlacementReportRequest& request) = 0;
};

}  // namespace vitrine
