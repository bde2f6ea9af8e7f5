#include "server/serving_config_service.h"

#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/status.h"
#include "server/wire.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/server/convert.h"

namespace vitrine {
namespace {

std::shared_ptr<const Placements::Table> TableOf(const Backend& backend) {
  return backend.placements == nullptr ? Placements::BuiltIn() : backend.placements->All();
}

absl::Status NoSuchPlacement(const std::string& name, const std::string& message) {
  return WithReason(absl::NotFoundError(message), "PLACEMENT_NOT_FOUND", {{"name", name}});
}

absl::Status SetPlacement(const Placements::Table& table, const std::string& name,
                          v1::Placement& message) {
  const auto found = table.find(name);
  if (found == table.end()) {
    return NoSuchPlacement(name, absl::StrFormat("there is no placement \"%s\"", name));
  }
  message = vitrine::ToProto(found->second);
  return absl::OkStatus();
}

absl::StatusOr<Placements*> Changeable(const Backend& backend) {
  if (backend.placements != nullptr) return backend.placements;
  return WithReason(absl::FailedPreconditionError(
                        "this server was started without a place to keep placements in"),
                    "PLACEMENTS_READ_ONLY");
}

absl::Status Put(const Backend& backend, const v1::PutPlacementRequest& request,
                 v1::PutPlacementResponse& response) {
  VITRINE_ASSIGN_OR_RETURN(Placements* const placements, Changeable(backend));
  auto [placement, faults] = vitrine::FromProto(request.placement());
  std::vector<FieldViolation> violations;
  AppendPrefixed("placement.", faults, violations);
  VITRINE_RETURN_IF_ERROR(BadRequestStatus(violations));
  const absl::Status put = placements->Put(std::move(placement));
  // All else was found before.
  if (absl::IsInvalidArgument(put)) {
    return BadField("placement.fallbacks", std::string(put.message()));
  }
  VITRINE_RETURN_IF_ERROR(put);
  return SetPlacement(*placements->All(), request.placement().name(),
                      *response.mutable_placement());
}

absl::Status Delete(const Backend& backend, const std::string& name) {
  VITRINE_ASSIGN_OR_RETURN(Placements* const placements, Changeable(backend));
  const absl::Status deleted = placements->Delete(name);
  if (absl::IsNotFound(deleted)) return NoSuchPlacement(name, std::string(deleted.message()));
  if (absl::IsFailedPrecondition(deleted)) {
    return WithReason(deleted, "PLACEMENT_IN_USE", {{"name", name}});
  }
  return deleted;
}

}  // namespace

grpc::ServerUnaryReactor* ServingConfigService::ListPlacements(
    grpc::CallbackServerContext* context, const v1::ListPlacementsRequest* request,
    v1::ListPlacementsResponse* response) {
  return pool_.Answer(context, *request, [this, response] {
    for (const auto& [name, entry] : *TableOf(pool_.backend())) {
      *response->add_placements() = vitrine::ToProto(entry);
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ServingConfigService::GetPlacement(grpc::CallbackServerContext* context,
                                                             const v1::GetPlacementRequest* request,
                                                             v1::GetPlacementResponse* response) {
  return pool_.Answer(context, *request, [this, request, response] {
    return SetPlacement(*TableOf(pool_.backend()), request->name(), *response->mutable_placement());
  });
}

// These two wait for the disk, so not on the thread that brought the call.
grpc::ServerUnaryReactor* ServingConfigService::PutPlacement(grpc::CallbackServerContext* context,
                                                             const v1::PutPlacementRequest* request,
                                                             v1::PutPlacementResponse* response) {
  return pool_.AnswerLater(context, *request,
                           [this, request, response](const RequestPool::Finish& finish) {
                             finish(Put(pool_.backend(), *request, *response));
                           });
}

grpc::ServerUnaryReactor* ServingConfigService::DeletePlacement(
    grpc::CallbackServerContext* context, const v1::DeletePlacementRequest* request,
    v1::DeletePlacementResponse* /*response*/) {
  return pool_.AnswerLater(context, *request, [this, request](const RequestPool::Finish& finish) {
    finish(Delete(pool_.backend(), request->name()));
  });
}

}  // namespace vitrine
