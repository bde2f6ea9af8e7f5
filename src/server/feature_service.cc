#include "server/feature_service.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/convert_feature.h"
#include "server/feature_reads.h"
#include "server/status.h"
#include "server/wire.h"
#include "server/write_and_finish.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/behaviour/registry.h"

namespace vitrine {
namespace {

constexpr CountLimits kDefinitions = {.minimum = 0, .maximum = 100};
constexpr CountLimits kValues = {.minimum = 0, .maximum = 1'000};

// A value's feature must be one that is put: defined before, or in the same request. The store
// checks it again; here the field can be named, and what was meant.
void CheckFeature(const std::string& path, const PutFeatures::Value& value,
                  const FeatureRegistry& known, std::vector<FieldViolation>& violations) {
  const FeatureSpec* spec = known.Find(value.name);
  if (spec == nullptr || spec->entity != value.entity) {
    violations.push_back({.field = path + "name",
                          .description = NoSuchFeature(known, value.entity, value.name) +
                                         "; a new one needs a definition"});
  } else if (FindFeature(value.name) != nullptr) {
    violations.push_back(
        {.field = path + "name",
         .description = absl::StrFormat("\"%s\" is computed by Vitrine; put values under a name of "
                                        "your own",
                                        value.name)});
  } else if (!std::holds_alternative<std::monostate>(value.value) && spec->type != value.type) {
    violations.push_back(
        {.field = path + "value",
         .description = absl::StrFormat("is of another type than \"%s\" is", value.name)});
  }
}

absl::StatusOr<PutFeatures> FromProto(const v1::PutFeaturesRequest& request,
                                      const FeatureRegistry& registry, Micros now) {
  PutFeatures puts;
  std::vector<FieldViolation> violations;
  CheckCount("definitions", request.definitions_size(), kDefinitions, violations);
  CheckCount("values", request.values_size(), kValues, violations);
  if (request.definitions().empty() && request.values().empty()) {
    violations.push_back({.field = "values", .description = "is empty, and so is definitions"});
  }
  VITRINE_RETURN_IF_ERROR(BadRequestStatus(violations));
  for (int i = 0; i < request.definitions_size(); ++i) {
    Converted<FeatureSpec> spec = vitrine::FromProto(request.definitions(i));
    AppendPrefixed(absl::StrFormat("definitions[%d].", i), spec.violations, violations);
    puts.definitions.push_back(std::move(spec.value));
  }
  VITRINE_RETURN_IF_ERROR(BadRequestStatus(violations));
  FeatureRegistry known = registry;
  for (const FeatureSpec& spec : puts.definitions) known.Add(spec);
  for (int i = 0; i < request.values_size(); ++i) {
    const std::string path = absl::StrFormat("values[%d].", i);
    Converted<PutFeatures::Value> value = vitrine::FromProto(request.values(i), now);
    AppendPrefixed(path, value.violations, violations);
    if (value.violations.empty()) CheckFeature(path, value.value, known, violations);
    puts.values.push_back(std::move(value.value));
  }
  VITRINE_RETURN_IF_ERROR(BadRequestStatus(violations));
  return puts;
}

}  // namespace

grpc::ServerUnaryReactor* FeatureService::ListFeatures(grpc::CallbackServerContext* context,
                                                       const v1::ListFeaturesRequest* request,
                                                       v1::ListFeaturesResponse* response) {
  return pool_.Answer(context, *request, [this, request, response] {
    return vitrine::ListFeatures(*pool_.backend().store, *request, *response);
  });
}

grpc::ServerUnaryReactor* FeatureService::GetUserFeatures(grpc::CallbackServerContext* context,
                                                          const v1::GetUserFeaturesRequest* request,
                                                          v1::GetUserFeaturesResponse* response) {
  return pool_.Answer(context, *request, [this, request, response] {
    return vitrine::GetUserFeatures(*pool_.backend().store, clock_.Now(), *request, *response);
  });
}

grpc::ServerUnaryReactor* FeatureService::GetItemFeatures(grpc::CallbackServerContext* context,
                                                          const v1::GetItemFeaturesRequest* request,
                                                          v1::GetItemFeaturesResponse* response) {
  return pool_.Answer(context, *request, [this, request, response] {
    return vitrine::GetItemFeatures(*pool_.backend().store, clock_.Now(), *request, *response);
  });
}

// The batches may take milliseconds: never on the thread that brought them.
grpc::ServerUnaryReactor* FeatureService::BatchGetUserFeatures(
    grpc::CallbackServerContext* context, const v1::BatchGetUserFeaturesRequest* request,
    v1::BatchGetUserFeaturesResponse* response) {
  return pool_.AnswerLater(context, *request,
                           [this, request, response](const RequestPool::Finish& finish) {
                             finish(vitrine::BatchGetUserFeatures(
                                 *pool_.backend().store, clock_.Now(), *request, *response));
                           });
}

grpc::ServerUnaryReactor* FeatureService::BatchGetItemFeatures(
    grpc::CallbackServerContext* context, const v1::BatchGetItemFeaturesRequest* request,
    v1::BatchGetItemFeaturesResponse* response) {
  return pool_.AnswerLater(context, *request,
                           [this, request, response](const RequestPool::Finish& finish) {
                             finish(vitrine::BatchGetItemFeatures(
                                 *pool_.backend().store, clock_.Now(), *request, *response));
                           });
}

grpc::ServerUnaryReactor* FeatureService::PutFeatures(grpc::CallbackServerContext* context,
                                                      const v1::PutFeaturesRequest* request,
                                                      v1::PutFeaturesResponse* response) {
  return pool_.AnswerLater(
      context, *request, [this, request, response](const RequestPool::Finish& finish) {
        const auto registry = pool_.backend().store->feature_registry();
        auto mutation = FromProto(*request, *registry, clock_.Now());
        WriteAndFinish(
            pool_, std::move(mutation), response, finish, [response](const WriteResult& result) {
              response->set_stored_count(static_cast<std::int64_t>(result.num_changed));
              response->set_outdated_count(static_cast<std::int64_t>(result.num_outdated));
              response->set_removed_count(static_cast<std::int64_t>(result.num_removed));
            });
      });
}

}  // namespace vitrine
