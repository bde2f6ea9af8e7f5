#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

#include "server/request_pool.h"
#include "vitrine/v1/event_service.grpc.pb.h"

namespace vitrine {

class EventStream;

// Records events, in batches and in streams. Thread-safe.
class EventService final : public v1::EventService::CallbackService {
 public:
  // A stream reads on while fewer than `max_unacknowledged` of its events wait for the disk.
  EventService(RequestPool& pool, const Clock& clock, std::size_t max_unacknowledged)
      : pool_(pool), clock_(clock), max_unacknowledged_(max_unacknowledged) {}

  grpc::ServerUnaryReactor* RecordEvents(grpc::CallbackServerContext* context,
                                         const v1::RecordEventsRequest* request,
                                         v1::RecordEventsResponse* response) override;
  grpc::ServerBidiReactor<v1::StreamEventsRequest, v1::StreamEventsResponse>* StreamEvents(
      grpc::CallbackServerContext* context) override;

  // Ends every stream after what it has read is answered.
  void EndStreams();

 private:
  void Forget(EventStream* stream);

  RequestPool& pool_;
  const Clock& clock_;
  const std::size_t max_unacknowledged_;
  std::mutex mutex_;
  std::map<EventStream*, std::shared_ptr<EventStream>> streams_;  // Guarded by mutex_.
};

}  // namespace vitrine
