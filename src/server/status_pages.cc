#include "server/status_pages.h"

#include <httplib.h>
#undef _res  // A macro of the resolver, which httplib.h brings; Eigen names parameters so.

#include <atomic>
#include <charconv>
#include <chrono>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "prometheus/text_serializer.h"
#include "vitrine/base/log.h"

namespace vitrine {
namespace {

// A thread waits with each connection: so many slow callers leave none for the next.
constexpr std::size_t kNumThreads = 32;
constexpr std::size_t kMaxRequestBytes = 64U << 10U;
constexpr std::size_t kMaxRequestsPerConnection = 1'000;
constexpr auto kPatience = std::chrono::seconds(1);  // With a caller who sends or takes nothing.
constexpr char kText[] = "text/plain; charset=utf-8";
constexpr char kMetricsText[] = "text/plain; version=0.0.4; charset=utf-8";

struct HostAndPort {
  std::string host{};
  int port = 0;
};

absl::StatusOr<HostAndPort> Parse(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  HostAndPort parsed;
  if (colon != std::string::npos) {
    parsed.host = address.substr(0, colon);
    const char* const end = address.data() + address.size();
    const auto [last, error] = std::from_chars(address.data() + colon + 1, end, parsed.port);
    if (error == std::errc() && last == end && parsed.port >= 0 && parsed.port <= 65535 &&
        !parsed.host.empty()) {
      if (parsed.host.front() == '[') parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
      return parsed;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("the address \"%s\" of the metrics is none; write host:port, such as "
                      "127.0.0.1:9464",
                      address));
}

void Limit(httplib::Server& server) {
  server.new_task_queue = [] { return new httplib::ThreadPool(kNumThreads); };
  server.set_tcp_nodelay(true);  // Else every answer waits some 30 ms for the caller's ACK.
  server.set_keep_alive_max_count(kMaxRequestsPerConnection);
  server.set_payload_max_length(kMaxRequestBytes);
  server.set_read_timeout(kPatience);
  server.set_write_timeout(kPatience);
  server.set_keep_alive_timeout(1);  // Seconds: a thread waits with each connection.
  // The library's own would let a second server share the port, and take half the calls.
  server.set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
}

}  // namespace

struct StatusPages::State {
  Sources sources;
  httplib::Server server;
  int port = 0;
  std::atomic<bool> is_stopping = false;
  std::atomic<bool> has_ended = false;  // Nobody listens any more.
  std::thread listener;
};

absl::StatusOr<std::unique_ptr<StatusPages>> StatusPages::Start(const std::string& address,
                                                                Sources sources) {
  const auto place = Parse(address);
  if (!place.ok()) return place.status();
  auto state = std::make_unique<State>();
  state->sources = std::move(sources);
  httplib::Server& server = state->server;
  Limit(server);
  const Sources& asked = state->sources;
  server.Get("/metrics", [&asked](const httplib::Request&, httplib::Response& response) {
    response.set_content(prometheus::TextSerializer().Serialize(asked.metrics()), kMetricsText);
  });
  server.Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("alive\n", kText);
  });
  server.Get("/readyz", [&asked](const httplib::Request&, httplib::Response& response) {
    const absl::Status readiness = asked.readiness();
    response.status = readiness.ok() ? 200 : 503;
    response.set_content(readiness.ok() ? "ready\n" : std::string(readiness.message()) + "\n",
                         kText);
  });
  state->port = place->port;
  if (place->port == 0) {
    state->port = server.bind_to_any_port(place->host);
  } else if (!server.bind_to_port(place->host, place->port)) {
    state->port = -1;
  }
  if (state->port <= 0) {
    return absl::UnavailableError(
        absl::StrFormat("cannot listen on %s for the metrics: another process may listen there, or "
                        "the address is not one of this machine's; stop the other or choose "
                        "another address",
                        address));
  }
  state->listener = std::thread([&state = *state] {
    (void)state.server.listen_after_bind();
    state.has_ended = true;
    if (!state.is_stopping) Log(LogLevel::kError, "server.metrics-ended", {});
  });
  return std::unique_ptr<StatusPages>(new StatusPages(std::move(state)));
}

StatusPages::StatusPages(std::unique_ptr<State> state) : state_(std::move(state)) {}

StatusPages::~StatusPages() {
  state_->is_stopping = true;
  while (!state_->server.is_running() && !state_->has_ended) {
    std::this_thread::yield();  // stop() before it runs is no stop.
  }
  state_->server.stop();
  state_->listener.join();
}

int StatusPages::port() const { return state_->port; }

}  // namespace vitrine
