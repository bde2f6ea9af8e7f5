#include "vitrine/server/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/access.h"
#include "server/catalog_service.h"
#include "server/event_service.h"
#include "server/feature_service.h"
#include "server/gauges.h"
#include "server/health.h"
#include "server/insight_reports.h"
#include "server/insight_service.h"
#include "server/measured_messages.h"
#include "server/methods.h"
#include "server/model_service.h"
#include "server/recommendation_service.h"
#include "server/request_pool.h"
#include "server/serving_config_service.h"
#include "server/status_pages.h"
#include "server/store_service.h"
#include "server/tls.h"
#include "server/user_service.h"
#include "vitrine/base/log.h"

namespace vitrine {
namespace {

using grpc::health::v1::HealthCheckResponse;

// Those that a store which cannot write makes useless.
std::vector<std::string> WritingServices() {
  return {v1::EventService::service_full_name(), v1::CatalogService::service_full_name(),
          v1::UserService::service_full_name()};
}

std::vector<std::string> AllServices() {
  std::vector<std::string> services = WritingServices();
  services.emplace_back(v1::RecommendationService::service_full_name());
  services.emplace_back(v1::FeatureService::service_full_name());
  services.emplace_back(v1::InsightService::service_full_name());
  services.emplace_back(v1::ModelService::service_full_name());
  services.emplace_back(v1::ServingConfigService::service_full_name());
  services.emplace_back(v1::StoreService::service_full_name());
  services.emplace_back(grpc::health::v1::Health::service_full_name());
  return services;
}

std::size_t NumThreads(const ServerOptions& options) {
  if (options.num_threads > 0) return options.num_threads;
  return std::max<std::size_t>(2, std::thread::hardware_concurrency());
}

bool IsUnixSocket(const ServerOptions& options) { return options.address.starts_with("unix:"); }

// gRPC takes any number for a port, and listens on what is left of it in 16 bits.
bool HasPort(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view digits = address.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), port);
  return error == std::errc() && end == digits.end();
}

absl::Status Check(const ServerOptions& options) {
  if (!IsUnixSocket(options) && !HasPort(options.address)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the address \"%s\" ends in no port, 0 to 65535; write host:port, such as "
                        "127.0.0.1:50051, or unix:/path",
                        options.address));
  }
  if (options.max_waiting_requests == 0 || options.max_message_bytes == 0 ||
      options.max_replace_items == 0 || options.max_unacknowledged_events == 0 ||
      options.max_event_streams == 0 || options.max_streams_per_connection == 0 ||
      options.max_buffer_bytes == 0 || options.max_unread_seconds <= 0) {
    return absl::InvalidArgumentError("a limit of the server is 0; every one must be more");
  }
  for (const double seconds : {options.keepalive_seconds, options.keepalive_timeout_seconds}) {
    if (seconds >= 0.001 && seconds <= 86'400) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("a time of keepalive is %g s; both must be 0.001 to 86400", seconds));
  }
  return absl::OkStatus();
}

}  // namespace

struct Server::State {
  State(const ServerOptions& options, const Clock& clock)
      : methods(AllServices()),
        access({.keys = options.keys,
                .calls_per_second_per_shopper = options.max_calls_per_second_per_shopper},
               clock),
        pool(PoolOptions(options)),
        health(AllServices()),
        events(pool, clock,
               {.max_unacknowledged = options.max_unacknowledged_events,
                .max_streams = options.max_event_streams}),
        catalog(pool, options.max_replace_items),
        reports(clock, static_cast<Micros>(options.report_max_age_seconds * kMicrosPerSecond),
                options.min_group),
        users(pool, reports, clock,
              static_cast<Micros>(options.max_unread_seconds * kMicrosPerSecond)),
        features(pool, clock),
        insight(pool, reports, clock),
        models(pool),
        placements(pool),
        store(pool),
        recommendations(pool) {
    messages.SetFor(events);
    messages.SetFor(catalog);
    messages.SetFor(users);
    messages.SetFor(features);
    messages.SetFor(insight);
    messages.SetFor(models);
    messages.SetFor(placements);
    messages.SetFor(store);
    messages.SetFor(recommendations);
  }

  RequestPool::Options PoolOptions(const ServerOptions& options) {
    return {.num_threads = NumThreads(options),
            .max_waiting = options.max_waiting_requests,
            .max_wait_us = static_cast<Micros>(options.max_wait_seconds * kMicrosPerSecond),
            .methods = &methods,
            .access = &access,
            .metrics = &metrics,
            .log = options.request_log,
            .max_unsent_bytes = options.max_buffer_bytes};
  }

  Metrics metrics;
  Methods methods;
  AccessControl access;
  RequestPool pool;
  Gauges gauges{methods, pool};
  HealthService health;
  EventService events;
  CatalogService catalog;
  InsightReports reports;
  UserService users;
  FeatureService features;
  InsightService insight;
  ModelService models;
  ServingConfigService placements;
  StoreService store;
  RecommendationService recommendations;
  MeasuredMessages messages;
  std::unique_ptr<ServerCertificates> certificates;
  int port = 0;
  std::atomic<bool> is_draining = false;
  std::unique_ptr<StatusPages> pages;
  std::unique_ptr<grpc::Server> server;  // Last: it calls the services until it is gone.
};

namespace {

constexpr int kLeastPingMs = 10'000;  // Between two pings of a client.
// Of gRPC's own for reflection, which has one for each call that is open; more are refused.
constexpr int kMaxReflectionThreads = 16;

int Milliseconds(double seconds) { return static_cast<int>(seconds * 1000); }

// What keeps callers from holding the server's memory: slow ones, dead ones, and many.
void SetConnectionLimits(const ServerOptions& options, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  builder.SetMaxSendMessageSize(static_cast<int>(options.max_message_bytes));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             static_cast<int>(options.max_streams_per_connection));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_seconds));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             Milliseconds(options.keepalive_timeout_seconds));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kLeastPingMs);
  grpc::ResourceQuota quota("vitrine");
  quota.Resize(options.max_buffer_bytes);  // Of what comes in; UnsentReplies is for what goes out.
  quota.SetMaxThreads(kMaxReflectionThreads);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetResourceQuota(quota);
}

}  // namespace

absl::Status Server::StartPages(const std::string& address, State& state) {
  if (address.empty()) return absl::OkStatus();
  const auto collect = [&state] {
    std::vector<prometheus::MetricFamily> families = state.metrics.Collect();
    for (auto& family : state.gauges.Collect()) families.push_back(std::move(family));
    return families;
  };
  auto pages = StatusPages::Start(
      address, {.metrics = collect, .readiness = [&state] { return Readiness(state.pool); }});
  if (!pages.ok()) return pages.status();
  state.pages = *std::move(pages);
  Log(LogLevel::kInfo, "server.metrics", {{"address", address}, {"port", state.pages->port()}});
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Server>> Server::Create(const ServerOptions& options,
                                                       const Clock& clock) {
  if (auto status = Check(options); !status.ok()) return status;
  auto certificates = ServerCertificates::Create(options.tls);
  if (!certificates.ok()) return certificates.status();
  auto state = std::make_unique<State>(options, clock);
  state->certificates = *std::move(certificates);
  if (auto status = state->methods.CheckLimits(options.max_in_flight); !status.ok()) return status;
  state->methods.SetLimits(options.max_in_flight);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  builder.AddListeningPort(options.address, state->certificates->credentials(), &state->port);
  // With it on, which is gRPC's default, a second server on the same port would get half the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  SetConnectionLimits(options, builder);
  builder.RegisterService(&state->health);
  builder.RegisterService(&state->recommendations);
  builder.RegisterService(&state->events);
  builder.RegisterService(&state->catalog);
  builder.RegisterService(&state->users);
  builder.RegisterService(&state->features);
  builder.RegisterService(&state->insight);
  builder.RegisterService(&state->models);
  builder.RegisterService(&state->placements);
  builder.RegisterService(&state->store);
  state->server = builder.BuildAndStart();
  if (state->server == nullptr) {
    return absl::UnavailableError(absl::StrFormat(
        "cannot listen on %s: another process may listen there, or the address is not one of this "
        "machine's; stop the other or choose another address",
        options.address));
  }
  if (auto status = StartPages(options.metrics_address, *state); !status.ok()) {
    state->health.Shutdown();  // Ends the watches that came meanwhile.
    state->server->Shutdown(std::chrono::system_clock::now());
    return status;
  }
  if (IsUnixSocket(options)) state->port = 0;  // gRPC says 1.
  Log(LogLevel::kInfo, "server.listening", {{"address", options.address}, {"port", state->port}});
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {
  state_->pool.OnDiskChange([this](bool is_writable) { SetWritable(is_writable); });
}

Server::~Server() { Drain(0); }

int Server::metrics_port() const { return state_->pages == nullptr ? 0 : state_->pages->port(); }

int Server::port() const { return state_->port; }

void Server::Serve(const Backend& backend) {
  if (backend.counters != nullptr) state_->reports.CountIn(*backend.counters);
  state_->pool.Open(backend);
  state_->health.SetAll(HealthCheckResponse::SERVING);
}

bool Server::SetServing(const std::string& service, bool is_serving) {
  return state_->health.Set(
      service, is_serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING);
}

void Server::SetWritable(bool is_writable) {
  for (const std::string& service : WritingServices()) SetServing(service, is_writable);
}

absl::Status Server::CheckChange(const ServerOptions& options) {
  if (auto status = Check(options); !status.ok()) return status;
  if (auto status = state_->methods.CheckLimits(options.max_in_flight); !status.ok()) return status;
  return state_->certificates->ReadNow();
}

void Server::Change(const ServerOptions& options) {
  state_->methods.SetLimits(options.max_in_flight);
  state_->access.SetCallsPerShopper(options.max_calls_per_second_per_shopper);
  state_->pool.Change(state_->PoolOptions(options));
}

void Server::Drain(Micros limit) {
  if (state_->is_draining.exchange(true)) return;
  state_->pool.Close();
  state_->health.Shutdown();
  state_->events.EndStreams();
  state_->reports.Stop();
  state_->store.Stop();
  const Micros start_us = MonotonicNow();
  state_->server->Shutdown(std::chrono::system_clock::now() + std::chrono::microseconds(limit));
  state_->server->Wait();
  if (limit > 0 && MonotonicNow() - start_us >= limit) {
    Log(LogLevel::kWarning, "server.calls-cut-off",
        {{"after_seconds", LogValue::Rounded(static_cast<double>(limit) / kMicrosPerSecond, 1)}});
  }
  state_->reports.Wait();
  state_->store.Wait();
  state_->pages.reset();  // It reads the backend, which may go from now on.
}

}  // namespace vitrine
