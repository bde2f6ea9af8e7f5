#pragma once

#include <grpcpp/alarm.h>

#include <optional>
#include <string>

#include "server/request_pool.h"
#include "vitrine/v1/model_service.grpc.pb.h"

namespace vitrine {

v1::Training ToProto(const TrainingProgress& progress);

// FAILED_PRECONDITION with reason TRAINING_DISABLED where there is no ModelControl.
absl::Status CheckTrains(const Backend& backend);

// NOT_FOUND gets the reason TRAINING_NOT_FOUND.
absl::StatusOr<TrainingProgress> Named(absl::StatusOr<TrainingProgress> progress,
                                       const std::string& id);

// What ModelControl says of a training. Errors: NOT_FOUND with reason TRAINING_NOT_FOUND;
// FAILED_PRECONDITION with reason TRAINING_DISABLED.
absl::StatusOr<TrainingProgress> FindTraining(const Backend& backend, const std::string& id);

// One WatchTraining call: writes the state whenever it differs from the one before, looking ten
// times a second, until the training ends, the client leaves or the server drains. One step follows
// the other, so that it needs no lock; deletes itself.
class TrainingWatch final : public grpc::ServerWriteReactor<v1::WatchTrainingResponse> {
 public:
  TrainingWatch(RequestPool& pool, grpc::CallbackServerContext& context, std::string training_id);

  void Start(const v1::WatchTrainingRequest& request);

  void OnWriteDone(bool is_ok) override;
  void OnDone() override { delete this; }

 private:
  void Look();
  void Wait();
  grpc::Status EndOf(const absl::Status& status);

  RequestPool& pool_;
  grpc::CallbackServerContext& context_;
  const std::string training_id_;
  v1::WatchTrainingResponse response_;  // What was written last; belongs to gRPC meanwhile.
  bool has_written_ = false;
  std::optional<grpc::Alarm> alarm_;
};

}  // namespace vitrine
