#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "e2e/http2_frames.h"
#include "e2e/loopback_socket.h"
#include "e2e/shop.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words.
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr milliseconds kPatience{10'000};

// Speaks as much HTTP/2 as it takes to make calls and to read no answer: its windows are 0, so that
// the server may send headers and nothing else. It answers pings, and so looks alive.
class SlowClient {
 public:
  explicit SlowClient(int port) : socket_(ConnectTo(port)) {
    Send(kHttp2Preface);
    Send(Frame(kSettings, 0, 0, std::string("\0\4\0\0\0\0", 6)));  // INITIAL_WINDOW_SIZE is 0.
  }
  ~SlowClient() { close(socket_); }
  SlowClient(const SlowClient&) = delete;
  SlowClient& operator=(const SlowClient&) = delete;

  // Makes a call, and waits until its answer is there to be read. False: it is not.
  bool Call(const std::string& method, const google::protobuf::Message& request) {
    const std::uint32_t stream = next_stream_;
    next_stream_ += 2;
    Send(CallFrame(stream, method));
    const std::string message = request.SerializeAsString();
    Send(Frame(kData, kEndStream, stream, '\0' + BigEndian(message.size(), 4) + message));
    return ReadUntil([&] { return !answered_.empty() && answered_.back() == stream; });
  }

  // Waits until the server has ended so many calls before they were read.
  bool AwaitGivenUp(std::size_t count) {
    return ReadUntil([&] { return given_up_.size() >= count; });
  }
  // In the order in which they were; the calls are 1, 3, 5 and so on.
  const std::vector<std::uint32_t>& given_up() const { return given_up_; }
  // Waits for the end of a call, and returns the trailers as they were sent; empty: it has none.
  std::string AwaitTrailers() {
    (void)ReadUntil([&] { return !trailers_.empty(); });
    return trailers_;
  }

 private:
  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      ASSERT_GT(sent, 0);
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  bool ReadUntil(const std::function<bool()>& is_enough) {
    const auto deadline = steady_clock::now() + kPatience;
    while (!is_enough()) {
      const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
      pollfd readable{.fd = socket_, .events = POLLIN, .revents = 0};
      if (left.count() <= 0 || poll(&readable, 1, static_cast<int>(left.count())) <= 0)
        return false;
      char bytes[4096];
      const ssize_t count = recv(socket_, bytes, sizeof(bytes), 0);
      if (count <= 0) return false;
      read_.append(bytes, static_cast<std::size_t>(count));
      TakeFrames();
    }
    return true;
  }

  void TakeFrames() {
    while (read_.size() >= kFrameHeaderBytes) {
      const std::string_view frame = read_;
      const std::size_t size = kFrameHeaderBytes + FromBigEndian(frame.substr(0, 3));
      if (frame.size() < size) return;
      Take(static_cast<std::uint8_t>(frame[3]), static_cast<std::uint8_t>(frame[4]),
           FromBigEndian(frame.substr(5, 4)),
           std::string(frame.substr(kFrameHeaderBytes, size - kFrameHeaderBytes)));
      read_.erase(0, size);
    }
  }

  void Take(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
            const std::string& payload) {
    if (type == kHeaders && (flags & kEndStream) == 0) answered_.push_back(stream);
    if (type == kHeaders && (flags & kEndStream) != 0) trailers_ = payload;
    if (type == kReset) given_up_.push_back(stream);
    const bool wants_answer = (type == kSettings || type == kPing) && (flags & kAcknowledge) == 0;
    if (wants_answer) {
      Send(Frame(static_cast<FrameType>(type), kAcknowledge, 0,
                 type == kPing ? payload : std::string()));
    }
  }

  const int socket_;
  std::uint32_t next_stream_ = 1;
  std::string read_;  // That is no whole frame yet.
  std::vector<std::uint32_t> answered_;
  std::vector<std::uint32_t> given_up_;
  std::string trailers_;  // Of the call that ended last.
};

// With texts as long as they may be: 50 items come to a megabyte.
v1::UpsertItemsRequest LongItems() {
  v1::UpsertItemsRequest request = MakeItems(50);
  for (v1::Item& item : *request.mutable_items()) item.set_description(std::string(20'000, 'x'));
  return request;
}

TEST(SlowClientTest, RepliesThatNobodyReadsAreGivenUpOldestFirstAndOthersAreServed) {
  constexpr std::size_t kBufferBytes = 9U << 20U;
  constexpr int kCalls = 10;
  Shop shop({.max_buffer_bytes = kBufferBytes});
  shop.Serve();
  const std::unique_ptr<Client> client = shop.Connect();
  ASSERT_THAT(client->UpsertItems(LongItems()), IsOk());
  SlowClient slow(shop.server().port());

  for (int i = 0; i < kCalls; ++i) {
    ASSERT_TRUE(slow.Call("CatalogService/ListItems", v1::ListItemsRequest())) << i;
  }

  ASSERT_TRUE(slow.AwaitGivenUp(6));
  EXPECT_THAT(slow.given_up(), ElementsAre(1, 3, 5, 7, 9, 11));
  EXPECT_EQ(shop.counters().Read()["server.unread_replies"], 6U);
  const auto list = client->ListItems(v1::ListItemsRequest());
  ASSERT_THAT(list, IsOk());
  EXPECT_EQ(list->items_size(), 50);
  // Those that are left, each as a message and as its bytes, are within the bound, and one more
  // would not be: the reply to the other client had to have its room from the oldest.
  const std::size_t size = 2 * list->ByteSizeLong();
  EXPECT_LE((kCalls - 6) * size, kBufferBytes);
  EXPECT_GT((kCalls - 5) * size, kBufferBytes);
  ASSERT_TRUE(slow.AwaitGivenUp(7));
  EXPECT_EQ(slow.given_up().back(), 13U);
}

class SlowExportTest : public ::testing::Test {
 protected:
  explicit SlowExportTest(const ServerOptions& options = {}) : shop_(options) {
    shop_.Serve();
    EXPECT_THAT(client_->UpsertItems(MakeItems(1)), IsOk());
    EXPECT_THAT(client_->RecordEvents(
                    Batch({MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, "ann", "item-000")})),
                IsOk());
    request_.set_user_id("ann");
  }

  absl::Status Export() {
    return client_->ExportUserData(request_, [](const auto& /*part*/) { return true; });
  }

  // The same as soon as there is room for one more.
  absl::Status ExportOnceThereIsRoom() {
    const auto deadline = steady_clock::now() + kPatience;
    absl::Status status = Export();
    while (!status.ok() && steady_clock::now() < deadline) {
      std::this_thread::sleep_for(milliseconds(5));
      status = Export();
    }
    return status;
  }

  Shop shop_;
  std::unique_ptr<Client> client_ = shop_.Connect();
  v1::ExportUserDataRequest request_;
};

TEST_F(SlowExportTest, NoMoreThanSixteenAreOpenAndTheirEndMakesRoom) {
  auto slow = std::make_unique<SlowClient>(shop_.server().port());
  for (int i = 0; i < 16; ++i) {
    ASSERT_TRUE(slow->Call("UserService/ExportUserData", request_)) << i;
  }

  const absl::Status refused = Export();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(ErrorReason(refused), "OVERLOADED");
  EXPECT_THAT(std::string(refused.message()), HasSubstr("16 exports are open"));

  slow.reset();
  EXPECT_THAT(ExportOnceThereIsRoom(), IsOk());
}

class UnreadExportTest : public SlowExportTest {
 protected:
  UnreadExportTest() : SlowExportTest({.max_unread_seconds = 0.5}) {}
};

TEST_F(UnreadExportTest, ThoseThatNobodyReadsAreGivenUpThoughTheirClientLives) {
  SlowClient slow(shop_.server().port());
  for (int i = 0; i < 16; ++i) {
    ASSERT_TRUE(slow.Call("UserService/ExportUserData", request_)) << i;
  }

  ASSERT_TRUE(slow.AwaitGivenUp(16));

  EXPECT_THAT(slow.AwaitTrailers(), HasSubstr("was not read for 0.5 s"));
  EXPECT_THAT(ExportOnceThereIsRoom(), IsOk());
}

}  // namespace
}  // namespace vitrine
