#include "cli/import/client_writer.h"

#include <string>
#include <utility>
#include <variant>

#include "absl/strings/cord.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/server/convert.h"

namespace vitrine::cli {
namespace {

EventOutcome OutcomeOf(const v1::EventAck& ack) {
  if (ack.dropped()) return EventOutcome::kErased;
  return ack.duplicate() ? EventOutcome::kDuplicate : EventOutcome::kRecorded;
}

// With the reason where the store puts it, too.
absl::Status AsOfStore(absl::Status status) {
  const std::string reason = ErrorReason(status);
  if (!reason.empty()) status.SetPayload(kReasonPayload, absl::Cord(reason));
  return status;
}

// Sends `values` in as many requests as keep each message small, one after the other; a part that
// fails leaves those before it written, as an import that is cut short does. `add` puts a value
// into a request and returns its bytes.
template <typename Request, typename Values, typename Add, typename SendPart>
absl::Status InParts(const Values& values, const Add& add, const SendPart& send) {
  constexpr std::size_t kMostBytes = 4U << 20U;  // A quarter of what a server takes as it comes.
  Request part;
  std::size_t num_bytes = 0;
  for (const auto& value : values) {
    num_bytes += add(part, value);
    if (num_bytes < kMostBytes) continue;
    VITRINE_RETURN_IF_ERROR(send(part));
    part.Clear();
    num_bytes = 0;
  }
  return num_bytes == 0 ? absl::OkStatus() : send(part);
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
    WriteResult result;
    VITRINE_RETURN_IF_ERROR(InParts<v1::RecordEventsRequest>(
        batch.events,
        [](auto& part, const Event& event) {
          return (*part.add_events() = ToProto(event)).ByteSizeLong();
        },
        [&](const v1::RecordEventsRequest& part) {
          const auto response = client_.RecordEvents(part);
          if (!response.ok()) return response.status();
          for (const v1::EventAck& ack : response->acks())
            result.outcomes.push_back(OutcomeOf(ack));
          return absl::OkStatus();
        }));
    return result;
  }

  absl::StatusOr<WriteResult> Send(const UpsertItems& batch) {
    VITRINE_RETURN_IF_ERROR(InParts<v1::UpsertItemsRequest>(
        batch.items,
        [](auto& part, const Item& item) {
          return (*part.add_items() = ToProto(item)).ByteSizeLong();
        },
        [this](const auto& part) { return client_.UpsertItems(part).status(); }));
    return WriteResult{.num_changed = batch.items.size()};
  }

  absl::StatusOr<WriteResult> Send(const UpsertUsers& batch) {
    VITRINE_RETURN_IF_ERROR(InParts<v1::UpsertUsersRequest>(
        batch.users,
        [](auto& part, const User& user) {
          return (*part.add_users() = ToProto(user)).ByteSizeLong();
        },
        [this](const auto& part) { return AsOfStore(client_.UpsertUsers(part).status()); }));
    return WriteResult{.num_changed = batch.users.size()};
  }

  Client& client_;
};

}  // namespace

std::unique_ptr<ShopWriter> MakeClientWriter(Client& client) {
  return std::make_unique<ClientWriter>(client);
}

}  // namespace vitrine::cli
