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
  struct Limits {
    std::size_t max_unacknowledged = 0;  // A stream reads on while fewer events wait for the disk.
    std::size_t max_streams = 0;         // Open at a time.
  };

  EventService(RequestPool& pool, const Clock& clock, const Limits& limits)
      : pool_(pool), clock_(clock), limits_(limits) {}

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
  const Limits limits_;
  std::mutex mutex_;
  std::map<EventStream*, std::shared_ptr<EventStream>> streams_;  // Guarded by mutex_.
};

}  // namespace vitrine
