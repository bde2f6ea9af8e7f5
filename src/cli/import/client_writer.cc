#include "cli/import/client_writer.h"

#include <utility>
#include <variant>

#include "vitrine/base/status_macros.h"
#include "vitrine/server/convert.h"

namespace vitrine::cli {
namespace {

EventOutcome OutcomeOf(const v1::EventAck& ack) {
  if (ack.dropped()) return EventOutcome::kErased;
  return ack.duplicate() ? EventOutcome::kDuplicate : EventOutcome::kRecorded;
}

class ClientWriter final : public ShopWriter {
 public:
  explicit ClientWriter(Client& client) : client_(client) {}

  void Write(Mutation batch, Done done) override {
    if (const auto* events = std::get_if<RecordEvents>(&batch)) return done(Send(*events));
    if (const auto* items = std::get_if<UpsertItems>(&batch)) return done(Send(*items));
    if (const auto* users = std::get_if<UpsertUsers>(&batch)) return done(Send(*users));
    done(absl::InvalidArgumentError("only events, items and users are imported"));
  }

  std::size_t max_in_flight() const override { return 1; }

 private:
  absl::StatusOr<WriteResult> Send(const RecordEvents& batch) {
    v1::RecordEventsRequest request;
    for (const Event& event : batch.events) *request.add_events() = ToProto(event);
    VITRINE_ASSIGN_OR_RETURN(const v1::RecordEventsResponse response,
                             client_.RecordEvents(request));
    WriteResult result;
    for (const v1::EventAck& ack : response.acks()) result.outcomes.push_back(OutcomeOf(ack));
    return result;
  }

  absl::StatusOr<WriteResult> Send(const UpsertItems& batch) {
    v1::UpsertItemsRequest request;
    for (const Item& item : batch.items) *request.add_items() = ToProto(item);
    VITRINE_RETURN_IF_ERROR(client_.UpsertItems(request).status());
    WriteResult result;
    result.num_changed = batch.items.size();
    return result;
  }

  absl::StatusOr<WriteResult> Send(const UpsertUsers& batch) {
    v1::UpsertUsersRequest request;
    for (const User& user : batch.users) *request.add_users() = ToProto(user);
    VITRINE_RETURN_IF_ERROR(client_.UpsertUsers(request).status());
    WriteResult result;
    result.num_changed = batch.users.size();
    return result;
  }

  Client& client_;
};

}  // namespace

std::unique_ptr<ShopWriter> MakeClientWriter(Client& client) {
  return std::make_unique<ClientWriter>(client);
}

}  // namespace vitrine::cli
