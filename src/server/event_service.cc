#include "server/event_service.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "server/event_stream.h"
#include "server/status.h"
#include "server/wire.h"
#include "server/write_and_finish.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/server/convert.h"

namespace vitrine {
namespace {

constexpr CountLimits kEvents = {.minimum = 1, .maximum = 1'000};

absl::StatusOr<RecordEvents> FromProto(const v1::RecordEventsRequest& request, Micros now) {
  RecordEvents batch;
  std::vector<FieldViolation> violations;
  CheckCount("events", request.events_size(), kEvents, violations);
  if (!violations.empty()) return BadRequestStatus(violations);
  for (int i = 0; i < request.events_size(); ++i) {
    Converted<Event> event = vitrine::FromProto(request.events(i), now);
    AppendPrefixed(absl::StrFormat("events[%d].", i), event.violations, violations);
    batch.events.push_back(std::move(event.value));
  }
  VITRINE_RETURN_IF_ERROR(BadRequestStatus(violations));
  return batch;
}

absl::Status TooManyStreams(std::size_t count) {
  return WithRetry(
      WithReason(absl::ResourceExhaustedError(absl::StrFormat(
                     "%d event streams are open, as many as may be; send more over those that are, "
                     "or with RecordEvents",
                     count)),
                 "TOO_MANY_STREAMS"),
      kMicrosPerSecond);
}

}  // namespace

grpc::ServerUnaryReactor* EventService::RecordEvents(grpc::CallbackServerContext* context,
                                                     const v1::RecordEventsRequest* request,
                                                     v1::RecordEventsResponse* response) {
  return pool_.AnswerLater(
      context, *request, [this, request, response](const RequestPool::Finish& finish) {
        WriteAndFinish(pool_, FromProto(*request, clock_.Now()), response, finish,
                       [request, response](const WriteResult& result) {
                         for (int i = 0; i < request->events_size(); ++i) {
                           SetAck(request->events(i), result.outcomes[static_cast<std::size_t>(i)],
                                  *response->add_acks());
                         }
                       });
      });
}

grpc::ServerBidiReactor<v1::StreamEventsRequest, v1::StreamEventsResponse>*
EventService::StreamEvents(grpc::CallbackServerContext* context) {
  const EventStream::Options options = {
      .max_unacknowledged = limits_.max_unacknowledged,
      .when_done = [this](EventStream* stream) { Forget(stream); },
  };
  const auto stream = std::make_shared<EventStream>(pool_, *context, clock_, options);
  absl::Status room;
  {
    std::lock_guard lock(mutex_);
    if (streams_.size() >= limits_.max_streams) room = TooManyStreams(streams_.size());
    streams_[stream.get()] = stream;
  }
  stream->Start(room);
  return stream.get();
}

void EventService::EndStreams() {
  std::map<EventStream*, std::shared_ptr<EventStream>> streams;
  {
    std::lock_guard lock(mutex_);
    streams = streams_;
  }
  for (const auto& [address, stream] : streams) stream->End();
}

void EventService::Forget(EventStream* stream) {
  std::lock_guard lock(mutex_);
  streams_.erase(stream);
}

}  // namespace vitrine
