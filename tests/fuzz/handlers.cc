// Calls, as they come over the wire: any method of a whole server over a small shop, with any bytes
// for its messages.
//
// Two bytes say which method: a service, of all in the order of their names, and a method of it, in
// the order of its file. The rest is its request; of a method that takes a stream, its messages,
// each after a byte that says how long it is, 255 for all that is left.
//
// A shop remembers the calls before, so what breaks only after these breaks again only with them,
// as smoke.cc makes them each time.
#include <google/protobuf/message.h>
#include <google/protobuf/stubs/logging.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "server/fake_backend.h"
#include "server/rpc_errors.h"
#include "testing/fake_clock.h"
#include "testing/fake_scorer.h"
#include "testing/temporary_folder.h"
#include "testing/wire_methods.h"
#include "vitrine/base/counters.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/log.h"
#include "vitrine/base/published.h"
#include "vitrine/base/random.h"
#include "vitrine/engine/engine.h"
#include "vitrine/engine/placements.h"
#include "vitrine/scorers/dnn/session_predictor.h"
#include "vitrine/server/server.h"

namespace {

using namespace vitrine;  // NOLINT(google-build-using-namespace)
using google::protobuf::Descriptor;
using google::protobuf::MethodDescriptor;
using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckResponse;
using grpc::health::v1::HealthListRequest;
using grpc::health::v1::HealthListResponse;

constexpr int kNumItems = 12;
constexpr int kNumShoppers = 12;        // More than the smallest group that a report speaks of.
constexpr int kCallsOfAShop = 1'000;    // Then a new one takes its place, so that none grows big.
constexpr int kCallsBetweenLooks = 16;  // At the health check.
constexpr std::size_t kMostMessages = 32;                // Of a stream.
constexpr Micros kBetweenCalls = 10 * kMicrosPerSecond;  // By the shop's clock.
constexpr std::uintmax_t kRoom = 1U << 30U;  // That a shop's files surely find place in.
// Of a call. Long: reports and exports are made by threads that wait for all others of the machine.
constexpr auto kLimit = std::chrono::seconds(30);

[[noreturn]] void Fail(const std::string& what, const std::string& why) {
  std::fprintf(stderr, "%s: %s\n", what.c_str(), why.c_str());
  std::abort();
}

template <typename Value>
Value Must(absl::StatusOr<Value> made) {
  if (!made.ok()) Fail("the shop", made.status().ToString());
  return *std::move(made);
}

std::string ItemId(int i) { return absl::StrFormat("p%d", i % kNumItems); }

UpsertItems Items() {
  UpsertItems mutation;
  for (int i = 0; i < kNumItems; ++i) {
    mutation.items.push_back({.id = ItemId(i),
                              .title = "The item",
                              .categories = {i % 2 == 0 ? "Home > Kitchen" : "Toys"},
                              .brand = i % 3 == 0 ? "Acme" : "Other",
                              .price = Money{.micros = i * 1'000'000, .currency = "EUR"}});
  }
  return mutation;
}

// A visit of each shopper, u0, u1 and so on, that ends in an order; and v1, who looks around.
RecordEvents Visits() {
  constexpr Micros kMinute = 60 * kMicrosPerSecond;
  RecordEvents mutation;
  for (int i = 0; i < kNumShoppers; ++i) {
    const Micros begin = testing::FakeClock::kStart - (i + 1) * 24 * 60 * kMinute;
    Event event{.type = EventType::kDetailPageView,
                .user_id = absl::StrFormat("u%d", i),
                .time_us = begin,
                .items = {{.item_id = ItemId(i)}}};
    mutation.events.push_back(event);
    event.type = EventType::kAddToCart;
    event.time_us = begin + kMinute;
    mutation.events.push_back(event);
    event.type = EventType::kPurchaseComplete;
    event.time_us = begin + 2 * kMinute;
    event.order_id = absl::StrFormat("o%d", i);
    event.revenue = Money{.micros = 20'000'000, .currency = "EUR"};
    mutation.events.push_back(event);
  }
  mutation.events.push_back({.type = EventType::kDetailPageView,
                             .visitor_id = "v1",
                             .time_us = testing::FakeClock::kStart - kMinute,
                             .items = {{.item_id = ItemId(1)}}});
  return mutation;
}

std::shared_ptr<const SessionPredictor> Predictor() {
  Random random(1);
  const std::vector<std::string> features = {"orders", "carts", "days_since_last_order"};
  SessionPredictor::Parts parts{
      .features = features,
      .scale = {.means = {0, 0, 0}, .deviations = {1, 1, 1}},
      .horizon_days = 7,
      .is_live = {true, true, true},
      .network = SessionNetwork({.num_features = 3, .hidden = 8, .dimensions = 8}, random)};
  return Must(SessionPredictor::Create(std::move(parts)));
}

std::shared_ptr<const ModelSet> Models() {
  testing::FakeNeighbours::Similarities similarities;
  for (std::uint32_t i = 0; i < kNumItems; ++i) {
    similarities[{ItemIndex{i}, ItemIndex{(i + 1) % kNumItems}}] = 1;
  }
  auto models = std::make_shared<ModelSet>();
  models->version = "v1";
  models->models = {testing::MakeFakeNeighbours("item_knn", kNumItems, std::move(similarities)),
                    testing::MakeFakeModel("most_popular", ModelFamily::kPopularity, {3, 2, 1})};
  models->purchases.predictor = Predictor();
  return models;
}

// Trains nothing. The one training has ended: watching one that runs would take all of kLimit.
void SetModels(testing::FakeModelControl& control) {
  control.Set(TrainingProgress{.id = "t1",
                               .state = TrainingProgress::State::kRefused,
                               .stage = "evaluate",
                               .fraction = 1,
                               .error = "no better",
                               .started_us = 1,
                               .finished_us = 2,
                               .gate = GateReport{.is_passed = false, .num_users = 12}});
  control.Set(ModelControl::Versions{
      .bundles = {{.version = "v2", .trained_us = 3, .metrics = {{"ndcg@20", 0.5}}},
                  {.version = "v1", .trained_us = 2, .model_names = {"item_knn"}},
                  {.version = "v0", .trained_us = 1}},
      .live = "v1",
      .previous = "v0",
      .candidate = "v2",
      .rollback = RollbackNote{.time_us = 4, .from = "v2", .to = "v1", .reason = "fewer clicks"}});
  control.Set(ShadowReport{.candidate_version = "v2", .live_version = "v1", .num_compared = 1});
}

// Store, engine, server, and a channel to it.
class Shop {
 public:
  Shop() {
    Must(store_->Write(Items()));
    Must(store_->Write(Visits()));
    Must(store_->Write(UpsertUsers{.users = {{.id = "u1"}}}));
    SetModels(control_);
    server_->Serve({.engine = engine_.get(),
                    .store = store_.get(),
                    .models = &control_,
                    .placements = placements_.get(),
                    .counters = &counters_});
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // The shop before may have had it.
    arguments.SetMaxReceiveMessageSize(-1);
    channel_ = grpc::CreateCustomChannel(absl::StrFormat("127.0.0.1:%d", server_->port()),
                                         grpc::InsecureChannelCredentials(), arguments);
  }
  ~Shop() {
    server_->Drain(kMicrosPerSecond);
    engine_.reset();
    store_.reset();  // Before the server: the commit thread may still hand something over.
  }
  Shop(const Shop&) = delete;
  Shop& operator=(const Shop&) = delete;

  grpc::Channel& channel() { return *channel_; }
  void LetTimePass() { clock_.Advance(kBetweenCalls); }

  // Of every service, whether it serves.
  HealthListResponse Look() {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kLimit);
    HealthListResponse response;
    const auto status = Health::NewStub(channel_)->List(&context, HealthListRequest(), &response);
    if (!status.ok()) Fail("the health check", status.error_message());
    return response;
  }

 private:
  testing::TemporaryFolder folder_;
  testing::FakeClock clock_;
  Published<ModelSet> models_{Models()};
  testing::FakeModelControl control_;
  Counters counters_;
  // A backup may be asked for anywhere: none is let out of the folder.
  std::unique_ptr<FeatureStore> store_ = Must(FeatureStore::Open(
      folder_ / "store", {.backup_folder = folder_ / "backups"}, LocalFileSystem(), clock_));
  std::unique_ptr<Placements> placements_ =
      Must(Placements::Open(LocalFileSystem(), folder_ / "store/placements", {}));
  std::unique_ptr<Engine> engine_ = std::make_unique<Engine>(*store_, models_, counters_, clock_,
                                                             Engine::Options(), placements_.get());
  std::unique_ptr<Server> server_ = Must(Server::Create({.address = "127.0.0.1:0"}, clock_));
  std::shared_ptr<grpc::Channel> channel_;
};

void CheckServes(const HealthListResponse& services) {
  for (const auto& [name, response] : services.statuses()) {
    if (response.status() == HealthCheckResponse::SERVING) continue;
    Fail("the health check", "\"" + name + "\" does not serve");
  }
}

bool IsA(const Descriptor& type, std::string_view bytes) {
  const std::unique_ptr<google::protobuf::Message> message(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New());
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

// Every error that is the server's own says why, once, for programs to read.
bool IsExplained(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return false;
  const testing::RpcError error = testing::Unpack(details);
  return details.code() == status.error_code() && error.num_infos == 1 && !error.reason.empty();
}

// No call, whatever it asks for, is answered with a fault of the server.
bool MayEndWith(const grpc::Status& status, const MethodDescriptor& method, bool is_readable) {
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
      return true;
    case grpc::StatusCode::CANCELLED:
      return testing::IsEndless(method);
    case grpc::StatusCode::UNIMPLEMENTED:  // gRPC says so of what is no message, and of a throw.
      return !is_readable;
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::DATA_LOSS:
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return false;
    default:
      return IsExplained(status);
  }
}

std::vector<std::string_view> Split(std::string_view bytes, const MethodDescriptor& method) {
  if (!method.client_streaming()) return {bytes};
  std::vector<std::string_view> messages;
  while (!bytes.empty() && messages.size() < kMostMessages) {
    const auto told = static_cast<std::uint8_t>(bytes[0]);
    bytes.remove_prefix(1);
    messages.push_back(bytes.substr(0, told == 255 ? bytes.size() : told));
    bytes.remove_prefix(messages.back().size());
  }
  return messages;
}

void Call(grpc::Channel& channel, const MethodDescriptor& method, std::string_view bytes) {
  const std::string path = testing::PathOf(method);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kLimit);
  const auto call = testing::BeginCall(channel, path, context);
  bool is_readable = true;
  for (const std::string_view message : Split(bytes, method)) {
    is_readable = is_readable && IsA(*method.input_type(), message);
    const grpc::Slice slice(message.data(), message.size());
    if (!call->Write(grpc::ByteBuffer(&slice, 1))) break;  // It is answered already.
  }
  call->WritesDone();

  int num_replies = 0;
  for (grpc::ByteBuffer reply; call->Read(&reply); ++num_replies) {
    grpc::Slice slice;
    const bool is_whole = reply.DumpToSingleSlice(&slice).ok();
    const std::string_view read(reinterpret_cast<const char*>(slice.begin()), slice.size());
    if (!is_whole || !IsA(*method.output_type(), read)) Fail(path, "a reply is no such message");
    if (testing::IsEndless(method)) context.TryCancel();
  }
  const grpc::Status status = call->Finish();
  if (!MayEndWith(status, method, is_readable)) {
    Fail(path, absl::StrFormat("code %d, %s", status.error_code(), status.error_message()));
  }
  if (status.ok() && !method.server_streaming() && num_replies != 1) {
    Fail(path, absl::StrFormat("OK with %d replies", num_replies));
  }
}

std::unique_ptr<Shop> Open() {
  std::error_code error;
  const auto memory = std::filesystem::space("/dev/shm", error);  // Where syncing takes no time.
  if (!error && memory.available > kRoom) setenv("TMPDIR", "/dev/shm", /*overwrite=*/0);
  google::protobuf::SetLogHandler(nullptr);  // It has a line for each text that is no UTF-8.
  SetLogLevel(LogLevel::kError);
  return std::make_unique<Shop>();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::unique_ptr<Shop> shop = Open();
  static const auto* const methods =
      new testing::MethodsByService(testing::MethodsOf(shop->Look()));
  static int num_calls = 0;
  if (size < 2) return 0;
  if (++num_calls % kCallsOfAShop == 0) {
    shop.reset();  // First: one store at a time.
    shop = Open();
  }
  const auto& service = methods->at(data[0] % methods->size());
  const MethodDescriptor& method = *service.at(data[1] % service.size());
  Call(shop->channel(), method, {reinterpret_cast<const char*>(data) + 2, size - 2});
  shop->LetTimePass();
  if (num_calls % kCallsBetweenLooks == 0) CheckServes(shop->Look());
  return 0;
}
