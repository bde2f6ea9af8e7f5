#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/counters.h"
#include "vitrine/engine/answer_observer.h"
#include "vitrine/engine/engine.h"
#include "vitrine/engine/model_control.h"
#include "vitrine/engine/placements.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {

class KeyRing;

// PEM files; docs/security.md makes them. All empty: no TLS.
struct ServerTls {
  std::string certificate{};   // The server's, and those that lead from it to its root.
  std::string private_key{};   // Of it, without a password.
  std::string client_ca{};     // Callers must show a certificate that it signed; empty: need not.
  double reload_seconds = 10;  // How often the files are looked at again; at least 1.
};

// Which calls have a line in the log: docs/ops/logs.md.
struct RequestLogOptions {
  double slow_ms = 250;         // One that took longer, waiting included; 0: none is slow.
  double slow_per_second = 10;  // So many of these lines, the others are counted; 0: no limit.
  double sample_share = 0;      // Of all other calls, 0 to 1.
};

struct ServerOptions {
  // "host:port" of plain HTTP: /metrics, /healthz, /readyz; empty: none of them.
  std::string metrics_address{};
  // "host:port" or "unix:/path". Port 0 takes a free one, see Server::port().
  std::string address = "127.0.0.1:50051";
  std::size_t num_threads = 0;                 // That answer requests; 0: one per core, at least 2.
  std::size_t max_waiting_requests = 4096;     // More are refused with RESOURCE_EXHAUSTED.
  std::size_t max_message_bytes = 16U << 20U;  // Of one message, either way.
  std::size_t max_replace_items = 2'000'000;   // Of one ReplaceCatalog, held in memory.
  std::size_t max_unacknowledged_events = 1'024;  // Of one StreamEvents, before reading pauses.
  double report_max_age_seconds = 600;            // Of InsightService's, once the store changed.
  ServerTls tls{};
  const KeyRing* keys = nullptr;  // Whose keys are wanted; null: nobody's. Must outlive the server.
  double max_calls_per_second_per_shopper = 0;         // Whoever sends them; 0: no limit.
  double max_wait_seconds = 1;                         // For a thread; 0: no limit.
  std::map<std::string, std::size_t> max_in_flight{};  // Calls, by method: {"SimilarItems", 8}.
  std::size_t max_event_streams = 1'024;               // StreamEvents open at a time.
  std::size_t max_streams_per_connection = 1'024;      // Calls that one connection may have open.
  std::size_t max_buffer_bytes = 256U << 20U;          // Of gRPC, for all messages on their way.
  double max_unread_seconds = 60;  // Of a message of ExportUserData, until the export is given up.
  // A connection that is silent so long is asked whether its caller lives, and closed when there is
  // no answer in time. Its calls end then.
  double keepalive_seconds = 60;
  double keepalive_timeout_seconds = 20;
  RequestLogOptions request_log{};
  // Reports speak of no group of fewer shoppers; 1: of every one. Lists have a bound of their own,
  // FeatureStoreOptions::min_group.
  std::size_t min_group = 5;
};

// What the requests are answered with. All must outlive the server's Drain.
struct Backend {
  const Engine* engine = nullptr;
  FeatureStore* store = nullptr;
  ModelControl* models = nullptr;      // Null: this server neither trains nor lists models.
  Placements* placements = nullptr;    // The engine's; null: they cannot be looked at nor changed.
  Counters* counters = nullptr;        // Null: nothing is counted.
  AnswerObserver* observer = nullptr;  // Of lists for shoppers; null: nobody listens.
};

// The API of proto/vitrine/v1 over gRPC, with grpc.health.v1 and reflection for every service. Its
// handlers never block: work goes to the server's own threads, and a write is answered from the
// store's acknowledgement. Thread-safe.
//
//   auto server = Server::Create({.address = "127.0.0.1:0"}, SystemClock());  // Now NOT_SERVING.
//   ... open the store, load the models ...
//   (*server)->Serve({.engine = &engine, .store = store.get(), .models = &lifecycle});
//   ... wait for SIGTERM ...
//   (*server)->Drain(10 * kMicrosPerSecond);
class Server {
 public:
  // Binds the address and answers the health check with NOT_SERVING and every other request with
  // UNAVAILABLE, so that a start that takes long can be watched. `clock` must outlive the server.
  //
  // Errors: INVALID_ARGUMENT the address has no port, a limit is 0 or of no method, or the files of
  // TLS are not what they should be; NOT_FOUND one is missing; UNAVAILABLE the address cannot be
  // bound (another process listens there, or it is not this machine's). The same holds for the
  // address of the metrics.
  static absl::StatusOr<std::unique_ptr<Server>> Create(const ServerOptions& options,
                                                        const Clock& clock);

  // Drains without waiting where that was not done.
  ~Server();

  // The port that is bound; 0 for a Unix socket.
  int port() const;

  // The port of the metrics; 0 where there are none.
  int metrics_port() const;

  // From now on requests are answered, and the health check says SERVING. Once only.
  void Serve(const Backend& backend);

  // Sets what the health check says of one service, or of the whole server (""), such as
  // NOT_SERVING for the services that write once the disk has failed. False: no such service.
  bool SetServing(const std::string& service, bool is_serving);
  // The same of all services that write. A write that fails on the disk, and the first that takes
  // effect after it, do this by themselves.
  void SetWritable(bool is_writable);

  // Takes in what can change while it runs: request_log, max_waiting_requests, max_wait_seconds,
  // max_in_flight, max_calls_per_second_per_shopper. All else of `options` is not looked at. The
  // files of TLS are read at once. For the calls that come from now on. REQUIRES: CheckChange is OK
  void Change(const ServerOptions& options);
  // Errors: INVALID_ARGUMENT a limit is 0 or of no method; those of Create for the files of TLS.
  absl::Status CheckChange(const ServerOptions& options);

  // Says NOT_SERVING, takes no new requests, ends watches and event streams after what they have
  // sent is answered, waits up to `limit` microseconds for the requests in flight, cancels what is
  // left, which is logged where `limit` is not 0, and returns when the last one is gone. A report
  // that InsightService is making is given up. A write that the store has taken is not: it is
  // waited for however long it takes, as are those behind an erasure or behind old events that go.
  // Later calls do nothing.
  void Drain(Micros limit);

 private:
  struct State;
  static absl::Status StartPages(const std::string& address, State& state);
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// From now on what gRPC itself has to say, in the whole process, is in the log: lines
// `server.grpc`, a few a second at most, without addresses.
void RouteGrpcLog();

}  // namespace vitrine
