#include <gmock/gmock.h>
#include <grpc/support/log.h>
#include <httplib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#undef _res  // A macro of the resolver, which httplib.h brings; Eigen names parameters so.

#include "e2e/http2_frames.h"
#include "e2e/loopback_socket.h"
#include "e2e/shop.h"
#include "testing/eventually.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words.
using ::testing::HasSubstr;
using ::testing::Not;

// Connects and answers nothing, as a caller whose machine has gone.
class DeadClient {
 public:
  struct Received {
    std::uint8_t type = 0;
    std::string payload{};
  };

  // `opening`: frames that are sent with the connection's first bytes.
  explicit DeadClient(int port, const std::string& opening = "") : socket_(ConnectTo(port)) {
    const timeval patience = {.tv_sec = 20, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    const std::string bytes = kHttp2Preface + Frame(kSettings, 0, 0, "") + opening;
    EXPECT_EQ(send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  ~DeadClient() { close(socket_); }
  DeadClient(const DeadClient&) = delete;
  DeadClient& operator=(const DeadClient&) = delete;

  // What the server sends next; nothing once it sends no more, or nothing in time.
  std::optional<Received> Read() {
    const std::string head = ReadBytes(kFrameHeaderBytes);
    if (head.size() < kFrameHeaderBytes) return std::nullopt;
    return Received{.type = static_cast<std::uint8_t>(head[3]),
                    .payload = ReadBytes(FromBigEndian(std::string_view(head).substr(0, 3)))};
  }
  // Whether Read returned nothing since the server has closed the connection.
  bool is_closed() const { return is_closed_; }

 private:
  std::string ReadBytes(std::size_t count) {
    std::string bytes(count, '\0');
    if (count == 0) return bytes;
    const ssize_t got = recv(socket_, bytes.data(), count, MSG_WAITALL);
    is_closed_ = got == 0 || (got < 0 && errno == ECONNRESET);
    bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return bytes;
  }

  const int socket_;
  bool is_closed_ = false;
};

// A stream of events that has ended, as what is a race.
bool HasAStreamEnded(const Server& server) {
  const httplib::Result page = httplib::Client("127.0.0.1", server.metrics_port()).Get("/metrics");
  const std::size_t streams = page ? page->body.find("vitrine_streams_total{") : std::string::npos;
  return streams != std::string::npos &&
         page->body.find("method=\"StreamEvents\"} 1\n", streams) != std::string::npos;
}

TEST(DeadClientTest, ItIsAskedThenItsConnectionIsClosedAndItsStreamMakesRoom) {
  Shop shop({.metrics_address = "127.0.0.1:0",
             .max_event_streams = 1,
             .keepalive_seconds = 0.1,
             .keepalive_timeout_seconds = 0.1});
  shop.Serve();
  DeadClient dead(shop.server().port(), CallFrame(1, "EventService/StreamEvents"));

  int num_pings = 0;
  while (const auto frame = dead.Read()) num_pings += frame->type == kPing ? 1 : 0;

  EXPECT_TRUE(dead.is_closed());
  EXPECT_GE(num_pings, 1);
  EXPECT_TRUE(Eventually([&] { return HasAStreamEnded(shop.server()); }));
  const auto client = shop.Connect();
  EXPECT_TRUE(Eventually([&] {
    const auto stream = client->StreamEvents();
    stream->SendNoMore();
    return stream->Finish().ok();
  }));
}

// gRPC's own line of it begins with the peer's address.
TEST(DeadClientTest, WhatGrpcSaysOfItIsLoggedWithoutItsAddress) {
  Shop shop({.keepalive_seconds = 0.1, .keepalive_timeout_seconds = 0.1});
  shop.Serve();
  SetLogLevel(LogLevel::kInfo);
  RouteGrpcLog();
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_INFO);
  ::testing::internal::CaptureStderr();

  DeadClient dead(shop.server().port(), CallFrame(1, "EventService/StreamEvents"));
  while (dead.Read()) {
  }

  const std::string lines = ::testing::internal::GetCapturedStderr();
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
  gpr_set_log_function(nullptr);
  EXPECT_TRUE(dead.is_closed());
  EXPECT_THAT(lines, HasSubstr("info server.grpc message=\"[address] Keepalive watchdog fired"));
  EXPECT_THAT(lines, Not(HasSubstr("127.0.0.1")));
}

TEST(DeadClientTest, EveryConnectionIsToldHowManyCallsItMayHaveOpen) {
  Shop shop({.max_streams_per_connection = 7});
  DeadClient client(shop.server().port());

  auto frame = client.Read();
  while (frame.has_value() && frame->type != kSettings) frame = client.Read();

  ASSERT_TRUE(frame.has_value());
  constexpr std::uint32_t kMaxConcurrentStreams = 3;
  std::optional<std::uint32_t> told;
  const std::string_view settings = frame->payload;
  for (std::size_t at = 0; at + 6 <= settings.size(); at += 6) {
    if (FromBigEndian(settings.substr(at, 2)) != kMaxConcurrentStreams) continue;
    told = FromBigEndian(settings.substr(at + 2, 4));
  }
  EXPECT_EQ(told, 7U);
}

TEST(DeadClientOptionsTest, WhoIsNeverAskedOrHasNoTimeToAnswerIsAnError) {
  for (const ServerOptions& options :
       {ServerOptions{.address = "127.0.0.1:0", .keepalive_seconds = 0},
        ServerOptions{.address = "127.0.0.1:0", .keepalive_timeout_seconds = 0}}) {
    const auto server = Server::Create(options, SystemClock());

    EXPECT_THAT(server, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(std::string(server.status().message()), HasSubstr("0.001 to 86400"));
  }
}

}  // namespace
}  // namespace vitrine
