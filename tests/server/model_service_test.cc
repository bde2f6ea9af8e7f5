#include "server/model_service.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>

#include "google/rpc/error_details.pb.h"
#include "server/fake_backend.h"
#include "server/local_server.h"
#include "server/rpc_errors.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::FakeModelControl;
using testing::FakeStore;
using testing::LocalServer;
using testing::Unpack;
using State = TrainingProgress::State;

class ModelServiceTest : public ::testing::Test {
 protected:
  ModelServiceTest() { pool_.Open({.store = &store_, .models = &models_}); }

  v1::Training Train() {
    grpc::ClientContext context;
    v1::TrainModelsResponse response;
    EXPECT_TRUE(stub_->TrainModels(&context, v1::TrainModelsRequest(), &response).ok());
    return response.training();
  }

  std::unique_ptr<grpc::ClientReader<v1::WatchTrainingResponse>> Watch(const std::string& id) {
    v1::WatchTrainingRequest request;
    request.set_training_id(id);
    return stub_->WatchTraining(&context_, request);
  }

  v1::GetModelStatusResponse Status() {
    grpc::ClientContext context;
    v1::GetModelStatusResponse response;
    EXPECT_TRUE(stub_->GetModelStatus(&context, v1::GetModelStatusRequest(), &response).ok());
    return response;
  }

  google::protobuf::RepeatedPtrField<v1::Training> Trainings() {
    grpc::ClientContext context;
    v1::ListTrainingsResponse response;
    EXPECT_TRUE(stub_->ListTrainings(&context, v1::ListTrainingsRequest(), &response).ok());
    return response.trainings();
  }

  FakeStore store_;
  FakeModelControl models_;
  RequestPool pool_{2, 100};
  ModelService service_{pool_};
  LocalServer server_{&service_};
  std::unique_ptr<v1::ModelService::Stub> stub_ = v1::ModelService::NewStub(server_.channel());
  grpc::ClientContext context_;
};

TEST_F(ModelServiceTest, TrainModelsAnswersWithTheTrainingThatRuns) {
  const v1::Training first = Train();
  const v1::Training second = Train();

  EXPECT_EQ(first.training_id(), "t1");
  EXPECT_EQ(first.state(), v1::Training::STATE_RUNNING);
  EXPECT_EQ(second.training_id(), "t1");
}

TEST_F(ModelServiceTest, WatchTellsEachChangeAndEndsWithTheTraining) {
  Train();
  const auto watch = Watch("t1");
  v1::WatchTrainingResponse response;

  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.training().stage(), "snapshot");
  models_.Set({.id = "t1", .state = State::kRunning, .stage = "train ials", .fraction = 0.5});
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.training().stage(), "train ials");
  EXPECT_DOUBLE_EQ(response.training().progress(), 0.5);
  models_.Set({.id = "t1", .state = State::kFailed, .error = "too little", .finished_us = 9});
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.training().state(), v1::Training::STATE_FAILED);
  EXPECT_EQ(response.training().error(), "too little");
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_TRUE(watch->Finish().ok());
}

TEST_F(ModelServiceTest, AWatchEndsWhenTheServerDrains) {
  Train();
  const auto watch = Watch("t1");
  v1::WatchTrainingResponse response;
  ASSERT_TRUE(watch->Read(&response));

  pool_.Close();

  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(Unpack(watch->Finish()).reason, "DRAINING");
}

TEST_F(ModelServiceTest, AWatchEndsWhenItsClientLeaves) {
  Train();
  const auto watch = Watch("t1");
  v1::WatchTrainingResponse response;
  ASSERT_TRUE(watch->Read(&response));

  context_.TryCancel();  // The server's end waits for the watch: see LocalServer.

  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(ModelServiceTest, AnUnknownTrainingIsNotFound) {
  grpc::ClientContext context;
  v1::GetTrainingRequest request;
  request.set_training_id("t9");
  v1::GetTrainingResponse response;

  const auto error = Unpack(stub_->GetTraining(&context, request, &response));
  EXPECT_EQ(error.reason, "TRAINING_NOT_FOUND");
  EXPECT_EQ(error.metadata.at("training_id"), "t9");
  EXPECT_EQ(Unpack(Watch("t9")->Finish()).reason, "TRAINING_NOT_FOUND");
}

TEST_F(ModelServiceTest, VersionsAndStatusSayWhatIsLive) {
  EXPECT_FALSE(Status().has_live());
  models_.Set(ModelControl::Versions{
      .bundles = {{.version = "b", .metrics = {{"ndcg@20", 0.25}}, .model_names = {"ials"}},
                  {.version = "a"}},
      .live = "b",
      .previous = "a"});
  Train();

  grpc::ClientContext context;
  v1::ListModelVersionsResponse versions;
  ASSERT_TRUE(stub_->ListModelVersions(&context, v1::ListModelVersionsRequest(), &versions).ok());
  ASSERT_EQ(versions.versions_size(), 2);
  EXPECT_TRUE(versions.versions(0).live());
  EXPECT_FALSE(versions.versions(1).live());
  const v1::GetModelStatusResponse status = Status();
  EXPECT_EQ(status.live().version(), "b");
  EXPECT_THAT(status.live().models(), ElementsAre("ials"));
  EXPECT_EQ(status.live().metrics().at("ndcg@20"), 0.25);
  EXPECT_EQ(status.previous().version(), "a");
  EXPECT_EQ(status.training().training_id(), "t1");
}

TEST_F(ModelServiceTest, ARefusedTrainingHasTheReasonAndTheNumbers) {
  Train();
  models_.Set({.id = "t1",
               .state = State::kRefused,
               .error = "it is worse",
               .gate = GateReport{.is_passed = false,
                                  .verdict = "it is worse",
                                  .live_version = "a",
                                  .num_users = 40,
                                  .candidate_accuracy = 0.125,
                                  .live_accuracy = 0.25,
                                  .lowest_difference = -0.2,
                                  .highest_difference = -0.05,
                                  .candidate_coverage = 0.5,
                                  .live_coverage = 0.75}});

  const v1::Training training = Status().training();

  EXPECT_EQ(training.state(), v1::Training::STATE_REFUSED);
  EXPECT_EQ(training.error(), "it is worse");
  EXPECT_FALSE(training.gate().passed());
  EXPECT_EQ(training.gate().live_version(), "a");
  EXPECT_EQ(training.gate().test_user_count(), 40);
  EXPECT_EQ(training.gate().candidate_accuracy(), 0.125);
  EXPECT_EQ(training.gate().live_accuracy(), 0.25);
  EXPECT_EQ(training.gate().highest_difference(), -0.05);
  EXPECT_EQ(training.gate().live_coverage(), 0.75);
  EXPECT_EQ(training.refusal().code(), static_cast<int>(grpc::StatusCode::FAILED_PRECONDITION));
  ASSERT_EQ(training.refusal().details_size(), 1);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(training.refusal().details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "PROMOTION_GATE_FAILED");
  EXPECT_EQ(info.metadata().at("candidate_accuracy"), "0.125");
  EXPECT_EQ(info.metadata().at("highest_difference"), "-0.05");
}

TEST_F(ModelServiceTest, TheGateIsSkippedWhereThatIsAsked) {
  Train();
  EXPECT_FALSE(models_.has_skipped_gate());
  grpc::ClientContext context;
  v1::TrainModelsRequest request;
  request.set_skip_gate(true);
  v1::TrainModelsResponse response;

  ASSERT_TRUE(stub_->TrainModels(&context, request, &response).ok());

  EXPECT_TRUE(models_.has_skipped_gate());
}

TEST_F(ModelServiceTest, ATrainingIsCancelledAndListed) {
  EXPECT_EQ(Trainings().size(), 0);
  Train();
  grpc::ClientContext context;
  v1::CancelTrainingRequest request;
  request.set_training_id("t1");
  v1::CancelTrainingResponse response;

  ASSERT_TRUE(stub_->CancelTraining(&context, request, &response).ok());

  EXPECT_EQ(response.training().state(), v1::Training::STATE_CANCELLED);
  ASSERT_EQ(Trainings().size(), 1);
  EXPECT_EQ(Trainings()[0].training_id(), "t1");
  EXPECT_EQ(Trainings()[0].trigger(), v1::Training::TRIGGER_REQUEST);
  grpc::ClientContext again;
  request.set_training_id("t9");
  EXPECT_EQ(Unpack(stub_->CancelTraining(&again, request, &response)).reason, "TRAINING_NOT_FOUND");
}

TEST_F(ModelServiceTest, RollingBackAnswersWithWhatIsLiveThen) {
  grpc::ClientContext first;
  v1::RollBackModelsResponse response;
  EXPECT_EQ(Unpack(stub_->RollBackModels(&first, v1::RollBackModelsRequest(), &response)).reason,
            "NO_PREVIOUS_VERSION");
  models_.Set(ModelControl::Versions{
      .bundles = {{.version = "b"}, {.version = "a"}}, .live = "b", .previous = "a"});
  grpc::ClientContext second;

  ASSERT_TRUE(stub_->RollBackModels(&second, v1::RollBackModelsRequest(), &response).ok());

  EXPECT_EQ(response.live().version(), "a");
  EXPECT_EQ(response.previous().version(), "b");
}

TEST_F(ModelServiceTest, ACandidateIsShownWithItsShadowAndMadeLive) {
  grpc::ClientContext first;
  v1::PromoteCandidateResponse response;
  EXPECT_EQ(
      Unpack(stub_->PromoteCandidate(&first, v1::PromoteCandidateRequest(), &response)).reason,
      "NO_CANDIDATE");
  EXPECT_FALSE(Status().has_shadow());
  EXPECT_FALSE(Status().has_last_rollback());
  const RollbackNote back = {
      .time_us = 5, .from = "c", .to = "a", .cause = RollbackCause::kClicks, .reason = "late"};
  models_.Set(ModelControl::Versions{.bundles = {{.version = "b"}, {.version = "a"}},
                                     .live = "a",
                                     .candidate = "b",
                                     .rollback = back});
  models_.Set(ShadowReport{.candidate_version = "b",
                           .live_version = "a",
                           .num_compared = 8,
                           .mean_overlap = 0.75,
                           .mean_score_shift = -0.5,
                           .mean_micros = 1500});

  const v1::GetModelStatusResponse status = Status();
  grpc::ClientContext second;
  ASSERT_TRUE(stub_->PromoteCandidate(&second, v1::PromoteCandidateRequest(), &response).ok());

  EXPECT_EQ(status.candidate().version(), "b");
  EXPECT_THAT(status.candidate().aliases(), ElementsAre("candidate"));
  EXPECT_THAT(status.live().aliases(), ElementsAre("live"));
  EXPECT_EQ(status.shadow().compared_count(), 8);
  EXPECT_EQ(status.shadow().mean_overlap(), 0.75);
  EXPECT_EQ(status.shadow().mean_score_shift(), -0.5);
  EXPECT_EQ(status.shadow().mean_latency_ms(), 1.5);
  EXPECT_EQ(status.last_rollback().from_version(), "c");
  EXPECT_EQ(status.last_rollback().cause(), v1::RollbackNote::CAUSE_CLICKS);
  EXPECT_EQ(status.last_rollback().reason(), "late");
  EXPECT_EQ(response.live().version(), "b");
}

TEST_F(ModelServiceTest, AServerWithoutModelsSaysSo) {
  RequestPool pool(1, 10);
  pool.Open({.store = &store_});
  ModelService service(pool);
  LocalServer server({&service});
  const auto stub = v1::ModelService::NewStub(server.channel());
  grpc::ClientContext context;
  v1::TrainModelsResponse response;

  const grpc::Status status = stub->TrainModels(&context, v1::TrainModelsRequest(), &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(Unpack(status).reason, "TRAINING_DISABLED");
}

}  // namespace
}  // namespace vitrine
