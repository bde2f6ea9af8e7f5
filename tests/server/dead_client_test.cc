#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "e2e/loopback_socket.h"
#include "server/fake_backend.h"
#include "server/metrics_page.h"
#include "testing/eventually.h"
#include "testing/status_matchers.h"
#include "vitrine/server/server.h"
#include "vitrine/v1/event_service.grpc.pb.h"

namespace vitrine {
namespace {

using testing::ConnectTo;
using testing::Eventually;
using testing::FakeStore;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::MetricsOf;
using testing::StatusIs;

// Connects, opens a stream by hand, and answers nothing from then on, as a caller whose machine has
// gone.
class DeadClient {
 public:
  enum Type : std::uint8_t { kHeaders = 1, kSettings = 4, kPing = 6 };
  struct Frame {
    std::uint8_t type = 0;
    std::string payload{};
  };

  // `opening`: frames that are sent with the connection's first bytes.
  explicit DeadClient(int port, const std::string& opening = "") : socket_(ConnectTo(port)) {
    const timeval patience = {.tv_sec = 20, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    const std::string bytes =
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + FrameOf(kSettings, 0, 0, "") + opening;
    EXPECT_EQ(send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  ~DeadClient() { close(socket_); }
  DeadClient(const DeadClient&) = delete;
  DeadClient& operator=(const DeadClient&) = delete;

  static std::string EventStream() {
    constexpr std::uint8_t kEndHeaders = 4;
    return FrameOf(kHeaders, kEndHeaders, 1,
                   Header(":method", "POST") + Header(":scheme", "http") +
                       Header(":path", "/vitrine.v1.EventService/StreamEvents") +
                       Header(":authority", "shop") + Header("content-type", "application/grpc") +
                       Header("te", "trailers"));
  }

  // What the server sends next; nothing once it sends no more, or nothing in time.
  std::optional<Frame> Read() {
    const std::string head = ReadBytes(9);
    if (head.size() < 9) return std::nullopt;
    return Frame{.type = static_cast<std::uint8_t>(head[3]),
                 .payload = ReadBytes(FromBigEndian(std::string_view(head).substr(0, 3)))};
  }
  // Whether Read returned nothing since the server has closed the connection.
  bool is_closed() const { return is_closed_; }

  static std::uint32_t FromBigEndian(std::string_view bytes) {
    std::uint32_t value = 0;
    for (const char byte : bytes) value = value << 8U | static_cast<std::uint8_t>(byte);
    return value;
  }

 private:
  static std::string BigEndian(std::size_t value, int num_bytes) {
    std::string bytes;
    for (int i = num_bytes - 1; i >= 0; --i) {
      bytes += static_cast<char>(static_cast<std::uint8_t>(value >> (8 * i)));
    }
    return bytes;
  }

  // A literal of HPACK that goes into no table, without Huffman; each part is below 127 bytes.
  static std::string Header(std::string_view name, std::string_view value) {
    std::string header(1, '\0');
    for (const std::string_view text : {name, value}) {
      header += static_cast<char>(text.size());
      header += text;
    }
    return header;
  }

  static std::string FrameOf(Type type, std::uint8_t flags, std::uint32_t stream,
                             const std::string& payload) {
    return BigEndian(payload.size(), 3) + static_cast<char>(type) + static_cast<char>(flags) +
           BigEndian(stream, 4) + payload;
  }

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

class DeadClientTest : public ::testing::Test {
 protected:
  void Start(ServerOptions options) {
    options.address = "127.0.0.1:0";
    options.metrics_address = "127.0.0.1:0";
    auto server = Server::Create(options, SystemClock());
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
    server_->Serve({.store = &store_});
  }

  // A stream of events that ends at once.
  grpc::Status StreamNothing() {
    const auto stub = v1::EventService::NewStub(grpc::CreateChannel(
        absl::StrFormat("127.0.0.1:%d", server_->port()), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    const auto stream = stub->StreamEvents(&context);
    stream->WritesDone();
    return stream->Finish();
  }

  FakeStore store_;
  std::unique_ptr<Server> server_;
};

TEST_F(DeadClientTest, ItIsAskedThenItsConnectionIsClosedAndItsStreamMakesRoom) {
  Start({.max_event_streams = 1, .keepalive_seconds = 0.1, .keepalive_timeout_seconds = 0.1});
  DeadClient dead(server_->port(), DeadClient::EventStream());

  int num_pings = 0;
  while (const auto frame = dead.Read()) num_pings += frame->type == DeadClient::kPing ? 1 : 0;

  EXPECT_TRUE(dead.is_closed());
  EXPECT_GE(num_pings, 1);
  // The stream had been let in, and has ended: as what, OK or CANCELLED, is a race.
  const std::string ended = "method=\"StreamEvents\"} 1\n";
  EXPECT_TRUE(Eventually([&] {
    const std::string metrics = MetricsOf(*server_);
    const std::size_t streams = metrics.find("vitrine_streams_total{");
    return streams != std::string::npos && metrics.find(ended, streams) != std::string::npos;
  }));
  EXPECT_TRUE(Eventually([&] { return StreamNothing().ok(); }));
}

TEST_F(DeadClientTest, EveryConnectionIsToldHowManyCallsItMayHaveOpen) {
  Start({.max_streams_per_connection = 7});
  DeadClient client(server_->port());

  auto frame = client.Read();
  while (frame.has_value() && frame->type != DeadClient::kSettings) frame = client.Read();

  ASSERT_TRUE(frame.has_value());
  constexpr std::uint32_t kMaxConcurrentStreams = 3;
  std::optional<std::uint32_t> told;
  const std::string_view settings = frame->payload;
  for (std::size_t at = 0; at + 6 <= settings.size(); at += 6) {
    if (DeadClient::FromBigEndian(settings.substr(at, 2)) != kMaxConcurrentStreams) continue;
    told = DeadClient::FromBigEndian(settings.substr(at + 2, 4));
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
