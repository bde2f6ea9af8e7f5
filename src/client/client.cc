#include "vitrine/client/client.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/channel.h"
#include "client/error.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "vitrine/base/status_macros.h"
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
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

class GrpcEventStream final : public Client::EventStream {
 public:
  GrpcEventStream(v1::EventService::Stub& stub, std::string address, const std::string& key)
      : address_(std::move(address)) {
    ShowKey(key, context_);
    stream_ = stub.StreamEvents(&context_);
  }

  ~GrpcEventStream() override {
    if (is_finished_) return;
    context_.TryCancel();
    stream_->Finish();
  }

  bool Send(const v1::Event& event) override {
    v1::StreamEventsRequest request;
    *request.mutable_event() = event;
    return stream_->Write(request);
  }

  void SendNoMore() override { stream_->WritesDone(); }

  bool Receive(v1::StreamEventsResponse* response) override { return stream_->Read(response); }

  absl::Status Finish() override {
    is_finished_ = true;
    return FromGrpcStatus(stream_->Finish(), address_);
  }

 private:
  const std::string address_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::StreamEventsRequest, v1::StreamEventsResponse>>
      stream_;
  bool is_finished_ = false;
};

class GrpcClient final : public Client {
 public:
  GrpcClient(std::string address, const ClientOptions& options)
      : address_(std::move(address)),
        options_(options),
        channel_(MakeChannel(address_, options)),
        recommendations_(v1::RecommendationService::NewStub(channel_)),
        events_(v1::EventService::NewStub(channel_)),
        catalog_(v1::CatalogService::NewStub(channel_)),
        users_(v1::UserService::NewStub(channel_)),
        features_(v1::FeatureService::NewStub(channel_)),
        insight_(v1::InsightService::NewStub(channel_)),
        models_(v1::ModelService::NewStub(channel_)),
        placements_(v1::ServingConfigService::NewStub(channel_)),
        store_(v1::StoreService::NewStub(channel_)),
        health_(Health::NewStub(channel_)) {}

  absl::StatusOr<v1::RecommendItemsResponse> RecommendItems(
      const v1::RecommendItemsRequest& request) override {
    return Call(*recommendations_, &v1::RecommendationService::Stub::RecommendItems, request);
  }
  absl::StatusOr<v1::SimilarItemsResponse> SimilarItems(
      const v1::SimilarItemsRequest& request) override {
    return Call(*recommendations_, &v1::RecommendationService::Stub::SimilarItems, request);
  }
  absl::StatusOr<v1::RankItemsResponse> RankItems(const v1::RankItemsRequest& request) override {
    return Call(*recommendations_, &v1::RecommendationService::Stub::RankItems, request);
  }
  absl::StatusOr<v1::BatchRecommendItemsResponse> BatchRecommendItems(
      const v1::BatchRecommendItemsRequest& request) override {
    return Call(*recommendations_, &v1::RecommendationService::Stub::BatchRecommendItems, request);
  }
  absl::StatusOr<v1::ExplainRecommendationResponse> ExplainRecommendation(
      const v1::ExplainRecommendationRequest& request) override {
    return Call(*recommendations_, &v1::RecommendationService::Stub::ExplainRecommendation,
                request);
  }
  absl::StatusOr<v1::RecordEventsResponse> RecordEvents(
      const v1::RecordEventsRequest& request) override {
    return Call(*events_, &v1::EventService::Stub::RecordEvents, request);
  }
  absl::StatusOr<v1::UpsertItemsResponse> UpsertItems(
      const v1::UpsertItemsRequest& request) override {
    return Call(*catalog_, &v1::CatalogService::Stub::UpsertItems, request);
  }
  absl::StatusOr<v1::GetItemResponse> GetItem(const v1::GetItemRequest& request) override {
    return Call(*catalog_, &v1::CatalogService::Stub::GetItem, request);
  }
  absl::StatusOr<v1::ListItemsResponse> ListItems(const v1::ListItemsRequest& request) override {
    return Call(*catalog_, &v1::CatalogService::Stub::ListItems, request);
  }
  absl::StatusOr<v1::DeleteItemsResponse> DeleteItems(
      const v1::DeleteItemsRequest& request) override {
    return Call(*catalog_, &v1::CatalogService::Stub::DeleteItems, request);
  }
  absl::StatusOr<v1::SetInventoryResponse> SetInventory(
      const v1::SetInventoryRequest& request) override {
    return Call(*catalog_, &v1::CatalogService::Stub::SetInventory, request);
  }
  absl::StatusOr<v1::UpsertUsersResponse> UpsertUsers(
      const v1::UpsertUsersRequest& request) override {
    return Call(*users_, &v1::UserService::Stub::UpsertUsers, request);
  }
  absl::StatusOr<v1::GetUserResponse> GetUser(const v1::GetUserRequest& request) override {
    return Call(*users_, &v1::UserService::Stub::GetUser, request);
  }
  absl::StatusOr<v1::MergeUsersResponse> MergeUsers(const v1::MergeUsersRequest& request) override {
    return Call(*users_, &v1::UserService::Stub::MergeUsers, request);
  }
  absl::StatusOr<v1::EraseUserResponse> EraseUser(const v1::EraseUserRequest& request) override {
    return Call(*users_, &v1::UserService::Stub::EraseUser, request);
  }
  absl::StatusOr<v1::BackUpStoreResponse> BackUpStore(
      const v1::BackUpStoreRequest& request) override {
    return Call(*store_, &v1::StoreService::Stub::BackUpStore, request);
  }
  absl::StatusOr<v1::ForgetOldEventsResponse> ForgetOldEvents(
      const v1::ForgetOldEventsRequest& request) override {
    return Call(*store_, &v1::StoreService::Stub::ForgetOldEvents, request);
  }
  absl::StatusOr<v1::ListFeaturesResponse> ListFeatures(
      const v1::ListFeaturesRequest& request) override {
    return Call(*features_, &v1::FeatureService::Stub::ListFeatures, request);
  }
  absl::StatusOr<v1::GetUserFeaturesResponse> GetUserFeatures(
      const v1::GetUserFeaturesRequest& request) override {
    return Call(*features_, &v1::FeatureService::Stub::GetUserFeatures, request);
  }
  absl::StatusOr<v1::GetItemFeaturesResponse> GetItemFeatures(
      const v1::GetItemFeaturesRequest& request) override {
    return Call(*features_, &v1::FeatureService::Stub::GetItemFeatures, request);
  }
  absl::StatusOr<v1::BatchGetUserFeaturesResponse> BatchGetUserFeatures(
      const v1::BatchGetUserFeaturesRequest& request) override {
    return Call(*features_, &v1::FeatureService::Stub::BatchGetUserFeatures, request);
  }
  absl::StatusOr<v1::BatchGetItemFeaturesResponse> BatchGetItemFeatures(
      const v1::BatchGetItemFeaturesRequest& request) override {
    return Call(*features_, &v1::FeatureService::Stub::BatchGetItemFeatures, request);
  }
  absl::StatusOr<v1::PutFeaturesResponse> PutFeatures(
      const v1::PutFeaturesRequest& request) override {
    return Call(*features_, &v1::FeatureService::Stub::PutFeatures, request);
  }
  absl::StatusOr<v1::GetUserProfileResponse> GetUserProfile(
      const v1::GetUserProfileRequest& request) override {
    return Call(*insight_, &v1::InsightService::Stub::GetUserProfile, request);
  }
  absl::StatusOr<v1::PredictPurchaseResponse> PredictPurchase(
      const v1::PredictPurchaseRequest& request) override {
    return Call(*insight_, &v1::InsightService::Stub::PredictPurchase, request);
  }
  absl::StatusOr<v1::GetPlacementReportResponse> GetPlacementReport(
      const v1::GetPlacementReportRequest& request) override {
    return Call(*insight_, &v1::InsightService::Stub::GetPlacementReport, request);
  }
  absl::StatusOr<v1::GetFunnelResponse> GetFunnel(const v1::GetFunnelRequest& request) override {
    return Call(*insight_, &v1::InsightService::Stub::GetFunnel, request);
  }
  absl::StatusOr<v1::GetPathsResponse> GetPaths(const v1::GetPathsRequest& request) override {
    return Call(*insight_, &v1::InsightService::Stub::GetPaths, request);
  }
  absl::StatusOr<v1::ListSegmentsResponse> ListSegments() override {
    return Call(*insight_, &v1::InsightService::Stub::ListSegments, v1::ListSegmentsRequest());
  }
  absl::StatusOr<v1::ListPlacementsResponse> ListPlacements() override {
    return Call(*placements_, &v1::ServingConfigService::Stub::ListPlacements,
                v1::ListPlacementsRequest());
  }
  absl::StatusOr<v1::PutPlacementResponse> PutPlacement(
      const v1::PutPlacementRequest& request) override {
    return Call(*placements_, &v1::ServingConfigService::Stub::PutPlacement, request);
  }
  absl::StatusOr<v1::DeletePlacementResponse> DeletePlacement(const std::string& name) override {
    v1::DeletePlacementRequest request;
    request.set_name(name);
    return Call(*placements_, &v1::ServingConfigService::Stub::DeletePlacement, request);
  }
  absl::StatusOr<v1::TrainModelsResponse> TrainModels(bool skips_gate) override {
    v1::TrainModelsRequest request;
    request.set_skip_gate(skips_gate);
    return Call(*models_, &v1::ModelService::Stub::TrainModels, request);
  }
  absl::StatusOr<v1::CancelTrainingResponse> CancelTraining(
      const std::string& training_id) override {
    v1::CancelTrainingRequest request;
    request.set_training_id(training_id);
    return Call(*models_, &v1::ModelService::Stub::CancelTraining, request);
  }
  absl::StatusOr<v1::ListTrainingsResponse> ListTrainings() override {
    return Call(*models_, &v1::ModelService::Stub::ListTrainings, v1::ListTrainingsRequest());
  }
  absl::StatusOr<v1::RollBackModelsResponse> RollBackModels(const std::string& version) override {
    v1::RollBackModelsRequest request;
    request.set_version(version);
    return Call(*models_, &v1::ModelService::Stub::RollBackModels, request);
  }
  absl::StatusOr<v1::PromoteCandidateResponse> PromoteCandidate() override {
    return Call(*models_, &v1::ModelService::Stub::PromoteCandidate, v1::PromoteCandidateRequest());
  }
  absl::StatusOr<v1::GetTrainingResponse> GetTraining(const std::string& training_id) override {
    v1::GetTrainingRequest request;
    request.set_training_id(training_id);
    return Call(*models_, &v1::ModelService::Stub::GetTraining, request);
  }
  absl::StatusOr<v1::ListModelVersionsResponse> ListModelVersions() override {
    return Call(*models_, &v1::ModelService::Stub::ListModelVersions,
                v1::ListModelVersionsRequest());
  }
  absl::StatusOr<v1::GetModelStatusResponse> GetModelStatus() override {
    return Call(*models_, &v1::ModelService::Stub::GetModelStatus, v1::GetModelStatusRequest());
  }

  absl::StatusOr<v1::ReplaceCatalogResponse> ReplaceCatalog(
      const std::function<std::vector<v1::Item>()>& next) override;
  absl::Status WatchTraining(const std::string& training_id,
                             const std::function<bool(const v1::Training&)>& see) override;
  absl::Status ExportUserData(
      const v1::ExportUserDataRequest& request,
      const std::function<bool(const v1::ExportUserDataResponse&)>& see) override;

  std::unique_ptr<EventStream> StreamEvents() override {
    return std::make_unique<GrpcEventStream>(*events_, address_, options_.key);
  }

  absl::StatusOr<bool> CheckHealth(const std::string& service) override {
    HealthCheckRequest request;
    request.set_service(service);
    VITRINE_ASSIGN_OR_RETURN(const HealthCheckResponse response,
                             Call(*health_, &Health::Stub::Check, request));
    return response.status() == HealthCheckResponse::SERVING;
  }

  void RecommendItems(const v1::RecommendItemsRequest& request,
                      Done<v1::RecommendItemsResponse> done) override {
    Call<v1::RecommendItemsResponse>(
        *recommendations_->async(), request, std::move(done),
        [](auto& stub, auto&&... arguments) { stub.RecommendItems(arguments...); });
  }
  void RecordEvents(const v1::RecordEventsRequest& request,
                    Done<v1::RecordEventsResponse> done) override {
    Call<v1::RecordEventsResponse>(
        *events_->async(), request, std::move(done),
        [](auto& stub, auto&&... arguments) { stub.RecordEvents(arguments...); });
  }
  void CheckHealth(const std::string& service, Done<bool> done) override {
    HealthCheckRequest request;
    request.set_service(service);
    Call<HealthCheckResponse>(
        *health_->async(), request,
        [done = std::move(done)](const absl::StatusOr<HealthCheckResponse>& response) {
          if (!response.ok()) return done(response.status());
          done(response->status() == HealthCheckResponse::SERVING);
        },
        [](auto& stub, auto&&... arguments) { stub.Check(arguments...); });
  }

 private:
  std::chrono::system_clock::time_point Deadline() const {
    return std::chrono::system_clock::now() + std::chrono::microseconds(options_.timeout);
  }

  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) {
    grpc::ClientContext context;
    ShowKey(options_.key, context);
    context.set_deadline(Deadline());
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return FromGrpcStatus(status, address_);
    return response;
  }

  // The same without waiting; `start` calls the method of the stub.
  template <typename Response, typename Stub, typename Request, typename Start>
  void Call(Stub& stub, const Request& request, Done<Response> done, Start start) {
    struct Flight {
      grpc::ClientContext context;
      Request request;
      Response response;
    };
    auto flight = std::make_shared<Flight>();
    flight->request = request;
    ShowKey(options_.key, flight->context);
    flight->context.set_deadline(Deadline());
    start(stub, &flight->context, &flight->request, &flight->response,
          [this, flight, done = std::move(done)](const grpc::Status& status) {
            if (!status.ok()) return done(FromGrpcStatus(status, address_));
            done(std::move(flight->response));
          });
  }

  const std::string address_;
  const ClientOptions options_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::RecommendationService::Stub> recommendations_;
  const std::unique_ptr<v1::EventService::Stub> events_;
  const std::unique_ptr<v1::CatalogService::Stub> catalog_;
  const std::unique_ptr<v1::UserService::Stub> users_;
  const std::unique_ptr<v1::FeatureService::Stub> features_;
  const std::unique_ptr<v1::InsightService::Stub> insight_;
  const std::unique_ptr<v1::ModelService::Stub> models_;
  const std::unique_ptr<v1::ServingConfigService::Stub> placements_;
  const std::unique_ptr<v1::StoreService::Stub> store_;
  const std::unique_ptr<Health::Stub> health_;
};

absl::StatusOr<v1::ReplaceCatalogResponse> GrpcClient::ReplaceCatalog(
    const std::function<std::vector<v1::Item>()>& next) {
  grpc::ClientContext context;
  ShowKey(options_.key, context);
  v1::ReplaceCatalogResponse response;
  const auto writer = catalog_->ReplaceCatalog(&context, &response);
  std::int64_t total_count = 0;
  for (std::vector<v1::Item> items = next(); !items.empty();) {
    v1::ReplaceCatalogRequest request;
    total_count += static_cast<std::int64_t>(items.size());
    for (v1::Item& item : items) *request.add_items() = std::move(item);
    items = next();
    if (items.empty()) request.set_total_count(total_count);  // This is the last message.
    if (!writer->Write(request)) break;                       // Finish says why.
  }
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  if (!status.ok()) return FromGrpcStatus(status, address_);
  return response;
}

absl::Status GrpcClient::WatchTraining(const std::string& training_id,
                                       const std::function<bool(const v1::Training&)>& see) {
  grpc::ClientContext context;
  ShowKey(options_.key, context);
  v1::WatchTrainingRequest request;
  request.set_training_id(training_id);
  const auto reader = models_->WatchTraining(&context, request);
  v1::WatchTrainingResponse response;
  while (reader->Read(&response)) {
    if (see(response.training())) continue;
    context.TryCancel();
    reader->Finish();
    return absl::OkStatus();
  }
  return FromGrpcStatus(reader->Finish(), address_);
}

absl::Status GrpcClient::ExportUserData(
    const v1::ExportUserDataRequest& request,
    const std::function<bool(const v1::ExportUserDataResponse&)>& see) {
  grpc::ClientContext context;
  ShowKey(options_.key, context);
  const auto reader = users_->ExportUserData(&context, request);
  v1::ExportUserDataResponse response;
  while (reader->Read(&response)) {
    if (see(response)) continue;
    context.TryCancel();
    reader->Finish();
    return absl::OkStatus();
  }
  return FromGrpcStatus(reader->Finish(), address_);
}

}  // namespace

std::unique_ptr<Client> Client::Connect(const std::string& address, const ClientOptions& options) {
  return std::make_unique<GrpcClient>(address, options);
}

}  // namespace vitrine
